package rule

import (
	"github.com/open-policy-agent/opa/v1/ast"

	"github.com/kubereeve/reeve/internal/finding"
)

// Violation is one element of an entry point's result, as a dialect reads it.
type Violation struct {
	Message   string
	Path      string
	Container string
	// Severity is what the rule says of this violation, nil for that of the rule.
	Severity *finding.Severity
}

// Dialect is how one family of rules sees what it judges, and how its answers
// are understood. The engine knows dialects only by this.
type Dialect interface {
	// Name is the dialect's name in documents and messages, as in native.
	Name() string
	// Input returns what rules see as input. The rule is nil where one input
	// serves all rules of the dialect, arguments aside, and given for entry points
	// that have one of their own. It is an object for rules that have arguments.
	Input(subject *Subject, r *Rule) *ast.Term
	// Results returns what an entry point has found, one element per finding;
	// Elements does for most.
	Results(entrypoint string, value ast.Value) []ast.Value
	// Violation reads one element of an entry point's result. The second result
	// is false when the element is about another object.
	Violation(subject *Subject, value ast.Value) (Violation, bool, error)
	// Native translates the path of a field below the dialect's input into that
	// of the native one, so that the verdict cache knows what a rule reads; false
	// when there is none.
	Native(path []string) ([]string, bool)
}

// Elements returns the elements of a set or an array, and nothing of any other
// value.
func Elements(value ast.Value) []ast.Value {
	var elements []ast.Value
	each := func(term *ast.Term) { elements = append(elements, term.Value) }
	switch list := value.(type) {
	case ast.Set:
		list.Foreach(each)
	case *ast.Array:
		list.Foreach(each)
	}
	return elements
}

// Reader reads the rules of one dialect.
type Reader interface {
	// Name is the dialect's name.
	Name() string
	// Read returns the files of the dialect's rules and of the libraries these
	// need, among documents that no other dialect has claimed, and claims what is
	// its own. What cannot be read is claimed, left out and returned as a problem.
	Read(documents []*Document) ([]File, []*Problem)
}

// Document is one file of a directory of rules.
type Document struct {
	// Name is the file as people find it, and the name its module is parsed by.
	Name string
	// Tree is the directory given by the user that the file was found in, and
	// Path the file within it, with slashes.
	Tree, Path string
	Content    []byte
	// Module is the parsed content of a .rego file, in the Rego version that it
	// is written in; nil for every other file.
	Module *ast.Module
	// Err says what is wrong with the file's METADATA, where Module was read
	// without it.
	Err error
	// Builtin is true for the rules that come with Reeve.
	Builtin bool
	// Bundled is true in archives and artifacts, whose data.json and data.yaml rules
	// read below data.
	Bundled bool
	// Claimed is true once a dialect has taken the document, and Used once one
	// has taken it for a library, which others may use as well.
	Claimed, Used bool
}
