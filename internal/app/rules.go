// Package app holds what the three programs share: how they load rules and how
// they log. The packages below it wire one program each.
package app

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"github.com/kubereeve/reeve/internal/config"
	"github.com/kubereeve/reeve/internal/config/v1alpha1"
	"github.com/kubereeve/reeve/internal/engine"
	"github.com/kubereeve/reeve/internal/review"
	"github.com/kubereeve/reeve/internal/rule"
	"github.com/kubereeve/reeve/internal/rule/source"
	"github.com/kubereeve/reeve/policies"
)

// ScanDeadline is how long a scan or an audit judges one object at most: longer
// than a webhook, as no request waits for it, and a machine that is busy must not
// make the result incomplete.
const ScanDeadline = 10 * time.Second

// RuleOptions say which rules to load and what their findings do.
type RuleOptions struct {
	// Dirs are directories, archives (.tar.gz) and OCI references (oci://).
	Dirs []string
	// Trusted are the rights of what stands in Dirs, by the same name.
	Trusted map[string]*rule.Trusted
	// ConfigMaps are namespaces whose labelled ConfigMaps hold rules; only the
	// programs that run in a cluster read them.
	ConfigMaps []string
	// PollIntervals say how often to ask for newer artifacts, by reference; what is
	// missing is asked for as often as the program's flags say.
	PollIntervals map[string]time.Duration
	// InsecureRegistries may be spoken to over plain HTTP.
	InsecureRegistries []string
	// Artifacts are those of the references in Dirs; nil for none.
	Artifacts *Artifacts
	// More returns further sources at each load, and what is wrong with them. It
	// may be nil.
	More      func() ([]source.Source, []*rule.Problem)
	NoBuiltin bool
	// ConftestNamespaces are the packages of conftest rules to read, all when empty,
	// and ConftestData files and directories of data for them.
	ConftestNamespaces, ConftestData []string

	Select  []string
	Skip    []string
	Mode    string
	ModeFor []string
	// OnError says what happens to what rules cannot judge, whatever the
	// configuration says of rules in general; empty leaves it to the configuration.
	OnError v1alpha1.OnError
	// Config is the configuration file. What the flags say comes after it, and so
	// wins.
	Config string

	configuration *Configuration // that of Config, once Configure has read it
}

// AddFlags adds the options' flags.
func (o *RuleOptions) AddFlags(flags *pflag.FlagSet) {
	flags.StringVar(&o.Config, "config", "", "configuration file; flags win over what it says (see reeve config defaults)")
	flags.StringArrayVar(&o.Dirs, "rules", nil, "rules of your own, beside the built-in ones: a directory, an OPA bundle (.tar.gz) or oci://registry/repository:tag[@sha256:digest] (repeatable)")
	flags.StringSliceVar(&o.InsecureRegistries, "insecure-registry", nil, "registry (host or host:port) of --rules that may be spoken to over plain HTTP (repeatable)")
	flags.StringSliceVar(&o.ConftestNamespaces, "conftest-namespace", nil, "packages of conftest rules to read, as main or team.* (default: all with deny, warn or violation)")
	flags.StringArrayVar(&o.ConftestData, "conftest-data", nil, "file or directory of YAML and JSON that conftest rules read below data (repeatable)")
	flags.BoolVar(&o.NoBuiltin, "no-builtin", false, "leave the built-in rules out")
	flags.StringSliceVar(&o.Select, "select", nil, "only these rules: ids, globs, category:NAME, severity:NAME, framework:NAME")
	flags.StringSliceVar(&o.Skip, "skip", nil, "all but these rules: ids, globs, category:NAME, severity:NAME, framework:NAME")
	flags.StringVar(&o.Mode, "mode", "", "mode of all findings: deny, warn, audit or off (default: each rule's own)")
	flags.StringArrayVar(&o.ModeFor, "mode-for", nil, "mode of some rules, as RULE=MODE, where RULE is what --select takes; wins over --mode (repeatable)")
}

// Rules are loaded rules: the set, what its findings do, and what is wrong.
type Rules struct {
	Set      *rule.Set
	Policy   *review.Policy
	Problems []*rule.Problem
	// PassedOver says which rules are not asked, though nothing is wrong with them.
	PassedOver []*rule.Problem
	// Apart are rules of the program's own. They are compiled with the others and
	// keep their mode; no list shows them, and the revision does not know them.
	Apart []rule.File
	// Configuration is what the rules were loaded by.
	Configuration *Configuration
	// Unmatched are the names in the configuration file that match no rule.
	Unmatched config.Problems
}

// Load reads the configuration file and the rules. Bad rule files are in the
// result's Problems; a bad configuration and bad options are an error that names
// line and field, or the flag.
func (o *RuleOptions) Load() (*Rules, error) {
	entries, err := o.entries()
	if err != nil {
		return nil, err
	}
	configured := *o
	if err := configured.Configure(); err != nil {
		return nil, err
	}
	configuration := configured.configuration
	if o.NoBuiltin && len(configured.Dirs) == 0 && o.More == nil && !configuration.HasSources() {
		return nil, errors.New("--no-builtin leaves no rules; name a directory with --rules")
	}
	sources, missing := configured.sources()
	readers, unread := configured.dialects(configuration)
	set, problems := source.Load(readers, sources...)
	problems, passedOver := apart(slices.Concat(missing, unread, problems))
	var unknown []string
	for _, entry := range entries {
		unknown = append(unknown, entry.Rules.Unmatched(set)...)
	}
	wrong, unmatched := configuration.Check(set)
	if len(wrong) > 0 {
		return nil, wrong
	}
	if err := nameless(&unmatched, "--mode-for: no rule is called", unknown, problems); err != nil {
		return nil, err
	}
	policy, err := o.policy(configuration, entries)
	if err != nil {
		return nil, err
	}
	if set, err = o.choose(set, &unmatched, problems); err != nil {
		return nil, err
	}
	return &Rules{Set: policy.Active(set), Policy: policy, Problems: problems, PassedOver: passedOver, Configuration: configuration, Unmatched: unmatched}, nil
}

