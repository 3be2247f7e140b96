package finding

import (
	"fmt"
	"slices"
	"strings"
)

// Severity says how much a finding matters. Greater is worse.
type Severity uint8

// The severities, from least to most severe.
const (
	Info Severity = iota
	Low
	Medium
	High
	Critical
)

var severityNames = []string{"info", "low", "medium", "high", "critical"}

// Severities returns every severity, most severe first.
func Severities() []Severity {
	return []Severity{Critical, High, Medium, Low, Info}
}

// ParseSeverity reads a severity's name. It fails on any other word and names
// the ones there are.
func ParseSeverity(name string) (Severity, error) {
	i := slices.Index(severityNames, name)
	if i < 0 {
		return 0, fmt.Errorf("%q is not a severity; use one of %s", name, strings.Join(severityNames, ", "))
	}
	return Severity(i), nil
}

// String returns the severity's name.
func (s Severity) String() string { return severityNames[s] }

// MarshalText writes the severity's name.
func (s Severity) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText reads a severity's name.
func (s *Severity) UnmarshalText(text []byte) (err error) {
	*s, err = ParseSeverity(string(text))
	return err
}

// Mode is what a finding does at admission. Greater is stricter.
type Mode uint8

// The modes, from least to most strict.
const (
	Off   Mode = iota // the rule is not evaluated
	Audit             // the finding is recorded and nobody is told
	Warn              // the request passes and its sender is warned
	Deny              // the request is refused
)

var modeNames = []string{"off", "audit", "warn", "deny"}

// ParseMode reads a mode's name. It fails on any other word and names the ones
// there are.
func ParseMode(name string) (Mode, error) {
	i := slices.Index(modeNames, name)
	if i < 0 {
		return 0, fmt.Errorf("%q is not a mode; use one of %s", name, strings.Join(modeNames, ", "))
	}
	return Mode(i), nil
}

// String returns the mode's name.
func (m Mode) String() string { return modeNames[m] }

// MarshalText writes the mode's name.
func (m Mode) MarshalText() ([]byte, error) { return []byte(m.String()), nil }

// UnmarshalText reads a mode's name.
func (m *Mode) UnmarshalText(text []byte) (err error) {
	*m, err = ParseMode(string(text))
	return err
}
