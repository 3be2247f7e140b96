package review_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/kubereeve/reeve/internal/engine"
	"github.com/kubereeve/reeve/internal/engine/enginetest"
	"github.com/kubereeve/reeve/internal/finding"
	"github.com/kubereeve/reeve/internal/resource"
	"github.com/kubereeve/reeve/internal/review"
	"github.com/kubereeve/reeve/internal/rule"
	"github.com/kubereeve/reeve/internal/rule/dialect"
	"github.com/kubereeve/reeve/internal/rule/source"
)

// ruleText returns a rule on pods with one more line of metadata.
func ruleText(name, more, body string) string {
	return "# METADATA\n# title: Test\n# custom:\n#   reeve:\n#     severity: low\n#     kinds: [Pod]\n#     " +
		more + "\npackage reeve.test." + name + "\n" + body + "\n"
}

func load(t testing.TB, files map[string]string) *rule.Set {
	t.Helper()
	tree := fstest.MapFS{}
	for name, text := range files {
		tree[name] = &fstest.MapFile{Data: []byte(text)}
	}
	set, problems := source.Load(dialect.All(), source.Source{FS: tree, Name: "rules"})
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	return set
}

func newReviewer(t testing.TB, set *rule.Set, policy *review.Policy) *review.Reviewer {
	t.Helper()
	e, problems, err := engine.New(set, engine.Options{})
	if err != nil || len(problems) > 0 {
		t.Fatal(problems, err)
	}
	return review.New(e, policy)
}

// object returns a resource of the given operation.
func object(t testing.TB, operation resource.Operation, text string) *resource.Resource {
	t.Helper()
	res, err := resource.FromObject([]byte(text), schema.GroupVersionKind{})
	if err != nil {
		t.Fatal(err)
	}
	res.Operation = operation
	return res
}

// crashing returns a pod that breaks the template rule host-pid and the runtime
// rule pod-crash-looping, with the given ownerReferences.
func crashing(owners string) string {
	return `{"apiVersion":"v1","kind":"Pod","metadata":{"name":"web-5-x","namespace":"shop","ownerReferences":` + owners + `},
		"spec":{"hostPID":true,"containers":[{"name":"web","image":"nginx:1"}]},
		"status":{"containerStatuses":[{"name":"web","restartCount":7,"state":{"waiting":{"reason":"CrashLoopBackOff"}}}]}}`
}

func rules(verdict finding.Verdict) []string {
	var ids []string
	for _, f := range verdict.Findings {
		if !slices.Contains(ids, f.Rule) {
			ids = append(ids, f.Rule)
		}
	}
	return ids
}

func TestWhatAWorkloadMadeIsJudgedByItsStateAloneInAScan(t *testing.T) {
	reviewer := newReviewer(t, enginetest.Builtin(t), policyOf(t))
	owned := func(apiVersion, kind, controller string) string {
		return `[{"apiVersion":"` + apiVersion + `","kind":"` + kind + `","name":"web-5","uid":"u","controller":` + controller + `}]`
	}
	for _, test := range []struct {
		name             string
		operation        resource.Operation
		owners           string
		template, atScan bool
	}{
		{"a pod of its own in a scan", resource.Scan, `[]`, true, true},
		{"a replica set's pod in a scan", resource.Scan, owned("apps/v1", "ReplicaSet", "true"), false, true},
		{"a job's pod in a scan", resource.Scan, owned("batch/v1", "Job", "true"), false, true},
		{"a replication controller's pod in a scan", resource.Scan, owned("v1", "ReplicationController", "true"), false, true},
		{"a node's own pod in a scan", resource.Scan, owned("v1", "Node", "true"), true, true},
		{"the pod of a kind we do not judge in a scan", resource.Scan, owned("example.org/v1", "ReplicaSet", "true"), true, true},
		{"a pod whose owner does not control it in a scan", resource.Scan, owned("apps/v1", "ReplicaSet", "false"), true, true},
		{"a pod of its own at admission", resource.Create, `[]`, true, false},
		{"a replica set's pod at admission", resource.Create, owned("apps/v1", "ReplicaSet", "true"), true, false},
		{"a replica set's pod at its update", resource.Update, owned("apps/v1", "ReplicaSet", "true"), true, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			res := object(t, test.operation, crashing(test.owners))
			if !reviewer.Judges(res) {
				t.Fatal("the pod is not judged at all")
			}
			verdict, err := reviewer.Review(context.Background(), res)
			if err != nil || len(verdict.Errors) > 0 {
				t.Fatal(err, verdict.Errors)
			}
			found := rules(verdict)
			if got := slices.Contains(found, "host-pid"); got != test.template {
				t.Errorf("host-pid found: %t, want %t (%v)", got, test.template, found)
			}
			if got := slices.Contains(found, "pod-crash-looping"); got != test.atScan {
				t.Errorf("pod-crash-looping found: %t, want %t (%v)", got, test.atScan, found)
			}
		})
	}
}

