package review_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kubereeve/reeve/api/v1alpha1"
	"github.com/kubereeve/reeve/internal/finding"
	"github.com/kubereeve/reeve/internal/resource"
	"github.com/kubereeve/reeve/internal/review"
	"github.com/kubereeve/reeve/internal/rule"
)

// spec returns the spec of an exception from rules.
func spec(rules ...string) v1alpha1.RuleExceptionSpec {
	return v1alpha1.RuleExceptionSpec{Rules: rules, Reason: "known, TICKET-7"}
}

// narrowed returns a spec that a change has narrowed.
func narrowed(change func(*v1alpha1.RuleExceptionSpec), rules ...string) v1alpha1.RuleExceptionSpec {
	s := spec(rules...)
	change(&s)
	return s
}

func exception(t testing.TB, namespace, name string, spec v1alpha1.RuleExceptionSpec) review.Exception {
	t.Helper()
	e, err := review.NewException(namespace, name, spec)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// naming is a rule set with a rule of its own id for each name, that blames every
// container by its name and the object once.
func naming(t testing.TB, names ...string) *rule.Set {
	t.Helper()
	files := make(map[string]string)
	for _, name := range names {
		files[name+".rego"] = strings.Replace(ruleText(name, "mode: deny", `violation contains {"msg": "object"} if input.object.kind
violation contains {"msg": "container", "container": c.name, "path": sprintf("%s.image", [c.path])} if some c in input.workload.containers`), "kinds: [Pod]", "kinds: [workload, Namespace, ClusterRole.rbac.authorization.k8s.io]", 1)
	}
	return load(t, files)
}

const webPod = `{"apiVersion":"v1","kind":"Pod","metadata":{"name":"web-1","namespace":"shop","labels":{"app":"web"}},"spec":{"containers":[{"name":"web"},{"name":"proxy"}]}}`

// told returns a verdict in few words: what is found with its mode, and what is
// hidden with the name of the exception.
func told(verdict finding.Verdict) []string {
	var out []string
	for _, f := range verdict.Findings {
		text := strings.TrimSpace(f.Rule+" "+f.Container) + "=" + f.Mode.String()
		if f.Existing {
			text += " existing"
		}
		if f.ExpiredException != "" {
			text += " expired:" + f.ExpiredException
		}
		out = append(out, text)
	}
	for _, e := range verdict.Excepted {
		out = append(out, strings.TrimSpace(e.Finding.Rule+" "+e.Finding.Container)+" hidden by "+e.Exception)
	}
	return out
}

func TestExceptionsHideFindings(t *testing.T) {
	set := naming(t, "a_rule", "other")
	inForce := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	at := metav1.NewTime(inForce)
	later := metav1.NewTime(inForce.Add(time.Second))
	match := func(change func(*v1alpha1.ExceptionMatch)) v1alpha1.RuleExceptionSpec {
		return narrowed(func(s *v1alpha1.RuleExceptionSpec) { change(&s.Match) }, "a-rule")
	}
	hidden := []string{"other=deny", "other proxy=deny", "other web=deny", "a-rule hidden by e", "a-rule proxy hidden by e", "a-rule web hidden by e"}
	shown := []string{"a-rule=deny", "a-rule proxy=deny", "a-rule web=deny", "other=deny", "other proxy=deny", "other web=deny"}
	for _, test := range []struct {
		name   string
		spec   v1alpha1.RuleExceptionSpec
		object string
		want   []string
	}{
		{"of a rule by its id", spec("a-rule"), webPod, hidden},
		{"of rules by a glob", spec("a-*"), webPod, hidden},
		{"of a rule that both an id and a glob name, once", spec("a-rule", "a*"), webPod, hidden},
		{"of no other rules", spec("a", "rule", "A-RULE"), webPod, shown},
		{"of a kind", match(func(m *v1alpha1.ExceptionMatch) { m.Kinds = []string{"Job", "Pod"} }), webPod, hidden},
		{"of a kind in a group", match(func(m *v1alpha1.ExceptionMatch) { m.Kinds = []string{"Pod.apps"} }), webPod, shown},
		{"of no other kind", match(func(m *v1alpha1.ExceptionMatch) { m.Kinds = []string{"Job"} }), webPod, shown},
		{"of a name", match(func(m *v1alpha1.ExceptionMatch) { m.Names = []string{"db", "web-1"} }), webPod, hidden},
		{"of a glob of names", match(func(m *v1alpha1.ExceptionMatch) { m.Names = []string{"web-?"} }), webPod, hidden},
		{"of no other name", match(func(m *v1alpha1.ExceptionMatch) { m.Names = []string{"web"} }), webPod, shown},
		{"of a name that is still to be generated", match(func(m *v1alpha1.ExceptionMatch) { m.Names = []string{"web-*"} }), strings.Replace(webPod, `"name":"web-1"`, `"generateName":"web-"`, 1), hidden},
		{"of no name that could be generated otherwise", match(func(m *v1alpha1.ExceptionMatch) { m.Names = []string{"web-a*"} }), strings.Replace(webPod, `"name":"web-1"`, `"generateName":"web-"`, 1), shown},
		{"of an object by its labels", match(func(m *v1alpha1.ExceptionMatch) {
			m.LabelSelector = &metav1.LabelSelector{MatchLabels: map[string]string{"app": "web"}}
		}), webPod, hidden},
		{"of no object with other labels", match(func(m *v1alpha1.ExceptionMatch) {
			m.LabelSelector = &metav1.LabelSelector{MatchLabels: map[string]string{"app": "db"}}
		}), webPod, shown},
		{"of an object without a label", match(func(m *v1alpha1.ExceptionMatch) {
			m.LabelSelector = &metav1.LabelSelector{MatchExpressions: []metav1.LabelSelectorRequirement{{Key: "legacy", Operator: metav1.LabelSelectorOpDoesNotExist}}}
		}), webPod, hidden},
		{"of all objects by an empty selector", match(func(m *v1alpha1.ExceptionMatch) { m.LabelSelector = &metav1.LabelSelector{} }), webPod, hidden},
		{"of some containers", match(func(m *v1alpha1.ExceptionMatch) { m.Containers = []string{"we?"} }), webPod,
			[]string{"a-rule=deny", "a-rule proxy=deny", "other=deny", "other proxy=deny", "other web=deny", "a-rule web hidden by e"}},
		{"of all containers, and not what blames none", match(func(m *v1alpha1.ExceptionMatch) { m.Containers = []string{"*"} }), webPod,
			[]string{"a-rule=deny", "other=deny", "other proxy=deny", "other web=deny", "a-rule proxy hidden by e", "a-rule web hidden by e"}},
		{"of a pod in a file without a namespace: not its own", spec("a-rule"), strings.Replace(webPod, `,"namespace":"shop"`, "", 1), shown},
		{"of another namespace: not its own", spec("a-rule"), strings.Replace(webPod, "shop", "garden", 1), shown},
		{"of the namespace itself: it is in none", spec("*"), `{"apiVersion":"v1","kind":"Namespace","metadata":{"name":"shop"}}`, []string{"a-rule=deny", "other=deny"}},
		{"of an object without a namespace", spec("*"), `{"apiVersion":"rbac.authorization.k8s.io/v1","kind":"ClusterRole","metadata":{"name":"shop"}}`, []string{"a-rule=deny", "other=deny"}},
		{"before it expires", narrowed(func(s *v1alpha1.RuleExceptionSpec) { s.ExpiresAt = &later }, "a-rule"), webPod, hidden},
		{"no longer at the second it expires", narrowed(func(s *v1alpha1.RuleExceptionSpec) { s.ExpiresAt = &at }, "a-rule"), webPod,
			[]string{"a-rule=deny expired:e", "a-rule proxy=deny expired:e", "a-rule web=deny expired:e", "other=deny", "other proxy=deny", "other web=deny"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			policy := newPolicy(t, review.PolicyOptions{Clock: func() time.Time { return inForce }})
			reviewer := newReviewer(t, set, policy).Excepting(review.NewExceptions([]review.Exception{exception(t, "shop", "e", test.spec)}))
			for _, operation := range []resource.Operation{resource.Create, resource.Scan} {
				verdict, err := reviewer.Review(context.Background(), object(t, operation, test.object))
				if err != nil || len(verdict.Errors) > 0 {
					t.Fatal(err, verdict.Errors)
				}
				if diff := cmp.Diff(test.want, told(verdict)); diff != "" {
					t.Errorf("%s (-want +got)\n%s", operation, diff)
				}
			}
		})
	}
}

func TestExceptionsHaveNoEffectWhereTheyMayNot(t *testing.T) {
	set := naming(t, "a_rule", "other")
	past := metav1.NewTime(time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC))
	for _, test := range []struct {
		name      string
		options   review.PolicyOptions
		namespace string
		spec      v1alpha1.RuleExceptionSpec
		hidden    bool
		reason    string
	}{
		{"in force", review.PolicyOptions{}, "shop", spec("a-rule"), true, v1alpha1.ReasonInForce},
		{"in a namespace of the cluster", review.PolicyOptions{}, "kube-system", spec("*"), false, v1alpha1.ReasonProtectedNamespace},
		{"in our own namespace", review.PolicyOptions{}, "reeve-system", spec("*"), false, v1alpha1.ReasonProtectedNamespace},
		{"in a namespace that is configured to be protected", review.PolicyOptions{Protected: []string{"prod-*"}}, "prod-eu", spec("*"), false, v1alpha1.ReasonProtectedNamespace},
		{"from a rule that may be excepted", review.PolicyOptions{Excepted: selector(t, "a-*")}, "shop", spec("a-rule"), true, v1alpha1.ReasonInForce},
		{"from a rule that may not be excepted", review.PolicyOptions{Excepted: selector(t, "other")}, "shop", spec("a-rule"), false, v1alpha1.ReasonNotExceptable},
		{"from a rule that may never be excepted", review.PolicyOptions{Excepted: selector(t, "*"), NeverExcepted: selector(t, "a-*")}, "shop", spec("a-rule"), false, v1alpha1.ReasonNotExceptable},
		{"from rules of which some may be excepted", review.PolicyOptions{Excepted: selector(t, "other")}, "shop", spec("*"), false, v1alpha1.ReasonInForce},
		{"from a rule that there is not", review.PolicyOptions{}, "shop", spec("a-role"), false, v1alpha1.ReasonUnknownRule},
		{"expired", review.PolicyOptions{}, "shop", narrowed(func(s *v1alpha1.RuleExceptionSpec) { s.ExpiresAt = &past }, "a-rule"), false, v1alpha1.ReasonExpired},
	} {
		t.Run(test.name, func(t *testing.T) {
			policy := newPolicy(t, test.options)
			e := exception(t, test.namespace, "e", test.spec)
			reviewer := newReviewer(t, set, policy).Excepting(review.NewExceptions([]review.Exception{e}))
			verdict, err := reviewer.Review(context.Background(), object(t, resource.Create, strings.Replace(webPod, "shop", test.namespace, 1)))
			if err != nil {
				t.Fatal(err)
			}
			hidden := false
			for _, e := range verdict.Excepted {
				hidden = hidden || e.Finding.Rule == "a-rule"
			}
			if hidden != test.hidden {
				t.Errorf("hidden: %t (%v)", hidden, told(verdict))
			}
			if reason, message := policy.Effect(e, set); reason != test.reason || message == "" {
				t.Errorf("reason %s: %s", reason, message)
			}
		})
	}
}

