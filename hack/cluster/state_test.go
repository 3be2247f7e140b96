package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func newTestState(t *testing.T, tier int) *state {
	t.Helper()
	dir := t.TempDir()
	if err := prepareDir(dir); err != nil {
		t.Fatal(err)
	}
	ports, err := choosePorts(0)
	if err != nil {
		t.Fatal(err)
	}
	return &state{dir: dir, ID: "id", Name: "reeve", Tier: tier, Ports: ports}
}

func TestAStateSurvivesWritingAndReading(t *testing.T) {
	s := newTestState(t, 2)
	s.OwnsBridge, s.Sysctls = true, map[string]string{"kernel/panic": "1"}
	if err := s.save(); err != nil {
		t.Fatal(err)
	}
	got, err := loadState(s.dir)
	if err != nil {
		t.Fatal(err)
	}
	if !got.OwnsBridge || got.Sysctls["kernel/panic"] != "1" || got.apiURL() != s.apiURL() || got.dir != s.dir {
		t.Errorf("got %+v", got)
	}
}

func TestADirectoryWithoutAClusterIsNoError(t *testing.T) {
	if s, err := loadState(t.TempDir()); s != nil || err != nil {
		t.Errorf("got %+v, %v", s, err)
	}
}

func TestClearingKeepsTheLogs(t *testing.T) {
	s := newTestState(t, 1)
	if err := s.save(); err != nil {
		t.Fatal(err)
	}
	for _, dir := range []string{"log", "etcd", "pki"} {
		if err := os.MkdirAll(s.path(dir), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.clear(); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]bool{"log": true, ".gitignore": true, "etcd": false, "pki": false, "state.json": false} {
		if _, err := os.Stat(s.path(name)); (err == nil) != want {
			t.Errorf("%s: exists %v, want %v", name, err == nil, want)
		}
	}
}

func TestADirectoryOfTheUsersIsRefused(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "thesis.tex"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if err := checkUnused(dir); err == nil || !strings.Contains(err.Error(), "thesis.tex") {
		t.Errorf("got %v", err)
	}
	for name, dir := range map[string]string{
		"missing":        filepath.Join(dir, "missing"),
		"empty":          t.TempDir(),
		"only with logs": func() string { s := newTestState(t, 1); _ = os.Mkdir(s.path("log"), 0o755); return s.dir }(),
		"with a cluster": func() string { s := newTestState(t, 1); _ = s.save(); _ = os.Mkdir(s.path("pki"), 0o755); return s.dir }(),
	} {
		if err := checkUnused(dir); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestAStateDirectoryBehindALinkIsKnownByItsRealPath(t *testing.T) {
	base, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(base, "real"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("real", filepath.Join(base, "link")); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{
		"link":             "real",
		"link/not/yet":     "real/not/yet",
		"missing":          "missing",
		"real/../link/new": "real/new",
	} {
		if got := realPath(filepath.Join(base, path)); got != filepath.Join(base, want) {
			t.Errorf("%s: got %s", path, got)
		}
	}
}

func TestAskingTwiceForTheSameClusterIsFine(t *testing.T) {
	same := upOptions{tier: 1, name: "reeve"}
	for name, tc := range map[string]struct {
		change func(*state, *upOptions)
		want   string // part of the error, or empty
	}{
		"another tier":  {func(_ *state, o *upOptions) { o.tier = 2 }, "different cluster"},
		"another name":  {func(_ *state, o *upOptions) { o.name = "other" }, "different cluster"},
		"another port":  {func(_ *state, o *upOptions) { o.port = 1 }, "different cluster"},
		"an unfinished": {func(s *state, _ *upOptions) { s.Complete = false }, "did not finish"},
		"the same":      {func(*state, *upOptions) {}, ""},
	} {
		s, o := newTestState(t, 1), same
		s.Complete = true
		recordSelf(t, s)
		tc.change(s, &o)
		err := alreadyUp(s, o)
		if tc.want == "" && err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if tc.want != "" && (err == nil || !strings.Contains(err.Error(), tc.want)) {
			t.Errorf("%s: got %v, want %q", name, err, tc.want)
		}
	}
}

func TestADeadProcessShows(t *testing.T) {
	s := newTestState(t, 1)
	s.Complete = true
	recordSelf(t, s)
	if err := os.Remove(s.pidFile("etcd")); err != nil {
		t.Fatal(err)
	}
	err := alreadyUp(s, upOptions{tier: 1, name: "reeve"})
	if err == nil || !strings.Contains(err.Error(), "etcd died") {
		t.Errorf("got %v", err)
	}
}

// recordSelf lets the test's own process stand in for every daemon.
func recordSelf(t *testing.T, s *state) {
	t.Helper()
	id, err := identify(os.Getpid())
	if err != nil {
		t.Skip("reads /proc:", err)
	}
	if err := os.MkdirAll(s.path("pids"), 0o755); err != nil {
		t.Fatal(err)
	}
	for _, name := range processNames(s.Tier) {
		if err := os.WriteFile(s.pidFile(name), []byte(id.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

func TestNamesThatDoNotFitAnInterfaceAreRefused(t *testing.T) {
	for name, ok := range map[string]bool{
		"reeve": true, "a1": true, "twelve-chars": true,
		"": false, "a": false, "thirteen-char": false, "Upper": false, "a_b": false, "-a": false, "a-": false, "../x": false,
	} {
		if err := (upOptions{tier: 1, name: name}).validate(); (err == nil) != ok {
			t.Errorf("%q: %v", name, err)
		}
	}
}

func TestPortsAreDistinctAndAnAskedOneIsKept(t *testing.T) {
	ports, err := choosePorts(0)
	if err != nil {
		t.Fatal(err)
	}
	seen := map[int]string{}
	for name, port := range ports {
		if other, taken := seen[port]; taken {
			t.Errorf("%s and %s share port %d", name, other, port)
		}
		seen[port] = name
	}
	again, err := choosePorts(ports["apiserver"])
	if err != nil || again["apiserver"] != ports["apiserver"] {
		t.Errorf("asked for %d, got %d, %v", ports["apiserver"], again["apiserver"], err)
	}
}

func TestAKubeconfigIsCompleteInItself(t *testing.T) {
	s := newTestState(t, 1)
	if err := s.pki().create(s.nodeName(), nodeIP); err != nil {
		t.Fatal(err)
	}
	data, err := kubeconfig(s, "admin")
	if err != nil {
		t.Fatal(err)
	}
	var config struct {
		Clusters []struct{ Cluster map[string]string }
		Users    []struct{ User map[string]string }
	}
	if err := json.Unmarshal(data, &config); err != nil {
		t.Fatal(err)
	}
	if config.Clusters[0].Cluster["server"] != s.apiURL() {
		t.Errorf("server %q", config.Clusters[0].Cluster["server"])
	}
	for _, value := range []string{
		config.Clusters[0].Cluster["certificate-authority-data"],
		config.Users[0].User["client-certificate-data"],
		config.Users[0].User["client-key-data"],
	} {
		if len(value) < 100 {
			t.Errorf("certificate data is missing: %q", value)
		}
	}
}

func TestEveryTemplateRenders(t *testing.T) {
	for _, fast := range []bool{false, true} {
		s := newTestState(t, 2)
		s.FastCrash = fast
		if err := writeNodeConfig(s); err != nil {
			t.Fatal(err)
		}
		kubelet, err := os.ReadFile(s.path("kubelet.yaml"))
		if err != nil {
			t.Fatal(err)
		}
		if got := strings.Contains(string(kubelet), "maxContainerRestartPeriod"); got != fast {
			t.Errorf("fast crash %v: restart period set %v", fast, got)
		}
		for _, file := range []string{"containerd.toml", "kubelet.yaml", "proxy.yaml"} {
			data, err := os.ReadFile(s.path(file))
			if err != nil {
				t.Fatal(err)
			}
			if strings.Contains(string(data), "<no value>") {
				t.Errorf("%s has a hole:\n%s", file, data)
			}
		}
		data, err := os.ReadFile(s.path("cni", "10-reeve.conflist"))
		if err != nil {
			t.Fatal(err)
		}
		if !json.Valid(data) {
			t.Errorf("the CNI configuration is no JSON:\n%s", data)
		}
	}
}