// apart returns what somebody has to mend, and what is passed over.
func apart(all []*rule.Problem) (problems, passedOver []*rule.Problem) {
	for _, problem := range all {
		if problem.PassedOver {
			passedOver = append(passedOver, problem)
		} else {
			problems = append(problems, problem)
		}
	}
	return problems, passedOver
}

// sources returns where rules are read from, and what of it is not there.
func (o *RuleOptions) sources() ([]source.Source, []*rule.Problem) {
	var sources []source.Source
	var problems []*rule.Problem
	if !o.NoBuiltin {
		sources = append(sources, source.Source{FS: policies.FS, Name: "builtin", Builtin: true})
	}
	for _, name := range o.Dirs {
		found, problem := o.source(name)
		if found != nil {
			sources = append(sources, *found)
		}
		if problem != nil {
			problems = append(problems, problem)
		}
	}
	if o.More != nil {
		more, wrong := o.More()
		sources, problems = append(sources, more...), append(problems, wrong...)
	}
	return sources, problems
}

// Reviewer compiles the rules. Files that do not compile join Problems.
func (r *Rules) Reviewer(options engine.Options) (*review.Reviewer, error) {
	overlays, err := r.Policy.Overlays(r.Set)
	if err != nil {
		return nil, err
	}
	options.Overlays = overlays
	if options.Budget == 0 && r.Configuration != nil {
		options.Budget = r.Configuration.Budget()
	}
	e, problems, err := engine.New(r.Set.With(r.Apart...), options)
	if err != nil {
		return nil, err
	}
	r.Set = e.Set().Listed()
	r.Problems = append(r.Problems, problems...)
	policy, err := r.pinned()
	if err != nil {
		return nil, err
	}
	return review.New(e, policy), nil
}

// pinned returns the policy with the modes of the rules that stand apart, which
// nobody configures.
func (r *Rules) pinned() (*review.Policy, error) {
	var entries []review.Entry
	for _, file := range r.Apart {
		entry, err := review.ParseRuleMode(file.Name, file.Rule.ID+"="+file.Rule.Mode.String())
		if err != nil {
			return nil, err
		}
		entries = append(entries, entry)
	}
	if len(entries) == 0 {
		return r.Policy, nil
	}
	return r.Policy.With(entries...)
}

// ProblemFiles returns the names of the files that are left out, each once.
func (r *Rules) ProblemFiles() []string {
	files := make([]string, 0, len(r.Problems))
	for _, problem := range r.Problems {
		files = append(files, problem.File)
	}
	slices.Sort(files)
	return slices.Compact(files)
}

// entries returns the entries of --mode and --mode-for.
func (o *RuleOptions) entries() ([]review.Entry, error) {
	var entries []review.Entry
	if o.Mode != "" {
		entry, err := review.ParseMode("--mode "+o.Mode, o.Mode)
		if err != nil {
			return nil, fmt.Errorf("--mode: %w", err)
		}
		entries = append(entries, entry)
	}
	for _, text := range o.ModeFor {
		entry, err := review.ParseRuleMode("--mode-for "+text, text)
		if err != nil {
			return nil, fmt.Errorf("--mode-for: %w", err)
		}
		entries = append(entries, entry)
	}
	return entries, nil
}

// policy returns the configured policy with the flags' entries.
func (o *RuleOptions) policy(configuration *Configuration, entries []review.Entry) (*review.Policy, error) {
	options, err := configuration.Policy()
	if err != nil {
		return nil, err
	}
	if o.OnError != "" {
		options.DenyOnError = o.OnError == v1alpha1.DenyOnError
	}
	options.Entries = slices.Concat(options.Entries, entries)
	return review.NewPolicy(options)
}

// choose applies --select and --skip.
func (o *RuleOptions) choose(set *rule.Set, unmatched *config.Problems, problems []*rule.Problem) (*rule.Set, error) {
	all := set // a rule that --select leaves out may be named by --skip
	for _, choice := range []struct {
		flag  string
		texts []string
		keep  bool
	}{{"--select", o.Select, true}, {"--skip", o.Skip, false}} {
		selector, err := rule.ParseSelector(choice.texts)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", choice.flag, err)
		}
		if err := nameless(unmatched, choice.flag+": no rule matches", selector.Unmatched(all), problems); err != nil {
			return nil, err
		}
		if !selector.Empty() {
			set = set.Filter(func(r *rule.Rule) bool { return selector.Matches(r) == choice.keep })
		}
	}
	return set, nil
}

// nameless fails where a flag names rules that are not there. Where files are left
// out, they may be in those, which must not keep the others from being used: then it
// adds them to the names that match nothing.
func nameless(unmatched *config.Problems, message string, names []string, problems []*rule.Problem) error {
	if len(names) == 0 {
		return nil
	}
	message = fmt.Sprintf("%s %s", message, strings.Join(names, ", "))
	if len(problems) == 0 {
		return errors.New(message + "; see reeve rules list")
	}
	flag, text, _ := strings.Cut(message, ": ")
	*unmatched = append(*unmatched, &config.Problem{File: flag, Message: text + "; it may be in a file that is left out"})
	return nil
}
