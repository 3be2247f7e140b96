// Package program builds Reeve's programs for tests, each once for a package of
// tests.
package program

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
)

// built are the programs of this test binary.
var built struct {
	dir   string   // set while Run runs
	paths sync.Map // by name: func() (string, error)
}

// Run runs tests and then removes the programs that they have built. TestMain must
// call it: os.Exit(program.Run(m.Run)).
func Run(tests func() int) int {
	dir, err := os.MkdirTemp("", "reeve-programs-")
	if err != nil {
		fmt.Fprintln(os.Stderr, "a directory for the programs that tests build:", err)
		return 1
	}
	built.dir = dir
	code := tests()
	if err := os.RemoveAll(dir); err != nil {
		fmt.Fprintln(os.Stderr, "remove the programs that tests have built:", err)
	}
	return code
}

// Path returns the path of a program, webhook, scanner or reeve, and builds it if no
// test has before.
func Path(tb testing.TB, name string) string {
	tb.Helper()
	if built.dir == "" {
		tb.Fatal("TestMain must call program.Run, or nothing would remove the programs")
	}
	build, _ := built.paths.LoadOrStore(name, sync.OnceValues(func() (string, error) {
		path := filepath.Join(built.dir, name)
		if output, err := exec.CommandContext(context.Background(), "go", "build", "-o", path, "github.com/kubereeve/reeve/cmd/"+name).CombinedOutput(); err != nil {
			return "", fmt.Errorf("build %s: %w: %s", name, err, output)
		}
		return path, nil
	}))
	path, err := build.(func() (string, error))()
	if err != nil {
		tb.Fatal(err)
	}
	return path
}
