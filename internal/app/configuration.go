package app

import (
	"fmt"
	"maps"
	"slices"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kubereeve/reeve/internal/config"
	"github.com/kubereeve/reeve/internal/config/v1alpha1"
	"github.com/kubereeve/reeve/internal/review"
	"github.com/kubereeve/reeve/internal/rule"
	"github.com/kubereeve/reeve/internal/rule/source/oci"
)

// Configuration is what a configuration file says, in the terms of the packages
// that do it. It is not changed once built.
type Configuration struct {
	// Complete is the file with defaults for what it does not say.
	Complete *v1alpha1.ReeveConfiguration
	document *config.Document // nil where there is no file
}

// LoadConfiguration reads a configuration file; without one, the defaults count.
// All that is wrong with the file comes as config.Problems.
func LoadConfiguration(file string) (*Configuration, error) {
	if file == "" {
		return &Configuration{Complete: config.Default()}, nil
	}
	document, err := config.Load(file)
	if err != nil {
		return nil, err
	}
	return NewConfiguration(document), nil
}

// NewConfiguration returns the configuration of a file that was read.
func NewConfiguration(document *config.Document) *Configuration {
	return &Configuration{Complete: document.Complete(), document: document}
}

// Revision identifies the configuration; it is empty where there is no file.
func (c *Configuration) Revision() string {
	if c.document == nil {
		return ""
	}
	return c.document.Revision()
}

// Policy returns what the configuration says of findings. It fails on what the
// checks of the file should have found.
func (c *Configuration) Policy() (review.PolicyOptions, error) {
	options := review.PolicyOptions{
		NamespaceLabel:     *c.Complete.NamespaceLabel.Enabled,
		ExistingViolations: c.Complete.ExistingViolations == v1alpha1.WarnOfExisting,
		Protected:          c.Complete.ProtectedNamespaces,
		DenyOnError:        c.Complete.Failure.Default == v1alpha1.DenyOnError,
	}
	if longest := c.Complete.Exceptions.MaxDuration; longest != nil {
		options.MaxExcepted = time.Duration(*longest)
	}
	var err error
	for i, entry := range c.Complete.Modes {
		if options.Entries, err = appendEntry(options.Entries, called(entry.Name, fmt.Sprintf("modes[%d]", i)), entry); err != nil {
			return options, err
		}
	}
	for i, rollout := range c.Complete.Rollouts {
		name := called(rollout.Name, fmt.Sprintf("rollouts[%d]", i))
		for j, stage := range rollout.Stages {
			entry := v1alpha1.ModeEntry{Rules: rollout.Rules, Mode: stage.Mode, Conditions: v1alpha1.Conditions{Namespaces: stage.Namespaces, From: stage.From}}
			if options.Entries, err = appendEntry(options.Entries, fmt.Sprintf("%s, stages[%d]", name, j), entry); err != nil {
				return options, err
			}
		}
	}
	for i, failure := range c.Complete.Failure.Rules {
		selector, err := rule.ParseSelector(failure.Rules)
		if err != nil {
			return options, fmt.Errorf("failure.rules[%d]: %w", i, err)
		}
		options.Failure = append(options.Failure, review.FailureEntry{Rules: selector, Deny: failure.OnError == v1alpha1.DenyOnError})
	}
	if options.Excepted, err = rule.ParseSelector(c.Complete.Exceptions.Rules); err != nil {
		return options, fmt.Errorf("exceptions.rules: %w", err)
	}
	if options.NeverExcepted, err = rule.ParseSelector(c.Complete.Exceptions.Never); err != nil {
		return options, fmt.Errorf("exceptions.never: %w", err)
	}
	return options, nil
}

// called returns how people find an entry: by its name, and by its place.
func called(name, place string) string {
	if name == "" {
		return place
	}
	return fmt.Sprintf("%s (%s)", name, place)
}

