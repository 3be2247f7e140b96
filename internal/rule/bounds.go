package rule

import (
	"fmt"

	"github.com/open-policy-agent/opa/v1/ast"
)

// What a module may be made of. OPA's compiler and its planner take the square of some
// of these, and double their work with others; nothing can end them, and a file that
// keeps them busy for an hour would keep all rules from being loaded.
const (
	maxNesting    = 200     // terms within one another
	maxCollecting = 8       // comprehensions and every within one another
	maxBody       = 500     // expressions of a body
	maxElse       = 200     // else branches of a rule
	maxPath       = 500     // parts of a reference
	maxReferences = 5000    // references and calls in one rule
	maxNumber     = 4096    // digits of a number
	maxReplaced   = 8       // functions and documents that 'with' replaces in a module
	maxValue      = 1 << 16 // what a value consists of that is made of others
)

// CheckBounds returns a problem where a module would keep the compiler busy for long.
func CheckBounds(file string, module *ast.Module) *Problem {
	b := &bounds{file: file}
	for _, rule := range module.Rules {
		b.rule(rule)
	}
	if b.problem == nil {
		b.weigh(module)
	}
	return b.problem
}

// CheckNumbers returns a problem where a text has a number so long that the parser takes
// minutes to read it.
func CheckNumbers(file string, text []byte) *Problem {
	b, digits, line := &bounds{file: file}, 0, 1
	for _, char := range text {
		if char >= '0' && char <= '9' || char == '.' {
			digits++
			continue
		}
		b.within(digits, maxNumber, &ast.Location{Row: line}, "digits of a number", "write it with an exponent")
		if digits = 0; char == '\n' {
			line++
		}
	}
	return b.problem
}

// CheckReplacements returns a problem where a module's rules replace much by 'with': each
// may be asked with and without, and what they call is planned for every combination.
func CheckReplacements(file string, module *ast.Module) *Problem {
	b, replaced := &bounds{file: file}, 0
	ast.WalkWiths(module, func(with *ast.With) bool {
		target, ok := with.Target.Value.(ast.Ref)
		if !ok || !target.HasPrefix(ast.InputRootRef) {
			replaced++
			b.within(replaced, maxReplaced, with.Location, "functions and documents that 'with' replaces", "hand them over as arguments")
		}
		return false
	})
	return b.problem
}

// bounds looks for what a module has too much of.
type bounds struct {
	file                string
	problem             *Problem
	nesting, collecting int
	references          int // in the current rule
	terms               int // of the module
}

// within notes a problem when there is too much of something.
func (b *bounds) within(n, most int, at *ast.Location, what, remedy string) {
	if n <= most || b.problem != nil {
		return
	}
	b.problem = &Problem{File: b.file, Message: fmt.Sprintf("%s: %d; at most %d are allowed, or compiling takes too long; %s", what, n, most, remedy)}
	if at != nil {
		b.problem.Line = at.Row
	}
}

func (b *bounds) rule(rule *ast.Rule) {
	branches := 0
	for branch := rule.Else; branch != nil; branch = branch.Else {
		branches++
	}
	b.within(branches, maxElse, rule.Location, "branches of else", "look the value up in an object")
	b.references = 0
	for branch := rule; branch != nil && b.problem == nil; branch = branch.Else {
		alone := *branch
		alone.Else = nil
		ast.NewBeforeAfterVisitor(b.before, b.after).Walk(&alone)
	}
	b.within(b.references, maxReferences, rule.Location, "references and calls in one rule", "make several rules of it")
}

func (b *bounds) before(node any) bool {
	switch node := node.(type) {
	case ast.Body:
		if len(node) > 0 {
			b.within(len(node), maxBody, node[0].Location, "expressions in one body", "make several rules of it")
		}
	case *ast.Every:
		b.collecting++
		b.within(b.collecting, maxCollecting, node.Location, "comprehensions and every within one another", "make a rule or a function of the innermost")
	case *ast.Term:
		b.term(node)
	}
	return b.problem != nil
}

func (b *bounds) after(node any) {
	switch node := node.(type) {
	case *ast.Every:
		b.collecting--
	case *ast.Term:
		b.nesting--
		if collects(node) {
			b.collecting--
		}
	}
}

func (b *bounds) term(term *ast.Term) {
	b.terms++
	b.nesting++
	b.within(b.nesting, maxNesting, term.Location, "terms within one another", "make rules of the innermost")
	if collects(term) {
		b.collecting++
		b.within(b.collecting, maxCollecting, term.Location, "comprehensions and every within one another", "make a rule or a function of the innermost")
	}
	switch value := term.Value.(type) {
	case ast.Ref:
		b.references++
		b.within(len(value), maxPath, term.Location, "parts of a reference", "make several of it")
	case ast.Call:
		b.references++
	}
}

// collects tells whether a term is a comprehension.
func collects(term *ast.Term) bool {
	switch term.Value.(type) {
	case *ast.ArrayComprehension, *ast.SetComprehension, *ast.ObjectComprehension:
		return true
	}
	return false
}
