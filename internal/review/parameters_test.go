package review_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/labels"

	"github.com/kubereeve/reeve/internal/engine"
	"github.com/kubereeve/reeve/internal/resource"
	"github.com/kubereeve/reeve/internal/review"
	"github.com/kubereeve/reeve/internal/rule"
)

const wordRule = "parameters: {word: {type: string, default: apple}}"

func TestEntriesSetParametersWhereTheyMatch(t *testing.T) {
	set := load(t, map[string]string{
		"a.rego": ruleText("a", wordRule, "violation contains input.parameters.word"),
		"b.rego": ruleText("b", "mode: warn", "violation contains \"b\" if false"),
	})
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	plum := map[string]any{"word": "plum"}
	for name, test := range map[string]struct {
		entry review.Entry
		want  string
	}{
		"everywhere":              {review.Entry{Parameters: plum}, "plum"},
		"by a glob":               {review.Entry{Rules: selector(t, "*"), Parameters: plum}, "plum"},
		"in the namespace":        {review.Entry{Where: review.Where{Namespaces: []string{"sh*"}}, Parameters: plum}, "plum"},
		"in another namespace":    {review.Entry{Where: review.Where{Namespaces: []string{"web"}}, Parameters: plum}, "apple"},
		"by labels of namespaces": {review.Entry{Where: review.Where{NamespaceLabels: labels.SelectorFromSet(labels.Set{"tier": "gold"})}, Parameters: plum}, "plum"},
		"from now on":             {review.Entry{From: now, Parameters: plum}, "plum"},
		"from a moment later on":  {review.Entry{From: now.Add(time.Second), Parameters: plum}, "apple"},
	} {
		t.Run(name, func(t *testing.T) {
			policy, err := review.NewPolicy(review.PolicyOptions{Entries: []review.Entry{test.entry}, Clock: func() time.Time { return now }})
			if err != nil {
				t.Fatal(err)
			}
			overlays, err := policy.Overlays(set)
			if err != nil {
				t.Fatal(err)
			}
			e, problems, err := engine.New(set, engine.Options{Overlays: overlays})
			if err != nil || len(problems) > 0 {
				t.Fatal(err, problems)
			}
			res := object(t, resource.Create, crashing(`[]`))
			res.Namespace = &resource.Namespace{Name: "shop", Labels: map[string]string{"tier": "gold"}}
			verdict, err := review.New(e, policy).Review(context.Background(), res)
			if err != nil || len(verdict.Findings) != 1 || verdict.Findings[0].Message != test.want {
				t.Errorf("found %v, error %v; want %s", verdict.Findings, err, test.want)
			}
		})
	}
}

func TestParametersThatNoneOfTheRulesHasAreLeftOut(t *testing.T) {
	set := load(t, map[string]string{
		"a.rego": ruleText("a", wordRule, "violation contains input.parameters.word"),
		"b.rego": ruleText("b", "mode: warn", "violation contains \"b\" if false"),
	})
	policy, err := review.NewPolicy(review.PolicyOptions{Entries: []review.Entry{
		{Name: "modes[0]", Rules: selector(t, "b"), Parameters: map[string]any{"word": "plum"}},
	}})
	if err != nil {
		t.Fatal(err)
	}
	if overlays, err := policy.Overlays(set); err != nil || len(overlays) > 0 {
		t.Errorf("got %v, %v", overlays, err)
	}
	if !slices.ContainsFunc(set.Rules(), func(r *rule.Rule) bool { return r.ID == "b" }) {
		t.Error("the rule itself is missing")
	}
}
