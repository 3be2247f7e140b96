// Package envtest gives tests a real API server: etcd, kube-apiserver and
// kubectl on the loopback interface, started when the first test of a package
// asks and stopped when its last one has ended. There are no controllers and no
// nodes behind it.
//
// KUBEBUILDER_ASSETS names the directory of the three programs. Without it tests
// are skipped, or fail when REEVE_REQUIRE_ENVTEST is 1.
package envtest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/envtest"
)

const (
	assetsVariable  = "KUBEBUILDER_ASSETS"
	requireVariable = "REEVE_REQUIRE_ENVTEST"
)

// Cluster is a running API server.
type Cluster struct {
	// Config reaches the API server as an administrator.
	Config *rest.Config
	// Kubeconfig is a file that says the same.
	Kubeconfig string
	// KubectlPath is the kubectl of the API server's version.
	KubectlPath string
	// AuditLog is the file of audit events, one JSON object per line. Writes in
	// namespaces named AuditNamespace are in it, with their annotations.
	AuditLog string

	environment *envtest.Environment
	dir         string
}

// AuditNamespace is the namespace whose writes the audit log holds.
const AuditNamespace = "audited"

// auditPolicy keeps all but the writes in one namespace out of the audit log.
const auditPolicy = `apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived]
rules:
- level: Metadata
  namespaces: [` + AuditNamespace + `]
  verbs: [create, update, patch]
- level: None
`

// shared is the cluster of this test binary.
var shared struct {
	sync.Mutex
	running bool // Run waits to stop the cluster
	cluster *Cluster
	err     error
}

// Run runs the tests of a package and then stops the cluster that they started.
// TestMain must call it: os.Exit(envtest.Run(m)).
func Run(m *testing.M) int {
	shared.Lock()
	shared.running = true
	shared.Unlock()
	code := m.Run()
	shared.Lock()
	defer shared.Unlock()
	shared.running = false
	if shared.cluster == nil {
		return code
	}
	if err := shared.cluster.stop(); err != nil {
		fmt.Fprintln(os.Stderr, "stop the test API server:", err)
		return max(code, 1)
	}
	return code
}

// Start returns the package's cluster, and starts it if no test has before. It
// skips the test, or fails it, where the programs are missing.
func Start(tb testing.TB) *Cluster {
	tb.Helper()
	assets := os.Getenv(assetsVariable)
	if assets == "" {
		message := assetsVariable + " is not set; it names the directory of etcd, kube-apiserver and kubectl (make test sets it)"
		if os.Getenv(requireVariable) == "1" {
			tb.Fatal(message)
		}
		tb.Skip("SKIPPED, NOT TESTED: " + message)
	}
	shared.Lock()
	defer shared.Unlock()
	if !shared.running {
		tb.Fatal("TestMain must call envtest.Run, or nothing would stop the API server")
	}
	if shared.cluster == nil && shared.err == nil {
		shared.cluster, shared.err = start(assets)
	}
	if shared.err != nil {
		tb.Fatalf("start the test API server: %v", shared.err)
	}
	return shared.cluster
}

func start(assets string) (_ *Cluster, err error) {
	dir, err := os.MkdirTemp("", "reeve-envtest-")
	if err != nil {
		return nil, err
	}
	c := &Cluster{
		Kubeconfig:  filepath.Join(dir, "kubeconfig"),
		KubectlPath: filepath.Join(assets, "kubectl"),
		AuditLog:    filepath.Join(dir, "audit.log"),
		environment: &envtest.Environment{BinaryAssetsDirectory: assets},
		dir:         dir,
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, c.stop())
		}
	}()
	policy := filepath.Join(dir, "audit.yaml")
	if err := os.WriteFile(policy, []byte(auditPolicy), 0o600); err != nil {
		return nil, err
	}
	c.environment.ControlPlane.GetAPIServer().Configure().
		Append("audit-policy-file", policy).
		Append("audit-log-path", c.AuditLog)
	if c.Config, err = c.environment.Start(); err != nil {
		return nil, err
	}
	return c, os.WriteFile(c.Kubeconfig, c.environment.KubeConfig, 0o600)
}

func (c *Cluster) stop() error {
	return errors.Join(c.environment.Stop(), os.RemoveAll(c.dir))
}

// Kubectl runs kubectl as an administrator and returns what it wrote and its
// exit code. It fails the test when kubectl does not run at all.
func (c *Cluster) Kubectl(tb testing.TB, arguments ...string) (stdout, stderr string, code int) {
	tb.Helper()
	return c.KubectlInput(tb, "", arguments...)
}

// KubectlInput is Kubectl with something on standard input, as for apply -f -.
func (c *Cluster) KubectlInput(tb testing.TB, input string, arguments ...string) (stdout, stderr string, code int) {
	tb.Helper()
	command := exec.CommandContext(context.Background(), c.KubectlPath, append([]string{"--kubeconfig", c.Kubeconfig}, arguments...)...)
	var out, errs bytes.Buffer
	command.Stdin, command.Stdout, command.Stderr = strings.NewReader(input), &out, &errs
	err := command.Run()
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		return out.String(), errs.String(), exit.ExitCode()
	}
	if err != nil {
		tb.Fatalf("kubectl: %v", err)
	}
	return out.String(), errs.String(), 0
}

// UserKubeconfig returns the file of a kubeconfig for a user without any rights but
// those granted to its name and groups by RBAC.
func (c *Cluster) UserKubeconfig(tb testing.TB, name string, groups ...string) string {
	tb.Helper()
	user, err := c.environment.AddUser(envtest.User{Name: name, Groups: groups}, nil)
	if err != nil {
		tb.Fatalf("add user %s: %v", name, err)
	}
	content, err := user.KubeConfig()
	if err != nil {
		tb.Fatalf("kubeconfig of %s: %v", name, err)
	}
	path := filepath.Join(tb.TempDir(), "kubeconfig")
	if err := os.WriteFile(path, content, 0o600); err != nil {
		tb.Fatal(err)
	}
	return path
}
