package gatekeeper

import (
	"regexp"
	"slices"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/open-policy-agent/opa/v1/ast"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/kubereeve/reeve/internal/rule"
)

// syncAnnotation is where templates say which objects they look for among
// data.inventory: a list of needs, each a list of kinds that serve it equally.
// Its older name is found in many of them.
const (
	syncAnnotation    = "metadata.gatekeeper.sh/requires-sync-data"
	oldSyncAnnotation = "metadata.gatekeeper.sh/requiresSyncData"
)

// anyGroup is the group of kinds of which only the name is known.
const anyGroup = "*"

// syncClause is one choice among the kinds that serve a need.
type syncClause struct {
	Groups   []string `json:"groups"`
	Versions []string `json:"versions"`
	Kinds    []string `json:"kinds"`
}

// Inventory is what a template reads of data.inventory.
type Inventory struct {
	// Read is true when the template reads it at all.
	Read bool
	// Kinds are those that it is known to read, in any order. Where only the name
	// of a kind is known, its group is anyGroup.
	Kinds map[schema.GroupKind]bool
	// Open is true when it may read others as well: which ones, it decides only
	// while it runs.
	Open bool
}

// readInventory finds out what a template reads of data.inventory: what its
// annotation says, and what its references name.
func (t *Template) readInventory() *rule.Problem {
	t.Inventory.Kinds = make(map[schema.GroupKind]bool)
	for _, module := range t.modules() {
		inventoryReferences(module, t.Inventory.add)
	}
	name := syncAnnotation
	if t.Annotations[name] == "" {
		name = oldSyncAnnotation
	}
	text := strings.Trim(t.Annotations[name], "\n\" ")
	if text == "" {
		return nil
	}
	var needs [][]syncClause
	path, message := decodeJSON(jsontext.Value(text), &needs, true)
	if clauses, ok := clausesIn(text); message != "" && ok {
		needs, message = [][]syncClause{clauses}, ""
	}
	switch {
	case message != "" && !t.Inventory.Open:
		return nil // the code has said it all
	case message != "":
		return t.document.problem("metadata.annotations["+quoted(name)+"]", "%s", strings.TrimPrefix(path+": "+message, ": "))
	}
	t.Inventory.Open = false // the annotation says it all
	for _, clause := range slices.Concat(needs...) {
		for _, group := range clause.Groups {
			for _, kind := range clause.Kinds {
				t.Inventory.Read = true
				delete(t.Inventory.Kinds, schema.GroupKind{Group: anyGroup, Kind: kind})
				t.Inventory.Kinds[schema.GroupKind{Group: group, Kind: kind}] = true
			}
		}
	}
	return nil
}

// clausePattern finds the clauses of an annotation.
var clausePattern = regexp.MustCompile(`\{[^{}]*\}`)

// clausesIn returns the clauses of an annotation whatever stands between them, and
// whether each can be read: Gatekeeper does not read it where it runs, so there are
// mistakes in templates that people use, as commas after the last element.
func clausesIn(text string) ([]syncClause, bool) {
	found := clausePattern.FindAllString(text, -1)
	clauses := make([]syncClause, len(found))
	for i, clause := range found {
		if _, message := decodeJSON(jsontext.Value(clause), &clauses[i], true); message != "" {
			return nil, false
		}
	}
	return clauses, len(clauses) > 0
}

// removedGroup was where many kinds began. No server has it any more, but files
// may.
const removedGroup = "extensions"

// add takes note of a reference, given as what follows data.inventory.
func (i *Inventory) add(path ast.Ref) {
	i.Read = true
	version, kind := 1, 2 // cluster.<apiVersion>.<Kind>.<name>
	switch text(path, 0) {
	case "cluster":
	case "namespace": // namespace.<namespace>.<apiVersion>.<Kind>.<name>
		version, kind = version+1, kind+1
	default:
		i.Open = true
		return
	}
	name := text(path, kind)
	if name == "" {
		i.Open = true
		return
	}
	group := anyGroup
	if apiVersion := text(path, version); apiVersion != "" {
		parsed, err := schema.ParseGroupVersion(apiVersion)
		if err != nil {
			return // there is no such version, and so nothing to read
		}
		group = parsed.Group
	}
	i.Kinds[schema.GroupKind{Group: group, Kind: name}] = true
}

// text returns a constant step of a reference, "" where it is none.
func text(path ast.Ref, at int) string {
	if at >= len(path) {
		return ""
	}
	step, _ := path[at].Value.(ast.String)
	return string(step)
}

// inventoryReferences calls f with what follows data.inventory in each of a
// module's references to it, those by the name of an import included.
func inventoryReferences(module *ast.Module, f func(ast.Ref)) {
	imported := make(map[ast.Var]ast.Ref)
	for _, each := range module.Imports {
		if path, ok := each.Path.Value.(ast.Ref); ok && path.HasPrefix(inventoryRef) {
			imported[each.Name()] = path
		}
	}
	var visit func(term *ast.Term) bool
	visit = func(term *ast.Term) bool {
		switch value := term.Value.(type) {
		case ast.Var:
			if path := imported[value]; path != nil {
				f(path[len(inventoryRef):])
			}
		case ast.Ref:
			path := value
			if name, ok := value[0].Value.(ast.Var); ok && imported[name] != nil {
				path = imported[name].Concat(value[1:])
			}
			if path.HasPrefix(inventoryRef) {
				f(path[len(inventoryRef):])
			}
			for _, index := range value[1:] { // the head has been looked at
				ast.WalkTerms(index, visit)
			}
			return true
		}
		return false
	}
	for _, each := range module.Rules {
		rule.WalkTerms(each, visit)
	}
}
