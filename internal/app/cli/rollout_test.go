package cli

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/kubereeve/reeve/internal/app"
	"github.com/kubereeve/reeve/internal/finding"
	"github.com/kubereeve/reeve/internal/resource"
	"github.com/kubereeve/reeve/internal/review"
	"github.com/kubereeve/reeve/internal/rule"
	"github.com/kubereeve/reeve/internal/sink/recent"
)

// evidenceFiles are a small cluster: a Deployment with its ReplicaSet and a pod
// that something has added a container to, a pod that an exception covers, and
// one in a namespace that is never to refuse anything.
const evidenceFiles = `apiVersion: v1
kind: Namespace
metadata: {name: shop, labels: {stage: prod}}
---
apiVersion: v1
kind: Namespace
metadata: {name: lax, labels: {kubereeve.io/mode: warn}}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: shop, uid: d}
spec: {template: {spec: {containers: [{name: web, securityContext: {privileged: true}}]}}}
---
apiVersion: apps/v1
kind: ReplicaSet
metadata: {name: web-5, namespace: shop, uid: r, ownerReferences: [{apiVersion: apps/v1, kind: Deployment, name: web, uid: d, controller: true}]}
spec: {template: {spec: {containers: [{name: web, securityContext: {privileged: true}}]}}}
---
apiVersion: v1
kind: Pod
metadata: {name: web-5-x, namespace: shop, ownerReferences: [{apiVersion: apps/v1, kind: ReplicaSet, name: web-5, uid: r, controller: true}]}
spec: {containers: [{name: web, securityContext: {privileged: true}}, {name: sidecar, securityContext: {privileged: true}}]}
---
apiVersion: v1
kind: Pod
metadata: {name: tool, namespace: lax}
spec: {containers: [{name: web, securityContext: {privileged: true}}]}
---
apiVersion: v1
kind: Pod
metadata: {name: old-1, namespace: shop}
spec: {containers: [{name: web, securityContext: {privileged: true}}]}
---
apiVersion: v1
kind: Pod
metadata: {name: good, namespace: shop}
spec: {containers: [{name: web}]}
---
apiVersion: kubereeve.io/v1alpha1
kind: RuleException
metadata: {name: legacy, namespace: shop}
spec: {rules: ["priv*"], reason: until it is rewritten, match: {names: [old-*]}}
`

// writeEvidence writes the small cluster and returns the file.
func writeEvidence(t *testing.T) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "all.yaml")
	if err := os.WriteFile(file, []byte(evidenceFiles), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

func TestRolloutPreview(t *testing.T) {
	file := writeEvidence(t)
	for _, test := range []struct{ name, line, want string }{
		{"to deny", "rollout preview privileged --mode off", `With privileged in mode deny, 3 objects of 9 in FILE would be refused if created today

shop
  Deployment.apps web (3 objects)
    container "web": securityContext.privileged is true; set it to false or remove it (privileged)
    container "sidecar": securityContext.privileged is true; set it to false or remove it (privileged)

Hidden by exceptions
  shop/legacy: 1 finding on 1 object
`},
		{"to warn", "rollout preview priv* --to warn", `With privileged in mode warn, 4 objects of 9 in FILE would be warned of if created today

lax
  Pod tool
    container "web": securityContext.privileged is true; set it to false or remove it (privileged)

shop
  Deployment.apps web (3 objects)
    container "web": securityContext.privileged is true; set it to false or remove it (privileged)
    container "sidecar": securityContext.privileged is true; set it to false or remove it (privileged)

Hidden by exceptions
  shop/legacy: 1 finding on 1 object
`},
	} {
		t.Run(test.name, func(t *testing.T) {
			got := reeve(t, "", test.line+" -f "+file+" --config "+configFile(t, "")+ours)
			if diff := cmp.Diff(test.want, strings.ReplaceAll(got.out, file, "FILE")); diff != "" || got.code != exitFindings {
				t.Errorf("code %d, standard error %s (-want +got)\n%s", got.code, got.err, diff)
			}
		})
	}
}

func TestRolloutPreviewEndsWellOnlyWhenNothingWouldBeRefused(t *testing.T) {
	const good = "apiVersion: v1\nkind: Pod\nmetadata: {name: good}\nspec: {containers: [{name: web}]}\n"
	for _, test := range []struct {
		name, stdin, line string
		code              int
		err               string
	}{
		{"nothing would be refused", good, "rollout preview privileged -f -", exitOK, ""},
		{"a file cannot be read", good + "---\nkind: [", "rollout preview privileged -f -", exitError, "the result is not complete"},
		{"there is no such rule", good, "rollout preview priviledged -f -", exitUsage, "no rule is called priviledged; see reeve rules list; did you mean privileged?"},
		{"there is no such mode", good, "rollout preview privileged --to off -f -", exitUsage, `--to: "off" is unknown; use deny or warn`},
		{"there is no rule", good, "rollout preview -f -", exitUsage, "name one rule"},
		{"there is no cluster", "", "rollout preview privileged --kubeconfig testdata/missing", exitError, "kubeconfig"},
		{"there is no configuration", good, "rollout status -f -", exitUsage, "--config: name the configuration file whose rollouts are meant"},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := reeve(t, test.stdin, test.line+ours); got.code != test.code || !strings.Contains(got.err, test.err) {
				t.Errorf("code %d\n%s%s", got.code, got.out, got.err)
			}
		})
	}
	if got := reeve(t, good, "rollout preview pod-crash-looping -f -"); got.code != exitError || !strings.Contains(got.err, "is judged in scans only") {
		t.Errorf("code %d, %s", got.code, got.err)
	}
}

