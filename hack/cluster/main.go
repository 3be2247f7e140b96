// Command cluster builds Kubernetes from source and runs it on this machine,
// for Reeve's own tests: an API server alone (tier 1) or a real node with a
// kubelet (tier 2). It needs no container engine and no image registry.
//
//	go -C hack/cluster tool cluster <command>
//
// README.md describes the tiers, the commands and the exit codes.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"
)

// Exit codes. Callers use exitPrerequisites to skip loudly instead of failing.
const (
	exitFailed        = 1
	exitUsage         = 2
	exitPrerequisites = 3
	exitNotUp         = 4
)

// exitError carries the code that the process should end with.
type exitError struct {
	code int
	err  error
}

func (e *exitError) Error() string { return e.err.Error() }
func (e *exitError) Unwrap() error { return e.err }

// usageErrorf reports a command line that makes no sense.
func usageErrorf(format string, args ...any) error {
	return &exitError{code: exitUsage, err: fmt.Errorf(format, args...)}
}

// command is one word after `cluster`.
type command struct {
	name, summary string
	run           func(ctx context.Context, args []string) error
}

func commands() []command {
	return []command{
		{"build", "build the Kubernetes binaries that are missing from the cache", runBuild},
		{"bin-dir", "print the directory of the binaries (KUBEBUILDER_ASSETS), building first", runBinDir},
		{"up", "start a cluster (--tier 1: API server; --tier 2: real node)", runUp},
		{"down", "stop the cluster and remove every trace of it", runDown},
		{"status", "show what of the cluster is running", runStatus},
		{"certificate", "make a serving certificate for a webhook", runCertificate},
		{"image", "wrap static binaries into an image tarball", runImage},
		{"load", "import image tarballs into the running tier 2 node", runLoad},
	}
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	err := dispatch(ctx, os.Args[1:])
	if err == nil || errors.Is(err, flag.ErrHelp) {
		return
	}
	if errors.Is(err, context.Canceled) {
		err = fmt.Errorf("interrupted (%w)", err)
	}
	fmt.Fprintln(os.Stderr, "cluster:", err)
	code := exitFailed
	if e, ok := errors.AsType[*exitError](err); ok {
		code = e.code
	}
	os.Exit(code)
}

func dispatch(ctx context.Context, args []string) error {
	if len(args) == 0 {
		usage()
		return usageErrorf("a command is missing")
	}
	for _, c := range commands() {
		if c.name == args[0] {
			return c.run(ctx, args[1:])
		}
	}
	usage()
	switch args[0] {
	case "help", "-h", "--help":
		return nil
	}
	return usageErrorf("unknown command %q", args[0])
}

func usage() {
	fmt.Fprintln(os.Stderr, "Usage: go -C hack/cluster tool cluster <command> [flags]")
	for _, c := range commands() {
		fmt.Fprintf(os.Stderr, "  %-11s  %s\n", c.name, c.summary)
	}
	fmt.Fprintln(os.Stderr, "\nEach command explains its flags with -h.")
}

// parseFlags parses args and refuses positional arguments beyond maxArgs, so
// that a forgotten dash does not go unnoticed.
func parseFlags(fs *flag.FlagSet, args []string, maxArgs int) error {
	if err := fs.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return err
		}
		return &exitError{code: exitUsage, err: err}
	}
	if fs.NArg() > maxArgs {
		return usageErrorf("%s: unexpected argument %q", fs.Name(), fs.Arg(maxArgs))
	}
	return nil
}
