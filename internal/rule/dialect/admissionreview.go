package dialect

import (
	"slices"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/kubereeve/reeve/internal/finding"
	"github.com/kubereeve/reeve/internal/resource"
	"github.com/kubereeve/reeve/internal/rule"
	"github.com/kubereeve/reeve/internal/rule/dialect/gatekeeper"
)

// AdmissionReview is the dialect of rules that OPA's kube-mgmt serves: they see
// the AdmissionReview that the API server sends. In a scan they see one of an
// object that is being created.
type AdmissionReview struct {
	replica *replica      // shared by all rules that were read together
	modules []*ast.Module // while they are read
}

// admissionPackage is where kube-mgmt looks for rules.
const admissionPackage = "kubernetes.admission"

// systemPackage is where OPA looks for its answer.
const systemPackage = "system"

// mainRule answers with a whole AdmissionReview.
const mainRule = "main"

// Name returns admissionreview.
func (AdmissionReview) Name() string { return "admissionreview" }

// Read reads the modules that are in the package kubernetes.admission or read
// input.request. Where rules find violations by themselves, main only repeats
// them, as may others, and is no rule of its own.
func (a AdmissionReview) Read(documents []*rule.Document) ([]rule.File, []*rule.Problem) {
	a.replica = &replica{}
	for _, document := range documents {
		if !document.Claimed && document.Module != nil {
			a.modules = append(a.modules, document.Module)
		}
	}
	finds := slices.ContainsFunc(a.modules, func(module *ast.Module) bool { return len(a.names(module, false)) > 0 })
	asks := newQuestions(documents)
	reader := &foreign{
		dialect:   AdmissionReview{replica: a.replica},
		libraries: true,
		names:     func(module *ast.Module) []rule.Entrypoint { return a.names(module, !finds) },
		prepare: func(document *rule.Document) *ast.Module {
			if !finds {
				return asks.modules[document]
			}
			return a.withoutGathering(document.Module, asks.modules[document])
		},
		complete: func(r *rule.Rule, document *rule.Document) {
			r.Inventory = asks.needs(document)
			a.replica.asked = a.replica.asked || len(r.Inventory) > 0
		},
	}
	files, problems := reader.read(documents)
	problems = append(problems, asks.unknown()...)
	for _, document := range documents {
		if finds && !document.Claimed && document.Module != nil && len(a.names(document.Module, true)) > 0 {
			document.Claimed = true // it repeats the others
		}
	}
	return files, problems
}

// names returns the entry points of a module, those that only repeat the findings of
// other packages if they are wanted.
func (a AdmissionReview) names(module *ast.Module, repeating bool) []rule.Entrypoint {
	if !isAdmission(module) {
		return nil
	}
	return entrypointsOf(module, func(name string) (finding.Mode, bool) {
		switch {
		case name == mainRule:
			return finding.Deny, repeating || !a.answers(module)
		case !findingNames[name]:
			return finding.Off, false
		case name == "warn":
			return finding.Warn, repeating || !a.repeats(module, name)
		}
		return finding.Deny, repeating || !a.repeats(module, name)
	})
}

// isAdmission tells whether the rules of a module judge reviews.
func isAdmission(module *ast.Module) bool {
	name := strings.Join(packagePath(module), ".")
	return name == admissionPackage || name == systemPackage || readsInput(module, "request")
}

// Input returns the AdmissionReview.
func (a AdmissionReview) Input(s *rule.Subject, _ *rule.Rule) *ast.Term {
	return rule.Shared(s, "admissionreview", func() *ast.Term {
		pairs := [][2]*ast.Term{
			rule.Field("apiVersion", ast.StringTerm("admission.k8s.io/v1")),
			rule.Field("kind", ast.StringTerm("AdmissionReview")),
			rule.Field("request", requestTerm(s)),
		}
		if s.Inventory != nil && a.replica.asked {
			pairs = append(pairs, rule.Field(replicatedField, a.replica.of(s)))
		}
		return ast.ObjectTerm(pairs...)
	})
}

