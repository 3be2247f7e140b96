package gatekeeper_test

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/kubereeve/reeve/internal/rule/dialect/gatekeeper"
)

// reading returns a template whose violation has the given body.
func reading(t *testing.T, body, annotation string) string {
	t.Helper()
	text := replace(t, labelsTemplate, "        key := input.parameters.labels[_].key\n        not input.review.object.metadata.labels[key]\n", body, `sprintf("label %v is missing", [key])`, `"x"`)
	if annotation != "" {
		text = replace(t, text, "  annotations:\n", "  annotations:\n    metadata.gatekeeper.sh/requires-sync-data: |\n      "+annotation+"\n")
	}
	return text
}

func TestTemplatesSayWhichKindsTheyReadOfTheInventory(t *testing.T) {
	for _, test := range []struct {
		name, body, annotation string
		kinds                  string
		open                   bool
	}{
		{"nothing", "        true\n", "", "", false},
		{"a kind without namespace", `        data.inventory.cluster["v1"].Namespace[_]` + "\n", "", "Namespace", false},
		{"a kind in a namespace", `        data.inventory.namespace[input.review.namespace]["apps/v1"]["Deployment"][_].spec` + "\n", "", "Deployment.apps", false},
		{"a kind in any group", `        some ns, version; data.inventory.namespace[ns][version].Ingress[_]` + "\n", "", "Ingress.*", false},
		{"several kinds", `        data.inventory.namespace[_]["v1"].Pod[_]; data.inventory.namespace[_]["v1"].Service[_]` + "\n", "", "Pod Service", false},
		{"a kind chosen while it runs", `        some kind; data.inventory.namespace[_]["v1"][kind][_]` + "\n", "", "", true},
		{"a part that holds all kinds", `        all := data.inventory.namespace["shop"]; all.x` + "\n", "", "", true},
		{"everything", `        data.inventory[_]` + "\n", "", "", true},
		{"a kind within an index", `        data.inventory.cluster["v1"].Namespace[data.inventory.namespace[_]["v1"].Pod[_].x]` + "\n", "", "Namespace Pod", false},
		{"the annotation says what the code does not", `        some kind; data.inventory.namespace[_]["v1"][kind][_]` + "\n", `"[[{"groups": ["", "apps"], "versions": ["v1"], "kinds": ["ReplicaSet"]}], [{"groups": [""], "versions": ["v1"], "kinds": ["Pod"]}]]"`, "Pod ReplicaSet ReplicaSet.apps", false},
		{"the annotation knows the groups", `        data.inventory.namespace[_][_].Ingress[_]` + "\n", `"[[{"groups": ["extensions"], "versions": ["v1beta1"], "kinds": ["Ingress"]}, {"groups": ["networking.k8s.io"], "versions": ["v1"], "kinds": ["Ingress"]}]]"`, "Ingress.extensions Ingress.networking.k8s.io", false},
		{"an annotation that says nothing", `        data.inventory.namespace[_]["v1"].Pod[_]` + "\n", `""`, "Pod", false},
	} {
		t.Run(test.name, func(t *testing.T) {
			read := template(t, reading(t, test.body, test.annotation))
			var got []string
			for _, kind := range slices.SortedFunc(maps.Keys(read.Inventory.Kinds), func(a, b schema.GroupKind) int { return strings.Compare(a.String(), b.String()) }) {
				got = append(got, kind.String())
			}
			if diff := cmp.Diff(strings.Fields(test.kinds), got); diff != "" && len(got)+len(test.kinds) > 0 {
				t.Errorf("(-want +got)\n%s", diff)
			}
			if read.Inventory.Open != test.open || read.Inventory.Read != (test.open || test.kinds != "") {
				t.Errorf("open %t, read %t", read.Inventory.Open, read.Inventory.Read)
			}
		})
	}
}

func TestImportsOfTheInventoryAreReferencesToIt(t *testing.T) {
	text := reading(t, `        inv["apps/v1"].Deployment[_]`+"\n", "")
	read := template(t, replace(t, text, "package wantedlabels\n", "package wantedlabels\n      import data.inventory.cluster as inv\n"))
	if want := (schema.GroupKind{Group: "apps", Kind: "Deployment"}); !read.Inventory.Kinds[want] || read.Inventory.Open {
		t.Errorf("kinds %v, open %t", read.Inventory.Kinds, read.Inventory.Open)
	}
	text = reading(t, "        all := inventory; all.x\n", "")
	if read := template(t, replace(t, text, "package wantedlabels\n", "package wantedlabels\n      import data.inventory\n")); !read.Inventory.Open {
		t.Error("the whole inventory, handed on by its name, is not open")
	}
}

func TestTheBracketsOfNamesReadTheInventory(t *testing.T) {
	text := reading(t, "        seen.x\n", "")
	read := template(t, replace(t, text, "package wantedlabels\n", "package wantedlabels\n      seen[data.inventory.cluster[\"v1\"].Namespace[_].metadata.name].at = 1 { true }\n"))
	if want := (schema.GroupKind{Kind: "Namespace"}); !read.Inventory.Kinds[want] {
		t.Errorf("kinds %v, want %s among them", read.Inventory.Kinds, want)
	}
}

func TestABadAnnotationIsNamedWhereItIsNeeded(t *testing.T) {
	if read := template(t, reading(t, `        data.inventory.namespace[_]["v1"].Pod[_]`+"\n", "hello")); len(read.Inventory.Kinds) != 1 {
		t.Errorf("kinds %v", read.Inventory.Kinds)
	}
	relaxed := `"[[{"groups": ["apps"], "versions": ["v1"], "kinds": ["Deployment"]},]. []"`
	if read := template(t, reading(t, "        data.inventory[_]\n", relaxed)); len(read.Inventory.Kinds) != 1 || read.Inventory.Open {
		t.Errorf("with mistakes between its clauses: kinds %v, open %t", read.Inventory.Kinds, read.Inventory.Open)
	}
	for annotation, want := range map[string]string{
		`"[[{"group": ["a"]}]]"`: `a.yaml:6: ConstraintTemplate wantedlabels: metadata.annotations["metadata.gatekeeper.sh/requires-sync-data"]: [0][0].group: there is no such field`,
		`hello`:                  `a.yaml:6: ConstraintTemplate wantedlabels: metadata.annotations["metadata.gatekeeper.sh/requires-sync-data"]: `,
	} {
		_, wrong := gatekeeper.ReadTemplate(document(t, reading(t, "        data.inventory[_]\n", annotation)))
		if len(wrong) != 1 || !strings.HasPrefix(wrong[0].Error(), want) {
			t.Errorf("got  %q\nwant %q", texts(wrong), want)
		}
	}
}
