//go:build e2e

package e2e_test

import (
	"context"
	"fmt"
	"os/exec"
	"strings"
	"testing"
)

// TestStatus asks the pods by port-forward, with a token of the account that the
// manifests make.
func TestStatus(t *testing.T) {
	eventually(t, "reeve status says that all is well", func() string {
		output, err := exec.CommandContext(context.Background(), "../../bin/reeve", "status").CombinedOutput()
		if err == nil && strings.Count(string(output), "\nreeve-webhook-")+strings.Count(string(output), "\nreeve-scanner-") >= 2 {
			return ""
		}
		return fmt.Sprintf("exit code %d: %s", exitCode(err), output)
	})
}
