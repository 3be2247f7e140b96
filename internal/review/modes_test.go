package review_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/kubereeve/reeve/internal/engine/enginetest"
	"github.com/kubereeve/reeve/internal/finding"
	"github.com/kubereeve/reeve/internal/review"
	"github.com/kubereeve/reeve/internal/rule"
)

// modes reads an optional default and RULE=MODE texts.
func modes(t testing.TB, byDefault string, texts ...string) review.Modes {
	t.Helper()
	var m review.Modes
	if byDefault != "" {
		mode, err := finding.ParseMode(byDefault)
		if err != nil {
			t.Fatal(err)
		}
		m.Default = &mode
	}
	for _, text := range texts {
		byRule, err := review.ParseRuleMode(text)
		if err != nil {
			t.Fatal(err)
		}
		m.ByRule = append(m.ByRule, byRule)
	}
	return m
}

func TestTheMostParticularModeWins(t *testing.T) {
	for _, test := range []struct {
		name      string
		byDefault string
		byRule    []string
		want      finding.Mode
	}{
		{"the rule's own when nothing is said", "", nil, finding.Warn},
		{"the default wins over the rule's own", "deny", nil, finding.Deny},
		{"off by default wins over the rule's own", "off", nil, finding.Off},
		{"the rule's id wins over the default", "deny", []string{"host-pid=audit"}, finding.Audit},
		{"a glob wins over the default", "deny", []string{"host-*=audit"}, finding.Audit},
		{"a single character", "", []string{"host-?id=deny"}, finding.Deny},
		{"the last that matches wins", "", []string{"host-pid=deny", "host-pid=audit"}, finding.Audit},
		{"a later glob wins over an earlier id", "", []string{"host-pid=deny", "*=off"}, finding.Off},
		{"a later id wins over an earlier glob", "", []string{"*=off", "host-pid=deny"}, finding.Deny},
		{"what matches another rule does not count", "", []string{"host-ipc=deny", "host=deny", "HOST-PID=deny", "host-pid-2=deny"}, finding.Warn},
	} {
		t.Run(test.name, func(t *testing.T) {
			got := modes(t, test.byDefault, test.byRule...).Resolve(&rule.Rule{ID: "host-pid"}, finding.Warn)
			if got != test.want {
				t.Errorf("%s, want %s", got, test.want)
			}
		})
	}
}

func TestParseRuleModeRefusesWhatIsNotRuleAndMode(t *testing.T) {
	for text, want := range map[string]string{
		"":                   `"" is not RULE=MODE, as in privileged-container=deny`,
		"host-pid":           `"host-pid" is not RULE=MODE, as in privileged-container=deny`,
		"=deny":              `"=deny" is not RULE=MODE, as in privileged-container=deny`,
		"host-pid=":          `"" is not a mode; use one of off, audit, warn, deny`,
		"host-pid=block":     `"block" is not a mode; use one of off, audit, warn, deny`,
		"host-pid=deny=warn": `"deny=warn" is not a mode; use one of off, audit, warn, deny`,
		"host-[=deny":        `"host-[": the rule's glob is malformed`,
		`host-\=deny`:        `"host-\\": the rule's glob is malformed`,
	} {
		if _, err := review.ParseRuleMode(text); err == nil || err.Error() != want {
			t.Errorf("%q: got %v, want %s", text, err, want)
		}
	}
}

func TestNamesThatMatchNoRuleAreFound(t *testing.T) {
	set := enginetest.Builtin(t)
	m := modes(t, "deny", "host-pid=off", "hots-pid=deny", "host-*=warn", "x-*=deny")
	if got := m.Unmatched(set); !slices.Equal(got, []string{"hots-pid", "x-*"}) {
		t.Errorf("unmatched %v", got)
	}
	if got := (review.Modes{}).Unmatched(set); got != nil {
		t.Errorf("unmatched %v", got)
	}
}

func TestRulesThatAreOffAreNotActive(t *testing.T) {
	set := enginetest.Builtin(t)
	workloads := 0
	for _, r := range set.Rules() {
		if strings.HasPrefix(r.ID, "host-") {
			workloads++
		}
	}
	for _, test := range []struct {
		name  string
		modes review.Modes
		want  int
	}{
		{"nothing said", review.Modes{}, len(set.Rules())},
		{"one rule off", modes(t, "", "host-pid=off"), len(set.Rules()) - 1},
		{"a glob off", modes(t, "", "host-*=off"), len(set.Rules()) - workloads},
		{"off and on again", modes(t, "", "host-pid=off", "host-pid=audit"), len(set.Rules())},
		{"all off", modes(t, "off"), 0},
		{"all off but one", modes(t, "off", "host-pid=deny"), 1},
		{"all audited", modes(t, "audit"), len(set.Rules())},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := len(test.modes.Active(set).Rules()); got != test.want {
				t.Errorf("%d rules are active, want %d", got, test.want)
			}
		})
	}
}

func TestARuleStaysActiveWhileOneOfItsEntryPointsIsOn(t *testing.T) {
	set := load(t, map[string]string{
		"mixed.rego": ruleText("mixed", "mode: off", "violation contains \"v\" if true\ndeny contains \"d\" if true"),
		"off.rego":   ruleText("off", "mode: off", "violation contains \"v\" if true"),
	})
	active := review.Modes{}.Active(set)
	if active.Rule("mixed") == nil || active.Rule("off") != nil {
		t.Errorf("active: %v", active.Rules())
	}
}
