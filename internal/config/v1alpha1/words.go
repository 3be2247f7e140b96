package v1alpha1

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// ExistingViolations says what an update does whose findings the object had
// before.
type ExistingViolations string

// The values of ExistingViolations.
const (
	WarnOfExisting    ExistingViolations = "warn"
	EnforceOnExisting ExistingViolations = "enforce"
)

// UnmarshalText reads warn or enforce.
func (e *ExistingViolations) UnmarshalText(text []byte) error {
	return word(e, text, WarnOfExisting, EnforceOnExisting)
}

// OnError says what happens to a request that a rule cannot judge.
type OnError string

// The values of OnError.
const (
	AllowOnError OnError = "allow"
	DenyOnError  OnError = "deny"
)

// UnmarshalText reads allow or deny.
func (o *OnError) UnmarshalText(text []byte) error {
	return word(o, text, AllowOnError, DenyOnError)
}

// word sets a value to one of the words there are.
func word[T ~string](value *T, text []byte, words ...T) error {
	if !slices.Contains(words, T(text)) {
		names := make([]string, len(words))
		for i, word := range words {
			names[i] = string(word)
		}
		return fmt.Errorf("%q is unknown; use one of %s", text, strings.Join(names, ", "))
	}
	*value = T(text)
	return nil
}

// Duration is a time span, written as in 1h30m, 500ms or 720h.
type Duration time.Duration

// String returns the duration as it is written, without parts that are zero.
func (d Duration) String() string {
	text := time.Duration(d).String()
	if strings.HasSuffix(text, "m0s") {
		text = strings.TrimSuffix(text, "0s")
	}
	if strings.HasSuffix(text, "h0m") {
		text = strings.TrimSuffix(text, "0m")
	}
	return text
}

// MarshalText writes the duration.
func (d Duration) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// UnmarshalText reads a duration.
func (d *Duration) UnmarshalText(text []byte) error {
	duration, err := time.ParseDuration(string(text))
	if err != nil {
		return fmt.Errorf("%q is not a duration; write it as in 100ms, 30s, 10m or 720h", text)
	}
	*d = Duration(duration)
	return nil
}
