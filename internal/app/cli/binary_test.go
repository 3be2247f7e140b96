package cli

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/kubereeve/reeve/test/program"
)

func TestMain(m *testing.M) { os.Exit(program.Run(m.Run)) }

// build returns the program under both of its names.
func build(t *testing.T) (reeve, plugin string) {
	t.Helper()
	reeve, plugin = program.Path(t, "reeve"), filepath.Join(t.TempDir(), "kubectl-reeve")
	if err := os.Symlink(reeve, plugin); err != nil {
		t.Fatal(err)
	}
	return reeve, plugin
}

func TestBinary(t *testing.T) {
	reeve, plugin := build(t)
	rules := strings.Fields(ours)
	tests := []struct {
		name      string
		program   string
		arguments []string
		stdin     string
		closed    bool // standard input is closed
		want      int
		err       string
	}{
		{name: "no findings", program: reeve, arguments: append([]string{"audit", "-f", "-"}, rules...), stdin: namespace, want: 0},
		{name: "findings", program: reeve, arguments: append([]string{"audit", "-f", "-"}, rules...), stdin: privilegedPod, want: 2},
		{name: "findings of the plugin", program: plugin, arguments: append([]string{"audit", "-f", "-"}, rules...), stdin: privilegedPod, want: 2},
		{name: "findings with --exit-zero", program: reeve, arguments: append([]string{"audit", "-f", "-", "--exit-zero"}, rules...), stdin: privilegedPod, want: 0},
		{name: "a broken manifest", program: reeve, arguments: append([]string{"audit", "-f", "-"}, rules...), stdin: "a: b: c", want: 1, err: "<stdin>:1: invalid YAML"},
		{name: "nothing on standard input", program: reeve, arguments: append([]string{"audit", "-f", "-"}, rules...), want: 1, err: "<stdin>: there is no Kubernetes object in it"},
		{name: "standard input is closed", program: reeve, arguments: append([]string{"audit", "-f", "-"}, rules...), closed: true, want: 1, err: "<stdin>: "},
		{name: "an empty directory", program: reeve, arguments: append([]string{"audit", "-f", t.TempDir()}, rules...), want: 1, err: "no Kubernetes object in this directory"},
		{name: "a file in the place of a directory", program: reeve, arguments: append([]string{"audit", "-f", "testdata/rules/role.rego/x"}, rules...), want: 1, err: "not a directory"},
		{name: "wrong usage", program: reeve, arguments: []string{"audit", "--nothing"}, want: 64, err: "See 'reeve audit --help'."},
		{name: "wrong usage of the plugin", program: plugin, arguments: []string{"audit", "--nothing"}, want: 64, err: "See 'kubectl reeve audit --help'."},
		{name: "no cluster to talk to", program: reeve, arguments: append([]string{"audit"}, rules...), want: 1, err: "no cluster to talk to"},
		{name: "a cluster that does not answer", program: reeve, arguments: append([]string{"audit", "--kubeconfig", "testdata/kubeconfig"}, rules...), want: 1, err: "connection refused"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			command := exec.Command(test.program, test.arguments...)
			if test.closed {
				command = exec.Command("sh", append([]string{"-c", `exec "$@" <&-`, "sh", test.program}, test.arguments...)...)
			}
			command.Env = append(os.Environ(), "KUBECONFIG=", "HOME="+t.TempDir(), "KUBERNETES_SERVICE_HOST=")
			command.Stdin = strings.NewReader(test.stdin)
			var stderr bytes.Buffer
			command.Stderr = &stderr
			err := command.Run()
			if _, exited := errors.AsType[*exec.ExitError](err); err != nil && !exited {
				t.Fatal(err)
			}
			if got := command.ProcessState.ExitCode(); got != test.want {
				t.Errorf("exit code %d, want %d; standard error: %s", got, test.want, stderr.String())
			}
			if !strings.Contains(stderr.String(), test.err) {
				t.Errorf("standard error does not say %q: %s", test.err, stderr.String())
			}
		})
	}
}
