package review_test

import (
	"context"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/kubereeve/reeve/internal/finding"
	"github.com/kubereeve/reeve/internal/resource"
	"github.com/kubereeve/reeve/internal/review"
)

// listing finds every container that has an image, and every annotation twice in
// no particular place. It fails on objects with the annotation "break".
const listing = `violation contains {"msg": sprintf("image %s", [c.spec.image]), "container": c.name, "path": sprintf("%s.image", [c.path])} if {
	some c in input.workload.containers
	c.spec.image
}

violation contains {"msg": sprintf("annotation %s", [name])} if some name, _ in input.object.metadata.annotations

violation contains {"msg": "broken"} if object.get(input.object.metadata.annotations, "break", "") == 7 / to_number(object.get(input.object.metadata.annotations, "by", "1"))

violation contains {"msg": "saw the old object", "path": "metadata"} if input.oldObject.metadata.annotations.seen`

// pod returns a pod with more metadata and the given containers.
func pod(metadata, containers string) string {
	return `{"apiVersion":"v1","kind":"Pod","metadata":{"name":"web","namespace":"shop"` + metadata + `},"spec":{"containers":[` + containers + `]},"status":{"phase":"Running"}}`
}

func update(t testing.TB, before, after string) *resource.Resource {
	t.Helper()
	res := object(t, resource.Update, after)
	res.OldObject = []byte(before)
	res.User = &resource.User{Name: "jane"}
	return res
}

func messages(verdict finding.Verdict) []string {
	var out []string
	for _, f := range verdict.Findings {
		text := f.Message + "=" + f.Mode.String()
		if f.Existing {
			text += " existing"
		}
		out = append(out, text)
	}
	return out
}

func TestAnUpdateIsDeniedForNewViolationsOnly(t *testing.T) {
	set := load(t, map[string]string{"r.rego": ruleText("r", "mode: deny", listing)})
	const a, b, b2 = `{"name":"a","image":"i"}`, `{"name":"b","image":"j"}`, `{"name":"b","image":"k"}`
	for _, test := range []struct {
		name          string
		before, after string
		want          []string
	}{
		{"nothing changes", pod("", a), pod("", a), []string{`container "a": image i=warn existing`}},
		{"the value changes, and not the place", pod("", b), pod("", b2), []string{`container "b": image k=warn existing`}},
		{"a container comes", pod("", a), pod("", a+","+b), []string{`container "a": image i=warn existing`, `container "b": image j=deny`}},
		{"a container comes before", pod("", a), pod("", b+","+a), []string{`container "a": image i=warn existing`, `container "b": image j=deny`}},
		{"a container goes", pod("", a+","+b), pod("", b), []string{`container "b": image j=warn existing`}},
		{"a container changes its name", pod("", a), pod("", `{"name":"z","image":"i"}`), []string{`container "z": image i=deny`}},
		{"a second violation comes in the same place", pod(`,"annotations":{"y":""}`, ""), pod(`,"annotations":{"x":"","y":""}`, ""), []string{"annotation x=deny", "annotation y=warn existing"}},
		{"a violation takes the place of another", pod(`,"annotations":{"y":""}`, ""), pod(`,"annotations":{"x":""}`, ""), []string{"annotation x=warn existing"}},
		{"the old object was fine", pod("", ""), pod("", a), []string{`container "a": image i=deny`}},
		{"the old object is not shown as its own old object", pod(`,"annotations":{"seen":""}`, ""), pod("", ""), []string{"saw the old object=deny"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			for existing, want := range map[bool][]string{true: test.want, false: denied(test.want)} {
				reviewer := newReviewer(t, set, newPolicy(t, review.PolicyOptions{ExistingViolations: existing}))
				verdict, err := reviewer.Review(context.Background(), update(t, test.before, test.after))
				if err != nil || len(verdict.Errors) > 0 {
					t.Fatal(err, verdict.Errors)
				}
				got := messages(verdict)
				if diff := cmp.Diff(want, got); diff != "" {
					t.Errorf("existing violations %t (-want +got)\n%s", existing, diff)
				}
			}
		})
	}
}

