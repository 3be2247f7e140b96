package integration_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/yaml"

	"github.com/kubereeve/reeve/test/program"
)

func TestScannerProcess(t *testing.T) {
	config, _ := startCluster(t)
	client := clientset(t, config)
	binary := program.Path(t, "scanner")
	createNamespace(t, client, "reeve-system")
	createNamespace(t, client, "many")
	wildcards := createRoles(t, client, "many", 1000)
	account := scannerAccount(t, config, client)

	t.Run("needs no more rights than its ClusterRole", func(t *testing.T) { leastPrivilege(t, binary, account, client, wildcards) })
	t.Run("scans once and says what was left out", func(t *testing.T) { onceLimited(t, binary, config) })
	t.Run("scans on a tick, and is watched by its ports", func(t *testing.T) { ports(t, binary, account, wildcards) })
	t.Run("ends cleanly in the middle of a pass", func(t *testing.T) { endsInTheMiddle(t, binary, config) })
	t.Run("hands over when the leader ends", func(t *testing.T) { handOver(t, binary, account) })
	t.Run("takes the newest rules for each pass", func(t *testing.T) { rulesBetweenPasses(t, binary, config) })
	t.Run("leaves a broken rule file out, unless strict", func(t *testing.T) { brokenRule(t, binary, config) })
}

// scannerAccount gives a user the rights that config/scanner gives the scanner.
func scannerAccount(t *testing.T, config *rest.Config, client *kubernetes.Clientset) *rest.Config {
	t.Helper()
	const user = "system:serviceaccount:reeve-system:reeve-scanner"
	var clusterRole rbacv1.ClusterRole
	var clusterBinding rbacv1.ClusterRoleBinding
	var role rbacv1.Role
	var binding rbacv1.RoleBinding
	for file, into := range map[string]any{
		"clusterrole": &clusterRole, "clusterrolebinding": &clusterBinding, "role": &role, "rolebinding": &binding,
	} {
		text, err := os.ReadFile("../../config/scanner/" + file + ".yaml")
		if err != nil {
			t.Fatal(err)
		}
		if err := yaml.UnmarshalStrict(text, into); err != nil {
			t.Fatal(file, err)
		}
	}
	rbac := client.RbacV1()
	_, err1 := rbac.ClusterRoles().Create(t.Context(), &clusterRole, metav1.CreateOptions{})
	_, err2 := rbac.ClusterRoleBindings().Create(t.Context(), &clusterBinding, metav1.CreateOptions{})
	_, err3 := rbac.Roles(role.Namespace).Create(t.Context(), &role, metav1.CreateOptions{})
	_, err4 := rbac.RoleBindings(binding.Namespace).Create(t.Context(), &binding, metav1.CreateOptions{})
	if err := errors.Join(err1, err2, err3, err4); err != nil {
		t.Fatal(err)
	}
	account := as(config, user)
	account.Impersonate.Groups = []string{"system:serviceaccounts", "system:authenticated"}
	return account
}

// process is a running scanner.
type process struct {
	command *exec.Cmd
	stdout  bytes.Buffer
	ended   chan struct{}

	mu   sync.Mutex
	logs []map[string]any
}

// start starts the scanner; it is killed when the test ends.
func start(t *testing.T, binary string, config *rest.Config, args ...string) *process {
	t.Helper()
	args = append([]string{"--kubeconfig", kubeconfig(t, config), "--metrics-listen=127.0.0.1:0", "--health-listen=127.0.0.1:0"}, args...)
	p := &process{command: exec.Command(binary, args...), ended: make(chan struct{})}
	p.command.Stdout = &p.stdout
	stderr, err := p.command.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := p.command.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		defer close(p.ended)
		p.read(stderr)
		_ = p.command.Wait() // the exit code is in ProcessState
	}()
	t.Cleanup(func() {
		_ = p.command.Process.Kill() // it may have ended
		<-p.ended
		if t.Failed() {
			for _, line := range p.lines() {
				t.Log(line)
			}
		}
	})
	return p
}

// read keeps the lines that the process logs.
func (p *process) read(stderr io.Reader) {
	scanner := bufio.NewScanner(stderr)
	scanner.Buffer(nil, 1<<20)
	for scanner.Scan() {
		var line map[string]any
		if json.Unmarshal(scanner.Bytes(), &line) != nil {
			line = map[string]any{"msg": scanner.Text()}
		}
		p.mu.Lock()
		p.logs = append(p.logs, line)
		p.mu.Unlock()
	}
}

