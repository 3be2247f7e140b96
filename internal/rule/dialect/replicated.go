package dialect

import (
	"slices"

	"github.com/open-policy-agent/opa/v1/ast"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/kubereeve/reeve/internal/rule"
)

// kube-mgmt keeps objects of the cluster in data.kubernetes, by the plural name of
// their kind: data.kubernetes.ingresses.<namespace>.<name>, and without a namespace
// data.kubernetes.namespaces.<name>. Here they come with the input, as the inventory
// does, so references are rewritten to lead there.
var (
	replicatedRef = ast.MustParseRef("data.kubernetes")
	replicatedTo  = ast.MustParseRef("input.replicated")
)

// replicatedField is where rules see the objects, beside the request.
const replicatedField = "replicated"

// replicable are the kinds that rules may ask for, by their plural names.
var replicable = func() map[string][]schema.GroupKind {
	kinds := slices.Concat(rule.Expand(schema.GroupKind{Group: rule.Any, Kind: rule.Any}), []schema.GroupKind{
		{Kind: "ConfigMap"}, {Kind: "Endpoints"}, {Kind: "Event"}, {Kind: "PersistentVolume"}, {Kind: "Secret"},
		{Group: "admissionregistration.k8s.io", Kind: "MutatingWebhookConfiguration"},
		{Group: "admissionregistration.k8s.io", Kind: "ValidatingWebhookConfiguration"},
		{Group: "apiextensions.k8s.io", Kind: "CustomResourceDefinition"},
		{Group: "networking.k8s.io", Kind: "IngressClass"},
		{Group: "scheduling.k8s.io", Kind: "PriorityClass"},
		{Group: "storage.k8s.io", Kind: "StorageClass"},
	})
	byPlural := make(map[string][]schema.GroupKind)
	for _, kind := range kinds {
		plural := pluralOf(kind)
		if !slices.Contains(byPlural[plural], kind) {
			byPlural[plural] = append(byPlural[plural], kind)
		}
	}
	return byPlural
}()

func pluralOf(kind schema.GroupKind) string {
	plural, _ := meta.UnsafeGuessKindToResource(kind.WithVersion(""))
	return plural.Resource
}

// replicatedReferences returns a copy of a module in which references to objects
// lead to the input, and the plural names that they ask for, those of unknown kinds
// included. Names that are packages of the tree are none.
func replicatedReferences(module *ast.Module, isPackage func(string) bool) (*ast.Module, []string) {
	moved := module.Copy()
	whole := make(map[ast.Var]bool)    // imports of data.kubernetes
	single := make(map[ast.Var]string) // imports of the objects of a kind
	var asked []string
	ask := func(plural string) {
		if !slices.Contains(asked, plural) {
			asked = append(asked, plural)
		}
	}
	for _, each := range moved.Imports {
		path, _ := each.Path.Value.(ast.Ref)
		if plural := replicatedPlural(path, isPackage); plural != "" {
			single[each.Name()] = plural
			each.Path.Value = replicatedTo.Concat(path[len(replicatedRef):])
		} else if path.Equal(replicatedRef) {
			whole[each.Name()] = true
		}
	}
	seen := make(map[*ast.Term]bool)
	visit := func(term *ast.Term) bool {
		if seen[term] {
			return false
		}
		seen[term] = true
		switch value := term.Value.(type) {
		case ast.Var:
			if plural := single[value]; plural != "" {
				ask(plural)
			}
		case ast.Ref:
			full := value
			if head, ok := value[0].Value.(ast.Var); ok && whole[head] {
				full = replicatedRef.Concat(value[1:])
			}
			if plural := replicatedPlural(full, isPackage); plural != "" {
				ask(plural)
				term.Value = replicatedTo.Concat(full[len(replicatedRef):])
			}
		}
		return false
	}
	for _, each := range moved.Rules {
		rule.WalkTerms(each, visit)
	}
	return moved, asked
}

// replicatedPlural returns the plural name that a reference to objects begins with,
// "" where it is another reference.
func replicatedPlural(ref ast.Ref, isPackage func(string) bool) string {
	if len(ref) <= len(replicatedRef) || !ref.HasPrefix(replicatedRef) {
		return ""
	}
	plural, _ := ref[len(replicatedRef)].Value.(ast.String)
	if isPackage(string(plural)) {
		return ""
	}
	return string(plural)
}
