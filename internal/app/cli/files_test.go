package cli

import (
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func atoi(t *testing.T, text string) int {
	t.Helper()
	n, err := strconv.Atoi(text)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func TestAuditTakesFilesForEverythingThereIs(t *testing.T) {
	const deployment = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: d%NS%}\n---\n"
	const budget = "apiVersion: policy/v1\nkind: PodDisruptionBudget\nmetadata: {name: b%NS%}\n---\n"
	in := func(text, namespace string) string { return strings.ReplaceAll(text, "%NS%", namespace) }
	tests := []struct {
		name  string
		text  string
		flags string
		want  []string
	}{
		{"no budget", in(deployment, ", namespace: a"), "", []string{"d budget"}},
		{"a budget in the namespace", in(deployment, ", namespace: a") + in(budget, ", namespace: a"), "", nil},
		{"a budget in another namespace", in(deployment, ", namespace: a") + in(budget, ", namespace: b"), "", []string{"d budget"}},
		{"both without a namespace", in(deployment, "") + in(budget, ""), "", nil},
		{"without a namespace beside default", in(deployment, "") + in(budget, ", namespace: default"), "", nil},
		{"--namespace for both", in(deployment, ", namespace: a") + in(budget, ""), "-n a", nil},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got := auditJSON(t, test.text, "-f - --select budget "+test.flags+ours)
			if diff := cmp.Diff(test.want, got.rules()); diff != "" {
				t.Errorf("findings (-want +got):\n%s", diff)
			}
		})
	}
}

func TestAuditShowsRulesTheNamespace(t *testing.T) {
	const pods = "apiVersion: v1\nkind: Pod\nmetadata: {name: in-shop, namespace: shop}\n---\napiVersion: v1\nkind: Pod\nmetadata: {name: in-default}\n---\n" +
		"apiVersion: v1\nkind: Namespace\nmetadata: {name: shop, labels: {team: a}}\n"
	got := auditJSON(t, pods, "-f - --select team --mode-for team=warn"+ours)
	if diff := cmp.Diff([]string{"in-default team"}, got.rules()); diff != "" {
		t.Errorf("findings (-want +got):\n%s", diff)
	}
}

func TestAuditPassesOverWhatAJudgedWorkloadOwns(t *testing.T) {
	const owned = `
metadata:
  name: a
  namespace: shop
  ownerReferences: [{apiVersion: apps/v1, kind: ReplicaSet, name: owner, uid: "7", controller: true}]
`
	pod := strings.Replace(privilegedPod, "metadata: {name: a, namespace: shop}", strings.TrimSpace(owned), 1)
	const owner = "---\napiVersion: apps/v1\nkind: ReplicaSet\nmetadata: {name: owner, namespace: %s, uid: %q}\n"
	tests := []struct {
		name, text string
		want       []string
	}{
		{"the owner is elsewhere", pod, []string{"a privileged"}},
		{"the owner is among the files", pod + strings.NewReplacer("%s", "shop", "%q", `"8"`).Replace(owner), nil},
		{"the owner is known by its uid", pod + strings.NewReplacer("%s", "shop", "%q", `"7"`, "name: owner", "name: other").Replace(owner), nil},
		{"an owner of this name in another namespace", pod + strings.NewReplacer("%s", "else", "%q", `""`).Replace(owner), []string{"a privileged"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got := auditJSON(t, test.text, "-f - --select privileged"+ours)
			if diff := cmp.Diff(test.want, got.rules()); diff != "" {
				t.Errorf("findings (-want +got):\n%s", diff)
			}
		})
	}
}

func TestAuditCountsFilesPassedOver(t *testing.T) {
	got := reeve(t, "", "audit -f testdata/manifests"+ours)
	if want := "1 file passed over: no Kubernetes manifests (-v lists them)\n"; got.err != want {
		t.Errorf("standard error %q, want %q", got.err, want)
	}
	got = reeve(t, "", "audit -v -f testdata/manifests"+ours)
	if want := "passed over testdata/manifests/values.yaml: apiVersion and kind are missing\n"; got.err != want {
		t.Errorf("standard error %q, want %q", got.err, want)
	}
}

func TestTableDisarmsTerminalCodes(t *testing.T) {
	text := "apiVersion: v1\nkind: Pod\nmetadata: {name: \"a\\e[31m\\u202eb\"}\nspec: {containers: [{name: \"x\\e]0;y\\a\", image: \"z\\r\\ny\"}]}\n"
	got := reeve(t, text, "audit -f -"+ours)
	if got.code != 2 || strings.ContainsAny(got.out+got.err, "\x1b\a\r\u202e") {
		t.Errorf("exit code %d, output %q", got.code, got.out)
	}
}