// denied returns what would be told, did nothing count as existing.
func denied(told []string) []string {
	var out []string
	for _, text := range told {
		out = append(out, strings.Replace(text, "=warn existing", "=deny", 1))
	}
	return out
}

func TestWhatCouldNotBeJudgedOfTheOldObjectCountsAsNew(t *testing.T) {
	set := load(t, map[string]string{
		"r.rego":     ruleText("r", "mode: deny", listing),
		"other.rego": ruleText("other", "mode: warn", `violation contains {"msg": "other"} if 1 / to_number(object.get(input.object.metadata.annotations, "by", "1"))`),
	})
	reviewer := newReviewer(t, set, policyOf(t))
	before := pod(`,"annotations":{"break":"x","by":"0"}`, `{"name":"a","image":"i"}`)
	verdict, err := reviewer.Review(context.Background(), update(t, before, pod("", `{"name":"a","image":"i"}`)))
	if err != nil {
		t.Fatal(err)
	}
	// What the rule found before it failed stands; the rest of it is not known.
	if len(verdict.Errors) != 1 || verdict.Errors[0].Rule != "r" || !verdict.Errors[0].Before || verdict.Errors[0].Deny {
		t.Errorf("errors %+v", verdict.Errors)
	}
}

func TestTheOldObjectIsJudgedOnlyToSoftenDenials(t *testing.T) {
	set := load(t, map[string]string{"r.rego": ruleText("r", "mode: deny", listing)})
	for _, test := range []struct {
		name    string
		policy  *review.Policy
		change  func(*resource.Resource)
		softens bool
	}{
		{"an update", policyOf(t), func(*resource.Resource) {}, true},
		{"a subresource", policyOf(t), func(res *resource.Resource) { res.Subresource = "resize" }, true},
		{"a creation", policyOf(t), func(res *resource.Resource) { res.Operation = resource.Create }, false},
		{"a scan", policyOf(t), func(res *resource.Resource) { res.Operation, res.User = resource.Scan, nil }, false},
		{"an update without the old object", policyOf(t), func(res *resource.Resource) { res.OldObject = nil }, false},
		{"an update that only warns", policyOf(t, "*=warn"), func(*resource.Resource) {}, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			res := update(t, pod("", `{"name":"a","image":"i"}`), pod("", `{"name":"a","image":"i"}`))
			test.change(res)
			verdict, err := newReviewer(t, set, test.policy).Review(context.Background(), res)
			if err != nil || len(verdict.Findings) != 1 || verdict.Findings[0].Existing != test.softens {
				t.Errorf("%v, error %v", messages(verdict), err)
			}
		})
	}
}

func TestWhatIsBeingDeletedIsNotHeldBack(t *testing.T) {
	set := load(t, map[string]string{
		"r.rego":   ruleText("r", "mode: deny", listing),
		"bad.rego": ruleText("bad", "mode: deny", "violation contains 7 if input.object"),
	})
	const dying, containers = `,"deletionTimestamp":"2026-01-02T03:04:05Z"`, `{"name":"a","image":"i"}`
	before := pod(dying+`,"finalizers":["f"],"resourceVersion":"1","labels":{"a":"b"}`, containers)
	for _, test := range []struct {
		name          string
		before, after string
		passes        bool
	}{
		{"loses its finalizer", before, pod(dying+`,"resourceVersion":"2","labels":{"a":"b"}`, containers), true},
		{"loses its owner", pod(dying+`,"ownerReferences":[{"uid":"u"}]`, containers), pod(dying, containers), true},
		{"changes its status", before, strings.Replace(before, "Running", "Failed", 1), true},
		{"is written anew as it was", before, before, true},
		{"changes a label", before, pod(dying+`,"labels":{"a":"c"}`, containers), false},
		{"changes its spec", before, pod(dying+`,"labels":{"a":"b"}`, containers+`,{"name":"b"}`), false},
		{"gains a field", before, strings.Replace(before, `"status"`, `"extra":1,"status"`, 1), false},
		{"only claims to be deleted", pod("", containers), pod(dying, containers), false},
		{"has no time of deletion", pod(`,"deletionTimestamp":null`, containers), pod(`,"deletionTimestamp":null`, containers), false},
		{"has an empty time of deletion", pod(`,"deletionTimestamp":""`, containers), pod(`,"deletionTimestamp":""`, containers), false},
	} {
		t.Run(test.name, func(t *testing.T) {
			policy := newPolicy(t, review.PolicyOptions{DenyOnError: true}) // nothing else softens
			verdict, err := newReviewer(t, set, policy).Review(context.Background(), update(t, test.before, test.after))
			if err != nil || len(verdict.Findings) == 0 || len(verdict.Errors) != 1 {
				t.Fatal(err, verdict)
			}
			denials := len(verdict.ByMode(finding.Deny))
			if passes := denials == 0; passes != test.passes || verdict.Errors[0].Deny == test.passes {
				t.Errorf("passes: %t, refused for the error: %t", passes, verdict.Errors[0].Deny)
			}
		})
	}
}

