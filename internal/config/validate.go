package config

import (
	"fmt"
	"slices"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	metav1validation "k8s.io/apimachinery/pkg/apis/meta/v1/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/kubereeve/reeve/internal/config/v1alpha1"
	"github.com/kubereeve/reeve/internal/finding"
	"github.com/kubereeve/reeve/internal/glob"
	"github.com/kubereeve/reeve/internal/resource"
)

// validator finds what is wrong with a configuration that could be read.
type validator struct {
	document *Document
	problems Problems
	wrong    map[string]bool   // paths that have a problem already
	names    map[string]string // of entries, to the paths where they stand
}

// add adds a problem, unless the field could not even be read.
func (v *validator) add(path, format string, arguments ...any) {
	if v.wrong[path] {
		return
	}
	v.wrong[path] = true
	v.problems = append(v.problems, v.document.Problem(path, fmt.Sprintf(format, arguments...)))
}

func newValidator(document *Document, problems Problems) *validator {
	v := &validator{document: document, problems: problems, wrong: make(map[string]bool), names: make(map[string]string)}
	for _, problem := range problems {
		v.wrong[problem.Path] = true
	}
	return v
}

// given tells whether the file has a field, even one that could not be read.
func (v *validator) given(path string) bool {
	_, given := v.document.lines[path]
	return given
}

// misspelt tells whether something is wrong with a field right below a path, which
// may be what seems to be missing.
func (v *validator) misspelt(at string) bool {
	return slices.ContainsFunc(v.problems, func(problem *Problem) bool {
		field, below := strings.CutPrefix(problem.Path, at+".")
		return below && !strings.Contains(field, ".")
	})
}

func (v *validator) validate(config *v1alpha1.ReeveConfiguration) {
	for i, entry := range config.Modes {
		v.modeEntry(fmt.Sprintf("modes[%d]", i), entry)
	}
	for i, rollout := range config.Rollouts {
		v.rollout(fmt.Sprintf("rollouts[%d]", i), rollout)
	}
	v.selector("exceptions.rules", config.Exceptions.Rules)
	v.selector("exceptions.never", config.Exceptions.Never)
	v.positive("exceptions.maxDuration", config.Exceptions.MaxDuration)
	for i, entry := range config.Failure.Rules {
		at := fmt.Sprintf("failure.rules[%d]", i)
		v.rules(at, entry.Rules)
		if entry.OnError == "" && !v.given(at+".onError") {
			v.add(at, "has no onError; write onError: allow or onError: deny")
		}
	}
	v.globs("protectedNamespaces", config.ProtectedNamespaces, "namespace")
	v.sources(config.Rules)
	if size := config.RecentAdmissions.Size; size != nil && (*size < 1 || *size > maxRecentAdmissions) {
		v.add("recentAdmissions.size", "%d is not from 1 to %d", *size, maxRecentAdmissions)
	}
}

// maxRecentAdmissions bounds the memory that remembered admissions take.
const maxRecentAdmissions = 100_000

func (v *validator) modeEntry(at string, entry v1alpha1.ModeEntry) {
	v.name(at, entry.Name)
	v.rules(at, entry.Rules)
	parameters := at + ".parameters"
	if entry.Mode == nil && len(entry.Parameters) == 0 && !v.given(at+".mode") && !v.given(parameters) && !v.misspelt(at) {
		v.add(at, "sets nothing; give it a mode, parameters or both")
	}
	if v.given(parameters) && len(entry.Parameters) == 0 {
		v.add(parameters, "is empty; write parameters, as in name: value, or remove it")
	}
	v.conditions(at, entry.Conditions)
}

// name checks that no two entries have the same name: it is what people find
// them by.
func (v *validator) name(at, name string) {
	at += ".name"
	if name == "" {
		return
	}
	if strings.TrimSpace(name) != name || strings.ContainsFunc(name, func(r rune) bool { return r < ' ' }) {
		v.add(at, "%q begins or ends with a space, or has characters that cannot be shown", name)
	}
	if other, taken := v.names[name]; taken {
		v.add(at, "%q is the name of %s already; choose another", name, other)
		return
	}
	v.names[name] = strings.TrimSuffix(at, ".name")
}

func (v *validator) conditions(at string, conditions v1alpha1.Conditions) {
	v.namespaces(at+".namespaces", conditions.Namespaces)
	v.globs(at+".kinds", conditions.Kinds, "kind")
	for i, operation := range conditions.Operations {
		v.operation(fmt.Sprintf("%s.operations[%d]", at, i), operation)
	}
	for i, user := range conditions.Users {
		below := fmt.Sprintf("%s.users[%d]", at, i)
		name, isGroup := strings.CutPrefix(user, "group:")
		if isGroup && name == "" {
			v.add(below, "names no group; write group:NAME")
			continue
		}
		v.glob(below, name, "user")
	}
}

