package admission_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	admissionv1 "k8s.io/api/admission/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/validation"

	"github.com/kubereeve/reeve/api/v1alpha1"
	"github.com/kubereeve/reeve/internal/admission"
	"github.com/kubereeve/reeve/internal/engine/enginetest"
	"github.com/kubereeve/reeve/internal/finding"
	"github.com/kubereeve/reeve/internal/resource"
	"github.com/kubereeve/reeve/internal/review"
)

const privilegedPod = `
apiVersion: v1
kind: Pod
metadata: {namespace: shop, name: web}
spec:
  containers:
  - name: web
    image: registry.example/web:1.2
    securityContext: {privileged: true}
`

func TestHandler(t *testing.T) {
	tests := []struct {
		name     string
		modes    []string
		manifest string
		change   func(*admissionv1.AdmissionRequest)
		denied   string // the whole message; empty when the request passes
		warnings []string
		audit    map[string]string
		decision string
		silent   bool // no report
	}{
		{
			name:     "denies with one line per finding",
			modes:    []string{"*=off", "privileged-container=deny", "host-network=deny"},
			manifest: strings.Replace(privilegedPod, "spec:", "spec:\n  hostNetwork: true", 1),
			denied: "2 policy violations in Pod shop/web:\n" +
				"- [critical] container \"web\": securityContext.privileged is true; set it to false or remove it (privileged-container)\n" +
				"- [high] hostNetwork is true",
			decision: "deny",
		},
		{
			name:     "says one violation in the singular",
			modes:    []string{"*=off", "privileged-container=deny"},
			manifest: privilegedPod,
			denied:   "1 policy violation in Pod shop/web:\n- [critical] container \"web\": securityContext.privileged is true",
			decision: "deny",
		},
		{
			name:     "warns",
			modes:    []string{"*=off", "privileged-container=warn"},
			manifest: privilegedPod,
			warnings: []string{`container "web": securityContext.privileged is true; set it to false or remove it (privileged-container)`},
			decision: "warn",
		},
		{
			name:     "warns along a denial",
			modes:    []string{"*=off", "privileged-container=warn", "host-pid=deny"},
			manifest: strings.Replace(privilegedPod, "spec:", "spec:\n  hostPID: true", 1),
			denied:   "1 policy violation in Pod shop/web:\n- [",
			warnings: []string{`container "web": securityContext.privileged is true; set it to false or remove it (privileged-container)`},
			decision: "deny",
		},
		{
			name:     "annotates the audit log",
			modes:    []string{"*=off", "privileged-container=audit"},
			manifest: privilegedPod,
			audit:    map[string]string{"privileged-container": `container "web": securityContext.privileged is true; set it to false or remove it`},
			decision: "allow",
		},
		{
			name:     "names an object whose name is still to be generated",
			modes:    []string{"*=off", "privileged-container=deny"},
			manifest: strings.Replace(privilegedPod, "name: web}", "generateName: web-}", 1),
			denied:   "1 policy violation in Pod shop/web-*:\n",
			decision: "deny",
		},
		{
			name:     "judges a deployment's template",
			modes:    []string{"*=off", "privileged-container=deny"},
			manifest: deployment,
			denied:   "1 policy violation in Deployment shop/web:\n- [critical] container \"web\":",
			decision: "deny",
		},
		{
			name:     "judges a dry run and leaves no report",
			modes:    []string{"*=off", "privileged-container=deny"},
			manifest: privilegedPod,
			change:   func(r *admissionv1.AdmissionRequest) { yes := true; r.DryRun = &yes },
			denied:   "1 policy violation in Pod shop/web:\n",
			decision: "deny",
			silent:   true,
		},
		{
			name:     "lets a kind pass that no rule names",
			modes:    nil,
			manifest: "apiVersion: v1\nkind: ConfigMap\nmetadata: {namespace: shop, name: web}\n",
			decision: "allow",
			silent:   true,
		},
		{
			name:     "lets a kind pass that nobody knows",
			manifest: "apiVersion: example.com/v1\nkind: Wonder\nmetadata: {name: web}\n",
			decision: "allow",
			silent:   true,
		},
		{
			name:     "lets a deletion pass",
			modes:    []string{"privileged-container=deny"},
			manifest: privilegedPod,
			change: func(r *admissionv1.AdmissionRequest) {
				r.Operation, r.OldObject = admissionv1.Delete, r.Object
				r.Object.Raw = nil
			},
			decision: "allow",
			silent:   true,
		},
		{
			name:     "lets other subresources pass",
			modes:    []string{"privileged-container=deny"},
			manifest: privilegedPod,
			change:   func(r *admissionv1.AdmissionRequest) { r.SubResource = "status" },
			decision: "allow",
			silent:   true,
		},
		{
			name:     "judges ephemeral containers",
			modes:    []string{"*=off", "privileged-container=deny"},
			manifest: privilegedPod,
			change: func(r *admissionv1.AdmissionRequest) {
				r.Operation, r.SubResource = admissionv1.Update, "ephemeralcontainers"
				r.OldObject.Raw = []byte(strings.Replace(string(r.Object.Raw), `"privileged":true`, `"privileged":false`, 1))
			},
			denied:   "1 policy violation in Pod shop/web:\n",
			decision: "deny",
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			d := builtin(t, test.modes...)
			request := create(t, test.manifest)
			if test.change != nil {
				test.change(request)
			}
			answer := d.review(t, request)
			if answer.Allowed != (test.denied == "") {
				t.Errorf("allowed = %v: %s", answer.Allowed, answer.Result.Message)
			}
			if !strings.HasPrefix(answer.Result.Message, test.denied) {
				t.Errorf("message:\n%s\ndoes not begin with:\n%s", answer.Result.Message, test.denied)
			}
			if test.denied != "" && (answer.Result.Code != http.StatusForbidden || answer.Result.Reason != metav1.StatusReasonForbidden) {
				t.Errorf("code %d, reason %s", answer.Result.Code, answer.Result.Reason)
			}
			if diff := cmp.Diff(test.warnings, answer.Warnings); diff != "" {
				t.Errorf("warnings (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(test.audit, answer.AuditAnnotations); diff != "" {
				t.Errorf("audit annotations (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff([]string{test.decision}, d.recorder.decisions); diff != "" {
				t.Errorf("decisions (-want +got):\n%s", diff)
			}
			if got := len(d.reports.kept) == 0; got != test.silent {
				t.Errorf("%d reports", len(d.reports.kept))
			}
		})
	}
}

const deployment = `
apiVersion: apps/v1
kind: Deployment
metadata: {namespace: shop, name: web}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers:
      - name: web
        image: registry.example/web:1.2
        securityContext: {privileged: true}
`

func TestReportCarriesNoObject(t *testing.T) {
	d := builtin(t, "privileged-container=deny")
	d.review(t, create(t, privilegedPod))
	verdict := d.reports.kept[0].Verdicts[0]
	if verdict.Resource.Object != nil || verdict.Resource.String() != "Pod shop/web" {
		t.Errorf("the report carries %d bytes of %s", len(verdict.Resource.Object), verdict.Resource)
	}
	if d.reports.kept[0].Door != finding.DoorAdmission || d.reports.kept[0].Complete || d.reports.kept[0].Revision == "" {
		t.Errorf("report: %+v", d.reports.kept[0])
	}
}

// knownNamespaces knows the namespaces it holds.
type knownNamespaces map[string]*resource.Namespace

func (k knownNamespaces) Namespace(name string) *resource.Namespace { return k[name] }

func TestNamespaceIsSeenByRules(t *testing.T) {
	set := rules(t, map[string]string{"a.rego": `# METADATA
# title: Pods of the shop
# custom:
#   reeve: {severity: low, kinds: [Pod], mode: deny}
package reeve.custom.shop

violation contains {"msg": "no pods in the shop"} if input.namespace.labels.kind == "shop"
`})
	d := newDoor(t, set, policyOf(t), func(o *admission.Options) {
		o.Namespaces = knownNamespaces{"shop": {Name: "shop", Labels: map[string]string{"kind": "shop"}}}
	})
	if answer := d.review(t, create(t, privilegedPod)); answer.Allowed {
		t.Error("the rule did not see the namespace's label")
	}
	if answer := d.review(t, create(t, strings.Replace(privilegedPod, "shop", "garden", 1))); !answer.Allowed {
		t.Errorf("the namespace garden is not known, yet: %s", answer.Result.Message)
	}
}

const conflicting = `# METADATA
# title: Conflict
# custom:
#   reeve: {severity: low, kinds: [Pod], mode: deny}
package reeve.custom.conflict

violation contains {"msg": "never"} if verdict

verdict := true if input.object.kind == "Pod"

verdict := false if input.object.kind == "Pod"
`

func TestRuleThatCannotJudge(t *testing.T) {
	set := rules(t, map[string]string{"conflict.rego": conflicting})
	t.Run("passes with a warning", func(t *testing.T) {
		d := newDoor(t, set, policyOf(t), nil)
		answer := d.review(t, create(t, privilegedPod))
		want := []string{"rule conflict could not judge this object (eval); the request passed unjudged by it"}
		if diff := cmp.Diff(want, answer.Warnings); diff != "" || !answer.Allowed {
			t.Errorf("allowed %v, warnings (-want +got):\n%s", answer.Allowed, diff)
		}
		if diff := cmp.Diff([]string{"eval"}, d.recorder.failedOpen); diff != "" {
			t.Errorf("failed open (-want +got):\n%s", diff)
		}
	})
	t.Run("is refused where errors deny", func(t *testing.T) {
		policy, err := review.NewPolicy(review.PolicyOptions{DenyOnError: true})
		if err != nil {
			t.Fatal(err)
		}
		d := newDoor(t, set, policy, nil)
		answer := d.review(t, create(t, privilegedPod))
		want := "Pod shop/web could not be judged:\n- rule conflict could not judge this object (eval); what cannot be judged is refused"
		if answer.Allowed || answer.Result.Message != want || len(d.recorder.failedOpen) > 0 {
			t.Errorf("allowed %v, failed open %v: %s", answer.Allowed, d.recorder.failedOpen, answer.Result.Message)
		}
	})
}

// panicking panics while judging.
type panicking struct{ admission.Reviewer }

func (panicking) Judges(*resource.Resource) bool { return true }
func (panicking) Review(context.Context, *resource.Resource) (finding.Verdict, error) {
	panic("a secret of the object")
}

func TestPanicIsAnsweredAndCounted(t *testing.T) {
	d := newDoor(t, rules(t, map[string]string{"conflict.rego": conflicting}), policyOf(t),
		func(o *admission.Options) { o.Reviewer = panicking{} })
	answer := d.post(encodeRequest(t, create(t, privilegedPod)))
	if answer.Code != http.StatusInternalServerError || !strings.Contains(answer.Body.String(), "Pod shop/web") {
		t.Errorf("status %d: %s", answer.Code, answer.Body)
	}
	if strings.Contains(answer.Body.String(), "secret") {
		t.Errorf("the answer quotes the panic: %s", answer.Body)
	}
	if diff := cmp.Diff([]string{"panic"}, d.recorder.refused); diff != "" {
		t.Errorf("refused (-want +got):\n%s", diff)
	}
}

func TestObjectThatCannotBeParsed(t *testing.T) {
	d := builtin(t, "privileged-container=deny")
	for name, raw := range map[string]string{
		"a list in the place of an object": `[]`,
		"metadata that is no object":       `{"apiVersion":"v1","kind":"Pod","metadata":7}`,
	} {
		t.Run(name, func(t *testing.T) {
			request := create(t, privilegedPod)
			request.Object.Raw = []byte(raw)
			answer := d.review(t, request)
			if answer.Allowed || answer.Result.Code != http.StatusBadRequest || !strings.HasPrefix(answer.Result.Message, "Pod shop/web cannot be judged: ") {
				t.Errorf("allowed %v: %+v", answer.Allowed, answer.Result)
			}
		})
	}
	if diff := cmp.Diff([]string{"malformed", "malformed"}, d.recorder.refused); diff != "" {
		t.Errorf("refused (-want +got):\n%s", diff)
	}
}

func TestObjectBeingDeleted(t *testing.T) {
	d := builtin(t, "*=off", "privileged-container=deny")
	deleted := strings.Replace(privilegedPod, "name: web}", `name: web, deletionTimestamp: "2026-01-02T03:04:05Z", finalizers: [example.com/hold]}`, 1)
	update := func(before, after string) *admissionv1.AdmissionRequest {
		request := create(t, after)
		request.Operation, request.OldObject = admissionv1.Update, create(t, before).Object
		return request
	}
	tests := []struct {
		name          string
		before, after string
		allowed       bool
	}{
		{"may lose its finalizer", deleted, strings.Replace(deleted, "[example.com/hold]", "[]", 1), true},
		{"may not change what is judged", deleted, deleted + "  - {name: more, image: x, securityContext: {privileged: true}}\n", false},
		{"must have been deleted before the request", strings.Replace(privilegedPod, "true", "false", 1), deleted, false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			answer := d.review(t, update(test.before, test.after))
			if answer.Allowed != test.allowed {
				t.Errorf("allowed = %v", answer.Allowed)
			}
			if test.allowed && len(answer.Warnings) != 1 {
				t.Errorf("warnings: %q", answer.Warnings)
			}
		})
	}
}

