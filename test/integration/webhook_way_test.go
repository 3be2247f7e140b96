package integration_test

import (
	"context"
	"os"
	"slices"
	"strings"
	"testing"

	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"

	"github.com/kubereeve/reeve/test/envtest"
)

// TestWebhookIsNeverInTheWay sends what webhook.yaml lets through to a webhook
// that is down, where failurePolicy is Fail: what passes is what is never sent.
func TestWebhookIsNeverInTheWay(t *testing.T) {
	cluster := envtest.Start(t)
	for _, namespace := range []string{"reeve-system", "way"} {
		if _, stderr, code := cluster.KubectlInput(t, namespaceManifest(namespace), "apply", "-f", "-"); code != 0 {
			t.Fatal(stderr)
		}
	}
	mustApply := func(object string) {
		t.Helper()
		if _, stderr, code := cluster.KubectlInput(t, object, "apply", "-f", "-"); code != 0 {
			t.Fatal(stderr)
		}
	}
	role := func(verbs string) string {
		return "{apiVersion: rbac.authorization.k8s.io/v1, kind: Role, metadata: {namespace: way, name: going, finalizers: [example.com/wait]}, rules: [{apiGroups: [''], resources: [pods], verbs: [" + verbs + "]}]}"
	}
	mustApply(manifest("way", "there"))
	mustApply(role("get"))
	mustApply("{apiVersion: v1, kind: ServiceAccount, metadata: {name: default, namespace: kube-system}}")
	if _, stderr, code := cluster.Kubectl(t, "-n", "way", "delete", "role", "going", "--wait=false"); code != 0 {
		t.Fatal(stderr)
	}
	t.Cleanup(func() {
		_, _, _ = cluster.Kubectl(t, "-n", "way", "patch", "role", "going", "--type=merge", "-p", `{"metadata":{"finalizers":null}}`)
	})
	sendToNobody(t, cluster)

	const (
		node      = "--as=system:node:n1"
		apiserver = "--as=system:apiserver"
		user      = "--as=somebody"
	)
	clusterRole := "{apiVersion: rbac.authorization.k8s.io/v1, kind: ClusterRole, metadata: {name: way}, rules: []}"
	apply := []string{"apply", "-f", "-"}
	for _, test := range []struct {
		name   string
		as     []string
		input  string
		do     []string
		passes bool
	}{
		{name: "a pod of a user is sent", as: []string{user}, input: manifest("way", "web"), do: apply},
		{name: "a pod in kube-system is not", as: []string{user}, input: manifest("kube-system", "web"), do: apply, passes: true},
		{name: "a pod in the own namespace is not", as: []string{user}, input: manifest("reeve-system", "web"), do: apply, passes: true},
		{name: "a label of the namespace kube-system is not", as: []string{user}, do: []string{"label", "namespace", "kube-system", "way=x", "--overwrite"}, passes: true},
		{name: "a label of another namespace is sent", as: []string{user}, do: []string{"label", "namespace", "way", "way=x", "--overwrite"}},
		{name: "a pod that a node makes is not", as: []string{node, "--as-group=system:nodes"}, input: manifest("way", "mirror"), do: apply, passes: true},
		{name: "a role that a user makes is sent", as: []string{user}, input: clusterRole, do: apply},
		{name: "a role that the API server makes is not", as: []string{apiserver}, input: clusterRole, do: apply, passes: true},
		{name: "a lease is not", as: []string{user}, input: "{apiVersion: coordination.k8s.io/v1, kind: Lease, metadata: {namespace: way, name: leader}}", do: apply, passes: true},
		{name: "a status is not", as: []string{user}, do: []string{"-n", "way", "patch", "pod", "there", "--subresource=status", "--type=merge", "-p", `{"status":{"phase":"Running"}}`}, passes: true},
		{name: "a deletion is not", as: []string{user}, do: []string{"-n", "way", "delete", "pod", "there", "--wait=false"}, passes: true},
		{name: "what counts of something being deleted is sent", as: []string{user}, input: role("get, list"), do: apply},
		{name: "a label of something being deleted is sent", as: []string{user}, do: []string{"-n", "way", "label", "role", "going", "a=b"}},
		{name: "an annotation of something being deleted is sent", as: []string{user}, do: []string{"-n", "way", "annotate", "role", "going", "a=b"}},
		{name: "an owner of something being deleted is not", as: []string{user}, do: []string{"-n", "way", "patch", "role", "going", "--type=merge",
			"-p", `{"metadata":{"ownerReferences":[{"apiVersion":"v1","kind":"Pod","name":"x","uid":"1"}]}}`}, passes: true},
		{name: "a finalizer of something being deleted is not", as: []string{user}, do: []string{"-n", "way", "patch", "role", "going", "--type=merge", "-p", `{"metadata":{"finalizers":null}}`}, passes: true},
	} {
		t.Run(test.name, func(t *testing.T) {
			arguments := slices.Concat(test.do, test.as, []string{"--as-group=system:masters"})
			stdout, stderr, code := cluster.KubectlInput(t, test.input, arguments...)
			if passed := code == 0; passed != test.passes || !passed && !strings.Contains(stderr, "failed calling webhook") {
				t.Errorf("exit code %d: %s%s", code, stdout, stderr)
			}
		})
	}
}

// sendToNobody installs webhook.yaml for a webhook that is not there, and with
// leases in its rules. It is removed when the test ends.
func sendToNobody(t *testing.T, cluster *envtest.Cluster) {
	t.Helper()
	text, err := os.ReadFile(manifests + "webhook.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var configuration admissionregistrationv1.ValidatingWebhookConfiguration
	if err := yaml.UnmarshalStrict(text, &configuration); err != nil {
		t.Fatal(err)
	}
	url, fail := "https://"+freeAddress(t)+"/validate", admissionregistrationv1.Fail
	webhook := &configuration.Webhooks[0]
	webhook.ClientConfig = admissionregistrationv1.WebhookClientConfig{URL: &url}
	webhook.FailurePolicy = &fail
	leases := webhook.Rules[0].DeepCopy()
	leases.APIGroups, leases.Resources = []string{"coordination.k8s.io"}, []string{"leases"}
	webhook.Rules = append(webhook.Rules, *leases)
	configuration.Name = "way"
	configurations := clientset(t, cluster.Config).AdmissionregistrationV1().ValidatingWebhookConfigurations()
	if _, err := configurations.Create(t.Context(), &configuration, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := configurations.Delete(context.Background(), "way", metav1.DeleteOptions{}); err != nil {
			t.Error(err)
		}
	})
	// The API server takes a moment to heed a new configuration.
	eventually(t, "the webhook is asked", func() bool {
		_, _, code := cluster.KubectlInput(t, manifest("way", "probe"), "apply", "--dry-run=server", "-f", "-")
		return code != 0
	})
}
