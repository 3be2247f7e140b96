package integration_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"

	"github.com/kubereeve/reeve/internal/scan"
)

func TestScan(t *testing.T) {
	config, etcd := startCluster(t)
	client := clientset(t, config)
	createNamespace(t, client, "many")
	wildcards := createRoles(t, client, "many", 2500)

	t.Run("judges thousands of objects over several pages", func(t *testing.T) {
		seen := newCollected()
		ended := pass(t, newScanner(t, config, seen, nil))
		if seen.byRule["rbac-wildcard"] != wildcards || ended.Resources < 2500 || len(ended.Failed) > 0 || ended.Errors > 0 {
			t.Errorf("%d wildcards found, want %d; pass %+v", seen.byRule["rbac-wildcard"], wildcards, ended)
		}
		if seen.reports["Role"] < 6 { // pages of 500
			t.Errorf("%d pages of roles, want at least 6", seen.reports["Role"])
		}
		if !seen.passEnded {
			t.Error("the pass was not reported")
		}
	})
	t.Run("keeps to its namespace", func(t *testing.T) {
		seen := newCollected()
		ended := pass(t, newScanner(t, config, seen, func(o *scan.Options) { o.Namespace = "many" }))
		if ended.Resources != 2501 || seen.byRule["rbac-wildcard"] != wildcards || seen.reports["ClusterRole"] != 0 {
			t.Errorf("pass %+v, want the 2500 roles and the namespace", ended)
		}
	})
	t.Run("reports a forbidden kind and judges the others", func(t *testing.T) { forbiddenKind(t, config, client, wildcards) })
	t.Run("goes on after an expired token", func(t *testing.T) { expiredToken(t, config, etcd, wildcards) })
	t.Run("starts over after an expired token where no other is offered", func(t *testing.T) { bareExpiry(t, config, wildcards) })
	t.Run("retries what fails for a while", func(t *testing.T) { retries(t, config, wildcards) })
	t.Run("knows the inventory", func(t *testing.T) { inventory(t, config, client) })
	t.Run("does not judge again what a workload made", func(t *testing.T) { ownedPods(t, config, client) })
	t.Run("reports a kind whose own server does not answer", func(t *testing.T) { brokenGroup(t, config, client) })
}

