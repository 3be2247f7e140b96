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
		if err == nil && strings.Count(string(output), "\nreeve-webhook-") == 2 && strings.Count(string(output), "\nreeve-scanner-") == 1 {
			t.Logf("\n%s", output)
			return ""
		}
		return fmt.Sprintf("exit code %d: %s", exitCode(err), output)
	})
}

// TestTheConfigurationIsFollowed changes the ConfigMap, as people do, and waits
// for the kubelet and the webhooks to follow.
func TestTheConfigurationIsFollowed(t *testing.T) {
	privileged := func(want string) func() string {
		return func() string {
			// Each replica follows when it is its turn; a few requests reach both.
			for range 5 {
				output, err := kubectl("apply", "--dry-run=server", "-f", "testdata/privileged.yaml")
				if got := map[bool]string{true: "denied", false: "warned"}[err != nil]; got != want || !strings.Contains(output, "(privileged-container)") {
					return fmt.Sprintf("%s: %s", got, output)
				}
			}
			return ""
		}
	}
	set := func(mode string) {
		mustKubectl(t, "patch", "configmap", "-n", "reeve-system", "reeve-config", "--type=merge", "--patch",
			`{"data":{"reeve.yaml":"apiVersion: config.kubereeve.io/v1alpha1\nkind: ReeveConfiguration\nmodes:\n- {rules: [privileged-container], mode: `+mode+`}\n"}}`)
	}
	set("warn")
	eventually(t, "a privileged Deployment is warned of", privileged("warned"))
	set("deny")
	eventually(t, "a privileged Deployment is denied again", privileged("denied"))
}
