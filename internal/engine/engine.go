// Package engine evaluates rules. It compiles a rule set once, works out once for an
// object what rules have in common, keeps verdicts in a cache, and isolates rules
// that fail, so that one bad rule neither hides the others' findings nor goes
// unnoticed.
package engine

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync/atomic"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"
	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/storage"
	"github.com/open-policy-agent/opa/v1/topdown"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/kubereeve/reeve/internal/engine/interpreter"
	"github.com/kubereeve/reeve/internal/finding"
	"github.com/kubereeve/reeve/internal/rule"
)

// Scope says which rules are asked about a resource.
type Scope uint8

// The scopes.
const (
	// Admission asks the rules with the door admission.
	Admission Scope = iota
	// Scan asks the rules with the door scan.
	Scan
	// ScanOwned is Scan for an object made by a workload that is judged itself:
	// rules on pod templates have been asked there.
	ScanOwned
	scopes
)

// Recorder counts what the engine does. Its methods must be safe for
// concurrent use.
type Recorder interface {
	// RuleFailed counts a rule that could not judge a resource, with one of
	// the causes of package finding.
	RuleFailed(rule, cause string)
	// CacheLookup counts a look into the verdict cache.
	CacheLookup(hit bool)
	// RuleTook is told how long a rule took for one object, in a sample of all
	// evaluations. What rules have in common counts for the first that asks.
	RuleTook(rule string, took time.Duration)
	// RuleOverBudget counts a rule that took longer than its budget.
	RuleOverBudget(rule string, took time.Duration)
}

// Options configure an engine. The zero value works.
type Options struct {
	// CacheSize is how many verdicts are kept; 0 means DefaultCacheSize, and a
	// negative number switches the cache off.
	CacheSize int
	// Deadline bounds the evaluation of one resource; 0 means DefaultDeadline.
	Deadline time.Duration
	// Budget is how long one rule may take for one object before it is named; 0
	// means DefaultBudget.
	Budget time.Duration
	// Inventory serves rules that read data.inventory; without one they are
	// not judged, except for those that can do without.
	Inventory *Inventory
	// Parameters are what users have set, by rule id and name: JSON values that
	// take the place of the parameters' defaults.
	Parameters map[string]map[string]any
	// Overlays are set for some resources only. They come after Parameters, and
	// the last that applies wins.
	Overlays []Overlay
	// Recorder counts; nil counts nothing.
	Recorder Recorder
}

// The defaults of Options.
const (
	DefaultCacheSize = 8192
	DefaultDeadline  = time.Second
)

// Engine evaluates one rule set. It is immutable and safe for concurrent use.
type Engine struct {
	set       *rule.Set
	compiler  *ast.Compiler
	entries   []*entry
	reaches   map[*rule.Rule]reach
	plans     map[planKey]*plan
	named     map[schema.GroupKind]bool // the kinds that have plans of their own
	decoder   *decoder
	images    *images
	cache     *lru.Cache[key, []Match] // nil when switched off
	inventory *Inventory
	recorder  Recorder
	deadline  time.Duration
	budget    time.Duration
	guarded   map[string]*topdown.Builtin
	program   *interpreter.Program
	// reachesOut is true when some file is trusted with builtins that do.
	reachesOut bool

	evaluations atomic.Uint64
	// constants are the arguments of copies.
	constants *ast.Term
	// variants are the parameters that rules are given.
	variants *variants
	// store holds the data that comes with foreign rules. All other data comes with
	// the input.
	store storage.Store
	txn   storage.Transaction
	data  *ast.Term
}

// planKey chooses the rules for a resource.
type planKey struct {
	kind  schema.GroupKind
	scope Scope
}

