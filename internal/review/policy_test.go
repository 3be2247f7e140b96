package review_test

import (
	"strings"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/labels"

	"github.com/kubereeve/reeve/internal/engine/enginetest"
	"github.com/kubereeve/reeve/internal/finding"
	"github.com/kubereeve/reeve/internal/resource"
	"github.com/kubereeve/reeve/internal/review"
	"github.com/kubereeve/reeve/internal/rule"
)

// policyOf returns the default policy with RULE=MODE texts.
func policyOf(t testing.TB, ruleModes ...string) *review.Policy {
	t.Helper()
	policy, err := review.PolicyOf(ruleModes...)
	if err != nil {
		t.Fatal(err)
	}
	return policy
}

// newPolicy compiles options.
func newPolicy(t testing.TB, options review.PolicyOptions) *review.Policy {
	t.Helper()
	policy, err := review.NewPolicy(options)
	if err != nil {
		t.Fatal(err)
	}
	return policy
}

// selector reads the terms of a selector.
func selector(t testing.TB, terms ...string) rule.Selector {
	t.Helper()
	s, err := rule.ParseSelector(terms)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// entryOf returns the entry of RULE=MODE, narrowed.
func entryOf(t testing.TB, ruleMode string, where review.Where) review.Entry {
	t.Helper()
	entry, err := review.ParseRuleMode(ruleMode, ruleMode)
	if err != nil {
		t.Fatal(err)
	}
	entry.Where = where
	return entry
}

func TestTheLastEntryThatMatchesWins(t *testing.T) {
	for _, test := range []struct {
		name    string
		entries []string
		want    finding.Mode
		by      string
	}{
		{"the rule's own when nothing is said", nil, finding.Warn, "the rule itself"},
		{"an entry wins over the rule's own", []string{"*=deny"}, finding.Deny, "*=deny"},
		{"off wins over the rule's own", []string{"*=off"}, finding.Off, "*=off"},
		{"a later id wins over an earlier glob", []string{"*=deny", "host-pid=audit"}, finding.Audit, "host-pid=audit"},
		{"a later glob wins over an earlier id", []string{"host-pid=deny", "*=off"}, finding.Off, "*=off"},
		{"a single character", []string{"host-?id=deny"}, finding.Deny, "host-?id=deny"},
		{"the last of two ids", []string{"host-pid=deny", "host-pid=audit"}, finding.Audit, "host-pid=audit"},
		{"a category", []string{"category:workloads=deny"}, finding.Deny, "category:workloads=deny"},
		{"a severity", []string{"severity:high=deny"}, finding.Deny, "severity:high=deny"},
		{"a framework", []string{"framework:pss=deny"}, finding.Deny, "framework:pss=deny"},
		{"what matches another rule does not count", []string{"host-ipc=deny", "host=deny", "HOST-PID=deny", "host-pid-2=deny", "category:rbac=deny", "severity:low=deny", "framework:cis=deny"}, finding.Warn, "the rule itself"},
	} {
		t.Run(test.name, func(t *testing.T) {
			r := &rule.Rule{ID: "host-pid", Category: "workloads", Severity: finding.High, Controls: map[string][]string{"pss": {"baseline"}}}
			got := policyOf(t, test.entries...).Resolve(r, finding.Warn, nil)
			if got.Mode != test.want || got.By != test.by || got.Note != "" {
				t.Errorf("%+v, want %s by %s", got, test.want, test.by)
			}
		})
	}
}

const inShop = `{"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"web","namespace":"shop"}}`

func TestEntriesNarrowThemselves(t *testing.T) {
	jane := &resource.User{Name: "jane@example.org", Groups: []string{"system:authenticated", "shop-admins"}}
	shop := &resource.Namespace{Name: "shop", Labels: map[string]string{"team": "red"}}
	labelled := func(text string) labels.Selector {
		parsed, err := labels.Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		return parsed
	}
	const (
		role      = `{"apiVersion":"rbac.authorization.k8s.io/v1","kind":"ClusterRole","metadata":{"name":"shop"}}`
		namespace = `{"apiVersion":"v1","kind":"Namespace","metadata":{"name":"shop","labels":{"team":"red"}}}`
		fileOnly  = `{"apiVersion":"v1","kind":"Pod","metadata":{"name":"web"}}`
	)
	for _, test := range []struct {
		name   string
		where  review.Where
		object string
		want   bool
	}{
		{"to a namespace", review.Where{Namespaces: []string{"shop"}}, inShop, true},
		{"to another namespace", review.Where{Namespaces: []string{"garden"}}, inShop, false},
		{"to a glob of namespaces", review.Where{Namespaces: []string{"garden", "sh*"}}, inShop, true},
		{"to any namespace, which a cluster role has not", review.Where{Namespaces: []string{"*"}}, role, false},
		{"to a namespace, which a namespace is itself", review.Where{Namespaces: []string{"shop"}}, namespace, true},
		{"to where kubectl apply would put an object", review.Where{Namespaces: []string{"default"}}, fileOnly, true},
		{"to labels of the namespace", review.Where{NamespaceLabels: labelled("team=red")}, inShop, true},
		{"to other labels of the namespace", review.Where{NamespaceLabels: labelled("team=blue")}, inShop, false},
		{"to labels that the namespace lacks", review.Where{NamespaceLabels: labelled("!legacy")}, inShop, true},
		{"to labels that only a namespace could lack", review.Where{NamespaceLabels: labelled("!legacy")}, role, false},
		{"to a namespace's own labels", review.Where{NamespaceLabels: labelled("team=red")}, namespace, true},
		{"to no labels at all", review.Where{NamespaceLabels: labels.Everything()}, role, true},
		{"to a kind of any group", review.Where{Kinds: []string{"Pod", "Deployment"}}, inShop, true},
		{"to a kind of its group", review.Where{Kinds: []string{"Deployment.apps"}}, inShop, true},
		{"to a kind of another group", review.Where{Kinds: []string{"Deployment.extensions"}}, inShop, false},
		{"to all kinds of a group", review.Where{Kinds: []string{"*.apps"}}, inShop, true},
		{"to a glob of groups", review.Where{Kinds: []string{"*.rbac.*"}}, role, true},
		{"to a kind of the core group", review.Where{Kinds: []string{"Deployment."}}, inShop, false},
		{"to an operation", review.Where{Operations: []resource.Operation{resource.Create, resource.Update}}, inShop, true},
		{"to another operation", review.Where{Operations: []resource.Operation{resource.Scan}}, inShop, false},
		{"to a user", review.Where{Users: []string{"jane@*"}}, inShop, true},
		{"to another user", review.Where{Users: []string{"jane"}}, inShop, false},
		{"to a group", review.Where{Users: []string{"john", "group:shop-*"}}, inShop, true},
		{"to a group of that name, which a user is not", review.Where{Users: []string{"shop-admins"}}, inShop, false},
		{"to all of it", review.Where{Namespaces: []string{"shop"}, Kinds: []string{"Deployment"}, Users: []string{"*"}}, inShop, true},
		{"to more than matches", review.Where{Namespaces: []string{"shop"}, Kinds: []string{"Pod"}, Users: []string{"*"}}, inShop, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			res := object(t, resource.Create, test.object)
			res.User = jane
			if res.Identity.Namespace == "shop" {
				res.Namespace = shop
			}
			policy := newPolicy(t, review.PolicyOptions{Entries: []review.Entry{entryOf(t, "*=deny", test.where)}})
			if got := policy.Resolve(&rule.Rule{ID: "r"}, finding.Warn, res); (got.Mode == finding.Deny) != test.want {
				t.Errorf("decided %+v", got)
			}
			res.User, res.Operation = nil, resource.Scan
			if got := policy.Resolve(&rule.Rule{ID: "r"}, finding.Warn, res); len(test.where.Users) > 0 && got.Mode == finding.Deny {
				t.Error("a scan, which has no user, matched one")
			}
		})
	}
}

