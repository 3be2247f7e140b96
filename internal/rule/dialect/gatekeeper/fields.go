package gatekeeper

import (
	"maps"
	"slices"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/kubereeve/reeve/internal/rule"
)

// The fields that a constraint, and its spec, may have.
var (
	constraintNames = []string{"apiVersion", "kind", "metadata", "spec", "status"}
	specNames       = []string{"match", "parameters", "enforcementAction", "scopedEnforcementActions"}
)

// checkFields refuses fields that a constraint cannot have, and fields without a value,
// as the API server does: what is written there, and not read, would be missed by
// nobody. What the parameters may be, the template says.
func (d *Document) checkFields() *rule.Problem {
	var document map[string]jsontext.Value
	if problem := d.decode(d.raw(), "", &document, false); problem != nil {
		return problem
	}
	for _, name := range slices.Sorted(maps.Keys(document)) {
		if !slices.Contains(constraintNames, name) {
			return d.problem(step(name), unknownField)
		}
	}
	if len(document["spec"]) == 0 {
		return nil
	}
	var spec map[string]any
	if problem := d.decode(document["spec"], "spec", &spec, false); problem != nil {
		return problem
	}
	for _, name := range slices.Sorted(maps.Keys(spec)) {
		if !slices.Contains(specNames, name) {
			return d.problem("spec."+step(name), "there is no such field; remove it, or move it to parameters or match")
		}
	}
	delete(spec, "parameters")
	var value any = spec
	if document["spec"].Kind() == 'n' {
		value = nil
	}
	if path, found := nullIn(value, "spec"); found {
		return d.misfit(path, "it has no value; write one, or remove the field")
	}
	return nil
}

// nullIn returns the path of the first null in a value, and whether there is one.
func nullIn(value any, at string) (string, bool) {
	switch value := value.(type) {
	case nil:
		return at, true
	case map[string]any:
		for _, name := range slices.Sorted(maps.Keys(value)) {
			if path, found := nullIn(value[name], joinPath(at, step(name))); found {
				return path, true
			}
		}
	case []any:
		for i, item := range value {
			if path, found := nullIn(item, at+step(stringOf(i))); found {
				return path, true
			}
		}
	}
	return "", false
}

// misfit returns what is wrong with a field, as problem does, and keeps in mind that
// the field does not fit the schema of its constraint.
func (d *Document) misfit(path, format string, arguments ...any) *rule.Problem {
	problem := d.problem(path, format, arguments...)
	d.misfits = append(d.misfits, problem)
	return problem
}

// Misfit returns the first of a constraint's problems that is about its schema, nil
// where none is. Suites tell these from others, as gator does.
func (d *Document) Misfit() *rule.Problem {
	if len(d.misfits) == 0 {
		return nil
	}
	return d.misfits[0]
}
