package scan_test

import (
	"testing"

	"github.com/go-logr/logr/testr"
	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/kubereeve/reeve/internal/engine"
	"github.com/kubereeve/reeve/internal/rule"
	"github.com/kubereeve/reeve/internal/scan"
)

func TestAPassJudgesByTheRulesOfItsBeginning(t *testing.T) {
	c := &cluster{objects: map[schema.GroupKind][]string{namespaces: {}, pods: objects("a", 1), roles: objects("a", 1)}}
	written, inventory := &reports{}, engine.NewInventory()
	scanner := scan.New(scan.Options{
		Cluster: c, Reviewer: &reviewer{}, Sink: written, Inventory: inventory, Log: testr.New(t),
		Kinds: []schema.GroupKind{pods}, Needs: []rule.Need{{Kind: roles}},
	})
	pass := func() []report {
		t.Helper()
		written.all = nil
		if _, err := scanner.Pass(t.Context()); err != nil {
			t.Fatal(err)
		}
		return written.all
	}
	want := []report{{Kind: "Pod", Names: []string{"object-00000"}, Complete: true}, {Pass: true}}
	if diff := cmp.Diff(want, pass()); diff != "" {
		t.Errorf("reports by the first rules (-want +got):\n%s", diff)
	}
	c.requests = nil
	judge := &reviewer{}
	scanner.Use(judge, []schema.GroupKind{roles}, nil)
	want = []report{{Kind: "Pod", Complete: true}, {Kind: "Role", Names: []string{"object-00000"}, Complete: true}, {Pass: true}}
	if diff := cmp.Diff(want, pass()); diff != "" {
		t.Errorf("reports by the second rules; the findings on pods must end (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"discovery", "metadata of Namespace", "Role"}, c.requests); diff != "" {
		t.Errorf("requests by the second rules (-want +got):\n%s", diff)
	}
	want = []report{{Kind: "Role", Names: []string{"object-00000"}, Complete: true}, {Pass: true}}
	if diff := cmp.Diff(want, pass()); diff != "" {
		t.Errorf("reports of a third pass (-want +got):\n%s", diff)
	}
}
