package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/spf13/cobra"

	"github.com/kubereeve/reeve/internal/app"
	"github.com/kubereeve/reeve/internal/app/cli/terminal"
	"github.com/kubereeve/reeve/internal/config"
	"github.com/kubereeve/reeve/internal/engine"
)

func newConfig(streams Streams, program string) *cobra.Command {
	command := &cobra.Command{
		Use:   "config",
		Short: "Check configuration files, and show what they may say",
		Args:  cobra.ArbitraryArgs,
		RunE:  group,
	}
	command.AddCommand(
		newConfigValidate(streams, program),
		printing(streams, "defaults", "Print the defaults, each with what it means", config.Defaults),
		printing(streams, "schema", "Print the JSON schema of the configuration file, for editors", func() ([]byte, error) { return config.Schema(), nil }),
	)
	return command
}

// printing returns a command that prints a text.
func printing(streams Streams, use, short string, text func() ([]byte, error)) *cobra.Command {
	return &cobra.Command{
		Use:               use,
		Short:             short,
		Args:              cobra.NoArgs,
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: run(func(*cobra.Command, []string) error {
			content, err := text()
			if err != nil {
				return err
			}
			_, err = streams.Out.Write(content)
			return err
		}),
	}
}

func newConfigValidate(streams Streams, program string) *cobra.Command {
	validation := &configValidation{streams: streams}
	command := &cobra.Command{
		Use:   "validate FILE...",
		Short: "List everything that is wrong with configuration files",
		Long: `List everything that is wrong with configuration files, as file:line: field: message.

The files are held against the built-in rules and those of --rules as well: a name
that no rule has is most likely a typing error. Where a file itself names sources of
rules, which are not read here, such a name is a warning.

Exit codes: 0 all files are valid, 1 errors, 64 wrong usage.`,
		Example: fmt.Sprintf("  %[1]s config validate reeve.yaml\n  %[1]s config validate --rules policies reeve.yaml\n  kubectl get configmap -n reeve-system reeve -o jsonpath='{.data.config\\.yaml}' | %[1]s config validate -", program),
		Args: func(command *cobra.Command, arguments []string) error {
			if len(arguments) == 0 {
				return fmt.Errorf("name at least one file, or - for standard input, as in %s reeve.yaml", command.CommandPath())
			}
			return nil
		},
	}
	command.Flags().StringArrayVar(&validation.rules.Dirs, "rules", nil, "directory of rules of your own, beside the built-in ones (repeatable)")
	command.Flags().BoolVar(&validation.rules.NoBuiltin, "no-builtin", false, "leave the built-in rules out")
	command.RunE = run(func(command *cobra.Command, arguments []string) error {
		return validation.run(command.Context(), arguments)
	})
	return command
}

// configValidation is one run of reeve config validate.
type configValidation struct {
	streams Streams
	rules   app.RuleOptions
}

// run checks the files and goes on after one that is wrong.
func (c *configValidation) run(ctx context.Context, files []string) error {
	c.rules.Mode = "audit" // so that no rule is left out
	rules, err := loadRules(ctx, &c.rules, c.streams.Err)
	if err != nil {
		return err
	}
	// Compiling them finds what reading them does not.
	if _, err := rules.Reviewer(engine.Options{}); err != nil {
		return err
	}
	warn(c.streams.Err, rules)
	wrong := 0
	for _, file := range files {
		problems, err := c.file(file, rules)
		if err != nil {
			return err
		}
		for _, problem := range problems {
			if _, err := fmt.Fprintln(c.streams.Out, terminal.Clean(problem.Error())); err != nil {
				return err
			}
		}
		wrong += len(problems)
	}
	if wrong > 0 {
		say(c.streams.Err, "%s\n", terminal.Count(wrong, "error"))
		return &failure{code: exitError}
	}
	return nil
}

// file returns what is wrong with one file, and says what is right.
func (c *configValidation) file(name string, rules *app.Rules) (config.Problems, error) {
	var document *config.Document
	var err error
	if name == "-" {
		document, err = config.Read("<stdin>", c.stdin())
	} else {
		document, err = config.Load(name)
	}
	problems, ok := errors.AsType[config.Problems](err)
	switch {
	case err != nil && !ok:
		return nil, err
	case document == nil:
		return problems, nil
	}
	configuration := app.NewConfiguration(document)
	wrong, missing := configuration.Check(rules.Set)
	if len(missing) > 0 && (len(rules.Problems) > 0 || configuration.HasSources()) {
		for _, problem := range missing {
			say(c.streams.Err, "warning: %s\n", terminal.Clean(problem.Error()))
		}
		say(c.streams.Err, "warning: not all rules are known here; name those of the file with --rules\n")
		missing = nil
	}
	problems = config.Sorted(append(problems, besides(problems, append(wrong, missing...))...))
	if len(problems) > 0 {
		return problems, nil
	}
	_, err = fmt.Fprintf(c.streams.Out, "%s is valid, revision %s\n", document.Name, document.Revision())
	return nil, err
}

// besides returns the problems of fields that have none yet.
func besides(known, more config.Problems) config.Problems {
	return slices.DeleteFunc(more, func(problem *config.Problem) bool {
		return slices.ContainsFunc(known, func(k *config.Problem) bool { return k.Path == problem.Path })
	})
}

func (c *configValidation) stdin() io.Reader {
	if c.streams.In == nil {
		return errorReader{}
	}
	return c.streams.In
}

// errorReader is standard input that is closed.
type errorReader struct{}

// Read fails.
func (errorReader) Read([]byte) (int, error) { return 0, errors.New("standard input is closed") }
