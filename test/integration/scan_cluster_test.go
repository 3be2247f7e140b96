package integration_test

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-logr/logr"
	"github.com/go-logr/logr/funcr"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"
	"sigs.k8s.io/controller-runtime/pkg/envtest"

	"github.com/kubereeve/reeve/internal/app"
	"github.com/kubereeve/reeve/internal/engine"
	"github.com/kubereeve/reeve/internal/finding"
	"github.com/kubereeve/reeve/internal/kube"
	"github.com/kubereeve/reeve/internal/scan"
	"github.com/kubereeve/reeve/internal/sink"
)

// startCluster starts etcd and an API server, and returns an administrator's
// configuration and the address of etcd.
func startCluster(t *testing.T) (*rest.Config, string) {
	t.Helper()
	if os.Getenv("KUBEBUILDER_ASSETS") == "" {
		if os.Getenv("REEVE_REQUIRE_ENVTEST") == "1" {
			t.Fatal("KUBEBUILDER_ASSETS is not set; make test sets it")
		}
		t.Skip("SKIPPED WITHOUT A CLUSTER: KUBEBUILDER_ASSETS is not set; make test sets it")
	}
	environment := &envtest.Environment{}
	config, err := environment.Start()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := environment.Stop(); err != nil {
			t.Error(err)
		}
	})
	config.QPS = -1
	return config, environment.ControlPlane.Etcd.URL.String()
}

func clientset(t *testing.T, config *rest.Config) *kubernetes.Clientset {
	t.Helper()
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		t.Fatal(err)
	}
	return client
}

// as returns the configuration of another user.
func as(config *rest.Config, user string) *rest.Config {
	config = rest.CopyConfig(config)
	config.Impersonate.UserName = user
	return config
}

// through returns a configuration whose requests go through a function.
func through(config *rest.Config, wrap func(*http.Request, http.RoundTripper) (*http.Response, error)) *rest.Config {
	config = rest.CopyConfig(config)
	config.Wrap(func(next http.RoundTripper) http.RoundTripper {
		return roundTripper(func(request *http.Request) (*http.Response, error) { return wrap(request, next) })
	})
	return config
}

type roundTripper func(*http.Request) (*http.Response, error)

func (r roundTripper) RoundTrip(request *http.Request) (*http.Response, error) { return r(request) }

// kubeconfig writes a configuration to a file and returns its path.
func kubeconfig(t *testing.T, config *rest.Config) string {
	t.Helper()
	file := clientcmdapi.Config{
		Clusters:       map[string]*clientcmdapi.Cluster{"test": {Server: config.Host, CertificateAuthorityData: config.CAData}},
		AuthInfos:      map[string]*clientcmdapi.AuthInfo{"test": {ClientCertificateData: config.CertData, ClientKeyData: config.KeyData, Impersonate: config.Impersonate.UserName, ImpersonateGroups: config.Impersonate.Groups}},
		Contexts:       map[string]*clientcmdapi.Context{"test": {Cluster: "test", AuthInfo: "test"}},
		CurrentContext: "test",
	}
	path := filepath.Join(t.TempDir(), "kubeconfig")
	if err := clientcmd.WriteToFile(file, path); err != nil {
		t.Fatal(err)
	}
	return path
}

func createNamespace(t *testing.T, client *kubernetes.Clientset, name string) {
	t.Helper()
	// With an owner, as rules want one: these tests are not about namespaces.
	namespace := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name, Annotations: map[string]string{"owner": "test"}}}
	if _, err := client.CoreV1().Namespaces().Create(t.Context(), namespace, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
}

// createRoles creates roles in a namespace, some at a time. Every hundredth may
// do everything, which rbac-wildcard finds.
func createRoles(t *testing.T, client *kubernetes.Clientset, namespace string, count int) (wildcards int) {
	t.Helper()
	numbers := make(chan int)
	var workers sync.WaitGroup
	for range 16 {
		workers.Go(func() {
			for i := range numbers {
				createRole(t, client, namespace, fmt.Sprintf("role-%05d", i), i%100 == 0)
			}
		})
	}
	for i := range count {
		numbers <- i
	}
	close(numbers)
	workers.Wait()
	return (count + 99) / 100
}

