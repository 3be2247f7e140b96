package gatekeeper

import (
	"slices"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/open-policy-agent/opa/v1/ast"
	namevalidation "k8s.io/apimachinery/pkg/util/validation"

	"github.com/kubereeve/reeve/internal/rule"
)

// Template is a ConstraintTemplate: Rego, and the parameters that its constraints
// may set.
type Template struct {
	// Kind is the kind of its constraints.
	Kind string
	// Title and Description come from its annotations, as far as it has them.
	Title, Description string
	Annotations        map[string]string
	// Parameters is the schema of spec.parameters.
	Parameters *Schema
	// Operations are those that the template judges at admission; none is all.
	Operations []string
	// Module holds the entry point violation, Libraries what it imports, as they
	// are written, in a package of their own for every template.
	Module    Piece
	Libraries []Piece
	Inventory Inventory

	document *Document
}

// Piece is one piece of Rego of a template.
type Piece struct {
	Name   string // as messages call it
	Text   string
	Module *ast.Module
}

// templateFields are what is read of a ConstraintTemplate.
type templateFields struct {
	Metadata struct {
		Annotations map[string]string `json:"annotations"`
	} `json:"metadata"`
	Spec struct {
		CRD struct {
			Spec struct {
				Names struct {
					Kind string `json:"kind"`
				} `json:"names"`
				Validation *struct {
					OpenAPIV3Schema jsontext.Value `json:"openAPIV3Schema"`
					LegacySchema    *bool          `json:"legacySchema"`
				} `json:"validation"`
			} `json:"spec"`
		} `json:"crd"`
		Targets []target `json:"targets"`
	} `json:"spec"`
}

// target is one of spec.targets.
type target struct {
	Target     string   `json:"target"`
	Rego       string   `json:"rego"`
	Libs       []string `json:"libs"`
	Code       []code   `json:"code"`
	Operations []string `json:"operations"`
}

// code is the text of a target in one engine's language.
type code struct {
	Engine string         `json:"engine"`
	Source jsontext.Value `json:"source"`
}

// regoSource is the source of the engine Rego.
type regoSource struct {
	Rego    string   `json:"rego"`
	Libs    []string `json:"libs"`
	Version string   `json:"version"`
}

// The names that templates may use.
const (
	targetName = "admission.k8s.gatekeeper.sh"
	regoEngine = "Rego"
)

// versions are those of ConstraintTemplate; the older ones let constraints have
// parameters that the schema does not know.
var versions = []string{"v1", "v1beta1", "v1alpha1"}

// ReadTemplate reads a ConstraintTemplate. It returns why it cannot be used,
// with line, field and remedy.
func ReadTemplate(document *Document) (*Template, []*rule.Problem) {
	_, version, _ := strings.Cut(document.identity().APIVersion, "/")
	if !slices.Contains(versions, version) {
		return nil, problems(document.problem("apiVersion", "%s/%s is not known; use %[1]s/v1", templateGroup, version))
	}
	var fields templateFields
	if problem := document.decode(document.raw(), "", &fields, false); problem != nil {
		return nil, problems(problem)
	}
	names := fields.Spec.CRD.Spec.Names
	template := &Template{
		Kind:        names.Kind,
		Title:       fields.Metadata.Annotations["metadata.gatekeeper.sh/title"],
		Description: strings.TrimSpace(fields.Metadata.Annotations["description"]),
		Annotations: fields.Metadata.Annotations,
		document:    document,
	}
	switch {
	case names.Kind == "":
		return nil, problems(document.problem("spec.crd.spec.names.kind", "the kind of the constraints is missing; write it, as in K8sRequiredLabels"))
	case len(namevalidation.IsDNS1035Label(strings.ToLower(names.Kind))) > 0 || len(names.Kind)+len("List") > namevalidation.DNS1035LabelMaxLength:
		return nil, problems(document.problem("spec.crd.spec.names.kind", "%q cannot be a kind; use up to %d letters and digits, as in K8sRequiredLabels", names.Kind, namevalidation.DNS1035LabelMaxLength-len("List")))
	case document.identity().Name != strings.ToLower(names.Kind):
		return nil, problems(document.problem("metadata.name", "the name must be the kind of the constraints in lower case; rename the template to %s", strings.ToLower(names.Kind)))
	case len(fields.Spec.Targets) != 1:
		return nil, problems(document.problem("spec.targets", "there are %d targets; write one, %s", len(fields.Spec.Targets), targetName))
	}
	if problem := template.readSchema(fields, version); problem != nil {
		return nil, problems(problem)
	}
	return template.readTarget(fields.Spec.Targets[0])
}

// readSchema reads the schema of the parameters.
func (t *Template) readSchema(fields templateFields, version string) (problem *rule.Problem) {
	const at = "spec.crd.spec.validation.openAPIV3Schema"
	legacy := version != "v1"
	var raw jsontext.Value
	if validation := fields.Spec.CRD.Spec.Validation; validation != nil {
		raw = validation.OpenAPIV3Schema
		if validation.LegacySchema != nil {
			legacy = *validation.LegacySchema
		}
	}
	schema, path, err := newSchema(raw, legacy)
	if err != nil {
		return t.document.problem(joinPath(at, path), "%s", err)
	}
	t.Parameters = schema
	return nil
}

// readTarget reads the Rego of the target.
func (t *Template) readTarget(of target) (*Template, []*rule.Problem) {
	if of.Target != targetName {
		return nil, problems(t.document.problem("spec.targets[0].target", "%q is not a target; write %s", of.Target, targetName))
	}
	source, at, problem := t.sourceOf(of)
	if problem != nil {
		return nil, problems(problem)
	}
	t.Operations = of.Operations
	if wrong := t.parse(source, at); len(wrong) > 0 {
		return nil, wrong
	}
	if problem := t.readInventory(); problem != nil {
		return nil, problems(problem)
	}
	return t, nil
}

// sourceOf returns the Rego of a target, which stands in rego and libs or among
// code, and the path that leads to it.
func (t *Template) sourceOf(of target) (source regoSource, at string, problem *rule.Problem) {
	at = "spec.targets[0]"
	if of.Rego != "" {
		return regoSource{Rego: of.Rego, Libs: of.Libs}, at, nil
	}
	var engines []string
	for i, code := range of.Code {
		if code.Engine != regoEngine {
			engines = append(engines, code.Engine)
			continue
		}
		at = joinPath(at, "code"+step(stringOf(i))+".source")
		if problem := t.document.decode(code.Source, at, &source, false); problem != nil {
			return source, at, problem
		}
		if source.Rego == "" {
			return source, at, t.document.problem(joinPath(at, "rego"), "there is no Rego; write package and violation")
		}
		return source, at, nil
	}
	if len(engines) > 0 {
		return source, at, t.document.problem(at+".code", "the template has no Rego, only %s; Reeve runs the engine %s alone, so leave the template to Gatekeeper or add its Rego", strings.Join(engines, ", "), regoEngine)
	}
	return source, at, t.document.problem(joinPath(at, "rego"), "there is no Rego; write package and violation")
}

// problems returns a list of one.
func problems(problem *rule.Problem) []*rule.Problem { return []*rule.Problem{problem} }
