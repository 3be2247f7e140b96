package review

import (
	"fmt"
	"strings"

	"github.com/kubereeve/reeve/internal/finding"
	"github.com/kubereeve/reeve/internal/rule"
)

// ParseMode returns an entry that gives the findings of all rules one mode.
func ParseMode(name, text string) (Entry, error) {
	mode, err := finding.ParseMode(text)
	return Entry{Name: name, Mode: &mode}, err
}

// ParseRuleMode returns the entry of RULE=MODE, where RULE is what a selector
// understands.
func ParseRuleMode(name, text string) (Entry, error) {
	terms, modeName, ok := strings.Cut(text, "=")
	if !ok || terms == "" {
		return Entry{}, fmt.Errorf("%q is not RULE=MODE, as in privileged-container=deny", text)
	}
	selector, err := rule.ParseSelector([]string{terms})
	if err != nil {
		return Entry{}, err
	}
	mode, err := finding.ParseMode(modeName)
	return Entry{Name: name, Rules: selector, Mode: &mode}, err
}

// DefaultOptions returns the options of a policy where nothing is configured.
func DefaultOptions() PolicyOptions { return PolicyOptions{ExistingViolations: true} }

// PolicyOf returns the default policy with RULE=MODE texts, of which the last that
// matches wins. It serves tests, and what has no configuration.
func PolicyOf(ruleModes ...string) (*Policy, error) {
	options := DefaultOptions()
	for _, text := range ruleModes {
		entry, err := ParseRuleMode(text, text)
		if err != nil {
			return nil, err
		}
		options.Entries = append(options.Entries, entry)
	}
	return NewPolicy(options)
}
