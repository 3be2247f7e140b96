package source

import (
	"strings"

	"github.com/kubereeve/reeve/internal/rule"
)

// sandbox leaves out the files that call builtins their source is not trusted
// with, or use names that are not theirs, and notes on the others what they are
// trusted with.
func sandbox(sources []Source, documents []*rule.Document, files []rule.File) ([]rule.File, []*rule.Problem) {
	trust := make(map[string]*rule.Trusted) // by tree
	for _, source := range sources {
		if source.Trusted != nil {
			trust[source.Name] = source.Trusted
		}
	}
	kept := make([]rule.File, 0, len(files))
	var problems []*rule.Problem
	for _, file := range files {
		if file.Module == nil {
			kept = append(kept, file)
			continue
		}
		var trusted *rule.Trusted
		if len(trust) > 0 {
			trusted = trust[treeOf(documents, file.Name)]
		}
		refused := rule.CheckBuiltins(file.Name, file.Module, trusted)
		if len(refused) > 0 {
			problems = append(problems, refused[0]) // one is enough to leave the file out
			continue
		}
		if problem := rule.CheckNames(file.Name, file.Module); problem != nil {
			problems = append(problems, problem)
			continue
		}
		if problem := rule.CheckReplacements(file.Name, file.Module); problem != nil {
			problems = append(problems, problem)
			continue
		}
		file.Trusted = trusted
		kept = append(kept, file)
	}
	return kept, problems
}

// treeOf returns the tree of the document that a file was read from. Dialects add
// to the document's name where one document becomes several files.
func treeOf(documents []*rule.Document, file string) string {
	name, tree := "", ""
	for _, document := range documents {
		if len(document.Name) > len(name) && strings.HasPrefix(file, document.Name) {
			name, tree = document.Name, document.Tree
		}
	}
	return tree
}
