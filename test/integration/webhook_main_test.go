package integration_test

import (
	"os"
	"testing"

	"github.com/kubereeve/reeve/test/envtest"
	"github.com/kubereeve/reeve/test/program"
)

// TestMain stops the API server that tests share, and removes the programs they
// have built, when all have ended.
func TestMain(m *testing.M) {
	os.Exit(program.Run(func() int { return envtest.Run(m) }))
}
