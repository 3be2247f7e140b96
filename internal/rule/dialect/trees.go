package dialect

import (
	"slices"

	"github.com/kubereeve/reeve/internal/rule"
)

// trees returns the unclaimed modules of each tree.
func trees(documents []*rule.Document) [][]*rule.Document {
	var names []string
	byName := make(map[string][]*rule.Document)
	for _, document := range documents {
		if document.Claimed || document.Module == nil {
			continue
		}
		if byName[document.Tree] == nil {
			names = append(names, document.Tree)
		}
		byName[document.Tree] = append(byName[document.Tree], document)
	}
	found := make([][]*rule.Document, len(names))
	for i, name := range names {
		found[i] = byName[name]
	}
	return found
}

// elsewhere returns the libraries in other trees than one, of packages that this one
// does not have, each from the first that does: rules and libraries may be given as
// directories beside each other.
func (f *foreign) elsewhere(all [][]*rule.Document, i int) []*rule.Document {
	if !f.libraries {
		return nil
	}
	owners := make(map[string]string)
	for _, document := range all[i] {
		owners[document.Module.Package.Path.String()] = document.Tree
	}
	var found []*rule.Document
	for _, document := range slices.Concat(all...) {
		name := document.Module.Package.Path.String()
		if document.Claimed || document.Tree == all[i][0].Tree || len(f.names(document.Module)) > 0 {
			continue
		}
		if owners[name] == "" {
			owners[name] = document.Tree
		}
		if owners[name] == document.Tree {
			found = append(found, document)
		}
	}
	return found
}
