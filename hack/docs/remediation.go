package main

import (
	"fmt"
	"os"
	"path"
	"path/filepath"
	"strings"

	"github.com/kubereeve/reeve/internal/ruletest"
)

// remediation returns remediation.md. It fails when a fixture cannot be read
// again.
func remediation(categories []*category) (string, error) {
	var out strings.Builder
	out.WriteString(notice)
	out.WriteString("# How to fix what Reeve finds\n\n" +
		"What each rule finds, why it matters and how to fix it. *Before* is the place in an object that the rule is tested with, `# ...` standing for what is left out; *after* is what to write instead. " +
		"`reeve rules show RULE` says the same. [rules.md](rules.md) lists all rules.\n")
	for _, category := range categories {
		fmt.Fprintf(&out, "\n## %s\n", category.name)
		for _, subject := range category.rules {
			if err := section(&out, subject); err != nil {
				return "", err
			}
		}
	}
	return out.String(), nil
}

// section writes what there is to know about one rule.
func section(out *strings.Builder, subject *ruletest.Subject) error {
	r := subject.Rule
	fmt.Fprintf(out, "\n### %s\n\n**What:** %s. %s severity, judges %s ([source](%s)).\n", r.ID, text(strings.TrimSuffix(r.Title, ".")),
		title(r.Severity.String()), text(judges(r)), path.Join("..", filepath.ToSlash(filepath.Dir(subject.File))))
	if r.Description != "" {
		fmt.Fprintf(out, "\n**Why:** %s\n", text(r.Description))
	}
	prose, snippet := split(r.Remediation)
	if prose != "" {
		fmt.Fprintf(out, "\n**How to fix:** %s\n", text(prose))
	}
	if fixture := firstDenied(subject); fixture != nil {
		if err := before(out, fixture); err != nil {
			return err
		}
	}
	if snippet != "" {
		word := "After"
		if !strings.HasPrefix(snippet, "```yaml") {
			word = "What to run" // the cure is not in the object
		}
		fmt.Fprintf(out, "\n%s:\n\n%s\n", word, snippet)
	}
	return nil
}

// before writes the place in an object where a rule found something, and its
// message.
func before(out *strings.Builder, fixture *ruletest.Fixture) error {
	found := fixture.Findings[0]
	content, err := os.ReadFile(fixture.File)
	if err != nil {
		return err
	}
	shown, err := newExcerpt(content, found)
	if err != nil {
		return fmt.Errorf("%s: %w", fixture.File, err)
	}
	where := found.Resource.Kind
	if shown.path != "" {
		where += ", at " + code(shown.path)
	}
	if fixture.Parameters != nil {
		where += ", with the parameters " + code(value(fixture.Parameters))
	}
	fmt.Fprintf(out, "\nBefore (%s):\n\n```yaml\n%s```\n\n> %s\n", where, shown.text, text(found.Line()))
	return nil
}

// firstDenied returns the first fixture in which a rule found something, if
// possible with the parameters that the rule comes with.
func firstDenied(subject *ruletest.Subject) *ruletest.Fixture {
	var first *ruletest.Fixture
	for _, fixture := range subject.Fixtures {
		if !fixture.Denied || len(fixture.Findings) == 0 {
			continue
		}
		if fixture.Parameters == nil {
			return fixture
		}
		if first == nil {
			first = fixture
		}
	}
	return first
}

// split cuts a remediation into its prose and the snippet with what follows it.
func split(remediation string) (prose, snippet string) {
	at := strings.Index(remediation, "```")
	if at < 0 {
		return strings.TrimSpace(remediation), ""
	}
	return strings.TrimSpace(remediation[:at]), strings.TrimSpace(remediation[at:])
}

// text writes prose that Markdown must not take for markup. Metadata uses
// backquotes only for markup of its own.
func text(prose string) string { return strings.ReplaceAll(prose, "<", "&lt;") }

func title(word string) string { return strings.ToUpper(word[:1]) + word[1:] }
