package admission

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/kubereeve/reeve/internal/finding"
)

func TestALineThatIsCutKeepsTheRule(t *testing.T) {
	long := strings.Repeat("long-", 50)
	for _, test := range []struct {
		name    string
		finding finding.Finding
		want    string
	}{
		{"a short one is not cut", finding.Finding{Message: "m", Rule: "r"}, "m (r)"},
		{"a long message", finding.Finding{Message: strings.Repeat("m", 300), Rule: "r"}, strings.Repeat("m", 249) + "... (r)"},
		{"an expired exception", finding.Finding{Message: "m", Rule: "r", ExpiredException: "e"}, "m (r; the exception e has expired)"},
		{"an expired exception with a long name", finding.Finding{Message: "m", Rule: "r", ExpiredException: long}, "m (r; the exception " + long[:60] + "... has expired)"},
		{"what was there before", finding.Finding{Message: "m", Rule: "r", Existing: true}, "m (already there before this update) (r)"},
		{"a rule whose id leaves no room", finding.Finding{Message: "m", Rule: long + long}, "m (" + (long + long)[:250] + "..."},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := cutLine(&test.finding, 256); got != test.want || utf8.RuneCountInString(got) > 256 {
				t.Errorf("got  %s\nwant %s", got, test.want)
			}
		})
	}
}
