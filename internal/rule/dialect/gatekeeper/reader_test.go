package gatekeeper_test

import (
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/kubereeve/reeve/internal/finding"
	"github.com/kubereeve/reeve/internal/rule"
	"github.com/kubereeve/reeve/internal/rule/dialect/gatekeeper"
	"github.com/kubereeve/reeve/internal/rule/source"
)

// load reads the rules of a tree of files.
func load(files map[string]string) (*rule.Set, []*rule.Problem) {
	tree := make(fstest.MapFS)
	for name, text := range files {
		tree[name] = &fstest.MapFile{Data: []byte(text)}
	}
	return source.Load([]rule.Reader{gatekeeper.Dialect{}}, source.Source{FS: tree, Name: "rules"})
}

func ids(set *rule.Set) (ids []string) {
	for _, r := range set.Rules() {
		ids = append(ids, r.ID)
	}
	return ids
}

func TestReadMakesARuleOfEveryConstraint(t *testing.T) {
	set, wrong := load(map[string]string{
		"a/template.yaml":     labelsTemplate,
		"a/constraint.yaml":   labelsConstraint,
		"b/constraint.yaml":   replace(t, labelsConstraint, "name: team", "name: other", "spec:\n", "spec:\n  enforcementAction: warn\n"),
		"b/template-too.yaml": labelsTemplate,
		"b/pod.yaml":          "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\n",
		"b/values.yaml":       "image: {{ .Values.image }}\n",
		"b/suite.yaml":        "apiVersion: test.gatekeeper.sh/v1alpha1\nkind: Suite\ntests: []\n",
		"c/mentions.yaml":     "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a, annotations: {x: constraints.gatekeeper.sh}}\n",
	})
	if len(wrong) > 0 {
		t.Error(texts(wrong))
	}
	if diff := cmp.Diff([]string{"gatekeeper/WantedLabels/other", "gatekeeper/WantedLabels/team"}, ids(set)); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	r := set.Rule("gatekeeper/WantedLabels/team")
	if r.Title != "Wanted labels" || r.Severity != finding.Medium || r.Mode != finding.Deny || r.Category != "gatekeeper" || r.Dialect.Name() != "gatekeeper" {
		t.Errorf("%+v", r)
	}
	if !slices.Equal(r.Kinds, []schema.GroupKind{{Kind: "Pod"}}) || r.Match != nil || r.Uncacheable {
		t.Errorf("kinds %v, uncacheable %t", r.Kinds, r.Uncacheable)
	}
	if mode := set.Rule("gatekeeper/WantedLabels/other").Entrypoints[0].Mode; mode != finding.Warn {
		t.Errorf("enforcementAction warn is the mode %s", mode)
	}
	modules := 0
	for _, file := range set.Files() {
		if file.Module != nil {
			modules++
		}
	}
	if modules != 1 {
		t.Errorf("%d modules for the constraints of one template", modules)
	}
}

func TestReadKnowsTheDoorsAndTheSeverityOfAConstraint(t *testing.T) {
	scoped := func(action, point string) string {
		return "spec:\n  enforcementAction: scoped\n  scopedEnforcementActions: [{action: " + action + ", enforcementPoints: [{name: " + point + "}]}]\n"
	}
	severe := "  name: team\n  annotations: {metadata.kubereeve.io/severity: critical}\n"
	for _, test := range []struct {
		name, template, constraint string
		doors                      []finding.Door
		mode                       finding.Mode
		severity                   finding.Severity
	}{
		{"audit alone", labelsTemplate, replace(t, labelsConstraint, "spec:\n", scoped("warn", "audit.gatekeeper.sh")), []finding.Door{finding.DoorScan}, finding.Warn, finding.Medium},
		{"admission alone", labelsTemplate, replace(t, labelsConstraint, "spec:\n", scoped("dryrun", "validation.gatekeeper.sh")), []finding.Door{finding.DoorAdmission}, finding.Audit, finding.Medium},
		{"a severity of its own", replace(t, labelsTemplate, "  annotations:\n", "  annotations:\n    metadata.kubereeve.io/severity: low\n"), replace(t, labelsConstraint, "  name: team\n", severe), []finding.Door{finding.DoorAdmission, finding.DoorScan}, finding.Deny, finding.Critical},
		{"the template's severity", replace(t, labelsTemplate, "  annotations:\n", "  annotations:\n    metadata.kubereeve.io/severity: low\n"), labelsConstraint, []finding.Door{finding.DoorAdmission, finding.DoorScan}, finding.Deny, finding.Low},
	} {
		t.Run(test.name, func(t *testing.T) {
			set, wrong := load(map[string]string{"a.yaml": test.template, "b.yaml": test.constraint})
			if len(wrong) > 0 || len(set.Rules()) != 1 {
				t.Fatal(texts(wrong))
			}
			r := set.Rules()[0]
			if !slices.Equal(r.Doors, test.doors) || r.Mode != test.mode || r.Severity != test.severity {
				t.Errorf("doors %v, mode %s, severity %s", r.Doors, r.Mode, r.Severity)
			}
		})
	}
}

