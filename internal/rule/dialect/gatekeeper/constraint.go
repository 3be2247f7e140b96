package gatekeeper

import (
	"fmt"
	"slices"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/validation"
	"k8s.io/apimachinery/pkg/labels"
	namevalidation "k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/kubereeve/reeve/internal/rule"
)

// Constraint is a use of a template: what it judges, with which parameters, and
// what violations do.
type Constraint struct {
	Template *Template
	Name     string
	// Match is nil when the constraint judges everything.
	Match *Match
	// Parameters are spec.parameters with the template's defaults.
	Parameters map[string]any
	// Actions say what violations do at each enforcement point; the constraint
	// is not enforced at others.
	Actions     map[Point]Action
	Annotations map[string]string

	document *Document
	exempt   *exemptions // nil for none
}

// constraintFields are what is read of a constraint.
type constraintFields struct {
	Metadata struct {
		Annotations map[string]string `json:"annotations"`
	} `json:"metadata"`
	Spec struct {
		Match                    jsontext.Value `json:"match"`
		Parameters               jsontext.Value `json:"parameters"`
		EnforcementAction        Action         `json:"enforcementAction"`
		ScopedEnforcementActions jsontext.Value `json:"scopedEnforcementActions"`
	} `json:"spec"`
}

// matchFields is spec.match as it is written.
type matchFields struct {
	Source             *Source               `json:"source"`
	Kinds              []Kinds               `json:"kinds"`
	Scope              Scope                 `json:"scope"`
	Namespaces         []Glob                `json:"namespaces"`
	ExcludedNamespaces []Glob                `json:"excludedNamespaces"`
	LabelSelector      *metav1.LabelSelector `json:"labelSelector"`
	NamespaceSelector  *metav1.LabelSelector `json:"namespaceSelector"`
	Name               Glob                  `json:"name"`
}

// maxNameLength bounds the names of constraints, as Gatekeeper does.
const maxNameLength = 63

// ReadConstraint reads a constraint of a template. It returns why it cannot be
// used, with line, field and remedy.
func ReadConstraint(document *Document, template *Template) (*Constraint, []*rule.Problem) {
	identity := document.identity()
	if _, version, _ := strings.Cut(identity.APIVersion, "/"); version != "v1beta1" && version != "v1alpha1" {
		return nil, problems(document.problem("apiVersion", "%q is not known; use %s/v1beta1", identity.APIVersion, constraintGroup))
	}
	if len(identity.Name) > maxNameLength || len(namevalidation.IsDNS1123Subdomain(identity.Name)) > 0 {
		return nil, problems(document.problem("metadata.name", "%q cannot name a constraint; use up to %d lower case letters, digits, - and .", identity.Name, maxNameLength))
	}
	var fields constraintFields
	if problem := document.decode(document.raw(), "", &fields, false); problem != nil {
		return nil, problems(problem)
	}
	if problem := document.checkFields(); problem != nil {
		return nil, problems(problem)
	}
	constraint := &Constraint{Template: template, Name: identity.Name, Annotations: fields.Metadata.Annotations, document: document}
	var wrong []*rule.Problem
	var problem *rule.Problem
	if constraint.Match, problem = readMatch(document, fields.Spec.Match); problem != nil {
		wrong = append(wrong, problem)
	}
	if constraint.Actions, problem = readActions(document, fields.Spec.EnforcementAction, fields.Spec.ScopedEnforcementActions); problem != nil {
		wrong = append(wrong, problem)
	}
	parameters, invalid := template.Parameters.Apply(fields.Spec.Parameters)
	for _, err := range invalid {
		say := document.misfit
		if err.unknown {
			say = document.problem
		}
		wrong = append(wrong, say(joinPath("spec.parameters", err.path), "%s", err.message))
	}
	if len(wrong) > 0 {
		return nil, wrong
	}
	constraint.Parameters = parameters
	return constraint, nil
}

// readMatch reads spec.match; nil where there is none.
func readMatch(document *Document, raw jsontext.Value) (*Match, *rule.Problem) {
	if len(raw) == 0 || raw.Kind() == 'n' {
		return nil, nil
	}
	const at = "spec.match"
	var fields matchFields
	if problem := document.decode(raw, at, &fields, true); problem != nil {
		return nil, problem
	}
	match := &Match{
		Kinds: fields.Kinds, Scope: fields.Scope, Source: SourceAll, Name: fields.Name,
		Namespaces: fields.Namespaces, ExcludedNamespaces: fields.ExcludedNamespaces,
	}
	if fields.Source != nil {
		match.Source = *fields.Source
	}
	if !slices.Contains([]Source{SourceAll, SourceOriginal, SourceGenerated}, match.Source) {
		return nil, document.misfit(at+".source", "%q is not a source; use All, Original or Generated", match.Source)
	}
	if path, err := checkGlobs(fields); err != nil {
		return nil, document.misfit(joinPath(at, path), "%s", err)
	}
	var path string
	var err error
	if match.LabelSelector, path, err = selector("labelSelector", fields.LabelSelector); err == nil {
		match.NamespaceSelector, path, err = selector("namespaceSelector", fields.NamespaceSelector)
	}
	if err != nil {
		return nil, document.problem(joinPath(at, path), "%s", err)
	}
	return match, nil
}

// checkGlobs checks all globs of the criteria and returns the path to a bad one.
func checkGlobs(fields matchFields) (string, error) {
	for name, globs := range map[string][]Glob{"namespaces": fields.Namespaces, "excludedNamespaces": fields.ExcludedNamespaces} {
		for i, glob := range globs {
			if err := glob.check(); err != nil {
				return name + step(stringOf(i)), err
			}
		}
	}
	return "name", fields.Name.check()
}

// selector reads a label selector; nil where there is none.
func selector(name string, from *metav1.LabelSelector) (labels.Selector, string, error) {
	if from == nil {
		return nil, "", nil
	}
	errs := validation.ValidateLabelSelector(from, validation.LabelSelectorValidationOptions{}, field.NewPath(name))
	if len(errs) > 0 {
		return nil, errs[0].Field, fmt.Errorf("%s", errs[0].ErrorBody())
	}
	selector, err := metav1.LabelSelectorAsSelector(from)
	return selector, name, err
}
