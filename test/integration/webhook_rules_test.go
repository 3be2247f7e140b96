package integration_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kubereeve/reeve/test/envtest"
)

// ownRule returns a rule of the given id that finds the given text on every pod.
func ownRule(id, text string) string {
	return "# METADATA\n# title: Own\n# custom:\n#   reeve:\n#     severity: low\n#     kinds: [Pod]\npackage acme." + id + "\n\nviolation contains \"" + text + "\" if input.object.kind == \"Pod\"\n"
}

// found asks the webhook about a privileged pod and returns the warnings and the
// denial.
func (p *webhookProcess) found(client *http.Client, body []byte) (string, error) {
	answer, err := client.Post("https://"+p.address+"/validate?timeout=30s", "application/json", bytes.NewReader(body))
	if err != nil {
		return "", err
	}
	defer func() { _ = answer.Body.Close() }()
	text, err := io.ReadAll(answer.Body)
	if err != nil || answer.StatusCode != http.StatusOK {
		return "", fmt.Errorf("status %d: %s, error %w", answer.StatusCode, text, err)
	}
	var review struct {
		Response struct {
			Warnings []string
			Status   struct{ Message string }
		}
	}
	if err := json.Unmarshal(text, &review); err != nil {
		return "", err
	}
	return strings.Join(review.Response.Warnings, "\n") + "\n" + review.Response.Status.Message, nil
}

// eventuallyFinds waits until the webhook's answer contains a text, or does not.
func (p *webhookProcess) eventuallyFinds(t *testing.T, text string, want bool) {
	t.Helper()
	body, client := privilegedReview(t), p.client()
	eventually(t, fmt.Sprintf("%q is found: %v", text, want), func() bool {
		got, err := p.found(client, body)
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(got, "(privileged-container)") {
			t.Fatalf("the other rules do not judge: %s", got)
		}
		return strings.Contains(got, text) == want
	})
}

// TestWebhookRules changes the rules of a webhook that runs.
func TestWebhookRules(t *testing.T) {
	cluster := envtest.Start(t)
	t.Run("of ConfigMaps are those with the label, in the namespaces that are named", func(t *testing.T) { rulesOfConfigMaps(t, cluster) })
	t.Run("of ConfigMaps need no more than a Role", func(t *testing.T) { rulesOfConfigMapsWithRole(t, cluster) })
	t.Run("of a directory follow what happens to its files", func(t *testing.T) { rulesOfDirectory(t, cluster) })
	t.Run("change under load without a failed or a mixed answer", func(t *testing.T) { rulesUnderLoad(t, cluster) })
	t.Run("stay with --strict when a file is bad", func(t *testing.T) { rulesStrict(t, cluster) })
	t.Run("are told of in Events on the pod", func(t *testing.T) { rulesInEvents(t, cluster) })
	t.Run("may need more of the inventory than those before", func(t *testing.T) { rulesWithInventory(t, cluster) })
}

