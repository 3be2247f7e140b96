package dialect

import (
	"path"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/kubereeve/reeve/internal/finding"
	"github.com/kubereeve/reeve/internal/rule"
)

// KubeEye is the dialect of KubeEye: the object is in input.Object, and every set
// or list of objects with a Message finds something. Files know nothing of each
// other, as they share packages and use the same names for their helpers.
type KubeEye struct{}

const rbacGroup = "rbac.authorization.k8s.io"

// kubeEyePackages are the packages of KubeEye's rules, with the kinds they judge.
var kubeEyePackages = map[string][]schema.GroupKind{
	"kubeeye_workloads_rego": anyKind,
	"kubeeye_RBAC_rego": {
		{Group: rbacGroup, Kind: "Role"}, {Group: rbacGroup, Kind: "ClusterRole"},
		{Group: rbacGroup, Kind: "RoleBinding"}, {Group: rbacGroup, Kind: "ClusterRoleBinding"},
	},
	"kubeeye_nodes_rego":  {{Kind: "Node"}},
	"kubeeye_events_rego": {{Kind: "Event"}},
}

// kubeEyeLevels are KubeEye's words for severities.
var kubeEyeLevels = map[string]finding.Severity{
	"danger": finding.High, "warning": finding.Medium, "ignore": finding.Low,
}

// Name returns kubeeye.
func (KubeEye) Name() string { return "kubeeye" }

// Read reads the modules of KubeEye's packages.
func (k KubeEye) Read(documents []*rule.Document) ([]rule.File, []*rule.Problem) {
	reader := &foreign{dialect: k, names: k.names, separate: true, complete: k.complete}
	return reader.read(documents)
}

func (KubeEye) names(module *ast.Module) []rule.Entrypoint {
	if kubeEyePackages[strings.Join(packagePath(module), ".")] == nil {
		return nil
	}
	found := entrypointsOf(module, func(string) (finding.Mode, bool) { return finding.Warn, true })
	for i := range found {
		found[i].Alone = true // any name may be a helper that is no set
	}
	return found
}

func (KubeEye) complete(r *rule.Rule, document *rule.Document) {
	r.Kinds = kubeEyePackages[strings.Join(packagePath(document.Module), ".")]
	r.ID = "kubeeye/" + withoutExtension(path.Base(document.Path))
}

// Input returns the object in the field Object, always with a name and a
// namespace, which KubeEye's rules take for given.
func (KubeEye) Input(s *rule.Subject, _ *rule.Rule) *ast.Term {
	return rule.Shared(s, "kubeeye", func() *ast.Term {
		metadata := ast.NewObject(
			rule.Field("name", ast.StringTerm(s.Resource.Name)),
			rule.Field("namespace", ast.StringTerm(s.Resource.EffectiveNamespace())))
		if own := child(s.Object, "metadata"); own != nil {
			metadata, _ = own.MergeWith(metadata, func(a, b *ast.Term) (*ast.Term, bool) {
				if text, ok := a.Value.(ast.String); ok && text == "" {
					return b, false
				}
				return a, false
			})
		}
		object, _ := s.Object.MergeWith(ast.NewObject(rule.Field("metadata", ast.NewTerm(metadata))),
			func(_, b *ast.Term) (*ast.Term, bool) { return b, false })
		return ast.ObjectTerm(rule.Field("Object", ast.NewTerm(object)))
	})
}

// Results returns the elements of a set or list.
func (KubeEye) Results(_ string, value ast.Value) []ast.Value { return rule.Elements(value) }

// Violation reads {Name, Namespace, Type, Message, Level, Reason}. What has no
// Message belongs to a helper.
func (KubeEye) Violation(_ *rule.Subject, value ast.Value) (rule.Violation, bool, error) {
	object, ok := value.(ast.Object)
	if !ok || text(object, "Message") == "" {
		return rule.Violation{}, false, nil
	}
	violation := rule.Violation{Message: text(object, "Message")}
	if reason := text(object, "Reason"); reason != "" {
		violation.Message += ": " + reason
	}
	if severity, known := kubeEyeLevels[strings.ToLower(text(object, "Level"))]; known {
		violation.Severity = &severity
	}
	return violation, true, nil
}

// Native returns where the field is in the native input.
func (KubeEye) Native(path []string) ([]string, bool) {
	if len(path) == 0 || path[0] != "Object" {
		return nil, false
	}
	return append([]string{"object"}, path[1:]...), true
}
