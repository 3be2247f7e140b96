package doors

import (
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/kubereeve/reeve/api/v1alpha1"
	"github.com/kubereeve/reeve/internal/finding"
	"github.com/kubereeve/reeve/internal/resource"
	"github.com/kubereeve/reeve/internal/review"
	"github.com/kubereeve/reeve/internal/rule"
)

var (
	pod         = schema.GroupKind{Kind: "Pod"}
	deployment  = schema.GroupKind{Group: "apps", Kind: "Deployment"}
	namespace   = schema.GroupKind{Kind: "Namespace"}
	clusterRole = schema.GroupKind{Group: "rbac.authorization.k8s.io", Kind: "ClusterRole"}
)

// object is one object to judge.
type object struct {
	kind            schema.GroupKind
	namespace, name string
	labels          map[string]string
	containers      []string
	operation       resource.Operation // at admission
	before          []string           // the containers before an update
	dying           bool               // before the update already
	raw, old        []byte
}

func (o *object) key() string {
	return resource.Identity{Kind: o.kind.Kind, Namespace: o.namespace, Name: o.name}.String()
}

// entry is an entry of the configuration as it was written.
type entry struct {
	rules, namespaces, kinds, users []string
	labelKey, labelValue            string
	operations                      []resource.Operation
	from                            time.Time
	mode                            *finding.Mode
}

// exception is an exception as it was written.
type exception struct {
	namespace, name                 string
	rules, kinds, names, containers []string
	label                           string // value of app
	expires, created                time.Time
}

// some returns a few of the words there are, or none.
func some(r *rand.Rand, chance float64, words ...string) []string {
	if r.Float64() >= chance {
		return nil
	}
	var chosen []string
	for range 1 + r.IntN(2) {
		if word := one(r, words...); !slices.Contains(chosen, word) {
			chosen = append(chosen, word)
		}
	}
	return chosen
}

func one[T any](r *rand.Rand, words ...T) T { return words[r.IntN(len(words))] }

var ruleTerms = []string{"*", "first-rule", "f*-rule", "*-rule", "?econd-rule", "category:alpha", "category:beta", "severity:high", "severity:low", "framework:cis", "framework:pss", "third-[a-z]*", "none"}

func newWorld(t testing.TB, r *rand.Rand) *world {
	t.Helper()
	w := &world{now: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC).Add(time.Duration(r.IntN(5)) * time.Hour), namespaces: make(map[string]map[string]string)}
	for _, name := range []string{"shop", "shop-eu", "garden", "kube-system", "prod-1", "default"} {
		given := map[string]string{"team": one(r, "red", "blue", "")}
		if r.IntN(3) == 0 {
			given[review.ModeLabel] = one(r, "warn", "audit", "off", "deny", "nonsense", "")
		}
		w.namespaces[name] = given
	}
	for range r.IntN(9) {
		w.entries = append(w.entries, newEntry(r, w.now))
	}
	for n := range r.IntN(7) {
		w.exceptions = append(w.exceptions, newException(r, n, w.now))
	}
	w.options = review.PolicyOptions{
		NamespaceLabel:     r.IntN(3) > 0,
		ExistingViolations: r.IntN(3) > 0,
		Clock:              func() time.Time { return w.now },
		Protected:          some(r, 0.4, "prod-*", "garden", "[a-g]*"),
		Excepted:           selectorOf(t, some(r, 0.3, ruleTerms...)),
		NeverExcepted:      selectorOf(t, some(r, 0.3, ruleTerms[1:]...)),
		MaxExcepted:        one(r, 0, 0, 2*time.Hour),
	}
	for n, e := range w.entries {
		where := review.Where{Namespaces: e.namespaces, Kinds: e.kinds, Users: e.users, Operations: e.operations}
		if e.labelKey != "" {
			where.NamespaceLabels = labels.SelectorFromSet(labels.Set{e.labelKey: e.labelValue})
		}
		w.options.Entries = append(w.options.Entries, review.Entry{Name: fmt.Sprintf("modes[%d]", n), Rules: selectorOf(t, e.rules), Where: where, From: e.from, Mode: e.mode})
	}
	for _, name := range slices.Sorted(maps.Keys(w.namespaces)) {
		w.objects = append(w.objects, object{kind: namespace, name: name, labels: w.namespaces[name]})
	}
	w.objects = append(w.objects, object{kind: clusterRole, name: one(r, "web-1", "shop")})
	for n := range 12 {
		w.objects = append(w.objects, object{kind: one(r, pod, deployment), namespace: one(r, slices.Sorted(maps.Keys(w.namespaces))...), name: one(r, "web-", "db-") + fmt.Sprint(n),
			labels: map[string]string{"app": one(r, "web", "db")}, containers: some(r, 0.9, "app", "proxy", "init")})
	}
	for i := range w.objects {
		w.objects[i].complete(r)
	}
	return w
}

func newEntry(r *rand.Rand, now time.Time) entry {
	e := entry{
		rules:      some(r, 0.85, ruleTerms...),
		namespaces: some(r, 0.35, "shop", "shop*", "*-eu", "*", "garden", "[a-p]*"),
		kinds:      some(r, 0.25, "Pod", "Deployment.apps", "*.apps", "Namespace", "*Role", "Pod.apps", "D*", "ClusterRole.rbac.*"),
		users:      some(r, 0.15, "*", "system:serviceaccount:ci:*", "jane", "group:ci-*", "group:masters"),
	}
	if r.IntN(6) == 0 {
		e.labelKey, e.labelValue = "team", one(r, "red", "blue")
	}
	if r.IntN(6) == 0 {
		e.operations = one(r, []resource.Operation{resource.Scan}, []resource.Operation{resource.Create, resource.Update}, []resource.Operation{resource.Update})
	}
	if r.IntN(5) == 0 {
		e.from = now.Add(time.Duration(r.IntN(3)-1) * time.Hour)
	}
	if r.IntN(8) > 0 {
		e.mode = new(one(r, finding.Deny, finding.Deny, finding.Warn, finding.Audit, finding.Off))
	}
	return e
}

