// Package exceptions_test watches RuleExceptions on an API server of its own, as
// it takes their definition away.
package exceptions_test

import (
	"bytes"
	"fmt"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-logr/logr/funcr"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"

	"github.com/kubereeve/reeve/api/v1alpha1"
	"github.com/kubereeve/reeve/internal/app/exception"
	"github.com/kubereeve/reeve/internal/kube"
	"github.com/kubereeve/reeve/test/envtest"
)

func TestMain(m *testing.M) { os.Exit(envtest.Run(m)) }

// watched is a Watcher that runs, and what it says.
type watched struct {
	*exception.Watcher
	end func()

	mu        sync.Mutex
	log       bytes.Buffer
	published []string // namespace/name of each, in order
	refuse    string   // a name that cannot be used
	known     [4]int
	stale     bool
}

func (w *watched) record(state exception.State) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.known = [4]int{state.Known, state.Expired, state.Unusable, state.LeftOut}
	w.stale = state.Problem != nil
}

func (w *watched) publish(exceptions []*v1alpha1.RuleException) map[*v1alpha1.RuleException]error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.published = nil
	refused := make(map[*v1alpha1.RuleException]error)
	for _, e := range exceptions {
		w.published = append(w.published, e.Namespace+"/"+e.Name)
		if e.Name == w.refuse {
			refused[e] = fmt.Errorf("%s is refused", e.Name)
		}
	}
	return refused
}

// is tells whether the published exceptions are these, and counts are known,
// expired, unusable and left out.
func (w *watched) is(names string, counts [4]int) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return strings.Join(w.published, " ") == names && w.known == counts
}

func (w *watched) isStale() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.stale
}

func (w *watched) logged(text string) int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return strings.Count(w.log.String(), text)
}

// expiresAt is the end of exceptions where nothing is configured.
func expiresAt(e *v1alpha1.RuleException) time.Time {
	if e.Spec.ExpiresAt == nil {
		return time.Time{}
	}
	return e.Spec.ExpiresAt.Time
}

func begin(t *testing.T, config *rest.Config, limit int) *watched {
	t.Helper()
	w := &watched{refuse: "refused"}
	var err error
	w.Watcher, err = exception.NewWatcher(exception.Options{
		Config: config, Limit: limit, Publish: w.publish, End: expiresAt, Record: w.record,
		Log: funcr.New(func(_, text string) {
			w.mu.Lock()
			defer w.mu.Unlock()
			w.log.WriteString(text + "\n")
		}, funcr.Options{}),
	})
	if err != nil {
		t.Fatal(err)
	}
	if w.Ready() == nil {
		t.Error("ready before it has begun")
	}
	var running sync.WaitGroup
	running.Go(func() { _ = w.Start(t.Context()) })
	w.end = sync.OnceFunc(running.Wait)
	t.Cleanup(func() {
		running.Wait() // the test's context has ended
		if t.Failed() {
			t.Logf("log:\n%s", w.log.String())
		}
	})
	return w
}

func eventually(t *testing.T, what string, condition func() bool) {
	t.Helper()
	for deadline := time.Now().Add(90 * time.Second); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		if condition() {
			return
		}
	}
	t.Fatalf("waited in vain until %s", what)
}

const crdFile = "../../../config/crd/kubereeve.io_ruleexceptions.yaml"

func kubectl(t *testing.T, cluster *envtest.Cluster, input string, arguments ...string) {
	t.Helper()
	if stdout, stderr, code := cluster.KubectlInput(t, input, arguments...); code != 0 {
		t.Fatal(stdout, stderr)
	}
}

func manifest(name string, more ...string) string {
	return "apiVersion: kubereeve.io/v1alpha1\nkind: RuleException\nmetadata: {namespace: default, name: " + name + "}\nspec: {" +
		strings.Join(append([]string{"rules: [a]", "reason: test"}, more...), ", ") + "}\n---\n"
}

