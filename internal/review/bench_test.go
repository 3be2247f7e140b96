package review

import (
	"fmt"
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"

	"github.com/kubereeve/reeve/api/v1alpha1"
	"github.com/kubereeve/reeve/internal/finding"
	"github.com/kubereeve/reeve/internal/resource"
	"github.com/kubereeve/reeve/internal/rule"
)

// BenchmarkResolve is what deciding on one finding costs, with 100 entries and
// 1,000 exceptions: spread over 50 namespaces, or all in the object's own, of
// which none counts. The object has one finding or 20; what is worked out once
// for the object is shared by them.
func BenchmarkResolve(b *testing.B) {
	rules := make([]*rule.Rule, 60)
	for i := range rules {
		rules[i] = &rule.Rule{ID: fmt.Sprintf("rule-%02d", i), Category: "workloads", Severity: finding.High}
	}
	policy, err := NewPolicy(PolicyOptions{Entries: benchEntries(b), NamespaceLabel: true, ExistingViolations: true})
	if err != nil {
		b.Fatal(err)
	}
	res := &resource.Resource{
		Identity:  resource.Identity{APIVersion: "v1", Kind: "Pod", Namespace: "team-7-prod", Name: "web-5d4f-abcde"},
		Operation: resource.Create,
		Object:    []byte(`{"apiVersion":"v1","kind":"Pod","metadata":{"name":"web-5d4f-abcde","namespace":"team-7-prod","labels":{"app":"web","tier":"front"}}}`),
		Namespace: &resource.Namespace{Name: "team-7-prod", Labels: map[string]string{"team": "7", "kubereeve.io/mode": "warn"}},
		User:      &resource.User{Name: "system:serviceaccount:ci:deployer", Groups: []string{"system:serviceaccounts", "system:authenticated"}},
	}
	for _, spread := range []struct {
		name       string
		namespaces int
	}{{"spread", 50}, {"in-one-namespace", 1}} {
		exceptions := benchExceptions(b, spread.namespaces)
		for _, findings := range []int{1, 20} {
			b.Run(fmt.Sprintf("%s/findings=%d", spread.name, findings), func(b *testing.B) {
				plans := make([]*plan, len(rules))
				for i, r := range rules {
					plans[i] = policy.plan(r)
				}
				b.ReportAllocs()
				done := 0
				for b.Loop() {
					s := policy.situation(res)
					s.exceptable(exceptions)
					for n := range findings {
						if s.resolve(plans[n], finding.Deny).Mode != finding.Warn {
							b.Fatal("not what was meant to be measured")
						}
						if hides, _ := s.except(plans[n], rules[n].ID, "web"); hides != nil {
							b.Fatal("an exception counts")
						}
					}
					done += findings
				}
				b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(done), "ns/finding")
			})
		}
	}
}

// benchEntries returns 100 entries about all rules or half of them, of which each
// narrows itself in another way and the first alone counts for the object.
func benchEntries(b *testing.B) []Entry {
	deny := finding.Deny
	all, err := rule.ParseSelector([]string{"rule-*"})
	if err != nil {
		b.Fatal(err)
	}
	half, err := rule.ParseSelector([]string{"rule-0*", "rule-1*", "rule-2*"})
	if err != nil {
		b.Fatal(err)
	}
	entries := []Entry{{Name: "modes[0]", Rules: all, Mode: &deny, Where: Where{Namespaces: []string{"team-*"}}}}
	for n := 1; n < 100; n++ {
		where := []Where{
			{Namespaces: []string{fmt.Sprintf("shop-%d", n), "kube-system", "garden"}},
			{Namespaces: []string{fmt.Sprintf("*-shop-%d", n)}, Operations: []resource.Operation{resource.Create, resource.Update}},
			{NamespaceLabels: labels.SelectorFromSet(labels.Set{"team": fmt.Sprint(100 + n)})},
			{Kinds: []string{"Deployment.apps", "StatefulSet", "*.batch"}},
			{Users: []string{fmt.Sprintf("system:serviceaccount:ns-%d:*", n), "group:admins-*"}},
		}[n%5]
		entry := Entry{Name: fmt.Sprintf("modes[%d]", n), Rules: all, Mode: &deny, Where: where}
		if n%2 == 0 {
			entry.Rules = half
		}
		if n%10 == 0 {
			entry.From = time.Now().Add(time.Hour)
		}
		entries = append(entries, entry)
	}
	return entries
}

// benchExceptions returns 1,000 exceptions, of which none covers the object.
func benchExceptions(b *testing.B, namespaces int) *Exceptions {
	past := metav1.NewTime(time.Now().Add(-time.Hour))
	list := make([]Exception, 0, 1000)
	for n := range 1000 {
		spec := v1alpha1.RuleExceptionSpec{Rules: []string{fmt.Sprintf("rule-%02d", n%60), fmt.Sprintf("rule-%02d", (n+1)%60)}, Reason: "known"}
		switch n % 4 {
		case 0:
			spec.Match.Names = []string{fmt.Sprintf("db-%d-*", n)}
		case 1:
			spec.Match.LabelSelector = &metav1.LabelSelector{MatchLabels: map[string]string{"app": fmt.Sprint("db-", n)}}
		case 2:
			spec.Match.Kinds, spec.Match.Containers = []string{"Deployment.apps"}, []string{"web"}
		case 3:
			spec.ExpiresAt = &past
		}
		if n%20 == 0 {
			spec.Rules = []string{"rule-*"}
		}
		exception, err := NewException(fmt.Sprintf("team-%d-prod", 7+n%namespaces), strings.Repeat("e", 1+n%9)+fmt.Sprint(n), spec)
		if err != nil {
			b.Fatal(err)
		}
		list = append(list, exception)
	}
	return NewExceptions(list)
}
