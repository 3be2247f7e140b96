package integration_test

import (
	"strings"
	"testing"
	"time"

	"github.com/kubereeve/reeve/test/envtest"
)

const crdManifests = "../../config/crd"

// installExceptions makes the API server know RuleExceptions, with what guards
// them.
func installExceptions(t *testing.T, cluster *envtest.Cluster) {
	t.Helper()
	if _, stderr, code := cluster.Kubectl(t, "apply", "--server-side", "--force-conflicts", "-k", crdManifests); code != 0 {
		t.Fatal(stderr)
	}
	if _, stderr, code := cluster.Kubectl(t, "wait", "--for=condition=Established", "crd/ruleexceptions.kubereeve.io", "--timeout=30s"); code != 0 {
		t.Fatal(stderr)
	}
	// The API server takes a moment to heed a new policy.
	eventually(t, "the policy of expiresAt is heeded", func() bool {
		_, stderr, code := cluster.KubectlInput(t, exceptionManifest("default", "probe", "rules: [a]", "reason: probe", `expiresAt: "2001-01-01T00:00:00Z"`),
			"create", "--dry-run=server", "-f", "-")
		return code != 0 && strings.Contains(stderr, "has passed already")
	})
}

func exceptionManifest(namespace, name string, spec ...string) string {
	return "apiVersion: kubereeve.io/v1alpha1\nkind: RuleException\nmetadata: {namespace: " + namespace + ", name: " + name + "}\nspec:\n  " +
		strings.Join(spec, "\n  ") + "\n"
}

