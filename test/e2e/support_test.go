//go:build e2e

package e2e_test

import (
	"encoding/base64"
	"errors"
	"os/exec"
)

func base64Text(raw []byte) string { return base64.StdEncoding.EncodeToString(raw) }

// exitCode returns the exit code of a command, -1 when it did not run.
func exitCode(err error) int {
	if err == nil {
		return 0
	}
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		return exit.ExitCode()
	}
	return -1
}
