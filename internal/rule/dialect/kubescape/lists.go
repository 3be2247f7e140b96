package kubescape

import (
	"slices"
	"strings"
	"sync"

	"github.com/open-policy-agent/opa/v1/ast"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/kubereeve/reeve/internal/resource"
	"github.com/kubereeve/reeve/internal/rule"
)

// kinds are the kinds that a rule wants, with asterisks for any group or kind.
type kinds []schema.GroupKind

// has tells whether a kind is among them.
func (k kinds) has(kind schema.GroupKind) bool {
	return slices.ContainsFunc(k, func(pattern schema.GroupKind) bool {
		return (pattern.Group == rule.Any || pattern.Group == kind.Group) && (pattern.Kind == rule.Any || pattern.Kind == kind.Kind)
	})
}

// named tells whether a kind of any group is among them by its name.
func (k kinds) named(kind string) bool {
	return slices.ContainsFunc(k, func(pattern schema.GroupKind) bool { return pattern.Kind == kind })
}

// key names the kinds among others.
func (k kinds) key() string {
	var key strings.Builder
	for _, kind := range k {
		key.WriteString(kind.String())
		key.WriteByte(' ')
	}
	return key.String()
}

// manyObjects is how many objects of its kinds a rule sees at most of a whole
// cluster. Where there are more, it sees those of one namespace and those without
// one, as it does in Kubescape.
const manyObjects = 500

// clusterWide are kinds that belong to objects in other namespaces.
var clusterWide = []string{"RoleBinding", "ClusterRoleBinding"}

// lists keeps the objects of an inventory by the kinds that rules want, for as
// long as the inventory stays as it is.
type lists struct {
	mu        sync.Mutex
	inventory *ast.Term
	byKinds   map[string]*list
}

// list is the objects of some kinds.
type list struct {
	all []object
	// in holds the objects of each namespace, those without one under "".
	in map[string][]object
}

// object is one object of an inventory.
type object struct {
	kind            schema.GroupKind
	namespace, name string
	term            *ast.Term
}

// of returns what a rule sees as input.judged and input.all.
func (l *lists) of(subject *rule.Subject, d *Dialect) (judged, all []*ast.Term) {
	objects := l.around(subject, d.kinds)
	if d.shape == joined {
		return []*ast.Term{judgedTerm(subject)}, objects
	}
	return subjectsOf(objects, subject)
}

// around returns the objects of some kinds that may have to do with the one to
// judge, which stands among them as it will be.
func (l *lists) around(subject *rule.Subject, wanted kinds) []*ast.Term {
	terms := []*ast.Term{}
	kind, own := subject.Resource.GroupKind(), subject.Resource.EffectiveNamespace()
	missing := wanted.has(kind)
	known := l.list(subject.Inventory, wanted)
	objects := known.all
	if len(objects) > manyObjects && own != "" && !slices.ContainsFunc(clusterWide, wanted.named) {
		objects = slices.Concat(known.in[own], known.in[""])
	}
	for _, other := range objects {
		if other.kind == kind && other.name == subject.Resource.Name && other.namespace == own {
			if missing {
				terms, missing = append(terms, judgedTerm(subject)), false
			}
			continue
		}
		terms = append(terms, other.term)
	}
	if missing { // it is being created
		terms = append(terms, judgedTerm(subject))
	}
	return terms
}

