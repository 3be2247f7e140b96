// Package audit_test runs the built command line against a real API server.
package audit_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kubereeve/reeve/test/envtest"
	"github.com/kubereeve/reeve/test/program"
)

func TestMain(m *testing.M) { os.Exit(program.Run(func() int { return envtest.Run(m) })) }

// manifests are what the tests find in the cluster.
const manifests = `apiVersion: v1
kind: Namespace
metadata: {name: shop}
---
apiVersion: v1
kind: Namespace
metadata: {name: other}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: shop}
spec:
  replicas: 3
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      hostNetwork: true
      containers:
      - {name: web, image: nginx, securityContext: {privileged: true}}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: wild}
rules:
- {apiGroups: ["*"], resources: ["*"], verbs: ["*"]}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: wild, namespace: other}
rules:
- {apiGroups: ["*"], resources: ["*"], verbs: ["*"]}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: reads-no-roles}
rules:
- {apiGroups: [""], resources: ["*"], verbs: ["get", "list"]}
- {apiGroups: ["apps", "batch", "networking.k8s.io", "policy"], resources: ["*"], verbs: ["get", "list"]}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: reads-no-roles}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: reads-no-roles}
subjects: [{apiGroup: rbac.authorization.k8s.io, kind: User, name: reads-no-roles}]
`

// plugin is the command line, called as kubectl calls it.
type plugin struct{ path string }

func build(t *testing.T) plugin {
	t.Helper()
	path := filepath.Join(t.TempDir(), "kubectl-reeve")
	if err := os.Symlink(program.Path(t, "reeve"), path); err != nil {
		t.Fatal(err)
	}
	return plugin{path}
}

// run runs the program with arguments that stand in one line.
func (p plugin) run(t *testing.T, line string) (stdout, stderr string, code int) {
	t.Helper()
	command := exec.Command(p.path, strings.Fields(line)...)
	var out, errs bytes.Buffer
	command.Stdout, command.Stderr = &out, &errs
	err := command.Run()
	if _, exited := errors.AsType[*exec.ExitError](err); err != nil && !exited {
		t.Fatal(err)
	}
	return out.String(), errs.String(), command.ProcessState.ExitCode()
}

// result is the part of the JSON output that the tests look at.
type result struct {
	Findings []struct {
		Rule     string
		Resource struct{ Kind, Namespace, Name string }
		Source   any
	}
	Summary struct{ Resources, Findings int }
	Errors  []struct{ Kind, Message string }
}

// found returns the findings of the objects that the tests have made.
func (r result) found() []string {
	var found []string
	for _, f := range r.Findings {
		if f.Resource.Namespace == "shop" || f.Resource.Namespace == "other" || f.Resource.Name == "wild" {
			found = append(found, fmt.Sprintf("%s: %s %s/%s", f.Rule, f.Resource.Kind, f.Resource.Namespace, f.Resource.Name))
		}
	}
	slices.Sort(found)
	return found
}

func TestAuditOfACluster(t *testing.T) {
	cluster := envtest.Start(t)
	if _, stderr, code := cluster.KubectlInput(t, manifests, "apply", "-f", "-"); code != 0 {
		t.Fatalf("kubectl apply: %s", stderr)
	}
	reeve := build(t)
	limited := cluster.UserKubeconfig(t, "reads-no-roles")
	const rules = " --select privileged-container,host-network,rbac-wildcard,pdb-missing "
	tests := []struct {
		name, line string
		want       []string
		failed     []string // kinds
		code       int
	}{
		{
			name: "finds what is wrong in all namespaces",
			line: "--kubeconfig " + cluster.Kubeconfig + rules,
			want: []string{
				"host-network: Deployment shop/web", "pdb-missing: Deployment shop/web", "privileged-container: Deployment shop/web",
				"rbac-wildcard: ClusterRole /wild", "rbac-wildcard: Role other/wild",
			},
			code: 2,
		},
		{
			name: "keeps to a namespace",
			line: "-n other --kubeconfig " + cluster.Kubeconfig + rules,
			want: []string{"rbac-wildcard: Role other/wild"},
			code: 2,
		},
		{
			name: "finds nothing in a namespace without anything",
			line: "-n kube-node-lease --kubeconfig " + cluster.Kubeconfig + rules,
			code: 0,
		},
		{
			name:   "names the kinds it may not read and judges the others",
			line:   "--kubeconfig " + limited + rules,
			want:   []string{"host-network: Deployment shop/web", "pdb-missing: Deployment shop/web", "privileged-container: Deployment shop/web"},
			failed: []string{"ClusterRole.rbac.authorization.k8s.io", "Role.rbac.authorization.k8s.io"},
			code:   1,
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			stdout, stderr, code := reeve.run(t, "audit -o json "+test.line)
			var got result
			if err := json.Unmarshal([]byte(stdout), &got); err != nil {
				t.Fatalf("%v; standard error: %s", err, stderr)
			}
			if diff := cmp.Diff(test.want, got.found()); diff != "" {
				t.Errorf("findings (-want +got):\n%s", diff)
			}
			var failed []string
			for _, err := range got.Errors {
				failed = append(failed, err.Kind)
				if !strings.Contains(stderr, err.Kind) || !strings.Contains(err.Message, "forbidden") {
					t.Errorf("error %+v; standard error: %s", err, stderr)
				}
			}
			if diff := cmp.Diff(test.failed, failed); diff != "" {
				t.Errorf("kinds that failed (-want +got):\n%s", diff)
			}
			if code != test.code {
				t.Errorf("exit code %d, want %d; standard error: %s", code, test.code, stderr)
			}
		})
	}
}

func TestAuditOfAClusterInATable(t *testing.T) {
	cluster := envtest.Start(t)
	if _, stderr, code := cluster.KubectlInput(t, manifests, "apply", "-f", "-"); code != 0 {
		t.Fatalf("kubectl apply: %s", stderr)
	}
	stdout, stderr, code := build(t).run(t, "audit --kubeconfig "+cluster.Kubeconfig+" -n shop --select host-network,privileged-container")
	if code != 2 {
		t.Fatalf("exit code %d, want 2; standard error: %s", code, stderr)
	}
	for _, want := range []string{
		`(?m)^critical         1  privileged-container  `,
		`(?m)^    Deployment shop/web  container "web"$`,
		`(?m)^    Deployment shop/web  spec\.template\.spec\.hostNetwork$`,
		`(?m)^2 findings \(1 critical, 1 high\) in 1 of \d+ resources?; 2 rules$`,
		`(?m)^kubectl reeve rules show RULE `,
	} {
		if !regexp.MustCompile(want).MatchString(stdout) {
			t.Errorf("no line like %s in:\n%s", want, stdout)
		}
	}
}

func TestAuditAsAPluginOfKubectl(t *testing.T) {
	cluster := envtest.Start(t)
	reeve := build(t)
	t.Setenv("PATH", filepath.Dir(reeve.path)+string(os.PathListSeparator)+os.Getenv("PATH"))
	t.Setenv("KUBECONFIG", cluster.Kubeconfig)
	command := exec.Command(cluster.KubectlPath, "reeve", "audit", "-n", "kube-node-lease", "--select", "host-network")
	out, err := command.CombinedOutput()
	if err != nil || !strings.HasPrefix(string(out), "no findings in ") {
		t.Errorf("%v: %s", err, out)
	}
}
