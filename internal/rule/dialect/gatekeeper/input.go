package gatekeeper

import (
	"errors"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/kubereeve/reeve/internal/resource"
	"github.com/kubereeve/reeve/internal/rule"
)

// Dialect is how templates see what they judge: input.review, which is about
// what the API server sent, and input.parameters.
type Dialect struct{}

// Name returns gatekeeper.
func (Dialect) Name() string { return "gatekeeper" }

// Input returns review and, for one constraint, its parameters. The review is the
// same for all constraints.
func (Dialect) Input(subject *rule.Subject, r *rule.Rule) *ast.Term {
	return inputOf(subject, subject.Resource.Namespace, r)
}

// suiteDialect is how templates see what they judge in suites: there, gator matches
// by the object's namespace, but never shows it.
type suiteDialect struct{ Dialect }

// Input returns what Dialect does, without the namespace.
func (suiteDialect) Input(subject *rule.Subject, r *rule.Rule) *ast.Term {
	return inputOf(subject, nil, r)
}

// inputOf returns the input of a rule. Namespace is nil where nothing is to be seen
// of it.
func inputOf(subject *rule.Subject, namespace *resource.Namespace, r *rule.Rule) *ast.Term {
	fields := append(make([][2]*ast.Term, 0, 3), rule.Field("review", rule.Shared(subject, "gatekeeper", func() *ast.Term { return review(subject, namespace) })))
	if r != nil {
		fields = append(fields, rule.Field("parameters", r.Arguments))
	}
	if subject.Inventory != nil {
		fields = append(fields, rule.Field("inventory", subject.Inventory))
	}
	return ast.ObjectTerm(fields...)
}

// review returns input.review. Fields that have no meaning outside of admission
// are there and empty, as in Gatekeeper's audit.
func review(subject *rule.Subject, within *resource.Namespace) *ast.Term {
	res := subject.Resource
	object, old := ast.NewTerm(subject.Object), ast.InternedNullTerm
	switch {
	case res.Operation == resource.Delete:
		old = object // the API server sends no object; Gatekeeper fills it in
	case subject.OldObject != nil:
		old = ast.NewTerm(subject.OldObject)
	}
	operation := string(res.Operation)
	if res.Operation == resource.Scan {
		operation = ""
	}
	gvk := schema.FromAPIVersionAndKind(res.APIVersion, res.Kind)
	pairs := make([][2]*ast.Term, 0, 16)
	pairs = append(pairs,
		rule.Field("kind", ast.ObjectTerm(stringField("group", gvk.Group), stringField("version", gvk.Version), stringField("kind", gvk.Kind))),
		rule.Field("operation", ast.InternedTerm(operation)),
		rule.Field("object", object),
		rule.Field("oldObject", old),
		rule.Field("namespaceObject", namespaceTerm(within)),
	)
	if !strings.HasSuffix(res.Name, "*") && res.Name != "" { // else the API server will generate it
		pairs = append(pairs, stringField("name", res.Name))
	}
	if namespace := namespaceOf(res); namespace != "" {
		pairs = append(pairs, stringField("namespace", namespace))
	}
	return ast.ObjectTerm(append(pairs, RequestFields(res)...)...)
}

func stringField(name, value string) [2]*ast.Term { return rule.Field(name, ast.StringTerm(value)) }

// namespaceOf returns the namespace that a request names. The API server puts
// namespaces into themselves.
func namespaceOf(res *resource.Resource) string {
	if res.Operation != resource.Scan && res.GroupKind() == (schema.GroupKind{Kind: "Namespace"}) {
		return res.Name
	}
	return res.Identity.Namespace
}

// namespaceTerm returns what is known of the object's namespace, as an object. Where
// there is nothing, that is empty, as in Gatekeeper: rules ask what it has not.
func namespaceTerm(namespace *resource.Namespace) *ast.Term {
	if namespace == nil {
		return ast.ObjectTerm()
	}
	metadata := [][2]*ast.Term{stringField("name", namespace.Name)}
	if len(namespace.Labels) > 0 {
		metadata = append(metadata, rule.Field("labels", rule.StringsTerm(namespace.Labels)))
	}
	if len(namespace.Annotations) > 0 {
		metadata = append(metadata, rule.Field("annotations", rule.StringsTerm(namespace.Annotations)))
	}
	return ast.ObjectTerm(stringField("apiVersion", "v1"), stringField("kind", "Namespace"), rule.Field("metadata", ast.ObjectTerm(metadata...)))
}

// Results returns the elements of violation. In Rego v1, violation[{"msg": msg}]
// without contains makes no set but an object: its keys are what was found.
func (Dialect) Results(_ string, value ast.Value) []ast.Value {
	object, ok := value.(ast.Object)
	if !ok {
		return rule.Elements(value)
	}
	var keys []ast.Value
	object.Foreach(func(key, value *ast.Term) {
		if !ast.Boolean(false).Equal(value.Value) {
			keys = append(keys, key.Value)
		}
	})
	return keys
}

// Violation reads {"msg": ..., "details": ...}. Without msg it is none to
// Gatekeeper.
func (Dialect) Violation(_ *rule.Subject, value ast.Value) (rule.Violation, bool, error) {
	object, ok := value.(ast.Object)
	if !ok {
		return rule.Violation{}, true, errors.New("a violation must be an object with msg, not " + value.String())
	}
	message := object.Get(ast.InternedTerm("msg"))
	if message == nil {
		return rule.Violation{}, false, nil
	}
	if text, ok := message.Value.(ast.String); ok {
		return rule.Violation{Message: string(text)}, true, nil
	}
	return rule.Violation{}, true, errors.New("msg must be a string, not " + message.String())
}

// Native translates a path below input into the native one.
func (Dialect) Native(path []string) ([]string, bool) {
	if len(path) == 0 {
		return nil, false
	}
	if path[0] == "parameters" || path[0] == "inventory" {
		return path, true
	}
	if path[0] != "review" || len(path) < 2 {
		return nil, false
	}
	switch path[1] {
	case "object", "operation", "oldObject":
		return path[1:], true
	case "kind": // part of the key, as are fields of the object that are not masked
		return []string{"object", "kind"}, true
	case "namespace":
		return []string{"object", "metadata", "namespace"}, true
	case "namespaceObject":
		return []string{"namespace"}, true
	case "name":
		return []string{"object", "metadata", "name"}, true
	case "userInfo":
		return []string{"user"}, true
	}
	return nil, false
}