func TestAReplicaSetOfADeploymentIsNotJudgedInAScan(t *testing.T) {
	reviewer := newReviewer(t, enginetest.Builtin(t), policyOf(t))
	const text = `{"apiVersion":"apps/v1","kind":"ReplicaSet","metadata":{"name":"web-5","namespace":"shop","ownerReferences":[{"apiVersion":"apps/v1","kind":"Deployment","name":"web","uid":"u","controller":true}]},"spec":{"template":{"spec":{"hostPID":true}}}}`
	if reviewer.Judges(object(t, resource.Scan, text)) {
		t.Error("it is judged in a scan, where its Deployment is judged already")
	}
	if !reviewer.Judges(object(t, resource.Create, text)) {
		t.Error("it is not judged at admission")
	}
}

func TestKindsThatNoRuleNamesAreNotJudged(t *testing.T) {
	reviewer := newReviewer(t, enginetest.Builtin(t), policyOf(t))
	for _, text := range []string{
		`{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a"}}`,
		`{"apiVersion":"example.org/v1","kind":"Pod","metadata":{"name":"a"}}`,
		`{"apiVersion":"example.org/v1","kind":"Deployment","metadata":{"name":"a"}}`,
	} {
		res := object(t, resource.Create, text)
		verdict, err := reviewer.Review(context.Background(), res)
		if reviewer.Judges(res) || err != nil || len(verdict.Findings) > 0 || len(verdict.Errors) > 0 || verdict.Resource != res {
			t.Errorf("%s: judged %t, verdict %+v, error %v", res.Identity, reviewer.Judges(res), verdict, err)
		}
	}
}

func TestAFindingCarriesEverythingAboutTheRuleAndTheObject(t *testing.T) {
	set := enginetest.Builtin(t)
	reviewer := newReviewer(t, set, policyOf(t, "privileged-container=deny"))
	res := object(t, resource.Scan, `{"apiVersion":"v1","kind":"Pod","metadata":{"name":"web","namespace":"shop","uid":"u"},"spec":{"containers":[{"name":"web","securityContext":{"privileged":true}}]}}`)
	res.Source = &resource.Source{File: "web.yaml", Line: 3}
	verdict, err := reviewer.Review(context.Background(), res)
	if err != nil || verdict.Resource != res {
		t.Fatal(err)
	}
	want := finding.Finding{
		Rule:        "privileged-container",
		Severity:    finding.Critical,
		Mode:        finding.Deny,
		Resource:    resource.Identity{APIVersion: "v1", Kind: "Pod", Namespace: "shop", Name: "web", UID: "u"},
		Container:   "web",
		Path:        "spec.containers[0].securityContext.privileged",
		Message:     `container "web": securityContext.privileged is true; set it to false or remove it`,
		Remediation: set.Rule("privileged-container").Remediation,
		Source:      res.Source,
	}
	if want.Remediation == "" {
		t.Error("the rule has no remediation to carry")
	}
	if diff := cmp.Diff(want, verdict.Findings[0]); diff != "" {
		t.Errorf("the most severe finding (-want +got)\n%s", diff)
	}
	sorted := slices.Clone(verdict.Findings)
	finding.Sort(sorted)
	if diff := cmp.Diff(sorted, verdict.Findings); diff != "" {
		t.Errorf("the findings are not in reading order (-want +got)\n%s", diff)
	}
}