func TestAnEntryCountsFromItsMoment(t *testing.T) {
	from := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	now := from
	entry := entryOf(t, "*=deny", review.Where{})
	entry.From = from
	policy := newPolicy(t, review.PolicyOptions{Entries: []review.Entry{entry}, Clock: func() time.Time { return now }})
	for moment, want := range map[time.Duration]finding.Mode{-time.Nanosecond: finding.Warn, 0: finding.Deny, time.Hour: finding.Deny} {
		now = from.Add(moment)
		if got := policy.Resolve(&rule.Rule{ID: "r"}, finding.Warn, object(t, resource.Create, inShop)); got.Mode != want {
			t.Errorf("%s after: %s, want %s", moment, got.Mode, want)
		}
	}
}

func TestAnEntryWithoutAModeDecidesNothing(t *testing.T) {
	policy := newPolicy(t, review.PolicyOptions{Entries: []review.Entry{entryOf(t, "*=deny", review.Where{}), {Name: "parameters alone"}}})
	if got := policy.Resolve(&rule.Rule{ID: "r"}, finding.Warn, nil); got.Mode != finding.Deny || got.By != "*=deny" {
		t.Errorf("decided %+v", got)
	}
}

func TestTheLabelOfANamespaceBoundsModes(t *testing.T) {
	for _, test := range []struct {
		name     string
		label    string
		honoured bool
		before   finding.Mode
		want     finding.Mode
		note     bool
	}{
		{"lowers deny to warn", "warn", true, finding.Deny, finding.Warn, false},
		{"lowers deny to audit", "audit", true, finding.Deny, finding.Audit, false},
		{"lowers warn to off", "off", true, finding.Warn, finding.Off, false},
		{"raises nothing", "warn", true, finding.Audit, finding.Audit, false},
		{"leaves what is as low", "warn", true, finding.Warn, finding.Warn, false},
		{"is no way to deny", "deny", true, finding.Audit, finding.Audit, true},
		{"is ignored when it is no mode", "none", true, finding.Deny, finding.Deny, true},
		{"is ignored when it is empty", "", true, finding.Deny, finding.Deny, true},
		{"is ignored where nobody honours it", "off", false, finding.Deny, finding.Deny, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			policy := newPolicy(t, review.PolicyOptions{NamespaceLabel: test.honoured})
			namespaced := object(t, resource.Create, inShop)
			namespaced.Namespace = &resource.Namespace{Name: "shop", Labels: map[string]string{review.ModeLabel: test.label}}
			itself := object(t, resource.Create, `{"apiVersion":"v1","kind":"Namespace","metadata":{"name":"shop","labels":{"`+review.ModeLabel+`":"`+test.label+`"}}}`)
			for _, res := range []*resource.Resource{namespaced, itself} {
				got := policy.Resolve(&rule.Rule{ID: "r"}, test.before, res)
				if got.Mode != test.want || (got.Note != "") != test.note {
					t.Errorf("%s: decided %+v", res, got)
				}
				if decided := strings.Contains(got.By, "label"); decided != (got.Mode != test.before) {
					t.Errorf("%s: decided by %s", res, got.By)
				}
			}
		})
	}
}