func forbiddenKind(t *testing.T, config *rest.Config, client *kubernetes.Clientset, wildcards int) {
	role := &rbacv1.ClusterRole{ObjectMeta: metav1.ObjectMeta{Name: "some"}, Rules: []rbacv1.PolicyRule{
		{APIGroups: []string{"rbac.authorization.k8s.io"}, Resources: []string{"roles"}, Verbs: []string{"list"}},
	}}
	binding := &rbacv1.ClusterRoleBinding{
		ObjectMeta: metav1.ObjectMeta{Name: "some"},
		RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: "some"},
		Subjects:   []rbacv1.Subject{{Kind: "User", Name: "limited", APIGroup: rbacv1.GroupName}},
	}
	if _, err := client.RbacV1().ClusterRoles().Create(t.Context(), role, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	if _, err := client.RbacV1().ClusterRoleBindings().Create(t.Context(), binding, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	limited := as(config, "limited")
	limited.Impersonate.Groups = []string{"system:authenticated"}
	seen := newCollected()
	ended := pass(t, newScanner(t, limited, seen, nil))
	if seen.byRule["rbac-wildcard"] != wildcards {
		t.Errorf("%d wildcards found, want %d", seen.byRule["rbac-wildcard"], wildcards)
	}
	if strings.Join(seen.complete, " ") != "Role" {
		t.Errorf("complete kinds %v, want roles only", seen.complete)
	}
	if reason := ended.Failed["Pod"]; !strings.Contains(reason, `User "limited" cannot list resource "pods"`) {
		t.Errorf("pods failed with %q", reason)
	}
}

// expiredToken turns the first token into one of an old state of the store and
// has that compacted, so that the API server itself says that it has expired.
func expiredToken(t *testing.T, config *rest.Config, etcd string, wildcards int) {
	var expired atomic.Int64
	var done atomic.Bool
	config = through(config, func(request *http.Request, next http.RoundTripper) (*http.Response, error) {
		query := request.URL.Query()
		if token := query.Get("continue"); token != "" && done.CompareAndSwap(false, true) {
			compact(t, etcd)
			query.Set("continue", oldToken(t, token))
			request = request.Clone(request.Context())
			request.URL.RawQuery = query.Encode()
		}
		response, err := next.RoundTrip(request)
		if err == nil && response.StatusCode == http.StatusGone {
			expired.Add(1)
		}
		return response, err
	})
	seen := newCollected()
	ended := pass(t, newScanner(t, config, seen, nil))
	if expired.Load() != 1 {
		t.Fatalf("the API server called %d tokens expired, want 1", expired.Load())
	}
	checkOnce(t, seen, wildcards)
	if len(ended.Failed) > 0 {
		t.Errorf("failed: %v", ended.Failed)
	}
}

// oldToken returns a continue token of the store's second revision.
func oldToken(t *testing.T, token string) string {
	raw, err := base64.RawURLEncoding.DecodeString(token)
	if err != nil {
		t.Fatal(err)
	}
	var fields map[string]any
	if err := json.Unmarshal(raw, &fields); err != nil {
		t.Fatal(err)
	}
	fields["rv"] = 2
	raw, err = json.Marshal(fields)
	if err != nil {
		t.Fatal(err)
	}
	return base64.RawURLEncoding.EncodeToString(raw)
}

// compact makes etcd forget all but its newest state.
func compact(t *testing.T, etcd string) {
	call := func(path, body string) map[string]any {
		response, err := http.Post(etcd+path, "application/json", strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = response.Body.Close() }() // it has been read
		var answer map[string]any
		if err := json.NewDecoder(response.Body).Decode(&answer); err != nil || response.StatusCode != http.StatusOK {
			t.Fatal(path, response.Status, answer, err)
		}
		return answer
	}
	answer := call("/v3/kv/range", `{"key":"AA=="}`)
	revision := answer["header"].(map[string]any)["revision"]
	call("/v3/kv/compaction", fmt.Sprintf(`{"revision":%q,"physical":true}`, revision))
}

// bareExpiry answers the fourth page of roles with an expired token and no
// other, as a server would that is not one of Kubernetes' own.
func bareExpiry(t *testing.T, config *rest.Config, wildcards int) {
	pages := 0
	config = through(config, func(request *http.Request, next http.RoundTripper) (*http.Response, error) {
		if strings.HasSuffix(request.URL.Path, "/roles") {
			if pages++; pages == 4 {
				return answer(http.StatusGone, `{"kind":"Status","apiVersion":"v1","status":"Failure","reason":"Expired","code":410}`, nil), nil
			}
		}
		return next.RoundTrip(request)
	})
	seen := newCollected()
	ended := pass(t, newScanner(t, config, seen, nil))
	checkOnce(t, seen, wildcards)
	if len(ended.Failed) > 0 || pages < 8 {
		t.Errorf("failed: %v after %d pages", ended.Failed, pages)
	}
}

// checkOnce checks that every role was reported, and none of them twice.
func checkOnce(t *testing.T, seen *collected, wildcards int) {
	t.Helper()
	if seen.byRule["rbac-wildcard"] != wildcards {
		t.Errorf("%d wildcards found, want %d", seen.byRule["rbac-wildcard"], wildcards)
	}
	for name, n := range seen.objects {
		if n > 1 {
			t.Errorf("%s was reported %d times", name, n)
		}
	}
}

func retries(t *testing.T, config *rest.Config, wildcards int) {
	failures := []func(*http.Request, http.RoundTripper) (*http.Response, error){
		func(*http.Request, http.RoundTripper) (*http.Response, error) {
			return answer(http.StatusTooManyRequests, "busy", http.Header{"Retry-After": {"1"}}), nil
		},
		func(*http.Request, http.RoundTripper) (*http.Response, error) {
			return answer(http.StatusServiceUnavailable, "apiserver is shutting down", nil), nil
		},
		func(*http.Request, http.RoundTripper) (*http.Response, error) {
			return nil, errors.New("read tcp: connection reset by peer")
		},
		func(request *http.Request, next http.RoundTripper) (*http.Response, error) {
			response, err := next.RoundTrip(request)
			if err != nil {
				return nil, err
			}
			response.Body = struct {
				io.Reader
				io.Closer
			}{io.LimitReader(response.Body, 10_000), response.Body}
			return response, nil
		},
	}
	requests := 0
	config = through(config, func(request *http.Request, next http.RoundTripper) (*http.Response, error) {
		if strings.HasSuffix(request.URL.Path, "/roles") {
			requests++
			if requests%2 == 1 && len(failures) > 0 { // every other time
				fail := failures[0]
				failures = failures[1:]
				return fail(request, next)
			}
		}
		return next.RoundTrip(request)
	})
	seen := newCollected()
	ended := pass(t, newScanner(t, config, seen, nil))
	checkOnce(t, seen, wildcards)
	if len(ended.Failed) > 0 || len(failures) > 0 {
		t.Errorf("failed: %v; %d failures left", ended.Failed, len(failures))
	}
}

// answer returns a response as a server would send it.
func answer(code int, body string, header http.Header) *http.Response {
	recorder := httptest.NewRecorder()
	for name, values := range header {
		recorder.Header()[name] = values
	}
	recorder.WriteHeader(code)
	recorder.Body = bytes.NewBufferString(body)
	return recorder.Result()
}

func inventory(t *testing.T, config *rest.Config, client *kubernetes.Clientset) {
	for _, name := range []string{"open", "closed", "idle"} {
		createNamespace(t, client, name)
	}
	for _, name := range []string{"open", "closed"} {
		deployment := &appsv1.Deployment{ObjectMeta: metav1.ObjectMeta{Name: "web"}, Spec: appsv1.DeploymentSpec{
			Selector: &metav1.LabelSelector{MatchLabels: map[string]string{"app": "web"}}, Template: podTemplate(),
		}}
		if _, err := client.AppsV1().Deployments(name).Create(t.Context(), deployment, metav1.CreateOptions{}); err != nil {
			t.Fatal(err)
		}
	}
	policy := &networkingv1.NetworkPolicy{ObjectMeta: metav1.ObjectMeta{Name: "deny"}}
	if _, err := client.NetworkingV1().NetworkPolicies("closed").Create(t.Context(), policy, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	for namespace, want := range map[string]int{"open": 1, "closed": 0, "idle": 0} {
		seen := newCollected()
		ended := pass(t, newScanner(t, config, seen, func(o *scan.Options) { o.Namespace = namespace }))
		if got := seen.byRule["network-policy-missing"]; got != want || ended.Errors > 0 {
			t.Errorf("namespace %s: %d times no network policy, want %d; pass %+v", namespace, got, want, ended)
		}
	}
	seen := newCollected()
	pass(t, newScanner(t, config, seen, nil))
	if got := seen.byRule["network-policy-missing"]; got != 1 {
		t.Errorf("whole cluster: %d times no network policy, want 1", got)
	}
}

func ownedPods(t *testing.T, config *rest.Config, client *kubernetes.Clientset) {
	createNamespace(t, client, "owned")
	account := &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Name: "default"}}
	if _, err := client.CoreV1().ServiceAccounts("owned").Create(t.Context(), account, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	controller := true
	for name, owners := range map[string][]metav1.OwnerReference{
		"alone": nil,
		"made":  {{APIVersion: "apps/v1", Kind: "ReplicaSet", Name: "web", UID: "0", Controller: &controller}},
	} {
		template := podTemplate()
		pod := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: name, OwnerReferences: owners}, Spec: template.Spec}
		if _, err := client.CoreV1().Pods("owned").Create(t.Context(), pod, metav1.CreateOptions{}); err != nil {
			t.Fatal(err)
		}
	}
	seen := newCollected()
	pass(t, newScanner(t, config, seen, func(o *scan.Options) { o.Namespace = "owned" }))
	if seen.objects["Pod owned/alone"] != 1 || seen.objects["Pod owned/made"] != 0 {
		t.Errorf("reported: %v", seen.objects)
	}
}