func rulesOfConfigMaps(t *testing.T, cluster *envtest.Cluster) {
	client := clientset(t, cluster.Config)
	for _, name := range []string{"our-rules", "their-rules"} {
		if _, err := client.CoreV1().Namespaces().Create(t.Context(), &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name}}, metav1.CreateOptions{}); err != nil {
			t.Fatal(err)
		}
	}
	put := func(namespace, label string, data map[string]string) {
		t.Helper()
		configMap := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "acme", Labels: map[string]string{"kubereeve.io/rules": label}}, Data: data}
		if _, err := client.CoreV1().ConfigMaps(namespace).Update(t.Context(), configMap, metav1.UpdateOptions{}); err == nil {
			return
		}
		if _, err := client.CoreV1().ConfigMaps(namespace).Create(t.Context(), configMap, metav1.CreateOptions{}); err != nil {
			t.Fatal(err)
		}
	}
	put("our-rules", "true", map[string]string{"first.rego": ownRule("first", "found first"), "README.md": "our rules"})
	put("their-rules", "true", map[string]string{"theirs.rego": ownRule("theirs", "found theirs")})
	p := startWebhook(t, cluster.Kubeconfig, "--mode-for", "privileged-container=deny", "--rules-configmaps", "our-rules").serve(t)
	p.eventuallyFinds(t, "found first", true)
	p.eventuallyFinds(t, "found theirs", false)

	put("our-rules", "true", map[string]string{"first.rego": ownRule("first", "found changed"), "second.rego": ownRule("second", "found second")})
	p.eventuallyFinds(t, "found second", true)
	p.eventuallyFinds(t, "found changed", true)

	put("our-rules", "true", map[string]string{"first.rego": "package acme.first\n\nviolation contains {", "second.rego": ownRule("second", "found second")})
	p.eventuallyFinds(t, "found changed", false)
	p.eventuallyFinds(t, "found second", true)
	eventually(t, "the file that is left out is counted and named", func() bool {
		return p.value(t, "reeve_rule_files_quarantined") == 1 && p.value(t, "reeve_rule_file_problem", `file="configmap:our-rules/acme/first.rego"`) == 1
	})
	if log := p.log.String(); !strings.Contains(log, "configmap:our-rules/acme/first.rego") || !strings.Contains(log, `"line":3`) {
		t.Error("the log does not name the bad file and its line")
	}

	put("our-rules", "true", map[string]string{"first.rego": ownRule("first", "found mended")})
	p.eventuallyFinds(t, "found mended", true)
	eventually(t, "no file is left out any more", func() bool {
		return p.value(t, "reeve_rule_files_quarantined") == 0 && p.value(t, "reeve_rule_file_problem") == 0
	})
	put("our-rules", "false", map[string]string{"first.rego": ownRule("first", "found mended")})
	p.eventuallyFinds(t, "found mended", false)
	if n := p.value(t, "reeve_rule_reloads_total", `result="swapped"`); n < 4 {
		t.Errorf("%v reloads, want four at least", n)
	}
}