func newException(r *rand.Rand, n int, now time.Time) exception {
	e := exception{
		namespace: one(r, "shop", "shop-eu", "garden", "kube-system", "prod-1"), name: fmt.Sprintf("e%d", n),
		rules:      some(r, 1, "*", "first-rule", "second-rule", "third-rule", "f*", "*-rule", "none"),
		kinds:      some(r, 0.2, "Pod", "Deployment", "*.apps", "Pod.apps"),
		names:      some(r, 0.3, "web-*", "db-*", "*-1", "web-?", "db-3"),
		containers: some(r, 0.2, "app", "pro*", "*"),
		created:    one(r, time.Time{}, now.Add(-time.Hour), now.Add(-3*time.Hour)),
	}
	if r.IntN(5) == 0 {
		e.label = one(r, "web", "db")
	}
	if r.IntN(2) == 0 {
		e.expires = now.Add(time.Duration(r.IntN(3)-1) * time.Hour)
	}
	return e
}

// complete chooses what is done to an object, and writes it.
func (o *object) complete(r *rand.Rand) {
	o.operation = resource.Create
	o.raw = o.write(o.containers, false)
	if r.IntN(2) == 0 {
		o.operation, o.dying = resource.Update, r.IntN(4) == 0
		o.before = o.containers
		if o.namespace != "" && r.IntN(2) == 0 {
			o.before = some(r, 0.8, "app", "proxy", "init")
		}
		o.raw, o.old = o.write(o.containers, o.dying), o.write(o.before, o.dying)
	}
}

func (o *object) write(containers []string, dying bool) []byte {
	metadata := map[string]any{"name": o.name}
	if o.namespace != "" {
		metadata["namespace"] = o.namespace
	}
	if o.labels != nil {
		metadata["labels"] = o.labels
	}
	if dying {
		metadata["deletionTimestamp"] = "2026-01-02T03:04:05Z"
	}
	written := map[string]any{"apiVersion": schema.GroupVersion{Group: o.kind.Group, Version: "v1"}.String(), "kind": o.kind.Kind, "metadata": metadata}
	list := []any{}
	for _, name := range containers {
		list = append(list, map[string]any{"name": name})
	}
	switch o.kind {
	case pod:
		written["spec"] = map[string]any{"containers": list}
	case deployment:
		written["spec"] = map[string]any{"template": map[string]any{"spec": map[string]any{"containers": list}}}
	}
	raw, err := json.Marshal(written)
	if err != nil {
		panic(err) // maps and strings alone
	}
	return raw
}

// manifests returns every object as a manifest; JSON is YAML.
func (w *world) manifests() []string {
	var texts []string
	for i := range w.objects {
		texts = append(texts, string(w.objects[i].raw))
	}
	return texts
}

func selectorOf(t testing.TB, terms []string) rule.Selector {
	t.Helper()
	selector, err := rule.ParseSelector(terms)
	if err != nil {
		t.Fatal(err)
	}
	return selector
}

// compiled returns the exceptions as the reviewer takes them.
func (w *world) compiled(t testing.TB) []review.Exception {
	t.Helper()
	var list []review.Exception
	for _, e := range w.exceptions {
		written := &v1alpha1.RuleException{
			ObjectMeta: metav1.ObjectMeta{Namespace: e.namespace, Name: e.name, CreationTimestamp: metav1.NewTime(e.created)},
			Spec: v1alpha1.RuleExceptionSpec{Rules: e.rules, Reason: "test",
				Match: v1alpha1.ExceptionMatch{Kinds: e.kinds, Names: e.names, Containers: e.containers}},
		}
		if e.label != "" {
			written.Spec.Match.LabelSelector = &metav1.LabelSelector{MatchLabels: map[string]string{"app": e.label}}
		}
		if !e.expires.IsZero() {
			written.Spec.ExpiresAt = new(metav1.NewTime(e.expires))
		}
		compiled, err := review.ExceptionOf(written)
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, compiled)
	}
	return list
}

// String shows a case that failed.
func (w *world) String() string {
	var out strings.Builder
	fmt.Fprintf(&out, "now %s, label %t, existing %t, protected %v, excepted %s, never %s, at most %s\n", w.now, w.options.NamespaceLabel, w.options.ExistingViolations, w.options.Protected, w.options.Excepted, w.options.NeverExcepted, w.options.MaxExcepted)
	for _, e := range w.entries {
		fmt.Fprintf(&out, "entry %+v\n", e)
		if e.mode != nil {
			fmt.Fprintf(&out, "  mode %s\n", *e.mode)
		}
	}
	for _, e := range w.exceptions {
		fmt.Fprintf(&out, "exception %+v\n", e)
	}
	for name, labels := range w.namespaces {
		fmt.Fprintf(&out, "namespace %s %v\n", name, labels)
	}
	for i := range w.objects {
		o := &w.objects[i]
		fmt.Fprintf(&out, "object %s %s %s\n  before %s\n", o.operation, o.key(), o.raw, o.old)
	}
	return out.String()
}
