package glob_test

import (
	"path"
	"strings"
	"testing"

	"github.com/kubereeve/reeve/internal/glob"
)

func TestMatch(t *testing.T) {
	for _, test := range []struct {
		pattern, text string
		want          bool
	}{
		{"host-pid", "host-pid", true},
		{"host-pid", "host-pid-2", false},
		{"host-pid", "host-pi", false},
		{"host-*", "host-", true},
		{"host-*", "host-pid", true},
		{"host-*", "ghost-pid", false},
		{"*", "", true},
		{"*", "gatekeeper/K8sPSPPrivileged/psp", true},
		{"gatekeeper/*", "gatekeeper/K8sPSPPrivileged/psp", true},
		{"gatekeeper/*/psp", "gatekeeper/K8sPSPPrivileged/psp", true},
		{"gatekeeper/*/psp", "gatekeeper/K8sPSPPrivileged/other", false},
		{"*/psp", "gatekeeper/a/psp", true},
		{"host-?id", "host-pid", true},
		{"host?pid", "host/pid", true},
		{"host-[a-p]*", "host-pid", true},
		{"host-[^p]*", "host-pid", false},
		{`host\*`, "host*", true},
		{`host\*`, "hosts", false},
		{"Host", "host", false},
		{"*-*-*", "a-b", false},
	} {
		compiled, err := glob.Compile(test.pattern)
		if err != nil {
			t.Fatal(err)
		}
		if got := compiled.Match(test.text); got != test.want {
			t.Errorf("%s matches %s: %t", test.pattern, test.text, got)
		}
	}
}

func TestMalformedPatternsAreRefused(t *testing.T) {
	for _, pattern := range []string{"", "host-[", "host-[a", `host-\`} {
		if _, err := glob.Compile(pattern); err == nil {
			t.Errorf("%q was compiled", pattern)
		}
		if _, err := glob.CompileAll([]string{"a", pattern}); err == nil {
			t.Errorf("%q was compiled in a list", pattern)
		}
	}
}

func TestAListMatchesWhatAnyOfItMatches(t *testing.T) {
	list, err := glob.CompileAll([]string{"a", "b*"})
	if err != nil {
		t.Fatal(err)
	}
	for text, want := range map[string]bool{"a": true, "bc": true, "c": false, "": false} {
		if list.Match(text) != want {
			t.Errorf("%q: %t", text, !want)
		}
	}
	if none, err := glob.CompileAll(nil); err != nil || none.Match("a") {
		t.Errorf("an empty list matches, error %v", err)
	}
}

// FuzzMatch holds the short cuts to what path.Match says of texts without the
// separator.
func FuzzMatch(f *testing.F) {
	for _, pattern := range []string{"host-*", "*", "a?c", "[a-c]*x", `a\*`, "plain"} {
		f.Add(pattern, "host-pid")
	}
	f.Fuzz(func(t *testing.T, pattern, text string) {
		compiled, err := glob.Compile(pattern)
		if err != nil || strings.ContainsAny(pattern+text, "/\x00") {
			return
		}
		want, err := path.Match(pattern, text)
		if got := compiled.Match(text); err == nil && got != want {
			t.Errorf("%q matches %q: %t, want %t", pattern, text, got, want)
		}
		if compiled.Literal() && !compiled.Match(pattern) {
			t.Errorf("the literal %q does not match itself", pattern)
		}
	})
}
