package engine_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/open-policy-agent/opa/v1/ast"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/kubereeve/reeve/internal/engine"
	"github.com/kubereeve/reeve/internal/resource"
	"github.com/kubereeve/reeve/internal/rule"
)

// known returns an object of an inventory.
func known(apiVersion, kind, namespace, name string, generation int) *resource.Resource {
	return &resource.Resource{
		Identity: resource.Identity{APIVersion: apiVersion, Kind: kind, Namespace: namespace, Name: name},
		Object: fmt.Appendf(nil, `{"apiVersion":%q,"kind":%q,"metadata":{"name":%q,"namespace":%q,"generation":%d}}`,
			apiVersion, kind, name, namespace, generation),
	}
}

// TestAnInventoryIsWhatWasPutIntoItWhateverCameBefore changes an inventory at random,
// and compares what rules see with an inventory that was filled at once. What they saw
// before must stay as it was.
func TestAnInventoryIsWhatWasPutIntoItWhateverCameBefore(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	pick := func(list ...string) string { return list[random.IntN(len(list))] }
	inventory := engine.NewInventory()
	now := make(map[resource.Identity]*resource.Resource)
	type shot struct {
		term *ast.Term
		text string
	}
	var before []shot
	for step := range 2000 {
		kind := pick("Deployment", "Service", "Node")
		apiVersion, namespace := "v1", pick("a", "b", "c")
		switch kind {
		case "Deployment":
			apiVersion = pick("apps/v1", "apps/v1beta1")
		case "Node":
			namespace = ""
		}
		res := known(apiVersion, kind, namespace, pick("x", "y", "z"), step)
		identity := res.Identity
		identity.APIVersion = res.GroupKind().Group // an object has one version at a time
		switch random.IntN(10) {
		case 0:
			if err := inventory.Replace(res.GroupKind(), []*resource.Resource{res}); err != nil {
				t.Fatal(err)
			}
			for other := range now {
				if other.Kind == kind {
					delete(now, other)
				}
			}
			now[identity] = res
		case 1, 2, 3:
			inventory.Delete(res)
			delete(now, identity)
		default:
			if err := inventory.Put(res); err != nil {
				t.Fatal(err)
			}
			now[identity] = res
		}
		fresh := engine.NewInventory()
		for _, each := range now {
			if err := fresh.Put(each); err != nil {
				t.Fatal(err)
			}
		}
		got := inventory.Seen()
		if want := fresh.Seen(); !got.Equal(want) {
			t.Fatalf("step %d: rules see\n%s\nwant\n%s", step, got, want)
		}
		before = append(before, shot{got, got.String()})
	}
	for step, shot := range before {
		if shot.term.String() != shot.text {
			t.Fatalf("what rules saw at step %d has changed since", step)
		}
	}
}

// TestAKindInAnyGroupIsFoundInTheGroupsThatObjectsHave fills an inventory with what is
// needed whatever its group, and again with other objects.
func TestAKindInAnyGroupIsFoundInTheGroupsThatObjectsHave(t *testing.T) {
	needs := []rule.Need{{Kind: schema.GroupKind{Group: rule.Any, Kind: "Ingress"}, Optional: true}, {Kind: schema.GroupKind{Group: "networking.k8s.io", Kind: "Ingress"}}}
	inventory := engine.NewInventory()
	for _, test := range []struct {
		name    string
		objects []*resource.Resource
		want    string
	}{
		{"groups of all sorts", []*resource.Resource{known("extensions/v1beta1", "Ingress", "a", "x", 1), known("networking.k8s.io/v1", "Ingress", "a", "y", 1), known("v1", "Pod", "a", "z", 1)}, "extensions/v1beta1/x networking.k8s.io/v1/y"},
		{"other objects, none in the group from before", []*resource.Resource{known("example.org/v1", "Ingress", "a", "z", 1)}, "example.org/v1/z"},
	} {
		if err := inventory.Fill(needs, test.objects); err != nil {
			t.Fatal(err)
		}
		value, err := ast.JSON(inventory.Seen().Value)
		if err != nil {
			t.Fatal(err)
		}
		var found []string
		namespaces, _ := value.(map[string]any)["namespace"].(map[string]any)
		versions, _ := namespaces["a"].(map[string]any)
		for version, kinds := range versions {
			for _, objects := range kinds.(map[string]any) {
				for name := range objects.(map[string]any) {
					found = append(found, version+"/"+name)
				}
			}
		}
		slices.Sort(found)
		if got := strings.Join(found, " "); got != test.want {
			t.Errorf("%s: rules see %s, want %s", test.name, got, test.want)
		}
	}
}

// BenchmarkInventory changes one of 20,000 objects, and looks at the inventory.
func BenchmarkInventory(b *testing.B) {
	inventory := engine.NewInventory()
	var objects []*resource.Resource
	for i := range 20_000 {
		objects = append(objects, known("v1", "Pod", fmt.Sprint("namespace-", i%200), fmt.Sprint("pod-", i), 1))
	}
	if err := inventory.Replace(schema.GroupKind{Kind: "Pod"}, objects); err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		if err := inventory.Put(objects[i%len(objects)]); err != nil {
			b.Fatal(err)
		}
		inventory.Seen()
	}
}
