package rule

import "github.com/open-policy-agent/opa/v1/ast"

// WalkTerms calls f with all terms below a node, until it returns true for what is not
// to be walked further: those in the brackets of rules' names too, which OPA passes
// over.
func WalkTerms(node any, f func(*ast.Term) bool) {
	ast.WalkTerms(node, f)
	eachBracket(node, func(term *ast.Term) { ast.WalkTerms(term, f) })
}

// WalkRefs calls f with all references below a node as WalkTerms does with terms.
func WalkRefs(node any, f func(ast.Ref) bool) {
	ast.WalkRefs(node, f)
	eachBracket(node, func(term *ast.Term) { ast.WalkRefs(term, f) })
}

// eachBracket calls f with what stands in the brackets of the names of rules below a
// node, as x and y in p[x].of[y] := z, but for keys, which OPA walks.
func eachBracket(node any, f func(*ast.Term)) {
	ast.WalkRules(node, func(r *ast.Rule) bool {
		for i := 1; i < len(r.Head.Reference); i++ {
			if term := r.Head.Reference[i]; term != r.Head.Key {
				f(term)
			}
		}
		return false
	})
}
