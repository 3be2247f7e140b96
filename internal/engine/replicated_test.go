package engine_test

import (
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/kubereeve/reeve/internal/engine"
	"github.com/kubereeve/reeve/internal/resource"
	"github.com/kubereeve/reeve/internal/rule/dialect"
	"github.com/kubereeve/reeve/internal/rule/source"
)

const (
	ingressOfShop = `{"apiVersion":"networking.k8s.io/v1","kind":"Ingress","metadata":{"name":"web","namespace":"shop"},"spec":{"rules":[{"host":"a.test"}]}}`
	ingressOfOps  = `{"apiVersion":"networking.k8s.io/v1","kind":"Ingress","metadata":{"name":"web","namespace":"ops"},"spec":{"rules":[{"host":"a.test"}]}}`
	namespaceShop = `{"apiVersion":"v1","kind":"Namespace","metadata":{"name":"shop","annotations":{"hosts":"b.test"}}}`
)

// Rules on hosts: the first looks for another Ingress, the second for an annotation
// of the namespace, by way of a helper in another file.
const (
	hostTaken   = "package kubernetes.admission\nimport data.kubernetes.ingresses\ndeny[m] {\n  host := input.request.object.spec.rules[_].host\n  ingresses[ns][name].spec.rules[_].host == host\n  m := sprintf(\"%s has it: %s\", [ns, name])\n}\n"
	hostAllowed = "package kubernetes.admission\nimport rego.v1\nimport data.kubernetes\nwarn contains m if {\n  some each in input.request.object.spec.rules\n  not each.host in allowed\n  m := each.host\n}\n"
	hostHelper  = "package kubernetes.admission\nimport rego.v1\nimport data.kubernetes\nallowed := split(kubernetes.namespaces[input.request.namespace].metadata.annotations.hosts, \",\")\n"
	hostUnused  = "package kubernetes.admission\nimport data.kubernetes.namespaces\ndeny[\"always\"] { input.request.kind.kind == \"Ingress\" }\n"
)

func TestAdmissionRulesSeeTheClusterWhereKubeMgmtKeepsIt(t *testing.T) {
	for _, test := range []struct {
		name    string
		files   map[string]string
		cluster []string // nil where no inventory is known
		want    []string
	}{
		{"an object of another namespace", map[string]string{"p.rego": hostTaken}, []string{ingressOfOps},
			[]string{"admissionreview/p (deny): ops has it: web"}},
		{"not the object that is being created", map[string]string{"p.rego": hostTaken}, []string{ingressOfShop}, []string{}},
		{"an object without a namespace, in v1, by a helper", map[string]string{"p.rego": hostAllowed, "h.rego": hostHelper}, []string{namespaceShop},
			[]string{"admissionreview/p (warn): a.test"}},
		{"nothing of the kind", map[string]string{"p.rego": hostTaken}, []string{}, []string{}},
		{"a rule that asks for nothing, where nothing is known", map[string]string{"p.rego": hostUnused, "q.rego": hostTaken}, nil,
			[]string{"admissionreview/p (deny): always"}},
		{"a package of that name", map[string]string{"p.rego": hostTaken, "i.rego": "package kubernetes.ingresses\nmine = {\"x\": {\"spec\": {\"rules\": [{\"host\": \"a.test\"}]}}}"}, nil,
			[]string{"admissionreview/p (deny): mine has it: x"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			tree := fstest.MapFS{}
			for name, text := range test.files {
				tree[name] = &fstest.MapFile{Data: []byte(text)}
			}
			set, problems := source.Load(dialect.All(), source.Source{FS: tree, Name: "rules"})
			if len(problems) > 0 {
				t.Fatal(problems)
			}
			options := engine.Options{}
			if test.cluster != nil {
				options.Inventory = engine.NewInventory()
				var objects []*resource.Resource
				for _, text := range test.cluster {
					objects = append(objects, pod(t, text))
				}
				if err := options.Inventory.Fill(set.Needs(), objects); err != nil {
					t.Fatal(err)
				}
			}
			e := newEngine(t, set, options)
			for _, operation := range []resource.Operation{resource.Create, resource.Scan} {
				if diff := cmp.Diff(test.want, found(t, e, operation, ingressOfShop)); diff != "" {
					t.Errorf("%s (-want +got)\n%s", operation, diff)
				}
			}
		})
	}
}

