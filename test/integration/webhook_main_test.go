package integration_test

import (
	"fmt"
	"os"
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
