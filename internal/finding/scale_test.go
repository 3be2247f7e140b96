package finding_test

import (
	"encoding/json"
	"slices"
	"testing"

	"github.com/kubereeve/reeve/internal/finding"
)

func TestSeveritiesAreWrittenAndReadAsWords(t *testing.T) {
	for i, name := range []string{"critical", "high", "medium", "low", "info"} {
		severity := finding.Severities()[i]
		if severity.String() != name {
			t.Errorf("severity %d from the top is %s, want %s", i, severity, name)
		}
		if parsed, err := finding.ParseSeverity(name); err != nil || parsed != severity {
			t.Errorf("%s is read as %v, error %v", name, parsed, err)
		}
		text, err := json.Marshal(map[finding.Severity]finding.Severity{severity: severity})
		if want := `{"` + name + `":"` + name + `"}`; err != nil || string(text) != want {
			t.Errorf("written as %s, error %v; want %s", text, err, want)
		}
		var back map[finding.Severity]finding.Severity
		if err := json.Unmarshal(text, &back); err != nil || back[severity] != severity {
			t.Errorf("%s is read as %v, error %v", text, back, err)
		}
	}
	if !slices.IsSortedFunc(finding.Severities(), func(a, b finding.Severity) int { return int(b) - int(a) }) {
		t.Error("the severities do not begin with the greatest")
	}
}

func TestModesAreWrittenAndReadAsWords(t *testing.T) {
	for mode, name := range map[finding.Mode]string{
		finding.Off: "off", finding.Audit: "audit", finding.Warn: "warn", finding.Deny: "deny",
	} {
		if parsed, err := finding.ParseMode(name); err != nil || parsed != mode || mode.String() != name {
			t.Errorf("%s is read as %v, error %v, and written as %s", name, parsed, err, mode)
		}
		text, err := json.Marshal(mode)
		if err != nil || string(text) != `"`+name+`"` {
			t.Errorf("written as %s, error %v; want %s", text, err, name)
		}
		var back finding.Mode
		if err := json.Unmarshal(text, &back); err != nil || back != mode {
			t.Errorf("%s is read as %v, error %v", text, back, err)
		}
	}
	if finding.Off >= finding.Audit || finding.Audit >= finding.Warn || finding.Warn >= finding.Deny {
		t.Error("the modes do not grow stricter")
	}
}

func TestOtherWordsAreNoSeverityAndNoMode(t *testing.T) {
	for _, word := range []string{"", "High", " high", "severe", "0", "größe", "DENY", "denied"} {
		want := `"` + word + `" is not a severity; use one of info, low, medium, high, critical`
		if _, err := finding.ParseSeverity(word); err == nil || err.Error() != want {
			t.Errorf("got %v, want %s", err, want)
		}
		want = `"` + word + `" is not a mode; use one of off, audit, warn, deny`
		if _, err := finding.ParseMode(word); err == nil || err.Error() != want {
			t.Errorf("got %v, want %s", err, want)
		}
		var severity finding.Severity
		var mode finding.Mode
		if severity.UnmarshalText([]byte(word)) == nil || mode.UnmarshalText([]byte(word)) == nil {
			t.Errorf("%q was taken for a severity or a mode", word)
		}
	}
}