func TestNewPolicyNamesTheEntryThatIsMalformed(t *testing.T) {
	for want, where := range map[string]review.Where{
		`modes[3]: namespaces: "a[" is not a glob`: {Namespaces: []string{"a["}},
		`modes[3]: kinds: "Pod[" is not a kind`:    {Kinds: []string{"Pod["}},
		`modes[3]: kinds: "Pod.[" is not a kind`:   {Kinds: []string{"Pod.["}},
		`modes[3]: users: "" is not a glob`:        {Users: []string{"group:"}},
	} {
		_, err := review.NewPolicy(review.PolicyOptions{Entries: []review.Entry{{Name: "modes[3]", Where: where}}})
		if err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("got %v, want %s", err, want)
		}
	}
	if _, err := review.NewPolicy(review.PolicyOptions{Protected: []string{"a["}}); err == nil {
		t.Error("a malformed glob of protected namespaces was taken")
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
		"host-[=deny":        `"host-[" is not a rule id or a glob of ids`,
		`host-\=deny`:        `"host-\\" is not a rule id or a glob of ids`,
	} {
		if _, err := review.ParseRuleMode("", text); err == nil || err.Error() != want {
			t.Errorf("%q: got %v, want %s", text, err, want)
		}
	}
}

func TestRulesThatAreOffAreNotActive(t *testing.T) {
	set := enginetest.Builtin(t)
	all, host := len(set.Rules()), 0
	for _, r := range set.Rules() {
		if strings.HasPrefix(r.ID, "host-") {
			host++
		}
	}
	inGarden := review.Where{Namespaces: []string{"garden"}}
	later := entryOf(t, "host-pid=deny", review.Where{})
	later.From = time.Now().Add(time.Hour)
	for _, test := range []struct {
		name    string
		entries []review.Entry
		want    int
	}{
		{"nothing said", nil, all},
		{"one rule off", []review.Entry{entryOf(t, "host-pid=off", review.Where{})}, all - 1},
		{"a glob off", []review.Entry{entryOf(t, "host-*=off", review.Where{})}, all - host},
		{"off and on again", []review.Entry{entryOf(t, "host-pid=off", review.Where{}), entryOf(t, "host-pid=audit", review.Where{})}, all},
		{"off in one namespace", []review.Entry{entryOf(t, "host-pid=off", inGarden)}, all},
		{"off and on again in one namespace", []review.Entry{entryOf(t, "host-pid=off", review.Where{}), entryOf(t, "host-pid=warn", inGarden)}, all},
		{"on in one namespace and then off", []review.Entry{entryOf(t, "host-pid=warn", inGarden), entryOf(t, "host-pid=off", review.Where{})}, all - 1},
		{"off until later", []review.Entry{entryOf(t, "host-pid=off", review.Where{}), later}, all},
		{"all off", []review.Entry{entryOf(t, "*=off", review.Where{})}, 0},
		{"all off but one", []review.Entry{entryOf(t, "*=off", review.Where{}), entryOf(t, "host-pid=deny", review.Where{})}, 1},
		{"all audited", []review.Entry{entryOf(t, "*=audit", review.Where{})}, all},
	} {
		t.Run(test.name, func(t *testing.T) {
			policy := newPolicy(t, review.PolicyOptions{Entries: test.entries})
			if got := len(policy.Active(set).Rules()); got != test.want {
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
	active := policyOf(t).Active(set)
	if active.Rule("mixed") == nil || active.Rule("off") != nil {
		t.Errorf("active: %v", active.Rules())
	}
}