// appendEntry adds an entry to those of a policy.
func appendEntry(entries []review.Entry, name string, entry v1alpha1.ModeEntry) ([]review.Entry, error) {
	selector, err := rule.ParseSelector(entry.Rules)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	compiled := review.Entry{
		Name:  name,
		Rules: selector,
		Where: review.Where{Kinds: entry.Kinds, Operations: entry.Operations, Users: entry.Users},
		Mode:  entry.Mode,

		Parameters: entry.Parameters,
	}
	if entry.From != nil {
		compiled.From = *entry.From
	}
	if entry.Namespaces != nil {
		compiled.Where.Namespaces = entry.Namespaces.Names
		if entry.Namespaces.Labels != nil {
			if compiled.Where.NamespaceLabels, err = metav1.LabelSelectorAsSelector(entry.Namespaces.Labels); err != nil {
				return nil, fmt.Errorf("%s: namespaces.labels: %w", name, err)
			}
		}
	}
	return append(entries, compiled), nil
}

// Sources returns what the configuration adds to --rules: directories, and
// artifacts by their references.
func (c *Configuration) Sources() []string {
	sources := make([]string, 0, len(c.Complete.Rules.Directories)+len(c.Complete.Rules.Bundles))
	for _, directory := range c.Complete.Rules.Directories {
		sources = append(sources, directory.Path)
	}
	for _, bundle := range c.Complete.Rules.Bundles {
		sources = append(sources, referenceOf(bundle))
	}
	return sources
}

// referenceOf returns the reference of a bundle as --rules takes it.
func referenceOf(bundle v1alpha1.Bundle) string {
	reference := oci.Scheme + bundle.Reference
	if bundle.Digest != "" {
		reference += "@" + bundle.Digest
	}
	return reference
}

// Configure reads the configuration file, once, and adds the sources it names to
// the options, before those of the flags. It fails when the file is bad.
func (o *RuleOptions) Configure() error {
	if o.configuration != nil {
		return nil
	}
	configuration, err := LoadConfiguration(o.Config)
	if err != nil {
		return err
	}
	o.configuration = configuration
	o.Dirs = slices.Concat(configuration.Sources(), o.Dirs)
	o.ConfigMaps = slices.Concat(configuration.ConfigMaps(), o.ConfigMaps)
	trusted, intervals := maps.Clone(o.Trusted), maps.Clone(o.PollIntervals)
	for _, directory := range configuration.Complete.Rules.Directories {
		if given := directory.Trusted; given != nil {
			trusted = with(trusted, directory.Path, &rule.Trusted{Builtins: given.Builtins, HTTPHosts: given.HTTPHosts})
		}
	}
	for _, bundle := range configuration.Complete.Rules.Bundles {
		if bundle.PollInterval != nil {
			intervals = with(intervals, referenceOf(bundle), time.Duration(*bundle.PollInterval))
		}
	}
	o.Trusted, o.PollIntervals = trusted, intervals
	return nil
}

// with returns a map with one element more; nil is an empty map.
func with[V any](elements map[string]V, key string, value V) map[string]V {
	if elements == nil {
		elements = make(map[string]V)
	}
	elements[key] = value
	return elements
}

// HasSources tells whether the configuration names rules beside the built-in
// ones.
func (c *Configuration) HasSources() bool { return len(c.Sources())+len(c.ConfigMaps()) > 0 }

// ConfigMaps returns the namespaces whose ConfigMaps hold rules; none where that
// is not allowed.
func (c *Configuration) ConfigMaps() []string {
	if !*c.Complete.Rules.ConfigMaps.Enabled {
		return nil
	}
	return slices.Clone(c.Complete.Rules.ConfigMaps.Namespaces)
}

// Budget returns how long one rule may take for one object.
func (c *Configuration) Budget() time.Duration { return time.Duration(*c.Complete.Rules.Budget) }

// parameterNames returns the names of parameters that any of some rules has.
func parameterNames(rules []*rule.Rule) []string {
	names := make(map[string]bool)
	for _, r := range rules {
		for name := range r.Parameters {
			names[name] = true
		}
	}
	return slices.Sorted(maps.Keys(names))
}
