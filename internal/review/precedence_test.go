package review_test

import (
	"context"
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kubereeve/reeve/api/v1alpha1"
	"github.com/kubereeve/reeve/internal/finding"
	"github.com/kubereeve/reeve/internal/resource"
	"github.com/kubereeve/reeve/internal/review"
)

// TestPrecedence takes one finding through all that can decide on it, in every
// combination that matters: what stands later in the order wins.
func TestPrecedence(t *testing.T) {
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	past, future := metav1.NewTime(now), metav1.NewTime(now.Add(time.Second))
	const (
		own       = "the rule itself"
		entry     = "deny everywhere"
		narrowed  = "audit in the shop"
		later     = "off from now on"
		label     = "label"
		excepted  = "exception"
		expired   = "expired exception"
		barred    = "exception that may not be"
		existing  = "there before"
		unwatched = "there before, which does not count"
		dying     = "being deleted"
		failing   = "the old object cannot be judged"
	)
	for _, test := range []struct {
		given []string
		want  string
	}{
		{[]string{own}, "warn"},
		{[]string{own, entry}, "deny"},
		{[]string{own, entry, narrowed}, "audit"},
		{[]string{own, narrowed, entry}, "deny"},
		{[]string{own, entry, later}, ""},
		{[]string{own, later, entry}, "deny"},
		{[]string{own, entry, label}, "audit"},
		{[]string{own, entry, later, label}, ""},
		{[]string{own, entry, excepted}, "hidden"},
		{[]string{own, entry, later, excepted}, ""},
		{[]string{own, entry, label, excepted}, "hidden"},
		{[]string{own, entry, expired}, "deny expired"},
		{[]string{own, entry, label, expired}, "audit expired"},
		{[]string{own, entry, barred}, "deny"},
		{[]string{own, entry, existing}, "warn existing"},
		{[]string{own, entry, unwatched}, "deny"},
		{[]string{own, entry, failing}, "deny"},
		{[]string{own, entry, narrowed, existing}, "audit"},
		{[]string{own, entry, label, existing}, "audit"},
		{[]string{own, entry, excepted, existing}, "hidden"},
		{[]string{own, entry, expired, existing}, "warn existing expired"},
		{[]string{own, entry, dying}, "warn"},
		{[]string{own, entry, unwatched, dying}, "warn"},
		{[]string{own, entry, existing, dying}, "warn"},
		{[]string{own, entry, label, dying}, "audit"},
		{[]string{own, entry, excepted, dying}, "hidden"},
		{[]string{own, dying}, "warn"},
	} {
		t.Run(strings.Join(test.given, ", "), func(t *testing.T) {
			set := load(t, map[string]string{"r.rego": ruleText("r", "mode: warn", `violation contains {"msg": "it"} if input.object.metadata.name == "web"`+"\n"+
				`violation contains {"msg": "it"} if 1 / to_number(object.get(input.object.metadata.annotations, "by", "1"))`)})
			options := review.PolicyOptions{Clock: func() time.Time { return now }}
			before := strings.Replace(pod("", ""), `"web"`, `"fine"`, 1)
			after := pod("", "")
			var spec v1alpha1.RuleExceptionSpec
			for _, given := range test.given {
				switch given {
				case entry:
					options.Entries = append(options.Entries, entryOf(t, "*=deny", review.Where{}))
				case narrowed:
					options.Entries = append(options.Entries, entryOf(t, "*=audit", review.Where{Namespaces: []string{"shop"}, Kinds: []string{"Pod"}, Users: []string{"jane"}, Operations: []resource.Operation{resource.Update}}))
				case later:
					off := entryOf(t, "*=off", review.Where{})
					off.From = now
					options.Entries = append(options.Entries, off)
				case label:
					options.NamespaceLabel = true
				case excepted:
					spec = v1alpha1.RuleExceptionSpec{Rules: []string{"r"}, Reason: "known", ExpiresAt: &future}
				case expired:
					spec = v1alpha1.RuleExceptionSpec{Rules: []string{"r"}, Reason: "known", ExpiresAt: &past}
				case barred:
					spec = v1alpha1.RuleExceptionSpec{Rules: []string{"r"}, Reason: "known"}
					options.NeverExcepted = selector(t, "r")
				case existing:
					options.ExistingViolations, before = true, pod(`,"labels":{"a":"b"}`, "")
				case unwatched:
					before = pod(`,"labels":{"a":"b"}`, "")
				case failing:
					options.ExistingViolations, before = true, strings.Replace(pod(`,"annotations":{"by":"0"}`, ""), `"web"`, `"fine"`, 1)
				case dying:
					before = pod(`,"deletionTimestamp":"2026-01-02T03:04:05Z","finalizers":["f"]`, "")
					after = pod(`,"deletionTimestamp":"2026-01-02T03:04:05Z"`, "")
				}
			}
			reviewer := newReviewer(t, set, newPolicy(t, options))
			if len(spec.Rules) > 0 {
				reviewer = reviewer.Excepting(review.NewExceptions([]review.Exception{exception(t, "shop", "e", spec)}))
			}
			res := update(t, before, after)
			res.Namespace = &resource.Namespace{Name: "shop", Labels: map[string]string{review.ModeLabel: "audit"}}
			verdict, err := reviewer.Review(context.Background(), res)
			if err != nil {
				t.Fatal(err)
			}
			if got := outcome(verdict); got != test.want {
				t.Errorf("%q, want %q", got, test.want)
			}
		})
	}
}

// outcome words what came of the one finding.
func outcome(verdict finding.Verdict) string {
	switch {
	case len(verdict.Excepted) > 0:
		return "hidden"
	case len(verdict.Findings) == 0:
		return ""
	}
	f := verdict.Findings[0]
	text := f.Mode.String()
	if f.Existing {
		text += " existing"
	}
	if f.ExpiredException != "" {
		text += " expired"
	}
	return text
}
