package finding_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kubereeve/reeve/internal/finding"
	"github.com/kubereeve/reeve/internal/resource"
)

func TestSortPutsFindingsInReadingOrder(t *testing.T) {
	at := func(namespace, kind, name string) resource.Identity {
		return resource.Identity{APIVersion: "v1", Kind: kind, Namespace: namespace, Name: name}
	}
	ordered := []finding.Finding{
		{Severity: finding.Critical, Rule: "z", Message: "the most severe come first, whatever the rule"},
		{Severity: finding.High, Rule: "a"},
		{Severity: finding.High, Rule: "b", Message: "then rule by rule"},
		{Severity: finding.Low, Rule: "a", Resource: at("", "Zebra", "z"), Message: "cluster-scoped objects before namespaces"},
		{Severity: finding.Low, Rule: "a", Resource: at("shop", "Deployment", "z")},
		{Severity: finding.Low, Rule: "a", Resource: at("shop", "Pod", "a")},
		{Severity: finding.Low, Rule: "a", Resource: at("shop", "Pod", "b"), Path: "spec.a"},
		{Severity: finding.Low, Rule: "a", Resource: at("shop", "Pod", "b"), Container: "a", Path: "spec.a", Message: "m"},
		{Severity: finding.Low, Rule: "a", Resource: at("shop", "Pod", "b"), Container: "a", Path: "spec.a", Message: "n"},
		{Severity: finding.Low, Rule: "a", Resource: at("shop", "Pod", "b"), Container: "a", Path: "spec.b", Message: "a"},
		{Severity: finding.Low, Rule: "a", Resource: at("shop", "Pod", "b"), Container: "b", Path: "spec.a"},
		{Severity: finding.Low, Rule: "a", Resource: at("web", "Deployment", "a")},
		{Severity: finding.Info, Rule: "a"},
	}
	random := rand.New(rand.NewPCG(1, 2)) // the same permutations every time
	for range 500 {
		shuffled := slices.Clone(ordered)
		random.Shuffle(len(shuffled), func(i, j int) { shuffled[i], shuffled[j] = shuffled[j], shuffled[i] })
		finding.Sort(shuffled)
		if diff := cmp.Diff(ordered, shuffled); diff != "" {
			t.Fatalf("(-want +got)\n%s", diff)
		}
	}
}

func TestSortTakesNothing(_ *testing.T) {
	finding.Sort(nil)
	finding.Sort([]finding.Finding{})
}

func TestFingerprintSaysWhatIsViolatedWhere(t *testing.T) {
	original := finding.Finding{
		Rule:     "host-pid",
		Severity: finding.High,
		Mode:     finding.Warn,
		Resource: resource.Identity{APIVersion: "v1", Kind: "Pod", Namespace: "shop", Name: "web", UID: "u1"},
		Path:     "spec.hostPID", Container: "web", Message: "restarted 3 times", Remediation: "see",
	}
	for _, test := range []struct {
		name   string
		change func(*finding.Finding)
		same   bool
	}{
		{"another message", func(f *finding.Finding) { f.Message = "restarted 4 times" }, true},
		{"another mode", func(f *finding.Finding) { f.Mode = finding.Deny }, true},
		{"another severity", func(f *finding.Finding) { f.Severity = finding.Low }, true},
		{"another remediation", func(f *finding.Finding) { f.Remediation = "" }, true},
		{"another line of a file", func(f *finding.Finding) { f.Source = &resource.Source{File: "a.yaml", Line: 3} }, true},
		{"another rule", func(f *finding.Finding) { f.Rule = "host-ipc" }, false},
		{"another container", func(f *finding.Finding) { f.Container = "side" }, false},
		{"another path", func(f *finding.Finding) { f.Path = "spec" }, false},
		{"another apiVersion", func(f *finding.Finding) { f.Resource.APIVersion = "v2" }, false},
		{"another kind", func(f *finding.Finding) { f.Resource.Kind = "Node" }, false},
		{"another namespace", func(f *finding.Finding) { f.Resource.Namespace = "" }, false},
		{"another name", func(f *finding.Finding) { f.Resource.Name = "web2" }, false},
		{"an object of the same name made anew", func(f *finding.Finding) { f.Resource.UID = "u2" }, false},
		{"a value that moves to the next field", func(f *finding.Finding) { f.Container, f.Path = "", "web" }, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			changed := original
			test.change(&changed)
			if same := changed.Fingerprint() == original.Fingerprint(); same != test.same {
				t.Errorf("%s and %s: same is %t, want %t", original.Fingerprint(), changed.Fingerprint(), same, test.same)
			}
		})
	}
}

func TestALineIsTheMessageAndTheRule(t *testing.T) {
	f := finding.Finding{Rule: "host-pid", Message: "hostPID is true; set it to false"}
	if got, want := f.Line(), "hostPID is true; set it to false (host-pid)"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	f.ExpiredException = "legacy"
	if got, want := f.Line(), "hostPID is true; set it to false (host-pid; the exception legacy has expired)"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestARuleErrorNamesTheRuleAndTheCause(t *testing.T) {
	err := finding.RuleError{Rule: "host-pid", Cause: finding.CauseDeadline, Message: "too slow"}
	if got, want := fmt.Sprint(err), "rule host-pid: deadline: too slow"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestByModeKeepsTheOrder(t *testing.T) {
	verdict := finding.Verdict{Findings: []finding.Finding{
		{Rule: "a", Mode: finding.Deny}, {Rule: "b", Mode: finding.Warn}, {Rule: "c", Mode: finding.Deny},
	}}
	for mode, want := range map[finding.Mode]string{finding.Deny: "a c", finding.Warn: "b", finding.Audit: ""} {
		rules := []string{}
		for _, f := range verdict.ByMode(mode) {
			rules = append(rules, f.Rule)
		}
		if got := strings.Join(rules, " "); got != want {
			t.Errorf("%s: got %q, want %q", mode, got, want)
		}
	}
}

func TestAFindingIsWrittenWithWordsAndWithoutEmptyFields(t *testing.T) {
	identity := resource.Identity{APIVersion: "v1", Kind: "Node", Name: "n1", UID: "secret-uid"}
	got, err := json.Marshal(finding.Finding{Rule: "r", Severity: finding.High, Mode: finding.Warn, Resource: identity, Message: "m"})
	if err != nil {
		t.Fatal(err)
	}
	want := `{"rule":"r","severity":"high","mode":"warn","resource":{"apiVersion":"v1","kind":"Node","name":"n1"},"message":"m"}`
	if diff := cmp.Diff(want, string(got)); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}
