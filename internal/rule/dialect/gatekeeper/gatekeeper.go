// Package gatekeeper reads the rules of OPA Gatekeeper: ConstraintTemplates, which
// hold the Rego, and constraints, which say what a template judges and with which
// parameters. Each constraint is one rule; the constraints of a template share its
// compiled Rego.
package gatekeeper

import (
	"fmt"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/kubereeve/reeve/internal/manifest"
	"github.com/kubereeve/reeve/internal/resource"
	"github.com/kubereeve/reeve/internal/rule"
)

// The API groups of Gatekeeper that are read.
const (
	templateGroup   = "templates.gatekeeper.sh"
	constraintGroup = "constraints.gatekeeper.sh"
)

// TemplateKind is the kind that holds the Rego.
var TemplateKind = schema.GroupKind{Group: templateGroup, Kind: "ConstraintTemplate"}

// IsConstraint tells whether objects of a kind are constraints of some template.
func IsConstraint(kind schema.GroupKind) bool { return kind.Group == constraintGroup }

// Document is one object of a manifest, and where its fields stand in it.
type Document struct {
	manifest.Object
	locator manifest.Locator
	builtin bool // it comes with Reeve
	second  bool // its file has another template before it
	suite   bool // it is read for a suite
	misfits []*rule.Problem
}

// NewDocument returns the document of an object.
func NewDocument(object manifest.Object) *Document { return &Document{Object: object} }

// ForSuite has the document read as gator reads it, and returns it: what a constraint
// says of enforcement actions that there are not, only the webhook of Gatekeeper refuses.
func (d *Document) ForSuite() *Document {
	d.suite = true
	return d
}

// raw returns the object as JSON.
func (d *Document) raw() jsontext.Value { return d.Resource.Object }

// identity returns what the object is called.
func (d *Document) identity() resource.Identity { return d.Resource.Identity }

// line returns the line of a field given by its path, as in spec.match.kinds[0].
func (d *Document) line(path string) int { return d.locator.Line(d.Object, path) }

// problem returns what is wrong with a field, in the words of the caller.
func (d *Document) problem(path, format string, arguments ...any) *rule.Problem {
	message := fmt.Sprintf(format, arguments...)
	if path != "" {
		message = path + ": " + message
	}
	return &rule.Problem{File: d.Resource.Source.File, Line: d.line(path), Message: d.identity().Kind + " " + d.identity().Name + ": " + message}
}

// decode reads the fields of the document into a struct, and says which field
// does not fit, where strict is true also those that the struct does not know.
func (d *Document) decode(raw jsontext.Value, at string, into any, strict bool) *rule.Problem {
	if len(raw) == 0 {
		return nil
	}
	path, message := decodeJSON(raw, into, strict)
	switch message {
	case "":
		return nil
	case unknownField:
		return d.problem(joinPath(at, path), "%s", message)
	}
	return d.misfit(joinPath(at, path), "%s", message)
}

// joinPath appends a path to another; either may be empty, and the second may
// begin with a bracket.
func joinPath(base, path string) string {
	if base == "" || path == "" || strings.HasPrefix(path, "[") {
		return base + path
	}
	return base + "." + path
}