func (v *validator) operation(at string, operation resource.Operation) {
	known := []string{string(resource.Create), string(resource.Update), string(resource.Delete), string(resource.Connect), string(resource.Scan)}
	if slices.Contains(known, string(operation)) {
		return
	}
	if near := Nearest(string(operation), known); near != "" {
		v.add(at, "%q is not an operation; did you mean %s?", operation, near)
		return
	}
	v.add(at, "%q is not an operation; use one of %s", operation, strings.Join(known, ", "))
}

func (v *validator) namespaces(at string, namespaces *v1alpha1.Namespaces) {
	if namespaces == nil {
		return
	}
	if len(namespaces.Names) == 0 && (namespaces.Labels == nil || isEverything(namespaces.Labels)) {
		v.add(at, "chooses no namespaces; write names or labels, or remove it where all are meant")
		return
	}
	v.globs(at+".names", namespaces.Names, "namespace")
	if namespaces.Labels == nil {
		return
	}
	options := metav1validation.LabelSelectorValidationOptions{}
	for _, err := range metav1validation.ValidateLabelSelector(namespaces.Labels, options, field.NewPath("")) {
		v.add(at+".labels"+strings.TrimPrefix(err.Field, "[]"), "%s", err.ErrorBody())
	}
}

func isEverything(selector *metav1.LabelSelector) bool {
	return len(selector.MatchLabels) == 0 && len(selector.MatchExpressions) == 0
}

func (v *validator) rollout(at string, rollout v1alpha1.Rollout) {
	v.name(at, rollout.Name)
	v.rules(at, rollout.Rules)
	if len(rollout.Stages) == 0 && !v.given(at+".stages[0]") {
		v.add(at, "has no stages; write at least one, as in stages: [{mode: warn}]")
	}
	for i, stage := range rollout.Stages {
		below := fmt.Sprintf("%s.stages[%d]", at, i)
		if stage.Mode == nil && !v.given(below+".mode") {
			v.add(below, "has no mode; write one of %s", strings.Join(modeWords(), ", "))
		}
		v.namespaces(below+".namespaces", stage.Namespaces)
		if i > 0 && stage.Namespaces == nil && stage.From == nil && !v.given(below+".namespaces") && !v.given(below+".from") {
			v.add(below, "counts everywhere and always, so that the stages before it never do; narrow it with namespaces or from, or put it first")
		}
	}
}

// rules checks the rules of an entry, which must name some.
func (v *validator) rules(at string, terms []string) {
	if len(terms) == 0 && !v.given(at+".rules[0]") {
		if !v.given(at + ".rules") {
			v.add(at, `has no rules; name them by id, glob of ids, category:NAME, severity:NAME or framework:NAME, or write rules: ["*"] for all`)
			return
		}
		v.add(at+".rules", `is empty; name rules, or write rules: ["*"] for all`)
	}
	v.selector(at+".rules", terms)
}

// selector checks terms that choose rules.
func (v *validator) selector(at string, terms []string) {
	for i, term := range terms {
		below := fmt.Sprintf("%s[%d]", at, i)
		kind, value, hasKind := strings.Cut(term, ":")
		switch {
		case !hasKind:
			v.glob(below, term, "rule")
		case !slices.Contains([]string{"category", "severity", "framework"}, kind):
			v.add(below, "%q: use a rule id, a glob of ids, category:NAME, severity:NAME or framework:NAME", term)
		case value == "":
			v.add(below, "%q names no %s; write %s:NAME", term, kind, kind)
		case kind == "severity":
			if _, err := finding.ParseSeverity(value); err != nil {
				v.add(below, "%s%s", err, didYouMean(value, severityWords()))
			}
		}
	}
}

func (v *validator) globs(at string, globs []string, what string) {
	for i, pattern := range globs {
		v.glob(fmt.Sprintf("%s[%d]", at, i), pattern, what)
	}
}

func (v *validator) glob(at, pattern, what string) {
	if strings.TrimSpace(pattern) != pattern || pattern == "" {
		v.add(at, "%q is no name of a %s, nor a glob", pattern, what)
		return
	}
	if _, err := glob.Compile(pattern); err != nil {
		v.add(at, "%s", err)
	}
}

// positive checks a duration that is given.
func (v *validator) positive(at string, duration *v1alpha1.Duration) {
	if duration != nil && *duration <= 0 {
		v.add(at, "%s is not above zero", duration)
	}
}