func TestFindingsHaveTheModeOfTheirEntryPointUnlessToldOtherwise(t *testing.T) {
	set := load(t, map[string]string{"r.rego": ruleText("r", "mode: audit", "violation contains \"v\" if input.object\ndeny contains \"d\" if input.object\nwarn contains \"w\" if input.object")})
	for _, test := range []struct {
		name   string
		policy *review.Policy
		want   string
	}{
		{"nothing said", policyOf(t), "d=deny v=audit w=warn"},
		{"a default", policyOf(t, "*=warn"), "d=warn v=warn w=warn"},
		{"a mode of the rule", policyOf(t, "*=warn", "r=deny"), "d=deny v=deny w=deny"},
		{"off", policyOf(t, "*=off"), ""},
		{"off for the rule", policyOf(t, "*=deny", "r=off"), ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			reviewer := newReviewer(t, set, test.policy)
			for range 2 { // the second verdict is from the cache
				verdict, err := reviewer.Review(context.Background(), object(t, resource.Create, crashing(`[]`)))
				if err != nil {
					t.Fatal(err)
				}
				var got []string
				for _, f := range verdict.Findings {
					got = append(got, f.Message+"="+f.Mode.String())
				}
				if got := strings.Join(got, " "); got != test.want {
					t.Errorf("found %s, want %s", got, test.want)
				}
			}
		})
	}
}

func TestAnEntryPointThatIsOffIsDroppedAndTheOthersStay(t *testing.T) {
	set := load(t, map[string]string{"r.rego": ruleText("r", "mode: off", "violation contains \"v\" if input.object\ndeny contains \"d\" if input.object")})
	verdict, err := newReviewer(t, set, policyOf(t)).Review(context.Background(), object(t, resource.Create, crashing(`[]`)))
	if err != nil || len(verdict.Findings) != 1 || verdict.Findings[0].Message != "d" {
		t.Errorf("found %v, error %v", verdict.Findings, err)
	}
}

func TestAnObjectThatCannotBeParsedIsSaidToBe(t *testing.T) {
	reviewer := newReviewer(t, enginetest.Builtin(t), policyOf(t))
	const head = `{"apiVersion":"v1","kind":"Pod","metadata":{"name":"web"}`
	for name, text := range map[string]string{
		"cut off":            head + `,"spec":{"containers":[`,
		"without its end":    head,
		"malformed":          head + `,"spec":{"hostPID":yes}}`,
		"two objects in one": head + `} {}`,
		"bytes of no text":   head + ",\"spec\":\"\xff\"}",
	} {
		t.Run(name, func(t *testing.T) {
			_, err := reviewer.Review(context.Background(), object(t, resource.Create, text))
			if !errors.Is(err, review.ErrObject) {
				t.Errorf("got %v, want ErrObject", err)
			}
			if err != nil && strings.Contains(err.Error(), "containers") {
				t.Errorf("the error quotes the object: %v", err)
			}
		})
	}
}

func TestAnOldObjectThatCannotBeParsedIsSaidToBe(t *testing.T) {
	set := load(t, map[string]string{"r.rego": ruleText("r", "mode: deny", "violation contains \"v\" if input.oldObject.spec")})
	res := object(t, resource.Update, crashing(`[]`))
	res.OldObject = []byte(`{"spec":`)
	if _, err := newReviewer(t, set, policyOf(t)).Review(context.Background(), res); !errors.Is(err, review.ErrObject) {
		t.Errorf("got %v, want ErrObject", err)
	}
}

func TestARuleThatFailsIsInTheVerdictAndTheOthersStay(t *testing.T) {
	set := load(t, map[string]string{
		"bad.rego":  ruleText("bad", "mode: deny", "violation contains 7 if input.object"),
		"good.rego": ruleText("good", "mode: deny", "violation contains \"found\" if input.object"),
	})
	verdict, err := newReviewer(t, set, policyOf(t)).Review(context.Background(), object(t, resource.Create, crashing(`[]`)))
	if err != nil || !slices.Equal(rules(verdict), []string{"good"}) || len(verdict.Errors) != 1 || verdict.Errors[0].Rule != "bad" {
		t.Errorf("found %v, failed %v, error %v", verdict.Findings, verdict.Errors, err)
	}
}

func TestTheRevisionIsThatOfTheRulesThatCompiled(t *testing.T) {
	set := enginetest.Builtin(t)
	if got := newReviewer(t, set, policyOf(t)).Revision(); got != set.Revision() {
		t.Errorf("%s, want %s", got, set.Revision())
	}
}
