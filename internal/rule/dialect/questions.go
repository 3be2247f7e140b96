package dialect

import (
	"fmt"
	"slices"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"

	"github.com/kubereeve/reeve/internal/rule"
)

// questions are what documents ask of the objects that kube-mgmt keeps.
type questions struct {
	documents []*rule.Document
	modules   map[*rule.Document]*ast.Module // with their references rewritten
	asked     map[*rule.Document][]string    // the plural names of kinds
	mentioned map[*rule.Document]map[string]bool
	any       bool // something is asked
}

func newQuestions(documents []*rule.Document) *questions {
	q := &questions{
		modules:   make(map[*rule.Document]*ast.Module),
		asked:     make(map[*rule.Document][]string),
		mentioned: make(map[*rule.Document]map[string]bool),
	}
	packages := make(map[string]bool) // of each tree, below data.kubernetes
	for _, document := range documents {
		if document.Claimed || document.Module == nil {
			continue
		}
		q.documents = append(q.documents, document)
		names := packagePath(document.Module)
		switch {
		case len(names) == 0 || names[0] != "kubernetes":
			continue
		case len(names) == 1:
			names = definedNames(document.Module)
		default:
			names = names[1:2]
		}
		for _, name := range names {
			packages[document.Tree+"\x00"+name] = true
		}
	}
	for _, document := range q.documents {
		q.modules[document], q.asked[document] = replicatedReferences(document.Module, func(name string) bool {
			return packages[document.Tree+"\x00"+name]
		})
		q.any = q.any || len(q.asked[document]) > 0
	}
	return q
}

// needs returns the kinds that the rule in a document asks for, by itself or by what
// it uses of other documents.
func (q *questions) needs(document *rule.Document) []rule.Need {
	if !q.any {
		return nil
	}
	var needs []rule.Need
	used := []*rule.Document{document}
	for i := 0; i < len(used); i++ {
		for _, plural := range q.asked[used[i]] {
			for _, kind := range replicable[plural] {
				if need := (rule.Need{Kind: kind}); !slices.Contains(needs, need) {
					needs = append(needs, need)
				}
			}
		}
		for _, other := range q.documents {
			if other.Tree == document.Tree && !slices.Contains(used, other) && q.use(used[i], other) {
				used = append(used, other)
			}
		}
	}
	slices.SortFunc(needs, func(a, b rule.Need) int { return strings.Compare(a.Kind.String(), b.Kind.String()) })
	return needs
}

// unknown returns problems with the rules that ask for kinds that nobody knows.
func (q *questions) unknown() []*rule.Problem {
	var problems []*rule.Problem
	for _, document := range q.documents {
		for _, plural := range q.asked[document] {
			if replicable[plural] == nil && document.Claimed {
				problems = append(problems, &rule.Problem{File: document.Name, Line: document.Module.Package.Location.Row,
					Message: fmt.Sprintf("the rule reads data.kubernetes.%s; Reeve knows no kind of Kubernetes by this plural name, so there is nothing", plural)})
			}
		}
	}
	return problems
}

// use tells whether a document uses what another one defines.
func (q *questions) use(document, other *rule.Document) bool {
	if !document.Module.Package.Path.Equal(other.Module.Package.Path) {
		return rule.Refers(document.Module, other.Module.Package.Path)
	}
	if q.mentioned[document] == nil {
		q.mentioned[document] = mentionedIn(document.Module)
	}
	return slices.ContainsFunc(other.Module.Rules, func(r *ast.Rule) bool { return q.mentioned[document][definedName(r)] })
}
