package gatekeeper

import (
	"github.com/open-policy-agent/opa/v1/ast"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/kubereeve/reeve/internal/finding"
	"github.com/kubereeve/reeve/internal/resource"
	"github.com/kubereeve/reeve/internal/rule"
)

// severityAnnotation says how bad violations are, on a constraint or, for all of
// its constraints, on a template. Gatekeeper itself knows no severities.
const severityAnnotation = "metadata.kubereeve.io/severity"

// newRule returns the rule of a constraint, whose template is in a unit.
func newRule(constraint *Constraint, unit *rule.Unit) (*rule.Rule, *rule.Problem) {
	template := constraint.Template
	arguments, err := ast.InterfaceToValue(constraint.Parameters)
	if err != nil {
		return nil, constraint.document.problem("spec.parameters", "%s", err)
	}
	severity, problem := severityOf(constraint)
	if problem != nil {
		return nil, problem
	}
	made := &rule.Rule{
		ID:          constraint.id(),
		Category:    "gatekeeper",
		Title:       template.Title,
		Description: template.Description,
		Severity:    severity,
		Kinds:       constraint.kinds(),
		Builtin:     constraint.document.builtin,
		File:        constraint.document.Resource.Source.File,
		Package:     unit.Package(template.Module.Module.Package.Path),
		Dialect:     Dialect{},
		Arguments:   ast.NewTerm(arguments),
		Lenient:     true,
	}
	if made.Title == "" {
		made.Title = template.Kind
	}
	made.Doors, made.Mode = constraint.doors()
	made.Entrypoints = []rule.Entrypoint{{Name: entrypoint, Mode: made.Mode, Alone: !template.isSet()}}
	if constraint.asks() {
		made.Match = constraint.judges
		made.Uncacheable = constraint.Match.beyondKey()
	}
	return made, nil
}

// doors returns where the constraint is judged, and what violations do: at
// admission, where that counts, if it is judged there.
func (c *Constraint) doors() (doors []finding.Door, mode finding.Mode) {
	admission, atAdmission := c.Actions[PointAdmission]
	audit, atAudit := c.Actions[PointAudit]
	if atAdmission {
		doors, mode = append(doors, finding.DoorAdmission), admission.mode()
	}
	if atAudit {
		doors = append(doors, finding.DoorScan)
	}
	if !atAdmission {
		mode = audit.mode()
	}
	return doors, mode
}

// severityOf returns how bad violations of a constraint are.
func severityOf(constraint *Constraint) (finding.Severity, *rule.Problem) {
	document, text := constraint.document, constraint.Annotations[severityAnnotation]
	if text == "" {
		document, text = constraint.Template.document, constraint.Template.Annotations[severityAnnotation]
	}
	if text == "" {
		return finding.Medium, nil
	}
	severity, err := finding.ParseSeverity(text)
	if err != nil {
		return severity, document.problem("metadata.annotations["+quoted(severityAnnotation)+"]", "%s", err)
	}
	return severity, nil
}

// kinds returns the kinds that a constraint judges, in the words of rules.
func (c *Constraint) kinds() []schema.GroupKind {
	kinds := make(map[schema.GroupKind]bool)
	var list []Kinds
	if c.Match != nil {
		list = c.Match.Kinds
	}
	if len(list) == 0 {
		list = []Kinds{{}}
	}
	for _, each := range list {
		for _, group := range orAny(each.APIGroups) {
			for _, kind := range orAny(each.Kinds) {
				kinds[schema.GroupKind{Group: group, Kind: kind}] = true
			}
		}
	}
	return sortedKinds(kinds)
}

// orAny returns a list, or the asterisk for an empty one.
func orAny(list []string) []string {
	if len(list) == 0 {
		return []string{rule.Any}
	}
	return list
}

// asks tells whether more than the kind decides what the constraint judges.
func (c *Constraint) asks() bool {
	if len(c.Template.Operations) > 0 || c.exempt.any() {
		return true
	}
	m := c.Match
	return m != nil && (m.Scope == ScopeCluster || m.Scope == ScopeNamespaced || len(m.Namespaces)+len(m.ExcludedNamespaces) > 0 ||
		m.LabelSelector != nil || m.NamespaceSelector != nil || m.Name != "" || m.Source == SourceGenerated)
}

// judges tells whether the constraint judges a subject.
func (c *Constraint) judges(subject *rule.Subject) (bool, error) {
	operation := subject.Resource.Operation
	if !c.Template.atOperation(operation) {
		return false, nil
	}
	request := placed(subject)
	if c.exempt.cover(request.Object, operation) {
		return false, nil
	}
	return c.Match.Matches(request)
}

// atOperation tells whether the template judges an operation. Scans are none.
func (t *Template) atOperation(operation resource.Operation) bool {
	return operation == resource.Scan || contains(t.Operations, string(operation))
}

// beyondKey tells whether criteria look at what the verdict cache leaves out: the
// object's name and everything of the old object.
func (m *Match) beyondKey() bool {
	return m != nil && (m.Name != "" || m.LabelSelector != nil || m.NamespaceSelector != nil)
}

// asGator makes a rule judge all that it is asked about, at every door, by the
// criteria alone, with whatever inventory there is, and without the namespace.
func asGator(made *rule.Rule, constraint *Constraint, sourceOf func() Source) {
	made.Doors = []finding.Door{finding.DoorAdmission, finding.DoorScan}
	made.Kinds = []schema.GroupKind{{Group: rule.Any, Kind: rule.Any}}
	made.Entrypoints[0].Alone = true // nothing is judged together with it
	made.Dialect = suiteDialect{}
	made.Match = func(subject *rule.Subject) (bool, error) {
		request := requestOf(subject)
		request.Source = sourceOf()
		return constraint.Match.Matches(request)
	}
	made.Inventory = nil
	if constraint.Template.Inventory.Read {
		made.Inventory = []rule.Need{{Kind: schema.GroupKind{Kind: "Namespace"}, Optional: true}}
	}
}
