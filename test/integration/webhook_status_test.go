package integration_test

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"

	authenticationv1 "k8s.io/api/authentication/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kubereeve/reeve/internal/app/status"
	"github.com/kubereeve/reeve/test/envtest"
)

// statusTokens makes the namespace and the accounts of config/webhook, and returns
// a token of the one that may read the status and of one that may not.
func statusTokens(t *testing.T, cluster *envtest.Cluster) (reader, nobody string) {
	t.Helper()
	for _, file := range []string{"namespace", "rbac", "status"} {
		if _, stderr, code := cluster.Kubectl(t, "apply", "-f", manifests+file+".yaml"); code != 0 {
			t.Fatal(stderr)
		}
	}
	accounts := clientset(t, cluster.Config).CoreV1().ServiceAccounts("reeve-system")
	token := func(account string) string {
		request, err := accounts.CreateToken(context.Background(), account, &authenticationv1.TokenRequest{}, metav1.CreateOptions{})
		if err != nil {
			t.Fatal(err)
		}
		return request.Status.Token
	}
	return token("reeve-status-reader"), token("reeve-webhook")
}

// ask asks for a path of the status with a token, if there is one.
func (p *webhookProcess) ask(t *testing.T, method, path, token string) (int, string) {
	t.Helper()
	request, err := http.NewRequest(method, "https://"+p.status+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	if token != "" {
		request.Header.Set("Authorization", "Bearer "+token)
	}
	answer, err := p.client().Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = answer.Body.Close() }()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer.StatusCode, string(text)
}

func read[T any](t *testing.T, text string) T {
	t.Helper()
	var value T
	if err := json.Unmarshal([]byte(text), &value); err != nil {
		t.Fatalf("%v: %s", err, text)
	}
	return value
}

func TestWebhookStatus(t *testing.T) {
	cluster := envtest.Start(t)
	reader, nobody := statusTokens(t, cluster)
	p := startWebhook(t, cluster.Kubeconfig, "--mode-for", "*=off", "--mode-for", "privileged-container=deny").serve(t)
	namespace := watchNamespace(t, cluster, p, "status")

	t.Run("answers only those whom the API server lets", func(t *testing.T) {
		for _, path := range []string{status.StatePath, status.RecentPath} {
			for _, test := range []struct {
				name, method, token string
				want                int
			}{
				{"nobody in particular", http.MethodGet, "", http.StatusUnauthorized},
				{"a token that nobody has issued", http.MethodGet, "eyJhbGciOiJub25lIn0.e30.", http.StatusInternalServerError}, // the words of controller-runtime,
				{"an account without the right", http.MethodGet, nobody, http.StatusForbidden},
				{"a method that the right is not for", http.MethodPost, reader, http.StatusForbidden},
				{"the reader", http.MethodGet, reader, http.StatusOK},
			} {
				code, text := p.ask(t, test.method, path, test.token)
				if code != test.want || code != http.StatusOK && strings.Contains(text, "{") {
					t.Errorf("%s: %s: %d %s", path, test.name, code, text)
				}
			}
		}
	})
	t.Run("checks itself without leaving a trace", func(t *testing.T) {
		if n := p.value(t, "reeve_selfcheck_total", `result="success"`); n < 1 {
			t.Errorf("%v self-checks have passed", n)
		}
		if p.value(t, "reeve_selfcheck_last_success_timestamp_seconds") == 0 {
			t.Error("no time of a self-check")
		}
		_, text := p.ask(t, http.MethodGet, status.RecentPath, reader)
		if strings.Contains(text, "canary") || strings.Contains(text, "Canary") {
			t.Errorf("the canary is among the recent admissions: %s", text)
		}
	})
	t.Run("shows what was denied, and no dry run", func(t *testing.T) {
		if _, _, code := cluster.KubectlInput(t, manifest(namespace, "web", "securityContext: {privileged: true}"), "create", "-f", "-"); code == 0 {
			t.Fatal("the pod was not denied")
		}
		var recent status.Recent
		eventually(t, "the denial is among the recent admissions", func() bool {
			_, text := p.ask(t, http.MethodGet, status.RecentPath+"?rule=privileged-*&since=1h", reader)
			recent = read[status.Recent](t, text)
			return len(recent.Entries) > 0
		})
		entry := recent.Entries[0]
		if len(recent.Entries) != 1 || entry.Resource.Name != "web" || entry.Resource.Namespace != namespace || entry.User == "" || entry.Operation != "CREATE" ||
			entry.Findings[0].Rule != "privileged-container" || entry.Findings[0].Mode.String() != "deny" {
			t.Errorf("%+v", recent)
		}
	})
	t.Run("tells its state", func(t *testing.T) {
		_, text := p.ask(t, http.MethodGet, status.StatePath, reader)
		state := read[status.State](t, text)
		if state.NotReady != "" || state.Rules.Count != 1 || state.Rules.Revision == "" || state.Certificate.NotAfter.IsZero() ||
			state.SelfCheck.LastSuccess.IsZero() || state.SelfCheck.Failures != 0 {
			t.Errorf("%s", text)
		}
	})
}