// podTemplate returns a pod template that several rules find fault with.
func podTemplate() corev1.PodTemplateSpec {
	return corev1.PodTemplateSpec{
		ObjectMeta: metav1.ObjectMeta{Labels: map[string]string{"app": "web"}},
		Spec:       corev1.PodSpec{Containers: []corev1.Container{{Name: "web", Image: "nginx"}}},
	}
}

// brokenGroup announces an API group that nobody serves.
func brokenGroup(t *testing.T, config *rest.Config, client *kubernetes.Clientset) {
	service := `{"apiVersion":"apiregistration.k8s.io/v1","kind":"APIService","metadata":{"name":"v1.broken.example.com"},"spec":{
		"group":"broken.example.com","version":"v1","groupPriorityMinimum":10,"versionPriority":10,"insecureSkipTLSVerify":true,
		"service":{"namespace":"default","name":"nobody"}}}`
	err := client.RESTClient().Post().AbsPath("/apis/apiregistration.k8s.io/v1/apiservices").
		SetHeader("Content-Type", "application/json").Body([]byte(service)).Do(t.Context()).Error()
	if err != nil {
		t.Fatal(err)
	}
	thing, unknown := schema.GroupKind{Group: "broken.example.com", Kind: "Thing"}, schema.GroupKind{Group: "no.example.com", Kind: "Thing"}
	eventually(t, "the API server announces the group", func() bool {
		ended := pass(t, newScanner(t, config, newCollected(), func(o *scan.Options) {
			o.Namespace, o.Attempts = "open", 1
			o.Kinds = append(o.Kinds, thing, unknown)
		}))
		_, failed := ended.Failed[thing.String()]
		if _, failed := ended.Failed[unknown.String()]; failed || len(ended.Failed) > 1 || ended.Resources == 0 {
			t.Fatalf("pass %+v", ended)
		}
		return failed
	})
}