func createRole(t *testing.T, client *kubernetes.Clientset, namespace, name string, wildcard bool) {
	t.Helper()
	rules := []rbacv1.PolicyRule{{APIGroups: []string{""}, Resources: []string{"configmaps"}, Verbs: []string{"get"}}}
	if wildcard {
		rules = []rbacv1.PolicyRule{{APIGroups: []string{"*"}, Resources: []string{"*"}, Verbs: []string{"*"}}}
	}
	role := &rbacv1.Role{ObjectMeta: metav1.ObjectMeta{Name: name}, Rules: rules}
	if _, err := client.RbacV1().Roles(namespace).Create(t.Context(), role, metav1.CreateOptions{}); err != nil {
		t.Error(err)
	}
}

// collected is a sink that counts findings by rule and keeps the order of
// reports.
type collected struct {
	byRule    map[string]int
	objects   map[string]int // how often each object with findings was reported
	reports   map[string]int // by kind
	complete  []string
	passEnded bool
}

func newCollected() *collected {
	return &collected{byRule: make(map[string]int), objects: make(map[string]int), reports: make(map[string]int)}
}

func (c *collected) Write(_ context.Context, report finding.Report) error {
	if report.Pass != nil {
		c.passEnded = true
		return nil
	}
	c.reports[report.Kind.Kind]++
	if report.Complete {
		c.complete = append(c.complete, report.Kind.Kind)
	}
	for _, verdict := range report.Verdicts {
		c.objects[verdict.Resource.String()]++
		for _, f := range verdict.Findings {
			c.byRule[f.Rule]++
		}
	}
	return nil
}

// newScanner returns a scanner with the built-in rules.
func newScanner(t *testing.T, config *rest.Config, to sink.Sink, change func(*scan.Options)) *scan.Scanner {
	t.Helper()
	rules, err := (&app.RuleOptions{}).Load()
	if err != nil {
		t.Fatal(err)
	}
	inventory := engine.NewInventory()
	reviewer, err := rules.Reviewer(engine.Options{Inventory: inventory})
	if err != nil || len(rules.Problems) > 0 {
		t.Fatal(err, rules.Problems)
	}
	cluster, err := kube.NewCluster(config)
	if err != nil {
		t.Fatal(err)
	}
	options := scan.Options{
		Cluster: cluster, Reviewer: reviewer, Kinds: rules.Set.Kinds(), Needs: rules.Set.Needs(), Inventory: inventory,
		Sink: to, Log: testLog(t),
	}
	if change != nil {
		change(&options)
	}
	return scan.New(options)
}

// testLog returns a logger that is silent once the test has ended.
func testLog(t *testing.T) logr.Logger {
	return funcr.New(func(_, line string) {
		if t.Context().Err() == nil {
			t.Log(line)
		}
	}, funcr.Options{})
}

// pass makes a pass that must not fail.
func pass(t *testing.T, scanner *scan.Scanner) finding.Pass {
	t.Helper()
	ended, err := scanner.Pass(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return ended
}

// eventually waits until a condition holds.
func eventually(t *testing.T, what string, condition func() bool) {
	t.Helper()
	for deadline := time.Now().Add(60 * time.Second); time.Now().Before(deadline); time.Sleep(50 * time.Millisecond) {
		if condition() {
			return
		}
	}
	t.Fatalf("waited a minute in vain until %s", what)
}

// counting counts the requests of a configuration that create something.
func counting(config *rest.Config, creates *atomic.Int64) *rest.Config {
	return through(config, func(request *http.Request, next http.RoundTripper) (*http.Response, error) {
		if request.Method == http.MethodPost {
			creates.Add(1)
		}
		return next.RoundTrip(request)
	})
}

// failures is a sink that keeps the errors of another.
type failures struct {
	to     sink.Sink
	errors []string
}

func (f *failures) Write(ctx context.Context, report finding.Report) error {
	err := f.to.Write(ctx, report)
	if err != nil {
		f.errors = append(f.errors, err.Error())
	}
	return err
}