func TestAdmissionRulesNeedTheKindsThatTheyAskFor(t *testing.T) {
	tree := fstest.MapFS{}
	for name, text := range map[string]string{"taken": hostTaken, "allowed": hostAllowed, "helper": hostHelper, "unused": hostUnused} {
		tree[name+".rego"] = &fstest.MapFile{Data: []byte(text)}
	}
	set, problems := source.Load(dialect.All(), source.Source{FS: tree, Name: "rules"})
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	for id, want := range map[string][]schema.GroupKind{
		"admissionreview/taken":   {{Group: "networking.k8s.io", Kind: "Ingress"}},
		"admissionreview/allowed": {{Kind: "Namespace"}},
		"admissionreview/unused":  nil,
	} {
		var got []schema.GroupKind
		for _, need := range set.Rule(id).Inventory {
			got = append(got, need.Kind)
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s needs %v, want %v", id, got, want)
		}
	}
}

func TestAKindThatNobodyKnowsByItsPluralNameIsNamed(t *testing.T) {
	for name, text := range map[string]string{
		"by its path":  "package kubernetes.admission\ndeny[n] { data.kubernetes.virtualservices[_][n]; input.request.uid }",
		"by an import": "package kubernetes.admission\nimport rego.v1\nimport data.kubernetes.virtualservices\ndeny contains n if virtualservices[_][n]",
	} {
		set, problems := source.Load(dialect.All(), source.Source{FS: fstest.MapFS{"p.rego": {Data: []byte(text)}}, Name: "rules"})
		if len(problems) != 1 || !strings.Contains(problems[0].Error(), "rules/p.rego:1: the rule reads data.kubernetes.virtualservices") || len(set.Rules()) != 1 {
			t.Errorf("%s: problems %v, rules %d", name, problems, len(set.Rules()))
		}
	}
}

func TestAdmissionRulesSeeWhatHasChanged(t *testing.T) {
	set, problems := source.Load(dialect.All(), source.Source{FS: fstest.MapFS{"p.rego": {Data: []byte(hostTaken)}}, Name: "rules"})
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	inventory := engine.NewInventory()
	if err := inventory.Fill(set.Needs(), []*resource.Resource{pod(t, ingressOfShop)}); err != nil {
		t.Fatal(err)
	}
	e := newEngine(t, set, engine.Options{Inventory: inventory})
	older := strings.ReplaceAll(strings.Replace(ingressOfOps, "networking.k8s.io/v1", "extensions/v1beta1", 1), `"web"`, `"older"`)
	for _, step := range []struct {
		name   string
		change func(*resource.Resource) error
		object string
		want   []string
	}{
		{"one in another namespace", inventory.Put, ingressOfOps, []string{"ops has it: web"}},
		{"one of another group, which has the same plural name", inventory.Put, older, []string{"ops has it: older", "ops has it: web"}},
		{"the first is removed", func(res *resource.Resource) error { inventory.Delete(res); return nil }, ingressOfOps, []string{"ops has it: older"}},
		{"the second has another host", inventory.Put, strings.Replace(older, "a.test", "b.test", 1), []string{}},
	} {
		if err := step.change(pod(t, step.object)); err != nil {
			t.Fatal(err)
		}
		got := found(t, e, resource.Create, ingressOfShop)
		want := make([]string, len(step.want))
		for i, message := range step.want {
			want[i] = "admissionreview/p (deny): " + message
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got)\n%s", step.name, diff)
		}
	}
}
