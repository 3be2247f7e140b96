// Command reeve judges Kubernetes manifests and clusters by rules. Under the
// name kubectl-reeve the same file is a plugin of kubectl.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"

	"github.com/kubereeve/reeve/internal/app/cli"
)

func main() { os.Exit(run()) }

func run() (code int) {
	// Go ends a panic with 2, which would be taken for findings.
	defer func() {
		if cause := recover(); cause != nil {
			fmt.Fprintf(os.Stderr, "panic: %v\n\n%s", cause, debug.Stack())
			code = 1
		}
	}()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second signal ends it at once
	return cli.Run(ctx, cli.Streams{In: os.Stdin, Out: os.Stdout, Err: os.Stderr}, os.Args[0], os.Args[1:])
}
