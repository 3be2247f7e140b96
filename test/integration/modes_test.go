package integration_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/kubereeve/reeve/test/envtest"
)

// The configuration before and after the rule is turned to deny, and one that
// warns in two namespaces of three.
const (
	modesHead = "apiVersion: config.kubereeve.io/v1alpha1\nkind: ReeveConfiguration\n"
	modesWarn = modesHead + `modes:
- {rules: [privileged-container], mode: deny, namespaces: {names: [modes-probe]}}
`
	modesDeny = modesHead + `modes:
- {rules: [privileged-container], mode: deny}
- {rules: [privileged-container], mode: warn, namespaces: {names: [modes-warned]}}
`
)

// modes is a webhook with a configuration file and the namespaces it is asked for.
type modes struct {
	cluster *envtest.Cluster
	webhook *webhookProcess
	config  string // file
}

// TestModesFromWarnToDeny goes the way of a rule from warn to deny, in a namespace
// that is denied, one that is warned and one that is capped by its label.
func TestModesFromWarnToDeny(t *testing.T) {
	cluster := envtest.Start(t)
	m := &modes{cluster: cluster, config: filepath.Join(t.TempDir(), "reeve.yaml")}
	m.write(t, strings.Replace(modesWarn, "[modes-probe]", "[modes-*]", 1))
	m.webhook = startWebhook(t, cluster.Kubeconfig, "--config", m.config).serve(t)
	for _, namespace := range []string{"modes-denied", "modes-warned", "modes-capped"} {
		watchNamespace(t, cluster, m.webhook, namespace)
	}
	if _, stderr, code := cluster.Kubectl(t, "label", "namespace", "modes-capped", "kubereeve.io/mode=warn", "--overwrite"); code != 0 {
		t.Fatal(stderr)
	}

	m.write(t, modesWarn)
	m.eventually(t, "modes-denied", "warned")
	for _, name := range []string{"old", "going"} {
		if outcome, text := m.apply(t, deployment("modes-denied", name, true)); outcome != "warned" {
			t.Fatalf("before, %s is %s: %s", name, outcome, text)
		}
	}
	m.write(t, modesDeny)
	m.eventually(t, "modes-denied", "denied")

	t.Run("each namespace has its mode", m.namespaces)
	t.Run("what violated before can go on, but not get worse", m.existing)
	t.Run("what is being deleted can go", m.deleted)
}

