// Package cli is the command line: it wires the rules to manifests and to a
// live cluster, and writes what is found for people and for programs.
package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/kubereeve/reeve/internal/version"
)

// The exit codes. An error wins over findings: where something could not be
// judged, nobody knows how many findings there are.
const (
	exitOK       = 0
	exitError    = 1
	exitFindings = 2
	exitUsage    = 64
)

// Streams are where a program reads and writes.
type Streams struct {
	In       io.Reader
	Out, Err io.Writer
}

// Run runs the program with the arguments that follow its name and returns its
// exit code: 0, 1 for an error, 2 for findings, 64 for wrong usage. The name,
// which may be a path, decides how the program calls itself in its help.
func Run(ctx context.Context, streams Streams, name string, arguments []string) int {
	root := newRoot(streams, displayName(name))
	root.SetArgs(arguments)
	command, err := root.ExecuteContextC(ctx)
	return exitCode(streams.Err, command, err)
}

// exitCode reports an error and returns the code it ends the program with.
func exitCode(w io.Writer, command *cobra.Command, err error) int {
	failure, fromRun := errors.AsType[*failure](err)
	switch {
	case err == nil:
		return exitOK
	case fromRun && failure.code == exitUsage, !fromRun:
		say(w, "error: %s\n", strings.TrimSpace(err.Error()))
		say(w, "See '%s --help'.\n", command.CommandPath())
		return exitUsage
	case errors.Is(err, context.Canceled):
		say(w, "error: interrupted\n")
	case failure.err != nil:
		say(w, "error: %s\n", err)
	}
	return failure.code
}

// say writes to standard error. When that fails there is nowhere to complain.
func say(w io.Writer, format string, arguments ...any) {
	_, _ = fmt.Fprintf(w, format, arguments...)
}

// failure ends a command with an exit code. Other errors come from cobra, which
// did not get as far as running the command: they are wrong usage.
type failure struct {
	code int
	err  error // nil when everything has been said
}

// Error returns the text of the error.
func (f *failure) Error() string {
	if f.err == nil {
		return ""
	}
	return f.err.Error()
}

// Unwrap returns the error itself.
func (f *failure) Unwrap() error { return f.err }

func usageError(format string, arguments ...any) error {
	return &failure{exitUsage, fmt.Errorf(format, arguments...)}
}

// run makes every error of a command a failure.
func run(do func(*cobra.Command, []string) error) func(*cobra.Command, []string) error {
	return func(command *cobra.Command, arguments []string) error {
		err := do(command, arguments)
		if _, ok := errors.AsType[*failure](err); err == nil || ok {
			return err
		}
		return &failure{exitError, err}
	}
}

// displayName returns how people call the program: plugins of kubectl are
// called through it.
func displayName(name string) string {
	base := strings.TrimSuffix(filepath.Base(name), ".exe")
	if plugin, ok := strings.CutPrefix(base, "kubectl-"); ok {
		return "kubectl " + strings.ReplaceAll(plugin, "_", "-")
	}
	return "reeve"
}

func newRoot(streams Streams, name string) *cobra.Command {
	root := &cobra.Command{
		Use:   "reeve",
		Short: "Judge Kubernetes objects by rules",
		Long: `Reeve judges Kubernetes objects by rules, before they are applied and after.

The same rules judge at admission (the webhook), in the background (the scanner)
and here.`,
		Annotations:   map[string]string{cobra.CommandDisplayNameAnnotation: name},
		Args:          cobra.ArbitraryArgs,
		RunE:          group,
		SilenceErrors: true,
		SilenceUsage:  true,
	}
	root.SetIn(streams.In)
	root.SetOut(streams.Out)
	root.SetErr(streams.Err)
	root.AddCommand(newAudit(streams, name), newRules(streams), newRollout(streams, name), newTest(streams, name), newConfig(streams, name), newStatus(streams, name), newVersion(streams))
	return root
}

// group runs a command that is only there for those below it: it helps, or says
// that it does not know what it was given.
func group(command *cobra.Command, arguments []string) error {
	if len(arguments) == 0 {
		return command.Help()
	}
	command.SuggestionsMinimumDistance = 2
	hint := ""
	if names := command.SuggestionsFor(arguments[0]); len(names) > 0 {
		hint = "; did you mean " + strings.Join(names, " or ") + "?"
	}
	return usageError("%s has no command %q%s", command.CommandPath(), arguments[0], hint)
}

func newVersion(streams Streams) *cobra.Command {
	return &cobra.Command{
		Use:               "version",
		Short:             "Print the version",
		Args:              cobra.NoArgs,
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: run(func(*cobra.Command, []string) error {
			_, err := fmt.Fprintln(streams.Out, version.String())
			return err
		}),
	}
}