func rulesOfConfigMapsWithRole(t *testing.T, cluster *envtest.Cluster) {
	client := clientset(t, cluster.Config)
	const namespace, user = "limited-rules", "limited-webhook"
	for _, create := range []func(context.Context) error{
		func(ctx context.Context) error {
			_, err := client.CoreV1().Namespaces().Create(ctx, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: namespace}}, metav1.CreateOptions{})
			return err
		},
		func(ctx context.Context) error {
			_, err := client.CoreV1().ConfigMaps(namespace).Create(ctx, &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: "acme", Labels: map[string]string{"kubereeve.io/rules": "true"}},
				Data: map[string]string{"first.rego": ownRule("first", "found first")}}, metav1.CreateOptions{})
			return err
		},
	} {
		if err := create(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	p := startWebhook(t, cluster.UserKubeconfig(t, user), "--mode-for", "privileged-container=deny", "--rules-configmaps", namespace).serve(t)
	p.eventuallyFinds(t, "found first", false)
	if n := p.value(t, "reeve_rule_file_problem", `file="configmap:`+namespace+`"`); n != 1 || !strings.Contains(p.log.String(), "allow get, list and watch on configmaps in namespace "+namespace) {
		t.Errorf("a namespace that may not be read is no problem that tells the remedy; its metric is %v", n)
	}
	role := &rbacv1.Role{ObjectMeta: metav1.ObjectMeta{Name: user}, Rules: []rbacv1.PolicyRule{{APIGroups: []string{""}, Resources: []string{"configmaps"}, Verbs: []string{"get", "list", "watch"}}}}
	if _, err := client.RbacV1().Roles(namespace).Create(t.Context(), role, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	binding := &rbacv1.RoleBinding{ObjectMeta: metav1.ObjectMeta{Name: user}, Subjects: []rbacv1.Subject{{Kind: "User", APIGroup: rbacv1.GroupName, Name: user}},
		RoleRef: rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "Role", Name: user}}
	if _, err := client.RbacV1().RoleBindings(namespace).Create(t.Context(), binding, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	p.eventuallyFinds(t, "found first", true)
	eventually(t, "the problem is over", func() bool { return p.value(t, "reeve_rule_files_quarantined") == 0 })
}

func rulesOfDirectory(t *testing.T, cluster *envtest.Cluster) {
	parent := t.TempDir()
	dir := filepath.Join(parent, "rules", "later")
	write := func(name, text string) { // as editors do
		t.Helper()
		temporary := filepath.Join(dir, "."+name+".swp")
		if err := os.WriteFile(temporary, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Rename(temporary, filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	p := startWebhook(t, cluster.Kubeconfig, "--mode-for", "privileged-container=deny", "--rules", dir).serve(t)
	if n := p.value(t, "reeve_rule_files_quarantined"); n != 1 {
		t.Errorf("%v problems while the directory is missing, want 1", n)
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	write("first.rego", ownRule("first", "found first"))
	p.eventuallyFinds(t, "found first", true)
	eventually(t, "no file is left out once the directory is there", func() bool { return p.value(t, "reeve_rule_files_quarantined") == 0 })
	write("first.rego", ownRule("first", "found replaced"))
	p.eventuallyFinds(t, "found replaced", true)
	write("second.rego", "package acme.second\n\nviolation contains {")
	eventually(t, "the bad file is left out", func() bool { return p.value(t, "reeve_rule_files_quarantined") == 1 })
	p.eventuallyFinds(t, "found replaced", true)
	write("second.rego", ownRule("second", "found second"))
	p.eventuallyFinds(t, "found second", true)
	if err := os.Remove(filepath.Join(dir, "second.rego")); err != nil {
		t.Fatal(err)
	}
	p.eventuallyFinds(t, "found second", false)
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	p.eventuallyFinds(t, "found replaced", false)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	// From here on it is the volume of a ConfigMap.
	writeSecret(t, dir, map[string][]byte{"volume.rego": []byte(ownRule("volume", "found volume"))})
	p.eventuallyFinds(t, "found volume", true)
	writeSecret(t, dir, map[string][]byte{"volume.rego": []byte(ownRule("volume", "found other"))})
	p.eventuallyFinds(t, "found other", true)
	if n := p.value(t, "reeve_rule_reloads_total", `result="failed"`); n != 0 {
		t.Errorf("%v reloads failed", n)
	}
}

func rulesUnderLoad(t *testing.T, cluster *envtest.Cluster) {
	dir := t.TempDir()
	// Each version stands in a file of its own and in a second one: an answer with
	// two different versions would be a mixture.
	write := func(version int) {
		writeSecret(t, dir, map[string][]byte{
			"one.rego": []byte(ownRule("one", fmt.Sprintf("one %d;", version))),
			"two.rego": []byte(ownRule("two", fmt.Sprintf("two %d;", version))),
		})
	}
	write(0)
	p := startWebhook(t, cluster.Kubeconfig, "--mode-for", "privileged-container=deny", "--rules", dir).serve(t)
	body := privilegedReview(t)
	var requests, failures atomic.Int64
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var senders sync.WaitGroup
	for range 4 {
		senders.Go(func() {
			client := p.client()
			client.Transport.(*http.Transport).DisableKeepAlives = false
			for ctx.Err() == nil {
				text, err := p.found(client, body)
				requests.Add(1)
				_, one, hasOne := strings.Cut(text, "one ")
				_, two, hasTwo := strings.Cut(text, "two ")
				one, _, _ = strings.Cut(one, ";")
				two, _, _ = strings.Cut(two, ";")
				if err != nil || !hasOne || !hasTwo || one != two || !strings.Contains(text, "(privileged-container)") {
					failures.Add(1)
					t.Errorf("answer %q, error %v", text, err)
					return
				}
			}
		})
	}
	const versions = 8
	for version := 1; version <= versions; version++ {
		write(version)
		p.eventuallyFinds(t, fmt.Sprintf("one %d;", version), true)
	}
	cancel()
	senders.Wait()
	if requests.Load() < 100 || failures.Load() > 0 {
		t.Errorf("%d of %d requests failed", failures.Load(), requests.Load())
	}
	if n := p.value(t, "reeve_rule_reloads_total", `result="swapped"`); n < versions {
		t.Errorf("%v reloads for %d versions", n, versions)
	}
	t.Logf("%d requests while the rules changed %d times", requests.Load(), versions)
}

func rulesStrict(t *testing.T, cluster *envtest.Cluster) {
	dir := t.TempDir()
	file := filepath.Join(dir, "own.rego")
	write := func(text string) {
		t.Helper()
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write(ownRule("own", "found first"))
	p := startWebhook(t, cluster.Kubeconfig, "--mode-for", "privileged-container=deny", "--rules", dir, "--strict").serve(t)
	p.eventuallyFinds(t, "found first", true)
	write("package acme.own\n\nviolation contains {")
	eventually(t, "the reload fails", func() bool { return p.value(t, "reeve_rule_reloads_total", `result="failed"`) > 0 })
	p.eventuallyFinds(t, "found first", true)
	write(ownRule("own", "found second"))
	p.eventuallyFinds(t, "found second", true)
}

func rulesInEvents(t *testing.T, cluster *envtest.Cluster) {
	const namespace, pod = "default", "reeve-webhook-abc"
	t.Setenv("POD_NAME", pod)
	t.Setenv("POD_NAMESPACE", namespace)
	t.Setenv("POD_UID", "1234")
	dir := t.TempDir()
	write := func(text string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(dir, "own.rego"), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("package acme.own\n\nviolation contains {")
	config := filepath.Join(t.TempDir(), "reeve.yaml")
	if err := os.WriteFile(config, []byte(modesHead+"rules: {budget: 1ms}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	p := startWebhook(t, cluster.Kubeconfig, "--rules", dir, "--config", config, "--mode-for", "privileged-container=deny").serve(t)
	client := clientset(t, cluster.Config)
	event := func(kind, reason, message string) {
		t.Helper()
		eventually(t, "there is an Event "+reason, func() bool {
			events, err := client.CoreV1().Events(namespace).List(t.Context(), metav1.ListOptions{FieldSelector: "involvedObject.uid=1234,involvedObject.name=" + pod})
			if err != nil {
				t.Fatal(err)
			}
			return slices.ContainsFunc(events.Items, func(e corev1.Event) bool {
				return e.Type == kind && e.Reason == reason && strings.Contains(e.Message, message) && strings.HasPrefix(e.ReportingController, "kubereeve.io/")
			})
		})
	}
	event("Warning", "RuleFileLeftOut", "own.rego:3: rego_parse_error")
	write(ownRule("own", "found own"))
	event("Normal", "RuleFileMended", "own.rego is mended or removed")

	slow := strings.Replace(ownRule("slow", "found slow"), " if input", " if {\n\tcount([n | some n in numbers.range(1, 5000); n == time.now_ns()]) == 0\n\tinput", 1) + "}\n"
	write(slow)
	for range 3 {
		p.eventuallyFinds(t, "found slow", true)
	}
	event("Warning", "RuleOverBudget", "rule slow took ")
}

func rulesWithInventory(t *testing.T, cluster *envtest.Cluster) {
	client := clientset(t, cluster.Config)
	if _, err := client.CoreV1().Namespaces().Create(t.Context(), &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: "shop"}}, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	if _, err := client.CoreV1().ConfigMaps("shop").Create(t.Context(), &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: "marker"}}, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	p := startWebhook(t, cluster.Kubeconfig, "--mode-for", "privileged-container=deny", "--rules", dir).serve(t)
	rule := strings.Replace(ownRule("needy", "found marker"), "#     kinds: [Pod]\n", "#     kinds: [Pod]\n#     inventory:\n#     - kind: ConfigMap\n", 1)
	rule = strings.Replace(rule, "input.object.kind == \"Pod\"", "data.inventory.namespace.shop.v1.ConfigMap.marker", 1)
	if err := os.WriteFile(filepath.Join(dir, "needy.rego"), []byte(rule), 0o600); err != nil {
		t.Fatal(err)
	}
	body, requests := privilegedReview(t), 0
	eventually(t, "the rule that needs ConfigMaps judges", func() bool {
		text, err := p.found(p.client(), body)
		if err != nil {
			t.Fatal(err)
		}
		requests++
		if strings.Contains(text, "needy: ") || strings.Contains(text, "could not") {
			t.Errorf("the rule was asked before its inventory was known: %s", text)
		}
		return strings.Contains(text, "found marker")
	})
	if n := p.value(t, "reeve_admission_failed_open_total"); n != 0 {
		t.Errorf("%v of %d requests passed although a rule could not judge", n, requests)
	}
}
