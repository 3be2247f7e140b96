package webhook

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/kubereeve/reeve/internal/rule"
)

func TestRulesThatAreNeverAskedAreNamed(t *testing.T) {
	mapper := meta.NewDefaultRESTMapper([]schema.GroupVersion{{Version: "v1"}, {Group: "apps", Version: "v1"}, {Group: "batch", Version: "v1"}})
	for _, kind := range []schema.GroupVersionKind{{Version: "v1", Kind: "Pod"}, {Group: "apps", Version: "v1", Kind: "Deployment"}, {Group: "batch", Version: "v1", Kind: "Job"}} {
		mapper.Add(kind, meta.RESTScopeNamespace)
	}
	rules := []*rule.Rule{
		{ID: "a", Kinds: []schema.GroupKind{{Kind: "Pod"}, {Group: "apps", Kind: "Deployment"}}},
		{ID: "b", Kinds: []schema.GroupKind{{Group: "apps", Kind: "Deployment"}, {Group: "example.com", Kind: "Unknown"}}},
		{ID: "any", Kinds: []schema.GroupKind{{Group: "*", Kind: "*"}}},
	}
	for _, test := range []struct {
		name              string
		groups, resources []string
		want              []string
	}{
		{"all are sent", []string{"", "apps"}, []string{"pods", "deployments"}, nil},
		{"everything is sent", []string{"*"}, []string{"*"}, nil},
		{"everything and what is below", []string{"*"}, []string{"*/*"}, nil},
		{"pods only", []string{""}, []string{"pods"}, []string{"deployments.apps (a, b)"}},
		{"the right resource of another group", []string{""}, []string{"pods", "deployments"}, []string{"deployments.apps (a, b)"}},
		{"what is below only", []string{"", "apps"}, []string{"pods/exec", "deployments/scale"}, []string{"deployments.apps (a, b)", "pods (a)"}},
		{"nothing", nil, nil, []string{"deployments.apps (a, b)", "pods (a)"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			configuration := &admissionregistrationv1.ValidatingWebhookConfiguration{Webhooks: []admissionregistrationv1.ValidatingWebhook{{
				Rules: []admissionregistrationv1.RuleWithOperations{{Rule: admissionregistrationv1.Rule{APIGroups: test.groups, Resources: test.resources}}},
			}}}
			if diff := cmp.Diff(test.want, (&coverage{mapper: mapper}).missing(configuration, rules), cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("missing (-want +got):\n%s", diff)
			}
		})
	}
}
