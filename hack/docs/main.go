// Command docs writes the documents that are made from the rules' own METADATA
// and fixtures: rules.md, the catalogue, and remediation.md, which tells for
// every rule how to fix what it finds. Run it at the root of the repository:
//
//	go run ./hack/docs DIRECTORY
package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"github.com/kubereeve/reeve/internal/rule"
	"github.com/kubereeve/reeve/internal/ruletest"
)

// policies is where the rules are, from the root of the repository.
const policies = "policies"

func main() {
	if err := run(context.Background(), os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, arguments []string) error {
	if len(arguments) != 1 {
		return errors.New("name the directory to write to, as in go run ./hack/docs docs")
	}
	subjects, err := load(ctx, policies)
	if err != nil {
		return err
	}
	documents, err := write(subjects)
	if err != nil {
		return err
	}
	for name, text := range documents {
		if err := os.WriteFile(filepath.Join(arguments[0], name), []byte(text), 0o644); err != nil { //nolint:gosec // documents are no secrets
			return err
		}
	}
	return nil
}

// write returns the documents by name.
func write(subjects []*ruletest.Subject) (map[string]string, error) {
	categories := categoriesOf(subjects)
	guide, err := remediation(categories)
	return map[string]string{"rules.md": catalogue(categories), "remediation.md": guide}, err
}

// load returns the rules of a directory with their judged fixtures. It fails
// when a rule cannot be read: the documents would lack it.
func load(ctx context.Context, dir string) ([]*ruletest.Subject, error) {
	report, err := ruletest.Run(ctx, ruletest.Options{Dirs: []string{dir}, FixturesOnly: true})
	if err != nil {
		return nil, err
	}
	var problems []error
	for _, problem := range report.Problems {
		problems = append(problems, problem)
	}
	return report.Subjects, errors.Join(problems...)
}

// category is a group of rules, ordered by id.
type category struct {
	name  string
	rules []*ruletest.Subject
}

func categoriesOf(subjects []*ruletest.Subject) []*category {
	var categories []*category
	byName := make(map[string]*category)
	for _, subject := range subjects {
		if subject.Rule == nil {
			continue // a library
		}
		name := subject.Rule.Category
		if byName[name] == nil {
			byName[name] = &category{name: name}
			categories = append(categories, byName[name])
		}
		byName[name].rules = append(byName[name].rules, subject)
	}
	slices.SortFunc(categories, func(a, b *category) int { return cmp.Compare(a.name, b.name) })
	return categories
}

// all returns the rules of all categories.
func all(categories []*category) []*rule.Rule {
	var rules []*rule.Rule
	for _, category := range categories {
		for _, subject := range category.rules {
			rules = append(rules, subject.Rule)
		}
	}
	return rules
}
