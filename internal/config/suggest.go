package config

import (
	"maps"
	"slices"
	"strings"

	"github.com/agnivade/levenshtein"

	"github.com/kubereeve/reeve/internal/finding"
)

// Nearest returns the word that somebody most likely meant, or "" when none
// is near.
func Nearest(word string, words []string) string {
	best, distance := "", max(2, len(word)/3)+1
	for _, candidate := range words {
		d := levenshtein.ComputeDistance(strings.ToLower(word), strings.ToLower(candidate))
		if d < distance && d < len(candidate) {
			best, distance = candidate, d
		}
	}
	return best
}

// suggest says which field somebody may have meant, or which there are.
func suggest(name string, fields map[string][]int) string {
	names := slices.Sorted(maps.Keys(fields))
	if near := Nearest(name, names); near != "" {
		return "did you mean " + near + "?"
	}
	return "there are " + strings.Join(names, ", ")
}

// didYouMean returns a question behind an error, or nothing.
func didYouMean(word string, words []string) string {
	if near := Nearest(word, words); near != "" {
		return "; did you mean " + near + "?"
	}
	return ""
}

func modeWords() []string {
	return []string{finding.Deny.String(), finding.Warn.String(), finding.Audit.String(), finding.Off.String()}
}

func severityWords() []string {
	words := make([]string, 0, len(finding.Severities()))
	for _, severity := range finding.Severities() {
		words = append(words, severity.String())
	}
	return words
}
