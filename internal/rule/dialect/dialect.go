// Package dialect reads the dialects that rules are written in: Reeve's own here,
// and each foreign one in a file or a package below.
package dialect

import "github.com/kubereeve/reeve/internal/rule"

// All returns the readers of every dialect, the most specific first: the first
// that recognizes a document claims it.
func All() []rule.Reader {
	return []rule.Reader{Native{}}
}