func (p *process) lines() []map[string]any {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]map[string]any(nil), p.logs...)
}

// logged returns the lines with the given message.
func (p *process) logged(message string) []map[string]any {
	var found []map[string]any
	for _, line := range p.lines() {
		if text, _ := line["msg"].(string); strings.Contains(text, message) {
			found = append(found, line)
		}
	}
	return found
}

// wait waits for the process to end and returns its exit code.
func (p *process) wait(t *testing.T) int {
	t.Helper()
	select {
	case <-p.ended:
	case <-time.After(60 * time.Second):
		t.Fatal("the scanner does not end")
	}
	return p.command.ProcessState.ExitCode()
}

// terminate sends SIGTERM and returns the exit code.
func (p *process) terminate(t *testing.T) int {
	t.Helper()
	if err := p.command.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	return p.wait(t)
}

// records returns the lines of JSON on stdout, counted by their record.
func (p *process) records(t *testing.T) (counts map[string]int, last map[string]any) {
	t.Helper()
	counts = make(map[string]int)
	for line := range strings.Lines(p.stdout.String()) {
		last = nil
		if err := json.Unmarshal([]byte(line), &last); err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		counts[last["record"].(string)]++
	}
	return counts, last
}

func leastPrivilege(t *testing.T, binary string, account *rest.Config, client *kubernetes.Clientset, wildcards int) {
	p := start(t, binary, account, "--once", "--report-log=stdout", "--events-per-second=1000", "--event-burst=1000")
	if code := p.wait(t); code != 0 {
		t.Fatalf("exit code %d", code)
	}
	counts, last := p.records(t)
	if counts["finding"] < wildcards || counts["pass"] != 1 || last["resources"].(float64) < 1000 {
		t.Errorf("records %v, the last one %v", counts, last)
	}
	if n := len(violations(t, client, "many")); n != wildcards {
		t.Errorf("events on %d roles, want %d", n, wildcards)
	}
}

func onceLimited(t *testing.T, binary string, config *rest.Config) {
	p := start(t, binary, as(config, "nobody"), "--once")
	if code := p.wait(t); code != 1 {
		t.Errorf("exit code %d, want 1", code)
	}
	if len(p.logged("left out: ")) != 1 || len(p.logged("a kind could not be read whole")) == 0 {
		t.Error("it does not say what was left out")
	}
}

func ports(t *testing.T, binary string, account *rest.Config, wildcards int) {
	p := start(t, binary, account, "--interval=1s")
	eventually(t, "three passes are done", func() bool { return len(p.logged("scan done")) >= 3 })
	addresses := make(map[string]string)
	for _, line := range p.logged("starting server") {
		addresses[line["name"].(string)] = line["addr"].(string)
	}
	for _, path := range []string{"/healthz", "/readyz"} {
		get(t, "http://"+addresses["health-listen"]+path)
	}
	metrics := get(t, "http://"+addresses["metrics-listen"]+"/metrics")
	for _, line := range []string{
		fmt.Sprintf(`reeve_findings{kind="Role.rbac.authorization.k8s.io",rule="rbac-wildcard",severity="critical"} %d`, wildcards),
		`reeve_scan_passes_total{result="complete"}`, `go_goroutines`, `leader_election_master_status`, `reeve_rules `,
	} {
		if !strings.Contains(metrics, "\n"+line) {
			t.Errorf("metrics have no line %s", line)
		}
	}
	if t.Failed() {
		t.Log(metrics)
	}
	if code := p.terminate(t); code != 0 {
		t.Errorf("exit code %d after SIGTERM", code)
	}
}

func get(t *testing.T, url string) string {
	t.Helper()
	response, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }() // it has been read
	body, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode != http.StatusOK {
		t.Fatal(url, response.Status, string(body), err)
	}
	return string(body)
}

