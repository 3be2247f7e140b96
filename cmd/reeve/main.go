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

	"k8s.io/klog/v2"

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
	// Libraries log to standard error on their own; what matters comes back as
	// errors. It is set for the whole process, so no package below may do it.
	klog.SetLogger(klog.Logger{})
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second signal ends it at once
	return cli.Run(ctx, cli.Streams{In: os.Stdin, Out: os.Stdout, Err: os.Stderr}, os.Args[0], os.Args[1:])
}