func TestUpdatesAreToldWhatWasThereBefore(t *testing.T) {
	d := builtin(t, "*=off", "privileged-container=deny")
	request := create(t, privilegedPod+"  - {name: more, image: x, securityContext: {privileged: true}}\n")
	request.Operation, request.OldObject = admissionv1.Update, create(t, privilegedPod).Object
	answer := d.review(t, request)
	want := "1 policy violation in Pod shop/web:\n- [critical] container \"more\": securityContext.privileged is true; set it to false or remove it (privileged-container)"
	if answer.Allowed || answer.Result.Message != want {
		t.Errorf("allowed %t:\n%s", answer.Allowed, answer.Result.Message)
	}
	warnings := []string{`container "web": securityContext.privileged is true; set it to false or remove it (already there before this update) (privileged-container)`}
	if diff := cmp.Diff(warnings, answer.Warnings); diff != "" {
		t.Errorf("warnings (-want +got):\n%s", diff)
	}
}

func TestExceptedFindingsDoNothingAndAreReported(t *testing.T) {
	exception, err := review.NewException("shop", "legacy", v1alpha1.RuleExceptionSpec{Rules: []string{"privileged-*"}, Reason: "until it is rewritten"})
	if err != nil {
		t.Fatal(err)
	}
	d := newDoor(t, enginetest.Builtin(t), policyOf(t, "*=off", "privileged-container=deny"), func(o *admission.Options) {
		o.Reviewer = o.Reviewer.(*review.Reviewer).Excepting(review.NewExceptions([]review.Exception{exception}))
	})
	answer := d.review(t, create(t, privilegedPod))
	if !answer.Allowed || len(answer.Warnings) > 0 || len(answer.AuditAnnotations) > 0 {
		t.Errorf("%+v", answer)
	}
	verdict := d.reports.kept[0].Verdicts[0]
	if len(verdict.Findings) > 0 || len(verdict.Excepted) != 1 || verdict.Excepted[0].Exception != "legacy" {
		t.Errorf("reported %+v", verdict)
	}
}