func TestAnExceptionInForceWinsOverOneThatHasExpired(t *testing.T) {
	past := metav1.NewTime(time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC))
	expire := func(s *v1alpha1.RuleExceptionSpec) { s.ExpiresAt = &past }
	store := &review.ExceptionStore{}
	reviewer := newReviewer(t, naming(t, "a_rule"), policyOf(t)).Excepting(store)
	for _, test := range []struct {
		name string
		list []review.Exception
		want string
	}{
		{"nothing stored", nil, "a-rule=deny"},
		{"both by id", []review.Exception{exception(t, "shop", "a", narrowed(expire, "a-rule")), exception(t, "shop", "b", spec("a-rule"))}, "a-rule hidden by b"},
		{"expired by id, in force by glob", []review.Exception{exception(t, "shop", "a", narrowed(expire, "a-rule")), exception(t, "shop", "b", spec("*"))}, "a-rule hidden by b"},
		{"the id before the glob, whatever their names", []review.Exception{exception(t, "shop", "a", spec("*")), exception(t, "shop", "b", spec("a-rule"))}, "a-rule hidden by b"},
		{"the first name of two", []review.Exception{exception(t, "shop", "b", spec("*")), exception(t, "shop", "a", spec("a*"))}, "a-rule hidden by a"},
		{"two that expired", []review.Exception{exception(t, "shop", "b", narrowed(expire, "*")), exception(t, "shop", "a", narrowed(expire, "*"))}, "a-rule=deny expired:a"},
		{"all gone again", nil, "a-rule=deny"},
	} {
		t.Run(test.name, func(t *testing.T) {
			if test.list != nil {
				store.Store(review.NewExceptions(test.list))
			} else {
				store.Store(nil)
			}
			verdict, err := reviewer.Review(context.Background(), object(t, resource.Create, strings.Replace(webPod, `[{"name":"web"},{"name":"proxy"}]`, "[]", 1)))
			if got := told(verdict); err != nil || len(got) != 1 || got[0] != test.want {
				t.Errorf("%v, want %s, error %v", got, test.want, err)
			}
			if got := len(store.Exceptions().All()); got != len(test.list) {
				t.Errorf("%d exceptions are stored", got)
			}
		})
	}
}