func TestReadKeepsOutOfTheCacheWhatItsKeyDoesNotCover(t *testing.T) {
	for criteria, uncacheable := range map[string]bool{
		"    namespaces: [shop]\n":                            false,
		"    scope: Namespaced\n":                             false,
		"    name: web\n":                                     true,
		"    labelSelector: {matchLabels: {a: b}}\n":          true,
		"    namespaceSelector: {matchLabels: {a: b}}\n":      true,
		"    excludedNamespaces: [kube-*]\n    source: All\n": false,
	} {
		set, wrong := load(map[string]string{"a.yaml": labelsTemplate, "b.yaml": replace(t, labelsConstraint, "  match:\n", "  match:\n"+criteria)})
		if len(wrong) > 0 || set.Rules()[0].Match == nil || set.Rules()[0].Uncacheable != uncacheable {
			t.Errorf("%s: problems %v", criteria, texts(wrong))
		}
	}
}

func TestReadNamesWhatCannotBeUsed(t *testing.T) {
	other := replace(t, labelsTemplate, "kind: WantedLabels", "kind: Other", "name: wantedlabels", "name: other", "package wantedlabels", "package other")
	for _, test := range []struct {
		name  string
		files map[string]string
		rules []string
		want  []string
	}{
		{"a template without constraints judges nothing", map[string]string{"a.yaml": labelsTemplate}, nil, nil},
		{"a constraint without template", map[string]string{"a.yaml": labelsConstraint}, nil, []string{"rules/a.yaml:2: WantedLabels team: kind: there is no template of this kind; add the ConstraintTemplate wantedlabels"}},
		{"a constraint of a broken template", map[string]string{"a.yaml": replace(t, labelsTemplate, "violation", "violations"), "b.yaml": labelsConstraint}, nil, []string{
			"rules/a.yaml:33: ConstraintTemplate wantedlabels: spec.targets[0].rego: it does not define violation; write violation[{\"msg\": msg}] { ... }",
			"rules/b.yaml:2: WantedLabels team: kind: its template cannot be used; correct that first"}},
		{"a second template of the same kind", map[string]string{"a.yaml": labelsTemplate, "b.yaml": replace(t, labelsTemplate, "label %v is", "the label %v is"), "c.yaml": labelsConstraint}, []string{"gatekeeper/WantedLabels/team"}, []string{
			"rules/b.yaml:12: ConstraintTemplate wantedlabels: spec.crd.spec.names.kind: there is a template of WantedLabels already, in rules/a.yaml; remove one of them"}},
		{"one bad constraint beside a good one", map[string]string{"a.yaml": labelsTemplate, "b.yaml": replace(t, labelsConstraint, "key: team", "Key: team"), "c.yaml": replace(t, labelsConstraint, "name: team", "name: good")}, []string{"gatekeeper/WantedLabels/good"}, []string{
			"rules/b.yaml:12: WantedLabels team: spec.parameters.labels[0].Key: the template has no such parameter; remove it, or correct its name"}},
		{"two constraints of one name", map[string]string{"a.yaml": labelsTemplate, "b.yaml": labelsConstraint, "c.yaml": replace(t, labelsConstraint, "key: team", "key: owner")}, []string{"gatekeeper/WantedLabels/team"}, []string{
			"rules/c.yaml:4: WantedLabels team: metadata.name: there is a constraint of this kind and name already, in rules/b.yaml; rename or remove one of them"}},
		{"the same constraint in two places", map[string]string{"a.yaml": labelsTemplate, "b.yaml": labelsConstraint, "c.yaml": labelsConstraint}, []string{"gatekeeper/WantedLabels/team"}, nil},
		{"templates and constraints in one file", map[string]string{"a.yaml": labelsTemplate + "---\n" + other + "---\n" + labelsConstraint + "---\n" + replace(t, labelsConstraint, "WantedLabels", "Other")}, []string{"gatekeeper/Other/team", "gatekeeper/WantedLabels/team"}, nil},
		{"a list", map[string]string{"a.json": `{"apiVersion": "v1", "kind": "List", "items": [{"apiVersion": "constraints.gatekeeper.sh/v1beta1", "kind": "WantedLabels", "metadata": {"name": "x"}}]}`, "b.yaml": labelsTemplate}, []string{"gatekeeper/WantedLabels/x"}, nil},
		{"line ends of Windows, and letters of the world", map[string]string{"a.yaml": strings.ReplaceAll(replace(t, labelsTemplate, "label %v is missing", "größe 世界 %v"), "\n", "\r\n"), "b.yaml": strings.ReplaceAll(labelsConstraint, "\n", "\r\n")}, []string{"gatekeeper/WantedLabels/team"}, nil},
		{"YAML that does not parse", map[string]string{"a.yaml": "apiVersion: templates.gatekeeper.sh/v1\nkind: [\n"}, nil, []string{"rules/a.yaml:2: invalid YAML: did not find expected node content"}},
		{"a severity there is not", map[string]string{"a.yaml": labelsTemplate, "b.yaml": replace(t, labelsConstraint, "  name: team\n", "  name: team\n  annotations: {metadata.kubereeve.io/severity: severe}\n")}, nil, []string{
			`rules/b.yaml:5: WantedLabels team: metadata.annotations["metadata.kubereeve.io/severity"]: "severe" is not a severity; use one of info, low, medium, high, critical`}},
	} {
		t.Run(test.name, func(t *testing.T) {
			set, wrong := load(test.files)
			if diff := cmp.Diff(test.rules, ids(set)); diff != "" {
				t.Errorf("rules (-want +got)\n%s", diff)
			}
			if diff := cmp.Diff(test.want, texts(wrong)); diff != "" {
				t.Errorf("problems (-want +got)\n%s", diff)
			}
		})
	}
}

