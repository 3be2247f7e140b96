package source_test

import (
	"fmt"
	"strings"
	"testing"
)

// lines returns a line for each number below n, in which every %d is replaced.
func lines(n int, line string) string {
	var all strings.Builder
	for i := range n {
		all.WriteString(strings.NewReplacer("NEXT", fmt.Sprint(i+1), "THIS", fmt.Sprint(i)).Replace(line) + "\n")
	}
	return all.String()
}

func TestWhatWouldKeepTheCompilerBusyIsRefusedByLine(t *testing.T) {
	finds := "violation contains \"x\" if "
	for _, test := range []struct {
		name, body, want string
	}{
		{"nothing of it", finds + "count([1 | some x in [[2 | true]]]) > 0", ""},
		{"comprehensions in each other", finds + "count(" + strings.Repeat("[1 | a := ", 15) + "1" + strings.Repeat("]", 15) + ") > 0", "9: comprehensions"},
		{"deep lists", finds + "x := " + strings.Repeat("[", 5000) + strings.Repeat("]", 5000), "9: terms within one another"},
		{"a long sum", finds + "1" + strings.Repeat(" + 1", 5000) + " > 0", "9: terms within one another"},
		{"a long body", finds + "{\n" + lines(20_000, "xTHIS := input.object.kind") + "}", "10: expressions in one body"},
		{"many branches", "a := 1 if false\n" + lines(5000, "else := THIS if false") + finds + "a == 2", "9: branches of else"},
		{"a long reference", finds + "input.object" + strings.Repeat(".a", 5000), "9: parts of a reference"},
		{"many references", finds + "x := [" + strings.Repeat("input.object.a, ", 20_000) + "1]", "9: references and calls"},
		{"a long number", finds + "x := " + strings.Repeat("9", 1_000_000), "9: digits of a number"},
		{"functions that double", "f0(x) := [x, x]\n" + lines(30, "fNEXT(x) := [fTHIS(x), fTHIS(x)]") + finds + "f30(1) == 2", ": parts of the values"},
		{"variables that double", finds + "{\nx0 := [1]\n" + lines(40, "xNEXT := [xTHIS, xTHIS]") + "x40 == 2\n}", "9: parts of the values"},
		{"replacements in each other", "g(x) := 1\nq0 := count([1])\n" + lines(15, "qNEXT if { qTHIS with count as g; qTHIS }") + finds + "q15", ": functions and documents that 'with' replaces"},
	} {
		t.Run(test.name, func(t *testing.T) {
			dir := directory(t, map[string]string{
				"mine.rego":  metadata + "package acme.mine\n\n" + test.body + "\n",
				"other.rego": metadata + "package acme.other\n\n" + finds + "true\n",
			})
			ids, problems := load(dir)
			if test.want == "" {
				if len(ids) != 2 || len(problems) > 0 {
					t.Errorf("rules %v, problems %v, want both rules", ids, problems)
				}
				return
			}
			if len(ids) != 1 || len(problems) != 1 || !strings.HasPrefix(problems[0], "DIR/mine.rego:") || !strings.Contains(problems[0], test.want) {
				t.Errorf("rules %v, problems %.300v, want the other rule and %s", ids, problems, test.want)
			}
		})
	}
}