func TestExceptionsAreWatched(t *testing.T) {
	cluster := envtest.Start(t)
	kubectl(t, cluster, "", "delete", "-f", crdFile, "--ignore-not-found") // other tests leave it
	config := rest.CopyConfig(cluster.Config)
	var cut atomic.Bool
	config.Wrap(cutter(&cut))
	w := begin(t, config, 4)
	eventually(t, "it is ready although the kind is not installed", func() bool { return w.Ready() == nil })
	if n := w.logged("has no RuleExceptions"); n != 1 || w.isStale() || w.Degraded() != nil {
		t.Errorf("said %d times that there are none, stale %t, degraded %v", n, w.isStale(), w.Degraded())
	}
	list(t, cluster.Config, 4, "", 0)

	kubectl(t, cluster, "", "apply", "-f", crdFile)
	kubectl(t, cluster, "", "wait", "--for=condition=Established", "crd/ruleexceptions.kubereeve.io", "--timeout=30s")
	expires := time.Now().Add(3 * time.Second).UTC().Format(time.RFC3339)
	kubectl(t, cluster, manifest("a")+manifest("b", "expiresAt: '"+expires+"'")+manifest("refused"), "apply", "-f", "-")
	eventually(t, "all are known, one cannot be used and one expires", func() bool {
		return w.is("default/a default/b default/refused", [4]int{3, 1, 1, 0})
	})
	if _, complete := w.All(); !complete {
		t.Error("not all are known")
	}
	list(t, cluster.Config, 4, "a b refused", 0)

	t.Run("changes count", func(t *testing.T) {
		kubectl(t, cluster, manifest("b"), "apply", "-f", "-")
		eventually(t, "the one that had expired counts again", func() bool {
			return w.is("default/a default/b default/refused", [4]int{3, 0, 1, 0})
		})
		if n := w.logged("cannot be used"); n != 1 {
			t.Errorf("said %d times that one cannot be used", n)
		}
	})
	t.Run("a limit keeps the oldest", func(t *testing.T) { limited(t, cluster, w) })
	t.Run("without the API server, those last known count on", func(t *testing.T) {
		before, _ := w.All()
		cut.Store(true)
		eventually(t, "it is said", func() bool { return w.isStale() && w.Degraded() != nil })
		if now, _ := w.All(); len(now) != len(before) || w.Ready() != nil || w.logged("those last known count on") != 1 {
			t.Errorf("%d known instead of %d, ready: %v", len(now), len(before), w.Ready())
		}
		cut.Store(false)
		eventually(t, "it is watched again", func() bool { return !w.isStale() && w.Degraded() == nil })
		kubectl(t, cluster, "", "-n", "default", "delete", "ruleexception", "a")
		eventually(t, "what has changed meanwhile counts", func() bool { known, _ := w.All(); return known[0].Name != "a" })
	})
	t.Run("deleting the definition is said, and makes nothing fail", func(t *testing.T) {
		kubectl(t, cluster, "", "delete", "-f", crdFile)
		eventually(t, "it is said", func() bool { return w.isStale() && w.Degraded() != nil })
		if w.Ready() != nil {
			t.Error(w.Ready())
		}
	})
}

// limited makes more exceptions than are kept. Their age is in whole seconds, so
// that names decide.
func limited(t *testing.T, cluster *envtest.Cluster, w *watched) {
	kubectl(t, cluster, manifest("wb")+manifest("wa")+manifest("wc"), "apply", "-f", "-")
	eventually(t, "two are left out", func() bool {
		known, complete := w.All()
		return w.is("default/a default/b default/refused default/"+known[3].Name, [4]int{4, 0, 1, 2}) && !complete
	})
	if n := w.logged("more exceptions than are kept"); n != 1 {
		t.Errorf("said %d times that there are too many", n)
	}
	kubectl(t, cluster, "", "-n", "default", "delete", "ruleexception", "refused")
	eventually(t, "one that was left out takes the place", func() bool {
		known, _ := w.All()
		return len(known) == 4 && w.is("default/a default/b default/"+known[2].Name+" default/"+known[3].Name, [4]int{4, 0, 0, 1})
	})
	kubectl(t, cluster, "", "-n", "default", "delete", "ruleexception", "wa", "wb", "wc")
	eventually(t, "all count again", func() bool { return w.is("default/a default/b", [4]int{2, 0, 0, 0}) })
	if n := w.logged("all exceptions count again"); n != 1 {
		t.Errorf("said %d times that all count again", n)
	}
}

