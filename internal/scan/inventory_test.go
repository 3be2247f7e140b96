package scan_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/go-logr/logr/testr"
	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/kubereeve/reeve/internal/engine"
	"github.com/kubereeve/reeve/internal/finding"
	"github.com/kubereeve/reeve/internal/review"
	"github.com/kubereeve/reeve/internal/rule/dialect"
	"github.com/kubereeve/reeve/internal/rule/source"
	"github.com/kubereeve/reeve/internal/scan"
)

// inventoryRule tells everything it sees of the inventory, one finding each.
const inventoryRule = `# METADATA
# title: Inventory
# custom:
#   reeve:
#     severity: low
#     kinds: [ClusterRole.rbac.authorization.k8s.io]
#     doors: [scan]
#     inventory:
#     - kind: Role.rbac.authorization.k8s.io
#     - kind: Pod
#       sample: 1
package reeve.test.inventory

violation contains {"msg": sprintf("%s %s %s/%s spec: %v", [version, kind, namespace, name, has_spec(object)])} if {
	some namespace, versions in data.inventory.namespace
	some version, kinds in versions
	some kind, objects in kinds
	some name, object in objects
}

has_spec(object) if object.spec

else := false
`

func TestInventory(t *testing.T) {
	withSpec := func(text string) string { return strings.TrimSuffix(text, "}") + `,"spec":{}}` }
	cluster1 := func() *cluster {
		return &cluster{objects: map[schema.GroupKind][]string{
			namespaces:   {object("", "a"), object("", "b")},
			clusterRoles: {object("", "c")},
			roles:        {withSpec(object("a", "r1")), withSpec(object("b", "r2"))},
			pods: {withSpec(object("a", "p1")), withSpec(object("a", "p2")), withSpec(object("b", "p3")),
				withSpec(object("b", "p4")), withSpec(object("b", "p5"))},
		}}
	}
	noPods, noRoles := cluster1(), cluster1()
	delete(noPods.objects, pods)
	noRoles.misbehave = times(100, "Role", forbidden(roles))
	whole := []string{
		"rbac.authorization.k8s.io/v1 Role a/r1 spec: true", "rbac.authorization.k8s.io/v1 Role b/r2 spec: true",
		"v1 Pod a/p1 spec: false", "v1 Pod b/p3 spec: false",
	}
	for _, test := range []struct {
		name    string
		cluster *cluster
		want    []string
		failed  int
	}{
		{name: "holds kinds whole and samples", cluster: cluster1(), want: whole},
		{name: "holds nothing of a kind that does not exist", cluster: noPods, want: whole[:2]},
		{name: "keeps a rule from judging without what it needs", cluster: noRoles, failed: 1,
			want: []string{"inventory: the inventory has no Role.rbac.authorization.k8s.io: " + forbidden(roles).Error()}},
	} {
		t.Run(test.name, func(t *testing.T) {
			got, pass := judgeInventory(t, test.cluster)
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("seen (-want +got):\n%s", diff)
			}
			if len(pass.Failed) != test.failed {
				t.Errorf("failed: %v", pass.Failed)
			}
			if slices.Contains(test.cluster.requests, "metadata of Pod?continue=4") {
				t.Error("the sample was read on although every namespace had one")
			}
		})
	}
}

// judgeInventory scans with the rule and returns what it saw, sorted.
func judgeInventory(t *testing.T, c *cluster) ([]string, finding.Pass) {
	t.Helper()
	set, problems := source.Load(dialect.All(), source.Source{
		FS: fstest.MapFS{"test/inventory/inventory.rego": {Data: []byte(inventoryRule)}}, Name: "test",
	})
	inventory := engine.NewInventory()
	judge, more, err := engine.New(set, engine.Options{Inventory: inventory})
	if err != nil || len(problems)+len(more) > 0 {
		t.Fatal(err, problems, more)
	}
	policy, err := review.PolicyOf()
	if err != nil {
		t.Fatal(err)
	}
	var seen []string
	written := &reports{onWrite: func(r finding.Report) {
		for _, verdict := range r.Verdicts {
			for _, f := range verdict.Findings {
				seen = append(seen, f.Message)
			}
			for _, err := range verdict.Errors {
				seen = append(seen, err.Cause+": "+err.Message)
			}
		}
	}}
	pass, err := scan.New(scan.Options{
		Cluster: c, Reviewer: review.New(judge, policy), Sink: written, PageSize: 2, Log: testr.New(t),
		Kinds: set.Kinds(), Needs: set.Needs(), Inventory: inventory,
	}).Pass(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(seen)
	return seen, pass
}
