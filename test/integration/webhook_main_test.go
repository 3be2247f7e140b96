package integration_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"

	"github.com/kubereeve/reeve/test/envtest"
)

// binaries is where tests put the programs they build.
var binaries string

// TestMain stops the API server that tests share, and removes the programs they
// have built, when all have ended.
func TestMain(m *testing.M) {
	var err error
	if binaries, err = os.MkdirTemp("", "reeve-integration-"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	code := envtest.Run(m)
	if err := os.RemoveAll(binaries); err != nil {
		fmt.Fprintln(os.Stderr, err)
	}
	os.Exit(code)
}

// built are the programs that tests have built, by name; each is built once.
var built sync.Map // name → func() (string, error)

// program returns the path of a program, webhook, scanner or reeve, and builds it
// if no test has before.
func program(t *testing.T, name string) string {
	t.Helper()
	build, _ := built.LoadOrStore(name, sync.OnceValues(func() (string, error) {
		path := filepath.Join(binaries, name)
		if output, err := exec.Command("go", "build", "-o", path, "github.com/kubereeve/reeve/cmd/"+name).CombinedOutput(); err != nil {
			return "", fmt.Errorf("%w: %s", err, output)
		}
		return path, nil
	}))
	path, err := build.(func() (string, error))()
	if err != nil {
		t.Fatal(err)
	}
	return path
}
