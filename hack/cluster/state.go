package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// state is what `down` needs to know to undo an `up`, whole or half. It is
// written before each step that changes the machine, never after.
type state struct {
	dir string

	ID        string         `json:"id"`
	Name      string         `json:"name"`
	Tier      int            `json:"tier"`
	BinDir    string         `json:"binDir"`
	FastCrash bool           `json:"fastCrash"`
	Complete  bool           `json:"complete"` // up reached its end
	Ports     map[string]int `json:"ports"`

	// What is owned beyond processes and files under dir.
	OwnsBridge   bool              `json:"ownsBridge"`
	OwnsCgroup   bool              `json:"ownsCgroup"`
	OwnsIPTables bool              `json:"ownsIPTables"`
	Sysctls      map[string]string `json:"sysctls,omitempty"`  // values found at up
	HostDirs     []string          `json:"hostDirs,omitempty"` // missing at up; removed when empty
}

// bridgeSuffix ends the name of every tier 2 cluster's bridge.
const bridgeSuffix = "br0"

func (s *state) nodeName() string   { return s.Name + "-node" }
func (s *state) bridge() string     { return s.Name + bridgeSuffix }
func (s *state) cgroup() string     { return "/" + s.Name }
func (s *state) pki() pki           { return pki{dir: s.path("pki")} }
func (s *state) kubeconfig() string { return s.path("admin.kubeconfig") }
func (s *state) criSocket() string  { return s.path("run", "containerd.sock") }

func (s *state) path(elem ...string) string {
	return filepath.Join(append([]string{s.dir}, elem...)...)
}

func (s *state) logFile(name string) string { return s.path("log", name+".log") }
func (s *state) pidFile(name string) string { return s.path("pids", name) }

// apiHost is the address that clients use. A real node's pods must reach the
// API server too, so it listens on the bridge there and nowhere else.
func (s *state) apiHost() string {
	if s.Tier == 2 {
		return nodeIP
	}
	return "127.0.0.1"
}

func (s *state) apiURL() string {
	return fmt.Sprintf("https://%s:%d", s.apiHost(), s.Ports["apiserver"])
}

func (s *state) save() error {
	data, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		return err
	}
	return writeFileAtomic(s.path("state.json"), append(data, '\n'))
}

// loadState returns nil without an error when dir holds no cluster.
func loadState(dir string) (*state, error) {
	data, err := os.ReadFile(filepath.Join(dir, "state.json"))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	s := &state{dir: dir}
	if err := json.Unmarshal(data, s); err != nil {
		return nil, fmt.Errorf("%s: %w", filepath.Join(dir, "state.json"), err)
	}
	return s, nil
}

// processes returns the recorded processes by name.
func (s *state) processes() (map[string]procID, error) {
	entries, err := os.ReadDir(s.path("pids"))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	procs := map[string]procID{}
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), ".") { // a record whose writing was cut short
			continue
		}
		data, err := os.ReadFile(s.pidFile(e.Name()))
		if err != nil {
			return nil, err
		}
		id, err := parseProcID(string(data))
		if err != nil {
			return nil, fmt.Errorf("%s: %w", s.pidFile(e.Name()), err)
		}
		procs[e.Name()] = id
	}
	return procs, nil
}

// processNames is the start order of a tier.
func processNames(tier int) []string {
	names := []string{"etcd", "kube-apiserver"}
	if tier == 2 {
		names = append(names, "kube-controller-manager", "kube-scheduler", "containerd", "kubelet", "kube-proxy")
	}
	return names
}

// dead lists the processes of the tier that do not run.
func (s *state) dead() ([]string, error) {
	procs, err := s.processes()
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(processNames(s.Tier), func(n string) bool { return procs[n].alive() }), nil
}

// kept names what survives `down` in the state directory: the logs, for
// looking at afterwards, and what makes the directory itself.
func kept(name string) bool {
	return name == "log" || name == ".gitignore" || name == "lock"
}

// clear removes everything except what is kept. state.json goes last, so that
// an interrupted clear can be repeated.
func (s *state) clear() error {
	entries, err := os.ReadDir(s.dir)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if kept(e.Name()) || e.Name() == "state.json" {
			continue
		}
		if err := os.RemoveAll(s.path(e.Name())); err != nil {
			return err
		}
	}
	return os.RemoveAll(s.path("state.json"))
}

// prepareDir makes the state directory and hides it from git.
func prepareDir(dir string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, ".gitignore"), []byte("*\n"), 0o644)
}

func writeFileAtomic(path string, data []byte) error {
	tmp := filepath.Join(filepath.Dir(path), "."+filepath.Base(path)+".tmp")
	if err := os.WriteFile(tmp, data, 0o600); err != nil {
		return err
	}
	return os.Rename(tmp, path)
}
