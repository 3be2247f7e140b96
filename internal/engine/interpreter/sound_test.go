package interpreter_test

import (
	"fmt"
	"testing"
)

// leftToTopdown is Rego of which OPA's planner makes plans that say something else, by
// what is in it.
var leftToTopdown = map[string]string{
	"a package that is gone through": `result contains msg if { some name; some msg in data.lib[name].deny }`,
	"the whole of a package":         `result := data.lib`,
	"a rule chosen by its name":      `result := data.lib[input.name].level`,
	"a rule in this package chosen by its name": `settings.a.on := false
result if not settings[input.name].on`,
	"a set that two forms of rules make": `names.all := {"a"}
names[k] contains v if some k, v in input.names
result := names.all`,
	"an object that two forms of rules make": `tree.a := {"b": 1}
tree[x][y] := 2 if some x, y in input.names
result := tree`,
	"a function in the place of another":        `result := n if n := count(input.list) with count as sum`,
	"a document in the place of another":        `result := n if n := data.lib.a.level with data.lib.a.level as 3`,
	"a negated walk":                            `result if not walk(input, [["name"], "b"])`,
	"two negated patterns":                      `result if not [input.name] == [input.tree]`,
	"a negated comprehension":                   `result if not [x | some x in input.list]`,
	"an object of keys that the input chooses":  `result if { x := input.tree; {input.name: 1, "b": 1} == x }`,
	"patterns with keys that the input chooses": `result if {input.name: 1, "b": input.list} = {"a": 1, "b": 2}`,
	"an argument with a key from another": `f({k: v}, k) := v
result := f(input.tree, "a")`,
	"what is left to topdown, further down": `helper(x) := data.lib[x].level
result := helper(input.name)`,
}

// lib are packages that the Rego reaches.
const lib = `package lib.a
level := 1
deny contains "a"
helper(_) := {"not a document"}`

func TestWhatIsPlannedWronglyIsLeftToTopdown(t *testing.T) {
	for name, text := range leftToTopdown {
		t.Run(name, func(t *testing.T) {
			c := parse(t, text, "{}", lib)
			if _, _, planned := c.plan(t); planned {
				t.Error("the program would be asked")
			}
		})
	}
}

// Much is like what is left to topdown, and can be planned.
func TestWhatIsPlannedRightlyIsNotLeftToTopdown(t *testing.T) {
	for name, text := range map[string]string{
		"rules chosen by their values": `result contains msg if some msg in data.lib.a.deny`,
		"keys of an object that a rule makes": `settings := {"a": {"on": false}}
result if not settings[input.name].on`,
		"keys of a rule with keys": `settings[k].on := v if some k, v in input.names
result contains k if { some k, _ in input.names; not settings[k].on }`,
		"sets of one form": `names[k] contains v if some k, v in input.names
result contains k if { some k in ["all", "b"]; not "x" in names[k] }`,
		"another input": `result := n if n := [input.name, data.lib.a.level] with input as {"name": "b"} with input.list as [1]`,
		"a negated function": `f(x) := x.on
result contains x if { some x in [{"on": false}, {"on": true}, {}]; not f(x) }`,
		"an object with keys of the input": `result := {input.name: 1, "c": 2}`,
		"a pattern":                        `result := x if { {"a": x, "b": _} = input.tree }`,
		"all of a list":                    `result if every x in input.list { not x == 3 }`,
		"base documents":                   `result := [data.base[input.name], [k | some k, _ in data.base]]`,
	} {
		for _, input := range []string{`{"name": "a", "list": [1, 2], "names": {"all": "x", "b": false}, "tree": {"a": 1, "b": 2}}`, `{"name": "c", "list": [3], "tree": []}`, `{}`} {
			t.Run(fmt.Sprintf("%s/%s", name, input), func(t *testing.T) {
				c := parse(t, text, input, lib)
				c.data = map[string]any{"base": map[string]any{"a": 1, "b": []any{2}}}
				if _, _, planned := c.plan(t); !planned {
					t.Fatal("topdown would be asked")
				}
				if differs := difference(t, c); differs != "" {
					t.Error(differs)
				}
			})
		}
	}
}
