// Package policies holds the rules that come with Reeve: one folder per rule,
// policies/<category>/<rule_id>, with the rule, its Rego test and its fixtures.
package policies

import "embed"

// FS holds the built-in rules and the libraries they import. Test files come
// along, as patterns cannot leave them out; the loader passes them over.
//
//go:embed */*/*.rego lib/*.rego
var FS embed.FS