func TestReadKnowsWhichKindsToKeepForARule(t *testing.T) {
	const config = "apiVersion: config.gatekeeper.sh/v1alpha1\nkind: Config\nmetadata: {name: config}\nspec: {sync: {syncOnly: [{group: example.org, version: v1, kind: Ingress}, {group: \"\", version: v1, kind: Secret}]}}\n"
	const syncSet = "apiVersion: syncset.gatekeeper.sh/v1alpha1\nkind: SyncSet\nmetadata: {name: a}\nspec: {gvks: [{group: apps, version: v1, kind: Deployment}]}\n"
	bare := replace(t, labelsConstraint, "  parameters:\n    labels:\n    - key: team\n", "")
	for _, test := range []struct {
		name, body, sync, want string
	}{
		{"nothing", "        true\n", config, ""},
		{"a kind and its group", `        data.inventory.cluster["storage.k8s.io/v1"].StorageClass[_]` + "\n", "", "StorageClass.storage.k8s.io"},
		{"a kind that usually is in one group, and in whichever group files have it", `        data.inventory.namespace[_][_].Ingress[_]` + "\n", "", "Ingress.*? Ingress.networking.k8s.io"},
		{"a kind in the group that Gatekeeper is told to keep", `        data.inventory.namespace[_][_].Ingress[_]` + "\n", config, "Ingress.example.org"},
		{"a group that only files still have", `        data.inventory.namespace[_]["extensions/v1beta1"].Ingress[_]` + "\n", "", "Ingress.extensions?"},
		{"such a group among what Gatekeeper is told to keep", `        data.inventory.namespace[_][_].Ingress[_]` + "\n", replace(t, config, "example.org", "extensions"), "Ingress.*? Ingress.extensions? Ingress.networking.k8s.io"},
		{"kinds that nothing names but what Gatekeeper is told to keep", `        data.inventory.namespace[_][_][input.x][_]` + "\n", config + "---\n" + syncSet, "Secret Deployment.apps Ingress.example.org"},
	} {
		t.Run(test.name, func(t *testing.T) {
			files := map[string]string{"a.yaml": reading(t, test.body, ""), "b.yaml": bare}
			if test.sync != "" {
				files["sync.yaml"] = test.sync
			}
			set, wrong := load(files)
			if len(wrong) > 0 {
				t.Fatal(texts(wrong))
			}
			var got []string
			for _, need := range set.Needs() {
				kind := need.Kind.String()
				if need.Optional {
					kind += "?"
				}
				got = append(got, kind)
			}
			if strings.Join(got, " ") != test.want {
				t.Errorf("needs %v, want %s", got, test.want)
			}
		})
	}
	set, wrong := load(map[string]string{"a.yaml": reading(t, `        data.inventory.namespace[_][_][input.x][_]`+"\n", ""), "b.yaml": bare, "c.yaml": replace(t, bare, "name: team", "name: other")})
	want := []string{"rules/a.yaml:32: ConstraintTemplate wantedlabels: spec.targets[0]: which kinds it reads of data.inventory is decided while it runs, so they cannot be kept for it; name them in the annotation metadata.gatekeeper.sh/requires-sync-data"}
	if diff := cmp.Diff(want, texts(wrong)); diff != "" || len(set.Rules()) > 0 {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func TestReadLeavesOtherObjectsOfGatekeeperAlone(t *testing.T) {
	set, wrong := load(map[string]string{
		"a.yaml": "apiVersion: mutations.gatekeeper.sh/v1\nkind: Assign\nmetadata: {name: a}\n",
		"b.yaml": "apiVersion: expansion.gatekeeper.sh/v1beta1\nkind: ExpansionTemplate\nmetadata: {name: a}\n",
		"c.yaml": "apiVersion: config.gatekeeper.sh/v1alpha1\nkind: Config\nmetadata: {name: config}\nspec: {match: []}\n",
	})
	if len(wrong)+len(set.Rules()) > 0 {
		t.Errorf("rules %v, problems %v", ids(set), texts(wrong))
	}
}