func TestExceptionsEndWhereTheConfigurationSaysSo(t *testing.T) {
	created := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	soon, late := metav1.NewTime(created.Add(time.Hour)), metav1.NewTime(created.Add(100*time.Hour))
	for _, test := range []struct {
		name    string
		expires *metav1.Time
		created metav1.Time
		limit   time.Duration
		want    time.Time
	}{
		{"never", nil, metav1.NewTime(created), 0, time.Time{}},
		{"when they say", &late, metav1.NewTime(created), 0, late.Time},
		{"when they say, before the limit", &soon, metav1.NewTime(created), 24 * time.Hour, soon.Time},
		{"at the limit, when they say later", &late, metav1.NewTime(created), 24 * time.Hour, created.Add(24 * time.Hour)},
		{"at the limit, when they say nothing", nil, metav1.NewTime(created), 24 * time.Hour, created.Add(24 * time.Hour)},
		{"when they say, in a file, which has no time", &late, metav1.Time{}, 24 * time.Hour, late.Time},
	} {
		t.Run(test.name, func(t *testing.T) {
			manifest := &v1alpha1.RuleException{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "e", CreationTimestamp: test.created}, Spec: spec("a-rule")}
			manifest.Spec.ExpiresAt = test.expires
			e, err := review.ExceptionOf(manifest)
			if err != nil {
				t.Fatal(err)
			}
			now := time.Now()
			policy := newPolicy(t, review.PolicyOptions{MaxExcepted: test.limit, Clock: func() time.Time { return now }})
			if got := policy.End(&e); !got.Equal(test.want) {
				t.Errorf("it ends at %s, want %s", got, test.want)
			}
			reviewer := newReviewer(t, naming(t, "a_rule"), policy).Excepting(review.NewExceptions([]review.Exception{e}))
			for moment, hidden := range map[time.Duration]bool{-time.Nanosecond: true, 0: test.want.IsZero()} {
				now = test.want.Add(moment)
				verdict, err := reviewer.Review(context.Background(), object(t, resource.Scan, webPod))
				if err != nil || (len(verdict.Excepted) > 0) != hidden {
					t.Errorf("%s after its end: %v, error %v", moment, told(verdict), err)
				}
			}
		})
	}
}