func TestRuleExceptionsAreValidated(t *testing.T) {
	cluster := envtest.Start(t)
	installExceptions(t, cluster)
	const rules, reason = "rules: [privileged-container]", "reason: legacy"
	long := strings.Repeat("x", 1025)
	many := "rules: [" + strings.Repeat("r, ", 64) + "s]"
	const invalid = `The RuleException "web" is invalid: `
	// The API server does not run CEL rules on what the schema alone refuses.
	unchecked := func(problems ...string) string {
		const rest = "<nil>: Invalid value: null: some validation rules were not checked because the object was invalid; correct the existing errors to complete validation"
		return invalid + "\n* " + strings.Join(append(problems, rest), "\n* ")
	}
	for _, test := range []struct {
		name string
		spec []string
		want string // what kubectl prints; empty when it is accepted
	}{
		{name: "the least", spec: []string{rules, reason}},
		{name: "everything", spec: []string{
			"rules: [privileged-container, host-*, gatekeeper/K8sRequiredLabels/owner, 'conftest/*']", reason, "expiresAt: " + time.Now().Add(time.Hour).UTC().Format(time.RFC3339),
			"match: {kinds: [Deployment, Pod, Deployment.apps, '*', '*Set.apps', Ingress.networking.k8s.io], names: [web-*, 'system:node?'], containers: [istio-*], labelSelector: {matchLabels: {app: web}, matchExpressions: [{key: tier, operator: In, values: [a]}, {key: old, operator: Exists}]}}"}},
		{name: "all of a namespace", spec: []string{"rules: ['*']", reason}},
		{name: "no rules", spec: []string{reason}, want: unchecked("spec.rules: Required value")},
		{name: "an empty list of rules", spec: []string{"rules: []", reason}, want: invalid + "spec.rules: Invalid value: 0: spec.rules in body should have at least 1 items"},
		{name: "too many rules", spec: []string{many, reason}, want: unchecked("spec.rules: Too many: 65: must have at most 64 items", `spec.rules[1]: Duplicate value: "r"`)},
		{name: "a rule twice", spec: []string{"rules: [a, a]", reason}, want: invalid + `spec.rules[1]: Duplicate value: "a"`},
		{name: "a blank rule", spec: []string{"rules: ['']", reason}, want: invalid + `spec.rules[0]: Invalid value: "": name a rule by its id, as in privileged-container, or by a glob with * and ?, as in host-*`},
		{name: "a category", spec: []string{"rules: ['category:rbac']", reason}, want: invalid + `spec.rules[0]: Invalid value: "category:rbac": name a rule by its id, as in privileged-container, or by a glob with * and ?, as in host-*`},
		{name: "no reason", spec: []string{rules}, want: unchecked("spec.reason: Required value")},
		{name: "an empty reason", spec: []string{rules, "reason: ''"}, want: invalid + `spec.reason: Invalid value: "": say why the findings are accepted; the reason may not be blank`},
		{name: "a blank reason", spec: []string{rules, `reason: " \t\n "`}, want: invalid + `spec.reason: Invalid value: " \t\n ": say why the findings are accepted; the reason may not be blank`},
		{name: "a long reason", spec: []string{rules, "reason: " + long}, want: unchecked("spec.reason: Too long: may not be more than 1024 bytes")},
		{name: "a kind that is a resource", spec: []string{rules, reason, "match: {kinds: [deployments.apps]}"}, want: invalid + `spec.match.kinds[0]: Invalid value: "deployments.apps": name a kind as Kind or Kind.group, as in Deployment or Deployment.apps; * and ? are globs`},
		{name: "a kind with its version", spec: []string{rules, reason, "match: {kinds: [apps/v1]}"}, want: invalid + `spec.match.kinds[0]: Invalid value: "apps/v1": name a kind as Kind or Kind.group, as in Deployment or Deployment.apps; * and ? are globs`},
		{name: "a name with its kind", spec: []string{rules, reason, "match: {names: [deployment/web]}"}, want: invalid + `spec.match.names[0]: Invalid value: "deployment/web": name an object by its name, as in web, or by a glob with * and ?, as in web-*`},
		{name: "a container that cannot be", spec: []string{rules, reason, "match: {containers: [Web]}"}, want: invalid + `spec.match.containers[0]: Invalid value: "Web": name a container by its name, as in web, or by a glob with * and ?, as in istio-*`},
		{name: "an operator that is none", spec: []string{rules, reason, "match: {labelSelector: {matchExpressions: [{key: a, operator: Like, values: [b]}]}}"}, want: invalid + `spec.match.labelSelector: Invalid value: an operator is one of In, NotIn, Exists and DoesNotExist`},
		{name: "In without values", spec: []string{rules, reason, "match: {labelSelector: {matchExpressions: [{key: a, operator: In}]}}"}, want: invalid + `spec.match.labelSelector: Invalid value: In and NotIn want values, Exists and DoesNotExist have none`},
		{name: "a date that is none", spec: []string{rules, reason, "expiresAt: tomorrow"}, want: unchecked(`spec.expiresAt: Invalid value: "tomorrow": spec.expiresAt in body must be of type date-time: "tomorrow"`)},
		{name: "a date that has passed", spec: []string{rules, reason, "expiresAt: '2001-01-01T00:00:00Z'"}, want: `The ruleexceptions "web" is invalid: : ValidatingAdmissionPolicy 'ruleexceptions.kubereeve.io' with binding 'ruleexceptions.kubereeve.io' denied request: spec.expiresAt: 2001-01-01T00:00:00Z has passed already; name a time in the future, or leave expiresAt out`},
		{name: "a field that is none", spec: []string{rules, reason, "rule: a"}, want: `Error from server (BadRequest): error when creating "STDIN": RuleException in version "v1alpha1" cannot be handled as a RuleException: strict decoding error: unknown field "spec.rule"`},
	} {
		for _, how := range [][]string{{"create"}, {"apply", "--server-side"}} {
			t.Run(test.name+", "+strings.Join(how, " "), func(t *testing.T) {
				stdout, stderr, code := cluster.KubectlInput(t, exceptionManifest("default", "web", test.spec...), append(how, "--dry-run=server", "-f", "-")...)
				got := strings.TrimSpace(stderr)
				if (code == 0) != (test.want == "") {
					t.Errorf("exit code %d: %s%s", code, stdout, stderr)
				}
				if how[0] == "create" && got != test.want {
					t.Errorf("kubectl prints\n%s\nwant\n%s", got, test.want)
				}
			})
		}
	}
}