func TestExceptionsThatMayNotBeWatched(t *testing.T) {
	cluster := envtest.Start(t)
	config := rest.CopyConfig(cluster.Config)
	config.Impersonate.UserName = "nobody"
	w := begin(t, config, 0)
	eventually(t, "it is ready all the same, and says why", func() bool { return w.Ready() == nil && w.isStale() })
	if n := w.logged("Allow list and watch on ruleexceptions.kubereeve.io"); n != 1 {
		t.Errorf("said %d times what is to be done", n)
	}
}

func TestExceptionsAreListedInPages(t *testing.T) {
	cluster := envtest.Start(t)
	kubectl(t, cluster, "", "apply", "-f", crdFile)
	kubectl(t, cluster, "", "wait", "--for=condition=Established", "crd/ruleexceptions.kubereeve.io", "--timeout=30s")
	kubectl(t, cluster, "{apiVersion: v1, kind: Namespace, metadata: {name: pages}}", "apply", "-f", "-")
	client, err := kubernetes.NewForConfig(cluster.Config)
	if err != nil {
		t.Fatal(err)
	}
	const many = 1100
	for i := range many {
		body := strings.ReplaceAll(`{"apiVersion":"kubereeve.io/v1alpha1","kind":"RuleException","metadata":{"name":"e`+fmt.Sprint(i)+`"},"spec":{"rules":["a"],"reason":"test"}}`, "\n", "")
		if err := client.RESTClient().Post().AbsPath("/apis/kubereeve.io/v1alpha1/namespaces/pages/ruleexceptions").SetHeader("Content-Type", "application/json").
			Body([]byte(body)).Do(t.Context()).Error(); err != nil {
			t.Fatal(err)
		}
	}
	reader, err := kube.NewCluster(cluster.Config)
	if err != nil {
		t.Fatal(err)
	}
	for limit, want := range map[int]int{0: many, 1000: 1000} {
		listed, err := exception.List(t.Context(), reader, "pages", limit)
		if err != nil || len(listed.Exceptions) != want || listed.LeftOut != many-want || len(listed.Unreadable) > 0 {
			t.Errorf("limit %d: %d exceptions, %d left out, %v, error %v", limit, len(listed.Exceptions), listed.LeftOut, listed.Unreadable, err)
		}
	}
	w := begin(t, cluster.Config, 1000)
	eventually(t, "the watch keeps the same ones", func() bool {
		known, _ := w.All()
		listed, err := exception.List(t.Context(), reader, metav1.NamespaceAll, 1000)
		if err != nil || len(known) != len(listed.Exceptions) {
			return false
		}
		for i := range known {
			if known[i].UID != listed.Exceptions[i].UID {
				return false
			}
		}
		return true
	})
}

// list checks what one list of the namespace default returns.
func list(t *testing.T, config *rest.Config, limit int, want string, leftOut int) {
	t.Helper()
	cluster, err := kube.NewCluster(config)
	if err != nil {
		t.Fatal(err)
	}
	listed, err := exception.List(t.Context(), cluster, "default", limit)
	if err != nil || len(listed.Unreadable) > 0 {
		t.Fatal(err, listed.Unreadable)
	}
	var names []string
	for _, e := range listed.Exceptions {
		names = append(names, e.Name)
	}
	if got := strings.Join(names, " "); got != want || listed.LeftOut != leftOut {
		t.Errorf("listed %q, left out %d; want %q and %d", got, listed.LeftOut, want, leftOut)
	}
}