func (m *modes) write(t *testing.T, text string) {
	t.Helper()
	replacement := m.config + ".new"
	if err := os.WriteFile(replacement, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(replacement, m.config); err != nil {
		t.Fatal(err)
	}
}

// outcome tells what kubectl says of the rule, and its text.
func outcome(stdout, stderr string, code int) (string, string) {
	text := stdout + stderr
	switch found := strings.Contains(text, "(privileged-container"); {
	case code != 0 && found && strings.Contains(stderr, "denied the request"):
		return "denied", text
	case code == 0 && found && strings.Contains(stderr, "Warning: "):
		return "warned", text
	case code == 0 && !found:
		return "allowed", text
	}
	return "neither allowed, warned nor denied", text
}

func (m *modes) apply(t *testing.T, object string, arguments ...string) (string, string) {
	t.Helper()
	return outcome(m.cluster.KubectlInput(t, object, append([]string{"apply", "-f", "-"}, arguments...)...))
}

func (m *modes) kubectl(t *testing.T, arguments ...string) (string, string) {
	t.Helper()
	return outcome(m.cluster.Kubectl(t, arguments...))
}

func (m *modes) eventually(t *testing.T, namespace, want string) {
	t.Helper()
	eventually(t, "a new Deployment in "+namespace+" is "+want, func() bool {
		got, _ := m.apply(t, deployment(namespace, "new", true), "--dry-run=server")
		return got == want
	})
}

func (m *modes) namespaces(t *testing.T) {
	m.eventually(t, "modes-capped", "warned")
	for _, test := range []struct {
		namespace, want string
	}{
		{"modes-denied", "denied"},
		{"modes-warned", "warned"},
		{"modes-capped", "warned"},
	} {
		if got, text := m.apply(t, deployment(test.namespace, "new", true), "--dry-run=server"); got != test.want {
			t.Errorf("in %s: %s, want %s: %s", test.namespace, got, test.want, text)
		}
		if got, text := m.apply(t, deployment(test.namespace, "good", false)); got != "allowed" {
			t.Errorf("in %s, what violates nothing is %s: %s", test.namespace, got, text)
		}
	}
	if _, stderr, code := m.cluster.Kubectl(t, "label", "namespace", "modes-capped", "kubereeve.io/mode-"); code != 0 {
		t.Fatal(stderr)
	}
	m.eventually(t, "modes-capped", "denied")
}

func (m *modes) existing(t *testing.T) {
	worse := `[{"op":"add","path":"/spec/template/spec/containers/-","value":{"name":"more","image":"registry.example/more:1.2","securityContext":{"privileged":true}}}]`
	good := `[{"op":"replace","path":"/spec/template/spec/containers/0/securityContext/privileged","value":false}]`
	bad := strings.Replace(good, "false", "true", 1)
	for _, test := range []struct {
		name string
		do   []string
		want string
	}{
		{"scaling it", []string{"scale", "deployment", "old", "--replicas=3"}, "allowed"}, // kubectl writes /scale, which is not judged
		{"another number of replicas", []string{"patch", "deployment", "old", "-p", `{"spec":{"replicas":4}}`}, "warned"},
		{"a label", []string{"label", "deployment", "old", "team=shop"}, "warned"},
		{"another image", []string{"set", "image", "deployment/old", "web=registry.example/web:1.3"}, "warned"},
		{"a restart", []string{"rollout", "restart", "deployment/old"}, "warned"},
		{"one more privileged container", []string{"patch", "deployment", "old", "--type=json", "-p", worse}, "denied"},
		{"mending it", []string{"patch", "deployment", "old", "--type=json", "-p", good}, "allowed"},
		{"breaking it again", []string{"patch", "deployment", "old", "--type=json", "-p", bad}, "denied"},
		{"deleting it", []string{"delete", "deployment", "old"}, "allowed"},
	} {
		if got, text := m.kubectl(t, append([]string{"-n", "modes-denied"}, test.do...)...); got != test.want {
			t.Errorf("%s is %s, want %s: %s", test.name, got, test.want, text)
		}
	}
}

func (m *modes) deleted(t *testing.T) {
	in := func(arguments ...string) []string { return append([]string{"-n", "modes-denied"}, arguments...) }
	for _, step := range []struct {
		name string
		do   []string
		want string
	}{
		{"a finalizer", in("patch", "deployment", "going", "-p", `{"metadata":{"finalizers":["example.com/wait"]}}`), "warned"},
		{"its deletion", in("delete", "deployment", "going", "--wait=false"), "allowed"},
		{"the removal of the finalizer", in("patch", "deployment", "going", "--type=json", "-p", `[{"op":"remove","path":"/metadata/finalizers"}]`), "warned"},
	} {
		if got, text := m.kubectl(t, step.do...); got != step.want {
			t.Errorf("%s is %s, want %s: %s", step.name, got, step.want, text)
		}
	}
	if stdout, _, code := m.cluster.Kubectl(t, in("get", "deployment", "going")...); code == 0 {
		t.Errorf("it is still there: %s", stdout)
	}
}

// deployment returns a Deployment that violates nothing, or privileged-container.
func deployment(namespace, name string, privileged bool) string {
	more := []string{}
	if privileged {
		more = append(more, "securityContext: {privileged: true}")
	}
	return `
apiVersion: apps/v1
kind: Deployment
metadata: {namespace: ` + namespace + `, name: ` + name + `}
spec:
  replicas: 1
  selector: {matchLabels: {app: ` + name + `}}
  template:
    metadata: {labels: {app: ` + name + `}}
` + podSpec("    ", more...)
}