// New compiles a set. Files that do not compile are left out and returned as
// problems; Set returns what remains.
func New(set *rule.Set, options Options) (*Engine, []*rule.Problem, error) {
	plain, files, problems, err := compileSet(set)
	if err != nil {
		return nil, nil, err
	}
	files, missing := withPackages(files)
	problems = append(problems, missing...)
	kept := make([]rule.File, len(files))
	for i, file := range files {
		kept[i] = file.File
	}
	active, _ := rule.NewSet(kept) // ids were unique before
	e := &Engine{
		set:       active,
		decoder:   newDecoder(),
		images:    newImages(),
		inventory: options.Inventory,
		recorder:  options.Recorder,
		deadline:  options.Deadline,
		budget:    options.Budget,
		reaches:   make(map[*rule.Rule]reach),
	}
	_, e.guarded = guardedBuiltins()
	e.reachesOut = slices.ContainsFunc(files, func(file parsed) bool { return file.Trusted != nil })
	if e.recorder == nil {
		e.recorder = nothing{}
	}
	if e.deadline == 0 {
		e.deadline = DefaultDeadline
	}
	if e.budget == 0 {
		e.budget = DefaultBudget
	}
	if e.variants, err = newVariants(set, active.Revision(), options); err != nil {
		return nil, nil, err
	}
	if err := e.prepare(plain, files); err != nil {
		return nil, nil, err
	}
	if options.CacheSize >= 0 {
		size := options.CacheSize
		if size == 0 {
			size = DefaultCacheSize
		}
		if e.cache, err = lru.New[key, []Match](size); err != nil {
			return nil, nil, fmt.Errorf("verdict cache: %w", err)
		}
	}
	return e, problems, nil
}

// prepare compiles what is evaluated.
func (e *Engine) prepare(plain *compiled, files []parsed) (err error) {
	for _, r := range e.set.Rules() {
		if e.variants.alwaysOff(r) {
			continue
		}
		reach := reachOf(plain, r)
		e.reaches[r] = reach
		for _, entrypoint := range r.Entrypoints {
			e.entries = append(e.entries, &entry{rule: r, name: entrypoint.Name, mode: entrypoint.Mode, alone: entrypoint.Alone, reach: reach})
		}
	}
	e.named = make(map[schema.GroupKind]bool)
	for _, pattern := range e.set.Patterns() {
		e.named[pattern] = true
	}
	for e.compiler == nil {
		shared := specialized(plain, e.entries)
		e.constants = shared.Constants()
		if e.compiler, err = link(files, e.entries, shared.Rules()); err != nil && !standAlone(e.entries, err) {
			return err
		}
	}
	e.plans = plans(e.entries, e.set.Patterns(), e.inventory != nil)
	if e.store, err = newStore(files); err != nil {
		return err
	}
	if e.txn, err = e.store.NewTransaction(context.Background()); err != nil {
		return err
	}
	return e.ready()
}

// standAlone gives those entries an input of their own whose copies do not compile,
// though they compile where they stand: all that have copies, where it is not said
// which. It tells whether there were any.
func standAlone(entries []*entry, err error) bool {
	errs, _ := errors.AsType[ast.Errors](err)
	found := false
	for _, problem := range rule.ProblemsOf(errs) {
		for _, entry := range entries {
			if entry.standsIn(problem.File) && !entry.alone {
				entry.alone, entry.copy, found = true, nil, true
			}
		}
	}
	if found {
		return true
	}
	for _, entry := range entries {
		if entry.copy != nil {
			entry.alone, entry.copy, found = true, nil, true
		}
	}
	return found
}

// Set returns the rules that compiled.
func (e *Engine) Set() *rule.Set { return e.set }

// Judges tells whether any rule is asked about a kind in a scope.
func (e *Engine) Judges(kind schema.GroupKind, scope Scope) bool {
	return e.plan(kind, scope) != nil
}

// plan returns what to evaluate for a kind, nil for nothing.
func (e *Engine) plan(kind schema.GroupKind, scope Scope) *plan {
	for _, pattern := range rule.Closest(kind) {
		if e.named[pattern] {
			return e.plans[planKey{pattern, scope}]
		}
	}
	return nil
}

// nothing is the Recorder that counts nothing.
type nothing struct{}

// RuleFailed counts nothing.
func (nothing) RuleFailed(string, string) {}

// CacheLookup counts nothing.
func (nothing) CacheLookup(bool) {}

// RuleTook counts nothing.
func (nothing) RuleTook(string, time.Duration) {}

// RuleOverBudget counts nothing.
func (nothing) RuleOverBudget(string, time.Duration) {}

// Match is one violation that a rule found.
type Match struct {
	Rule *rule.Rule
	// Mode is the default mode of the entry point that found it.
	Mode finding.Mode
	rule.Violation
}

// scopeDoor returns the door whose rules a scope asks.
func scopeDoor(scope Scope) finding.Door {
	if scope == Admission {
		return finding.DoorAdmission
	}
	return finding.DoorScan
}