func TestAFailureDoesAtMostWhatAFindingWould(t *testing.T) {
	set := load(t, map[string]string{
		"bad.rego":  ruleText("bad", "mode: deny", "violation contains 7 if input.object"),
		"mild.rego": ruleText("mild", "mode: warn", "violation contains 7 if input.object"),
	})
	for _, test := range []struct {
		name    string
		options review.PolicyOptions
		except  []string
		want    string
	}{
		{"passes by default", review.PolicyOptions{}, nil, "bad mild"},
		{"refuses where its findings would", review.PolicyOptions{DenyOnError: true}, nil, "bad=deny mild"},
		{"refuses for its class", review.PolicyOptions{Failure: []review.FailureEntry{{Rules: selector(t, "bad"), Deny: true}}}, nil, "bad=deny mild"},
		{"passes for its class", review.PolicyOptions{DenyOnError: true, Failure: []review.FailureEntry{{Rules: selector(t, "severity:low")}}}, nil, "bad mild"},
		{"does what the last class says", review.PolicyOptions{Failure: []review.FailureEntry{{Deny: true}, {Rules: selector(t, "bad")}, {Rules: selector(t, "b*"), Deny: true}}}, nil, "bad=deny mild"},
		{"refuses with a mode of the configuration", review.PolicyOptions{DenyOnError: true, Entries: []review.Entry{entryOf(t, "mild=deny", review.Where{})}}, nil, "bad=deny mild=deny"},
		{"does nothing where the rule is off", review.PolicyOptions{DenyOnError: true, Entries: []review.Entry{entryOf(t, "bad=off", review.Where{Namespaces: []string{"shop"}})}}, nil, "mild"},
		{"does nothing where the rule is excepted", review.PolicyOptions{DenyOnError: true}, []string{"bad"}, "mild"},
	} {
		t.Run(test.name, func(t *testing.T) {
			reviewer := newReviewer(t, set, newPolicy(t, test.options))
			if test.except != nil {
				reviewer = reviewer.Excepting(review.NewExceptions([]review.Exception{exception(t, "shop", "e", spec(test.except...))}))
			}
			verdict, err := reviewer.Review(context.Background(), object(t, resource.Create, pod("", "")))
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, failure := range verdict.Errors {
				text := failure.Rule
				if failure.Deny {
					text += "=deny"
				}
				got = append(got, text)
			}
			if got := strings.Join(got, " "); got != test.want {
				t.Errorf("got %s, want %s", got, test.want)
			}
		})
	}
}

func TestAnObjectOfAnUnknownKindIsNotExcepted(t *testing.T) {
	res, err := resource.FromObject([]byte(`{"metadata":{"name":"x"}}`), schema.GroupVersionKind{Group: "example.org", Version: "v1", Kind: "Wonder"})
	if err != nil {
		t.Fatal(err)
	}
	verdict, err := newReviewer(t, naming(t, "a_rule"), policyOf(t)).Excepting(review.NewExceptions(nil)).Review(context.Background(), res)
	if err != nil || !verdict.Empty() {
		t.Errorf("%v, error %v", told(verdict), err)
	}
}