func TestRolloutPreviewAsJSON(t *testing.T) {
	got := reeve(t, evidenceFiles, "rollout preview privileged -o json -f - --config "+configFile(t, "")+ours)
	var told preview
	if err := json.Unmarshal([]byte(got.out), &told); err != nil {
		t.Fatal(err, got)
	}
	if got.code != exitFindings || len(told.Owners) != 1 || len(told.Owners[0].Objects) != 3 || told.Owners[0].Name != "web" ||
		len(told.Hidden) != 1 || told.Hidden[0].Name != "legacy" || told.Recent != nil || told.To != finding.Deny {
		t.Errorf("code %d, %s", got.code, got.out)
	}
}

func TestRolloutStatus(t *testing.T) {
	file := writeEvidence(t)
	got := reeve(t, "", "rollout status -f "+file+" --config "+configFile(t, staged)+ours)
	// A scan judges the Deployment in place of what it has made.
	want := `privileged  no privileges
  stage 0: warn everywhere, in force: 2 violations on 2 objects
  stage 1: deny in namespaces with stage=prod, in force: 1 violation on 1 object
  stage 2: deny everywhere, from 2999-01-01T00:00:00Z (next): 2 violations on 2 objects
  exceptions hide 1 violation
`
	if diff := cmp.Diff(want, got.out); diff != "" || got.code != 0 {
		t.Errorf("code %d, %s (-want +got)\n%s", got.code, got.err, diff)
	}
	got = reeve(t, "", "rollout status -f "+file+" --config "+configFile(t, "")+ours)
	if got.code != 0 || got.out != "The configuration has no rollouts of rules that are loaded.\n" {
		t.Errorf("code %d, %s%s", got.code, got.out, got.err)
	}
}

func TestRecentAdmissionsAreDecidedByThePolicy(t *testing.T) {
	rules, err := (&app.RuleOptions{Dirs: []string{"testdata/rules"}, NoBuiltin: true, ModeFor: []string{"privileged=deny"}, Config: configFile(t, "")}).Load()
	if err != nil {
		t.Fatal(err)
	}
	at := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	found := recent.Finding{Rule: "privileged", Mode: finding.Warn, Message: "it is"}
	existing := found
	existing.Existing = true
	admission := func(name string, change func(*recent.Entry)) recent.Entry {
		e := recent.Entry{Time: at, Operation: resource.Create, Resource: resource.Identity{APIVersion: "v1", Kind: "Pod", Namespace: "shop", Name: name}, User: "jane"}
		change(&e)
		return e
	}
	entries := []recent.Entry{
		admission("refused", func(e *recent.Entry) { e.Findings = []recent.Finding{found} }),
		admission("of another rule", func(e *recent.Entry) { e.Findings = []recent.Finding{{Rule: "image"}} }),
		admission("of a rule that is gone", func(e *recent.Entry) { e.Findings = []recent.Finding{{Rule: "gone"}} }),
		admission("existing", func(e *recent.Entry) { e.Findings = []recent.Finding{existing} }),
		admission("hidden", func(e *recent.Entry) { e.Excepted = []recent.Excepted{{Exception: "legacy", Finding: found}} }),
		admission("bounded", func(e *recent.Entry) { e.Findings, e.Resource.Namespace = []recent.Finding{found}, "lax" }),
		admission("partly new", func(e *recent.Entry) { e.Findings = []recent.Finding{existing, found} }),
	}
	namespaces := map[string]*resource.Namespace{"lax": {Name: "lax", Labels: map[string]string{review.ModeLabel: "warn"}}}
	told := &previewRecent{}
	rules.Set = rules.Set.Filter(func(r *rule.Rule) bool { return r.ID == "privileged" })
	for i := range entries {
		told.add(&audit{rules: rules}, &entries[i], namespaces[entries[i].Resource.Namespace], finding.Deny)
	}
	var names []string
	for _, a := range told.Admissions {
		names = append(names, a.Name+" "+a.Mode.String())
	}
	if diff := cmp.Diff([]string{"refused warn", "partly new warn"}, names); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	if told.Existing != 1 || told.Hidden != 1 || told.Remembered != 5 {
		t.Errorf("%+v", told)
	}
	if p := (&preview{Recent: told}); p.end() == nil {
		t.Error("admissions that would have been refused are no reason for another exit code")
	}
}
