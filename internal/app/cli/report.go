package cli

import (
	"crypto/rand"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/spf13/cobra"

	"github.com/kubereeve/reeve/internal/app"
	"github.com/kubereeve/reeve/internal/app/cli/output"
	"github.com/kubereeve/reeve/internal/app/cli/terminal"
	"github.com/kubereeve/reeve/internal/finding"
	"github.com/kubereeve/reeve/internal/resource"
	"github.com/kubereeve/reeve/internal/rule"
	"github.com/kubereeve/reeve/internal/version"
)

// validateOutput finds flags on the output that have no meaning together.
func (o *auditOptions) validateOutput(command *cobra.Command) error {
	if err := checkWord("--output", o.output, output.Formats()...); err != nil {
		return err
	}
	if o.view != "" {
		if err := checkWord("--view", o.view, output.Views()...); err != nil {
			return err
		}
	}
	if o.view != "" && o.framework != "" {
		return usageError("--view and --framework exclude each other")
	}
	for _, name := range []string{"output-file", "framework", "view"} {
		if flag := command.Flags().Lookup(name); flag.Changed && flag.Value.String() == "" {
			return usageError("--%s: the name is empty", name)
		}
	}
	options := output.Options{Format: o.output, View: o.view}
	if o.framework != "" {
		options.Framework = &output.Framework{Name: o.framework}
	}
	if err := output.Check(options); err != nil {
		return usageError("--output: %w", err)
	}
	return nil
}

// frameworkNames returns the frameworks that the rules of options name, chosen
// or not.
func frameworkNames(options *app.RuleOptions) []string {
	set := &rule.Set{}
	if rules, err := everyRule(options); err == nil {
		set = rules.Set
	}
	return output.Frameworks(set)
}

// askFramework leaves out the rules that do not serve the framework that is
// asked for. It returns all rules there are, those that were not chosen
// included; nil when no framework is asked for.
func (a *audit) askFramework() (*rule.Set, error) {
	if a.framework == "" {
		return nil, nil
	}
	rules, err := everyRule(&a.auditOptions.rules)
	if err != nil {
		return nil, err
	}
	if names := output.Frameworks(rules.Set); !slices.Contains(names, a.framework) {
		return nil, usageError("--framework: no rule serves %q; use %s", a.framework, terminal.Either(names))
	}
	a.rules.Set = a.rules.Set.Filter(func(r *rule.Rule) bool { return len(r.Controls[a.framework]) > 0 })
	return rules.Set, nil
}

// add adds the verdict on one resource to the report.
func (a *audit) add(verdict finding.Verdict) {
	a.report.Add(verdict)
	if a.kept != nil {
		a.kept(verdict)
	}
	for _, excepted := range verdict.Excepted {
		a.excepted[verdict.Resource.EffectiveNamespace()+"/"+excepted.Exception]++
	}
	if a.view != output.ViewLeakDetector || len(verdict.Findings) == 0 {
		return
	}
	if a.report.Images == nil {
		a.report.Images = make(map[output.Container]string)
	}
	images := imagesOf(verdict.Resource)
	for _, f := range verdict.Findings {
		if image := images[f.Container]; image != "" {
			a.report.Images[output.Container{Resource: f.Resource, Name: f.Container}] = image
		}
	}
}

// imagesOf returns the images of a workload's containers by the container's
// name; nothing where the object is none or cannot be read.
func imagesOf(res *resource.Resource) map[string]string {
	path, ok := resource.TemplatePath(res.GroupKind())
	if !ok {
		return nil
	}
	var object any
	if json.Unmarshal(res.Object, &object) != nil {
		return nil // judging it has failed as well, which is told
	}
	for _, field := range append(slices.Clone(path), "spec") {
		fields, _ := object.(map[string]any)
		object = fields[field]
	}
	spec, _ := object.(map[string]any)
	images := make(map[string]string)
	for _, list := range []string{"containers", "initContainers", "ephemeralContainers"} {
		containers, _ := spec[list].([]any)
		for _, container := range containers {
			fields, _ := container.(map[string]any)
			name, _ := fields["name"].(string)
			image, _ := fields["image"].(string)
			images[name] = image
		}
	}
	return images
}

// write writes the report to standard output, or to a file and the table to
// standard output. All are the rules there are, where a framework is asked for.
func (a *audit) write(all *rule.Set) error {
	directory, err := os.Getwd()
	if err != nil {
		return err
	}
	options := output.Options{
		Format: a.output, View: a.view, Look: terminal.NewLook(a.streams.Out, a.color, a.width),
		Directory: directory, Version: version.String(), Time: time.Now(),
	}
	if all != nil {
		options.Framework = output.NewFramework(a.framework, all, &a.report)
	}
	if a.outputFile == "" {
		return output.Write(a.streams.Out, &a.report, options)
	}
	shown := options
	options.Look.Color = a.color == terminal.ColorAlways // a file is no terminal
	if err := writeFile(a.outputFile, func(w io.Writer) error { return output.Write(w, &a.report, options) }); err != nil {
		return err
	}
	shown.Format = output.Table
	return output.Write(a.streams.Out, &a.report, shown)
}

// writeFile writes a file as a whole or not at all. Who reads it meanwhile reads
// the old one. What is no regular file, as /dev/stderr, is written to as it is.
func writeFile(name string, write func(io.Writer) error) (err error) {
	mode := fs.FileMode(0) // of the file there is
	if target, err := filepath.EvalSymlinks(name); err == nil {
		name = target // the link stays
		info, err := os.Stat(name)
		if err != nil {
			return err
		}
		if !info.Mode().IsRegular() {
			return writeThrough(name, write)
		}
		mode = info.Mode().Perm()
	}
	file, err := os.OpenFile(filepath.Join(filepath.Dir(name), "."+filepath.Base(name)+"."+rand.Text()), os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o666) //nolint:gosec // as any program's output
	if err != nil {
		return fmt.Errorf("--output-file: %w", err)
	}
	defer func() {
		if err != nil {
			_ = file.Close() // fails where it was closed before
			_ = os.Remove(file.Name())
		}
	}()
	if err := write(file); err != nil {
		return err
	}
	if mode != 0 {
		if err := file.Chmod(mode); err != nil {
			return err
		}
	}
	if err := file.Sync(); err != nil {
		return err
	}
	if err := file.Close(); err != nil {
		return err
	}
	return os.Rename(file.Name(), name)
}

func writeThrough(name string, write func(io.Writer) error) error {
	file, err := os.OpenFile(name, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	if err := write(file); err != nil {
		_ = file.Close() // the first error is the one to tell
		return err
	}
	return file.Close()
}

// sayErrors writes the errors, each sort of them once: a rule that fails may do
// so on every resource.
func (a *audit) sayErrors() {
	type sort struct{ rule, cause, message string }
	counts := make(map[sort]int)
	for _, err := range a.report.Failures {
		counts[sort{err.Rule, err.Cause, err.Message}]++
	}
	for _, err := range a.report.Failures {
		key := sort{err.Rule, err.Cause, err.Message}
		more := ""
		if err.Rule != "" && counts[key] > 1 {
			more = fmt.Sprintf(" (and %d more)", counts[key]-1)
		}
		if a.told[err] || err.Rule != "" && counts[key] == 0 {
			continue
		}
		if err.Rule != "" {
			counts[key] = 0
		}
		say(a.streams.Err, "error: %s%s\n", terminal.Clean(err.Text()), more)
	}
	if len(a.report.Failures) > 0 {
		say(a.streams.Err, "%s: the result is not complete\n", terminal.Count(len(a.report.Failures), "error"))
	}
}