// list returns the objects of some kinds in an inventory.
func (l *lists) list(inventory *ast.Term, wanted kinds) *list {
	if inventory == nil {
		return &list{}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.inventory != inventory {
		l.inventory, l.byKinds = inventory, make(map[string]*list)
	}
	key := wanted.key()
	if l.byKinds[key] == nil {
		l.byKinds[key] = newList(inventory, wanted)
	}
	return l.byKinds[key]
}

func newList(inventory *ast.Term, wanted kinds) *list {
	l := &list{in: make(map[string][]object)}
	whole, _ := value[ast.Object](inventory)
	if whole == nil {
		return l
	}
	eachField(whole.Get(rule.Name("cluster")), func(version string, kinds *ast.Term) { l.add("", version, kinds, wanted) })
	eachField(whole.Get(rule.Name("namespace")), func(namespace string, versions *ast.Term) {
		eachField(versions, func(version string, kinds *ast.Term) { l.add(namespace, version, kinds, wanted) })
	})
	return l
}

// add takes the objects of one version in one namespace.
func (l *list) add(namespace, version string, byKind *ast.Term, wanted kinds) {
	eachField(byKind, func(kindName string, objects *ast.Term) {
		kind := schema.FromAPIVersionAndKind(version, kindName).GroupKind()
		if !wanted.has(kind) {
			return
		}
		eachField(objects, func(name string, term *ast.Term) {
			o := object{kind, namespace, name, withNames(term, name, namespace)}
			l.all = append(l.all, o)
			l.in[namespace] = append(l.in[namespace], o)
		})
	})
}

// eachField calls f with each field of an object, in the order of their names.
func eachField(term *ast.Term, f func(string, *ast.Term)) {
	fields, ok := value[ast.Object](term)
	if !ok {
		return
	}
	for _, key := range fields.Keys() { // sorted, unlike what Foreach says
		if name, ok := value[ast.String](key); ok {
			f(string(name), fields.Get(key))
		}
	}
}

// subjectsOf makes of bindings and roles what Kubescape calls subjects: one object
// for each subject of a binding and its role, with both as relatedObjects. Judged
// are those that the object to judge is related to.
func subjectsOf(objects []*ast.Term, subject *rule.Subject) (judged, all []*ast.Term) {
	roles := make(map[roleName]*ast.Term)
	for _, term := range objects {
		if role, ok := term.Value.(ast.Object); ok && strings.HasSuffix(textOf(role, "kind"), "Role") {
			roles[nameOfRole(role)] = term
		}
	}
	identity, namespace := subject.Resource.Identity, subject.Resource.EffectiveNamespace()
	for _, term := range objects {
		binding, ok := term.Value.(ast.Object)
		if !ok || !strings.HasSuffix(textOf(binding, "kind"), "Binding") {
			continue
		}
		role := roles[roleOf(binding)]
		if role == nil {
			continue
		}
		related := rule.Field("relatedObjects", ast.ArrayTerm(term, role))
		ours := isOf(term, identity, namespace) || isOf(role, identity, namespace)
		for _, who := range elementsOf(fieldOf(binding, "subjects")) {
			fields, ok := who.Value.(ast.Object)
			if !ok {
				continue
			}
			pairs := [][2]*ast.Term{related}
			fields.Foreach(func(key, field *ast.Term) { pairs = append(pairs, [2]*ast.Term{key, field}) })
			vector := ast.ObjectTerm(pairs...)
			all = append(all, vector)
			if ours {
				judged = append(judged, vector)
			}
		}
	}
	return judged, all
}

// roleName names a role; a ClusterRole has no namespace.
type roleName struct{ kind, namespace, name string }

func nameOfRole(role ast.Object) roleName {
	named := roleName{kind: textOf(role, "kind")}
	metadata, ok := value[ast.Object](fieldOf(role, "metadata"))
	if !ok {
		return named
	}
	named.name = textOf(metadata, "name")
	if named.kind == "Role" {
		named.namespace = textOf(metadata, "namespace")
	}
	return named
}

// roleOf returns the name of the role that a binding gives.
func roleOf(binding ast.Object) roleName {
	var named roleName
	reference, ok := value[ast.Object](fieldOf(binding, "roleRef"))
	if !ok {
		return named
	}
	named.kind, named.name = textOf(reference, "kind"), textOf(reference, "name")
	if metadata, ok := value[ast.Object](fieldOf(binding, "metadata")); ok && named.kind == "Role" {
		named.namespace = textOf(metadata, "namespace")
	}
	return named
}

// isAPIServer tells whether an object is the pod of an API server, as Kubescape
// finds it.
func isAPIServer(subject *rule.Subject) (bool, error) {
	res := subject.Resource
	return res.Kind == "Pod" && res.EffectiveNamespace() == "kube-system" &&
		(strings.Contains(res.Name, "apiserver") || strings.Contains(res.Name, "api-server")), nil
}

// countsRole tells whether findings about subjects are about an object: in a scan
// they are about the binding, at admission about the role as well.
func countsRole(subject *rule.Subject) (bool, error) {
	return subject.Resource.Operation != resource.Scan || strings.HasSuffix(subject.Resource.Kind, "Binding"), nil
}