// talkative finds something on every item of an annotation.
const talkative = `# METADATA
# title: Talkative
# custom:
#   reeve: {severity: low, kinds: [Pod], mode: deny}
package reeve.custom.talkative_rule_with_a_name_that_is_far_longer_than_any_audit_annotation_key_may_be_

violation contains {"msg": sprintf("%s %d", [input.object.metadata.annotations.text, n])} if some n in numbers.range(1, 100)
`

func TestLongAnswersAreCut(t *testing.T) {
	set := rules(t, map[string]string{"talkative.rego": talkative})
	request := create(t, strings.Replace(privilegedPod, "name: web}", `name: web, annotations: {text: "`+strings.Repeat("ü", 600)+`\nsecond line"}}`, 1))
	t.Run("in refusals", func(t *testing.T) {
		lines := strings.Split(newDoor(t, set, policyOf(t), nil).review(t, request).Result.Message, "\n")
		if len(lines) != 22 || lines[0] != "100 policy violations in Pod shop/web:" || lines[21] != "- and 80 more" {
			t.Errorf("%d lines from %q to %q", len(lines), lines[0], lines[len(lines)-1])
		}
		if n := utf8.RuneCountInString(lines[1]); n > 530 || !utf8.ValidString(lines[1]) {
			t.Errorf("%d runes: %s", n, lines[1])
		}
	})
	t.Run("in warnings", func(t *testing.T) {
		answer := newDoor(t, set, policyOf(t, "*=warn"), nil).review(t, request)
		total := 0
		for _, warning := range answer.Warnings {
			total += len(warning)
			if n := utf8.RuneCountInString(warning); n > 256 || !utf8.ValidString(warning) || strings.Contains(warning, "\n") {
				t.Errorf("%d runes: %q", n, warning)
			}
		}
		if last := answer.Warnings[len(answer.Warnings)-1]; total > 4096 || last != fmt.Sprintf("and %d more; reeve audit shows all of them", 101-len(answer.Warnings)) {
			t.Errorf("%d bytes, the last: %s", total, last)
		}
	})
	t.Run("in audit annotations", func(t *testing.T) {
		answer := newDoor(t, set, policyOf(t, "*=audit"), nil).review(t, request)
		if len(answer.AuditAnnotations) != 1 {
			t.Errorf("annotations: %v", answer.AuditAnnotations)
		}
		for key, value := range answer.AuditAnnotations {
			if problems := validation.IsQualifiedName("validate.kubereeve.io/" + key); len(problems) > 0 {
				t.Errorf("key %s: %v", key, problems)
			}
			if n := utf8.RuneCountInString(value); n > 1024 {
				t.Errorf("a value of %d runes", n)
			}
		}
	})
}
