package review

import (
	"fmt"
	"slices"
	"time"

	"k8s.io/apimachinery/pkg/labels"

	"github.com/kubereeve/reeve/internal/finding"
	"github.com/kubereeve/reeve/internal/glob"
	"github.com/kubereeve/reeve/internal/resource"
	"github.com/kubereeve/reeve/internal/rule"
)

// Entry is one entry of the configuration. Entries apply in order, and the last
// that matches a finding wins.
type Entry struct {
	// Name is how people find the entry, as in modes[3].
	Name string
	// Rules are the rules that the entry is about; empty means all.
	Rules rule.Selector
	// Where narrows the entry to some requests; zero means everywhere.
	Where Where
	// From is the moment from which the entry counts; zero means always.
	From time.Time
	// Mode is the mode of the findings; nil leaves what the entries before made
	// of it.
	Mode *finding.Mode
	// Parameters are values of the rules' parameters, as JSON decodes them; those
	// of each rule count that it has.
	Parameters map[string]any
}

// Where narrows an entry to some requests. All fields that are given must match,
// of each field's elements any; empty fields narrow nothing. A Namespace counts
// as in the namespace that it is.
type Where struct {
	// Namespaces are names and globs of names. Objects without a namespace match
	// none.
	Namespaces []string
	// NamespaceLabels chooses namespaces by their labels. Objects without a
	// namespace do not match.
	NamespaceLabels labels.Selector
	// Kinds are kinds as Kind or Kind.group, globs allowed. Kind alone means the
	// kind in every group.
	Kinds []string
	// Operations are those of the request. What a scan or the command line judges
	// has the operation SCAN.
	Operations []resource.Operation
	// Users are globs of user names, and group:GLOB for groups. Only admissions
	// have users.
	Users []string
}

// FailureEntry says what follows when rules cannot judge an object, because they
// fail or do not end before the deadline.
type FailureEntry struct {
	// Rules are the rules that the entry is about; empty means all.
	Rules rule.Selector
	// Deny refuses the request, where a finding of the rule would be refused;
	// otherwise it passes with a warning.
	Deny bool
}

// PolicyOptions say what findings do. The zero value leaves every rule its own
// mode.
type PolicyOptions struct {
	Entries []Entry
	// NamespaceLabel honours the label kubereeve.io/mode of a namespace, warn,
	// audit or off, as an upper bound of the modes there.
	NamespaceLabel bool
	// ExistingViolations turns denials of an update into warnings where the
	// object violated the same rule in the same place before.
	ExistingViolations bool
	// Excepted are the rules that exceptions may cover, empty meaning all, but for
	// those of NeverExcepted.
	Excepted, NeverExcepted rule.Selector
	// MaxExcepted ends exceptions that long after their creation, if they do not
	// end before; zero means no limit.
	MaxExcepted time.Duration
	// Protected are names and globs of namespaces in which exceptions have no
	// effect, beside those of ProtectedNamespaces.
	Protected []string
	// Failure says what follows when rules cannot judge; the last entry that
	// matches a rule wins, and DenyOnError counts for rules without one.
	Failure     []FailureEntry
	DenyOnError bool
	// Clock tells the time; nil means time.Now.
	Clock func() time.Time
}

// ProtectedNamespaces returns the namespaces in which exceptions never have an
// effect.
func ProtectedNamespaces() []string {
	return []string{"kube-system", "kube-public", "kube-node-lease", "reeve-system"}
}

// Policy decides what findings do. It is immutable, compiled once from its
// options, and safe for concurrent use.
type Policy struct {
	options   PolicyOptions
	entries   []*entry // those that set a mode, in order
	protected glob.List

	candidates *candidates
}

// entry is a compiled Entry.
type entry struct {
	name  string
	rules rule.Selector
	where where
	from  time.Time
	mode  finding.Mode
	// always says that the entry counts for every request at every time.
	always bool
}

// NewPolicy compiles a policy. It fails on malformed globs and names the entry.
func NewPolicy(options PolicyOptions) (*Policy, error) {
	if options.Clock == nil {
		options.Clock = time.Now
	}
	p := &Policy{options: options}
	for _, e := range options.Entries {
		compiled, err := compileWhere(e.Where)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", e.Name, err)
		}
		if e.Mode != nil {
			p.entries = append(p.entries, &entry{e.Name, e.Rules, compiled, e.From, *e.Mode, compiled.everywhere && e.From.IsZero()})
		}
	}
	p.candidates = newCandidates(p.entries)
	var err error
	if p.protected, err = glob.CompileAll(slices.Concat(ProtectedNamespaces(), options.Protected)); err != nil {
		return nil, fmt.Errorf("protected namespaces: %w", err)
	}
	return p, nil
}

// With returns the policy with more entries after its own. It fails as NewPolicy
// does.
func (p *Policy) With(entries ...Entry) (*Policy, error) {
	options := p.options
	options.Entries = slices.Concat(options.Entries, entries)
	return NewPolicy(options)
}

// Active returns the rules of a set that are not off everywhere, so that nothing
// is spent on the others.
func (p *Policy) Active(set *rule.Set) *rule.Set {
	return set.Filter(func(r *rule.Rule) bool {
		plan := p.plan(r)
		for n, e := range p.entries {
			if plan.entries.has(n) && e.mode != finding.Off {
				return true
			}
		}
		if plan.shadowed {
			return false
		}
		return slices.ContainsFunc(r.Entrypoints, func(e rule.Entrypoint) bool { return e.Mode != finding.Off })
	})
}

// plan is what a policy says of one rule.
type plan struct {
	// entries are the numbers of those that can decide.
	entries numbers
	// shadowed says that the rule's own mode never counts.
	shadowed bool
	// excepted says that exceptions may cover the rule.
	excepted bool
	// denyOnError refuses what the rule cannot judge.
	denyOnError bool
}

// plan returns what the policy says of a rule.
func (p *Policy) plan(r *rule.Rule) *plan {
	plan := &plan{entries: newNumbers(len(p.entries)), excepted: p.exceptable(r), denyOnError: p.options.DenyOnError}
	for n, e := range slices.Backward(p.entries) {
		if !matches(e.rules, r) {
			continue
		}
		plan.entries.add(n)
		if e.always {
			plan.shadowed = true
			break
		}
	}
	for _, failure := range p.options.Failure {
		if matches(failure.Rules, r) {
			plan.denyOnError = failure.Deny
		}
	}
	return plan
}

// exceptable tells whether exceptions may cover a rule.
func (p *Policy) exceptable(r *rule.Rule) bool {
	return matches(p.options.Excepted, r) && !p.options.NeverExcepted.Matches(r)
}

// matches tells whether a selector of the configuration means a rule: an empty
// one means all.
func matches(s rule.Selector, r *rule.Rule) bool { return s.Empty() || s.Matches(r) }