func TestNewExceptionNamesTheFieldThatIsWrong(t *testing.T) {
	for want, spec := range map[string]v1alpha1.RuleExceptionSpec{
		"spec.rules is empty":                           spec(),
		`spec.rules: "" is not a glob`:                  spec("a", ""),
		"spec.reason is missing":                        narrowed(func(s *v1alpha1.RuleExceptionSpec) { s.Reason = " \n" }, "a"),
		`spec.match.kinds: "[" is not a kind`:           narrowed(func(s *v1alpha1.RuleExceptionSpec) { s.Match.Kinds = []string{"["} }, "a"),
		`spec.match.names: "a[" is not a glob`:          narrowed(func(s *v1alpha1.RuleExceptionSpec) { s.Match.Names = []string{"a["} }, "a"),
		`spec.match.containers: "a[" is not a glob`:     narrowed(func(s *v1alpha1.RuleExceptionSpec) { s.Match.Containers = []string{"a["} }, "a"),
		`spec.match.labelSelector: "Is" is not a valid`: narrowed(func(s *v1alpha1.RuleExceptionSpec) { s.Match.LabelSelector = badSelector() }, "a"),
	} {
		if _, err := review.NewException("shop", "e", spec); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("got %v, want %s", err, want)
		}
	}
	if _, err := review.NewException("", "e", spec("a")); err == nil || !strings.HasPrefix(err.Error(), "metadata.namespace is missing") {
		t.Errorf("got %v", err)
	}
}

func badSelector() *metav1.LabelSelector {
	return &metav1.LabelSelector{MatchExpressions: []metav1.LabelSelectorRequirement{{Key: "a", Operator: "Is"}}}
}
