package cli

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/kubereeve/reeve/internal/finding"
	"github.com/kubereeve/reeve/internal/rule/dialect"
	"github.com/kubereeve/reeve/internal/rule/source"
	"github.com/kubereeve/reeve/policies"
)

// scaffoldOptions are the flags of reeve rules new.
type scaffoldOptions struct {
	dir      string
	kinds    []string
	severity string
}

func newRulesNew(streams Streams) *cobra.Command {
	options := &scaffoldOptions{}
	command := &cobra.Command{
		Use:   "new CATEGORY/ID",
		Short: "Write a new rule with its test and fixtures, to start from",
		Long: `Write a new rule with its test and fixtures, to start from.

The rule is a small one that works: change it step by step, and run reeve test in
between. CATEGORY and ID are words of small letters, digits and hyphens. Nothing
that exists is overwritten.`,
		Example: `  reeve rules new acme/team-label-missing --kind Namespace
  reeve rules new acme/image-not-ours --severity high --dir policies`,
		Args: func(command *cobra.Command, arguments []string) error {
			if len(arguments) != 1 {
				return fmt.Errorf("name one rule, as in %s acme/team-label-missing", command.CommandPath())
			}
			return nil
		},
		ValidArgsFunction: cobra.NoFileCompletions,
	}
	flags := command.Flags()
	flags.SortFlags = false
	flags.StringVar(&options.dir, "dir", "rules", "directory of your rules; it is made when it does not exist")
	flags.StringSliceVar(&options.kinds, "kind", []string{"workload"}, "kind that the rule judges, as Kind or Kind.group, or workload for every kind with a pod template (repeatable)")
	flags.StringVar(&options.severity, "severity", finding.Medium.String(), "severity: critical, high, medium, low or info")
	severities := make([]string, 0, len(finding.Severities()))
	for _, severity := range finding.Severities() {
		severities = append(severities, severity.String())
	}
	completeWords(command, "severity", severities...)
	register(command, "dir", completeDirectories)
	register(command, "kind", cobra.NoFileCompletions)
	command.RunE = run(func(command *cobra.Command, arguments []string) error {
		return options.create(streams, command.Root().CommandPath(), arguments[0])
	})
	return command
}

var (
	// namePattern is what categories and ids look like, in either spelling.
	namePattern = regexp.MustCompile(`^[a-z][a-z0-9]*([-_][a-z0-9]+)*$`)
	kindPattern = regexp.MustCompile(`^(workload|[A-Z][A-Za-z0-9]*(\.[a-z0-9]([-a-z0-9.]*[a-z0-9])?)?)$`)
)

// maxName keeps file names within what every file system takes.
const maxName = 100

// scaffold reads and checks what the new rule is to be.
func (o *scaffoldOptions) scaffold(name string) (*scaffold, error) {
	category, id, ok := strings.Cut(name, "/")
	if !ok {
		return nil, usageError("%q is not CATEGORY/ID, as in acme/team-label-missing", name)
	}
	for _, word := range []string{category, id} {
		if !namePattern.MatchString(word) || len(word) > maxName {
			return nil, usageError("%q: use at most %d small letters, digits and hyphens, beginning with a letter, as in team-label-missing", word, maxName)
		}
	}
	if category == "lib" || category == "testdata" || id == "testdata" {
		return nil, usageError("%q: lib is for libraries and testdata for fixtures; use other names", name)
	}
	if strings.HasSuffix(strings.ReplaceAll(id, "-", "_"), "_test") {
		return nil, usageError("%q: files that end in _test.rego hold tests and no rules; use another id", id)
	}
	if o.dir == "" {
		return nil, usageError("--dir: the name is empty")
	}
	if _, err := finding.ParseSeverity(o.severity); err != nil {
		return nil, usageError("--severity: %s", err)
	}
	if len(o.kinds) == 0 {
		return nil, usageError("--kind: name a kind")
	}
	for _, kind := range o.kinds {
		if !kindPattern.MatchString(kind) {
			return nil, usageError("--kind: %q is not a kind; use Kind or Kind.group, as in Pod or Deployment.apps, or workload", kind)
		}
	}
	kinds := slices.Clone(o.kinds)
	slices.Sort(kinds)
	return &scaffold{
		category: strings.ReplaceAll(category, "-", "_"), name: strings.ReplaceAll(id, "-", "_"), id: strings.ReplaceAll(id, "_", "-"),
		severity: o.severity, kinds: slices.Compact(kinds),
	}, nil
}

// create writes the rule and says what to do next; program is what people call.
func (o *scaffoldOptions) create(streams Streams, program, name string) error {
	s, err := o.scaffold(name)
	if err != nil {
		return err
	}
	if err := o.checkID(s.id); err != nil {
		return err
	}
	target := filepath.Join(o.dir, s.category, s.name)
	if _, err := os.Lstat(target); err == nil {
		return fmt.Errorf("%s exists; nothing is overwritten: choose another id or remove it", target)
	}
	files := s.files()
	if err := writeScaffold(target, s, files); err != nil {
		return err
	}
	var out strings.Builder
	for _, file := range files {
		fmt.Fprintf(&out, "wrote %s\n", filepath.Join(target, filepath.FromSlash(file.name)))
	}
	fmt.Fprintf(&out, "\nNext:\n  1. change the rule, its test and its fixtures to what you want to find\n"+
		"  2. %[3]s test %[1]s --run '^%[2]s/' -v\n  3. %[3]s audit --rules %[1]s --select %[2]s -f MANIFESTS\n", o.dir, s.id, program)
	_, err = fmt.Fprint(streams.Out, out.String())
	return err
}

// checkID tells whether an id is taken, by a rule that comes with Reeve or by
// one in the directory.
func (o *scaffoldOptions) checkID(id string) error {
	sources := []source.Source{{FS: policies.FS, Name: "builtin", Builtin: true}}
	if _, err := os.Stat(o.dir); err == nil {
		sources = append(sources, source.Directory(o.dir))
	} else if !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("--dir: %w", err)
	}
	set, _ := source.Load(dialect.All(), sources...) // what else is wrong there is not asked
	if other := set.Rule(id); other != nil {
		return fmt.Errorf("the rule id %s is taken by %s; choose another", id, other.File)
	}
	return nil
}

// writeScaffold writes the files of a new rule beside their place and moves them
// there as a whole once the rule loads: never is half a rule left behind.
func writeScaffold(target string, s *scaffold, files []scaffoldFile) (err error) {
	parent := filepath.Dir(target)
	if err := os.MkdirAll(parent, 0o755); err != nil { //nolint:gosec // rules are no secrets
		return err
	}
	temporary, err := os.MkdirTemp(parent, ".new-rule-")
	if err != nil {
		return err
	}
	defer func() {
		if removed := os.RemoveAll(temporary); err == nil {
			err = removed
		}
	}()
	content := filepath.Join(temporary, s.name)
	for _, file := range files {
		path := filepath.Join(content, filepath.FromSlash(file.name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil { //nolint:gosec // rules are no secrets
			return err
		}
		if err := os.WriteFile(path, []byte(file.text), 0o644); err != nil { //nolint:gosec // rules are no secrets
			return err
		}
	}
	set, problems := source.Load(dialect.All(), source.Directory(content))
	if len(problems) > 0 {
		return fmt.Errorf("these names do not load: %s; choose others", problems[0].Message)
	}
	if set.Rule(s.id) == nil {
		return fmt.Errorf("the new rule does not load as %s, please report this", s.id)
	}
	return os.Rename(content, target)
}