func endsInTheMiddle(t *testing.T, binary string, config *rest.Config) {
	// A page per role makes the pass long.
	p := start(t, binary, config, "--leader-elect=false", "--page-size=1", "--report-log=stdout", "--log-level=debug")
	eventually(t, "the pass has begun", func() bool { return len(p.logged("scan starts")) == 1 })
	time.Sleep(200 * time.Millisecond)
	if code := p.terminate(t); code != 0 {
		t.Errorf("exit code %d", code)
	}
	if len(p.logged("scan interrupted")) != 1 || len(p.logged("scan done")) != 0 {
		t.Error("the pass was not interrupted")
	}
	if counts, _ := p.records(t); counts["pass"] != 0 {
		t.Errorf("records %v of an interrupted pass", counts)
	}
}

func handOver(t *testing.T, binary string, account *rest.Config) {
	first := start(t, binary, account, "--interval=1s")
	eventually(t, "the first scans", func() bool { return len(first.logged("scan done")) > 0 })
	second := start(t, binary, account, "--interval=1s")
	eventually(t, "the first has scanned on while the second is up", func() bool {
		return len(second.logged("starting server")) == 2 && len(first.logged("scan done")) > 3
	})
	if n := len(second.logged("scan done")); n != 0 {
		t.Fatalf("the second made %d passes while the first led", n)
	}
	if code := first.terminate(t); code != 0 {
		t.Errorf("exit code %d of the first", code)
	}
	ended := time.Now()
	eventually(t, "the second scans", func() bool { return len(second.logged("scan done")) > 0 })
	// A lease that was not given back would hold for 15 s.
	t.Logf("the second had scanned %s after the first had ended", time.Since(ended).Round(time.Millisecond))
	if code := second.terminate(t); code != 0 {
		t.Errorf("exit code %d of the second", code)
	}
}

func rulesBetweenPasses(t *testing.T, binary string, config *rest.Config) {
	dir, address := t.TempDir(), freeAddress(t)
	onNamespaces := func(id string) string {
		return strings.NewReplacer("kinds: [Pod]", "kinds: [Namespace]", "\"Pod\"", "\"Namespace\"").Replace(ownRule(id, "found "+id))
	}
	write := func(id, text string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(dir, id+".rego"), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("first", onNamespaces("first"))
	p := start(t, binary, config, "--interval=1s", "--leader-elect=false", "--events=false", "--no-builtin", "--rules", dir, "--metrics-listen", address, "--health-listen=")
	finds := func(id string, want bool) {
		t.Helper()
		eventually(t, fmt.Sprintf("%s is in the metrics: %v", id, want), func() bool {
			if len(p.logged("scan done")) == 0 {
				return false
			}
			return strings.Contains(get(t, "http://"+address+"/metrics"), `reeve_findings{kind="Namespace",rule="`+id+`"`) == want
		})
	}
	finds("first", true)
	write("second", onNamespaces("second"))
	finds("second", true)
	if err := os.Remove(filepath.Join(dir, "first.rego")); err != nil {
		t.Fatal(err)
	}
	finds("first", false)
	write("third", strings.Replace(onNamespaces("third"), "violation contains", "violation contains {", 1))
	eventually(t, "the bad file is left out", func() bool {
		return strings.Contains(get(t, "http://"+address+"/metrics"), "\nreeve_rule_files_quarantined 1\n")
	})
	finds("second", true)
	// Findings of a kind that no rule judges any more end, too.
	write("second", ownRule("second", "found second"))
	eventually(t, "nothing is found on namespaces", func() bool {
		return !strings.Contains(get(t, "http://"+address+"/metrics"), `reeve_findings{kind="Namespace"`)
	})
	if code := p.terminate(t); code != 0 {
		t.Errorf("exit code %d", code)
	}
}

func brokenRule(t *testing.T, binary string, config *rest.Config) {
	dir := t.TempDir()
	if err := os.MkdirAll(filepath.Join(dir, "test", "broken"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "test", "broken", "broken.rego"), []byte("package reeve.test.broken\nviolation contains {"), 0o644); err != nil {
		t.Fatal(err)
	}
	if code := start(t, binary, config, "--once", "--events=false", "--rules", dir).wait(t); code != 0 {
		t.Errorf("exit code %d with a broken rule, want 0", code)
	}
	strict := start(t, binary, config, "--once", "--events=false", "--rules", dir, "--strict")
	if code := strict.wait(t); code != 1 || len(strict.logged("--strict")) != 1 || len(strict.logged("scanner starts")) != 0 {
		t.Errorf("exit code %d with a broken rule and --strict", code)
	}
}