// requestTerm returns the request of an AdmissionReview about a subject, as the API
// server sends it: without the fields that would be empty.
func requestTerm(s *rule.Subject) *ast.Term {
	res := s.Resource
	gvk := schema.FromAPIVersionAndKind(res.APIVersion, res.Kind)
	operation := res.Operation
	if operation == resource.Scan {
		operation = resource.Create
	}
	old := ast.InternedNullTerm
	if s.OldObject != nil {
		old = ast.NewTerm(s.OldObject)
	}
	object := ast.NewTerm(s.Object)
	if operation == resource.Delete { // the API server has nothing but the old one
		object, old = old, object
	}
	pairs := [][2]*ast.Term{
		rule.Field("kind", groupVersionTerm(gvk.Group, gvk.Version, "kind", gvk.Kind)),
		rule.Field("operation", ast.StringTerm(string(operation))),
		rule.Field("object", object),
		rule.Field("oldObject", old),
	}
	if !strings.HasSuffix(res.Name, "*") && res.Name != "" { // else the API server will generate it
		pairs = append(pairs, rule.Field("name", ast.StringTerm(res.Name)))
	}
	namespace := res.EffectiveNamespace()
	if gvk.Group == "" && gvk.Kind == "Namespace" { // which the API server puts into themselves
		namespace = res.Name
	}
	if namespace != "" {
		pairs = append(pairs, rule.Field("namespace", ast.StringTerm(namespace)))
	}
	if res.Request != nil {
		return ast.ObjectTerm(append(pairs, gatekeeper.RequestFields(res)...)...)
	}
	return ast.ObjectTerm(append(pairs, assumedFields(res, gvk)...)...)
}

// assumedFields returns what the API server would say of a request that it was not
// sent.
func assumedFields(res *resource.Resource, gvk schema.GroupVersionKind) [][2]*ast.Term {
	plural, _ := meta.UnsafeGuessKindToResource(gvk)
	user := &resource.User{}
	if res.User != nil {
		user = res.User
	}
	groups := make([]*ast.Term, len(user.Groups))
	for i, group := range user.Groups {
		groups[i] = ast.StringTerm(group)
	}
	pairs := [][2]*ast.Term{
		rule.Field("uid", ast.StringTerm(res.UID)),
		rule.Field("resource", groupVersionTerm(gvk.Group, gvk.Version, "resource", plural.Resource)),
		rule.Field("userInfo", ast.ObjectTerm(
			rule.Field("username", ast.StringTerm(user.Name)),
			rule.Field("groups", ast.ArrayTerm(groups...)))),
		rule.Field("dryRun", ast.InternedTerm(res.DryRun)),
		rule.Field("options", ast.InternedNullTerm),
	}
	if res.Subresource != "" {
		pairs = append(pairs, rule.Field("subResource", ast.StringTerm(res.Subresource)))
	}
	return pairs
}

func groupVersionTerm(group, version, field, value string) *ast.Term {
	return ast.ObjectTerm(
		rule.Field("group", ast.StringTerm(group)),
		rule.Field("version", ast.StringTerm(version)),
		rule.Field(field, ast.StringTerm(value)))
}

// Results returns the elements of a set, or of main the response that refuses.
func (AdmissionReview) Results(entrypoint string, value ast.Value) []ast.Value {
	if entrypoint != mainRule {
		return rule.Elements(value)
	}
	review, _ := value.(ast.Object)
	response := child(review, "response")
	if response == nil || !isFalse(response.Get(ast.InternedTerm("allowed"))) {
		return nil
	}
	return []ast.Value{response}
}

// Violation reads a string, an object with msg or message, or a response that
// refuses.
func (AdmissionReview) Violation(_ *rule.Subject, value ast.Value) (rule.Violation, bool, error) {
	if object, ok := value.(ast.Object); ok && isFalse(object.Get(ast.InternedTerm("allowed"))) {
		status := child(object, "status")
		for _, key := range []string{"message", "reason"} {
			if status != nil && text(status, key) != "" {
				return rule.Violation{Message: text(status, key)}, true, nil
			}
		}
		return rule.Violation{Message: "refused, for no reason that the rule tells"}, true, nil
	}
	return messageOf(value, "msg", "message")
}

// Native returns where the field is in the native input.
func (AdmissionReview) Native(path []string) ([]string, bool) {
	if len(path) < 2 || path[0] != "request" {
		return []string{"operation"}, len(path) == 1 && path[0] != "request" && path[0] != replicatedField // kind and apiVersion never differ
	}
	switch path[1] {
	case "object":
		return path[1:], true
	case "operation", "kind", "namespace", "subResource":
		return []string{"operation"}, true // parts of the key
	}
	return nil, false
}

// child returns the object in a field, nil when there is none.
func child(object ast.Object, field string) ast.Object {
	if object == nil {
		return nil
	}
	term := object.Get(ast.InternedTerm(field))
	if term == nil {
		return nil
	}
	below, _ := term.Value.(ast.Object)
	return below
}

func isFalse(term *ast.Term) bool {
	if term == nil {
		return false
	}
	b, ok := term.Value.(ast.Boolean)
	return ok && !bool(b)
}
