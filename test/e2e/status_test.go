//go:build e2e

package e2e_test

import (
	"context"
	"os/exec"
	"strings"
	"testing"
)

// TestStatus asks the pods by port-forward, with a token of the account that the
// manifests make.
func TestStatus(t *testing.T) {
	eventually(t, "reeve status says that all is well", func() bool {
		output, err := exec.CommandContext(context.Background(), "../../bin/reeve", "status").CombinedOutput()
		t.Logf("exit code %d:\n%s", exitCode(err), output)
		return err == nil && strings.Count(string(output), "reeve-webhook-") >= 2 && strings.Contains(string(output), "reeve-scanner-")
	})
}
