package rule

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"
)

// restricted are the builtins that reach out of an evaluation, and why that is
// refused. They exist only for rules that are trusted with them by name.
var restricted = map[string]string{
	"graphql.is_valid":         graphQL,
	"graphql.parse":            graphQL,
	"graphql.parse_and_verify": graphQL,
	"graphql.parse_query":      graphQL,
	"graphql.parse_schema":     graphQL,
	"graphql.schema_is_valid":  graphQL,
	"http.send":                "it reaches the network",
	"net.lookup_ip_addr":       "it reaches the network",
	"opa.runtime":              "it reads the environment of the process",
	"rego.parse_module":        "it compiles text at run time, at a cost that nothing bounds",
	"providers.aws.sign_req":   "it is of use beside http.send only",
	"json.match_schema":        "a $ref in the schema reads files and reaches the network",
	"json.verify_schema":       "a $ref in the schema reads files and reaches the network",
}

// graphQL is why GraphQL is refused: its parser recurses, and a text of a few megabytes
// overflows the stack of the process, which nothing can recover from.
const graphQL = "a deeply nested text ends the process, and nothing bounds its work"

// restrictedHeads are the first words of the restricted names.
var restrictedHeads = func() map[ast.Var]bool {
	heads := make(map[ast.Var]bool)
	for name := range restricted {
		head, _, _ := strings.Cut(name, ".")
		heads[ast.Var(head)] = true
	}
	return heads
}()

// Restricted tells whether a builtin exists only for rules that are trusted with
// it.
func Restricted(builtin string) bool { return restricted[builtin] != "" }

// RestrictedBuiltins returns the names of all such builtins, sorted.
func RestrictedBuiltins() []string {
	names := make([]string, 0, len(restricted))
	for name := range restricted {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// Trusted are the rights of the rules of one source beyond those of all others.
type Trusted struct {
	// Builtins are names of restricted builtins that the rules may call.
	Builtins []string
	// HTTPHosts are the hosts that http.send may reach, without ports.
	HTTPHosts []string
}

// Allows tells whether the rules may call a builtin. Nil allows no restricted one.
func (t *Trusted) Allows(builtin string) bool {
	return !Restricted(builtin) || t != nil && slices.Contains(t.Builtins, builtin)
}

// CheckBuiltins returns a problem for every line of a module that names a
// restricted builtin it is not trusted with. Names count, whatever they stand
// for: a rule or an import that bears the name of a builtin hides nothing.
func CheckBuiltins(file string, module *ast.Module, trusted *Trusted) []*Problem {
	var problems []*Problem
	seen := make(map[Problem]bool)
	WalkTerms(module, func(term *ast.Term) bool {
		ref, ok := term.Value.(ast.Ref)
		if !ok || len(ref) == 0 {
			return false
		}
		head, ok := ref[0].Value.(ast.Var)
		if !ok || !restrictedHeads[head] {
			return false
		}
		name := restrictedName(ref)
		if name == "" || trusted.Allows(name) {
			return false
		}
		problem := Problem{File: file, Message: fmt.Sprintf(
			"%s may not be called: %s; do without it, or trust this directory with it in the configuration (rules.directories[].trusted.builtins)", name, restricted[name])}
		if term.Location != nil {
			problem.Line = term.Location.Row
		}
		if !seen[problem] {
			seen[problem] = true
			problems = append(problems, &problem)
		}
		return false
	})
	slices.SortStableFunc(problems, func(a, b *Problem) int { return cmp.Compare(a.Line, b.Line) })
	return problems
}

// restrictedName returns the restricted builtin that a reference begins with, or
// "".
func restrictedName(ref ast.Ref) string {
	name := string(ref[0].Value.(ast.Var))
	for _, term := range ref[1:] {
		word, ok := term.Value.(ast.String)
		if !ok {
			return ""
		}
		name += "." + string(word)
		if Restricted(name) {
			return name
		}
	}
	return ""
}
