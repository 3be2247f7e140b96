package engine_test

import (
	"context"
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kubereeve/reeve/internal/engine"
	"github.com/kubereeve/reeve/internal/engine/enginetest"
	"github.com/kubereeve/reeve/internal/resource"
)

const replica = `{"kind":"Pod","apiVersion":"v1","metadata":{"name":"web-abc-x1","generateName":"web-abc-","namespace":"shop","uid":"1",` +
	`"creationTimestamp":"2026-01-01T00:00:00Z","labels":{"app":"web","pod-template-hash":"abc"},"annotations":{"a":"b"},` +
	`"ownerReferences":[{"apiVersion":"apps/v1","kind":"ReplicaSet","name":"web-abc","uid":"7","controller":true}]},` +
	`"spec":{"volumes":[{"name":"kube-api-access-aaaaa"},{"name":"data"}],"containers":[{"name":"web","image":"nginx","volumeMounts":[{"name":"kube-api-access-aaaaa"}]}]},"status":{"phase":"Pending"}}`

func TestReplicasShareAVerdictAndNothingElseDoes(t *testing.T) {
	for _, test := range []struct {
		name     string
		old, new string // what is replaced in the second pod
		change   func(*resource.Resource)
		hit      bool
	}{
		{name: "the same pod", hit: true},
		{name: "another name", old: `"web-abc-x1"`, new: `"web-abc-x2"`, hit: true},
		{name: "another uid and time", old: `"uid":"1","creationTimestamp":"2026-01-01T00:00:00Z"`, new: `"uid":"2","creationTimestamp":"2027-01-01T00:00:00Z"`, hit: true},
		{name: "another pod-template-hash", old: `"pod-template-hash":"abc"`, new: `"pod-template-hash":"def"`, hit: true},
		{name: "another token volume", old: "kube-api-access-aaaaa", new: "kube-api-access-bbbbb", hit: true},
		{name: "another status", old: `"Pending"`, new: `"Running"`, hit: true},
		{name: "another image", old: `"nginx"`, new: `"nginz"`},
		{name: "another label", old: `"app":"web"`, new: `"app":"wed"`},
		{name: "another annotation", old: `"a":"b"`, new: `"a":"c"`},
		{name: "another container name like a token volume", old: `"name":"web","image"`, new: `"name":"kube-api-access-aaaaa","image"`},
		{name: "a second token volume", old: `{"name":"data"}`, new: `{"name":"kube-api-access-ccccc"}`},
		{name: "another operation", change: func(r *resource.Resource) { r.Operation = resource.Update }},
		{name: "another namespace", change: func(r *resource.Resource) { r.Identity.Namespace = "stop" }},
		{name: "labels of the namespace", change: func(r *resource.Resource) {
			r.Namespace = &resource.Namespace{Name: "shop", Labels: map[string]string{"a": "b"}}
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			recorder := &counts{}
			e := newEngine(t, enginetest.Builtin(t), engine.Options{Recorder: recorder})
			second := replica
			if test.old != "" {
				if second = strings.ReplaceAll(replica, test.old, test.new); second == replica {
					t.Fatal("nothing was replaced")
				}
			}
			first, other := pod(t, replica), pod(t, second)
			if test.change != nil {
				test.change(other)
			}
			for _, res := range []*resource.Resource{first, other} {
				if _, failures, err := e.Evaluate(context.Background(), res, engine.Admission); err != nil || len(failures) > 0 {
					t.Fatal(err, failures)
				}
			}
			if hit := recorder.hits == 1; hit != test.hit {
				t.Errorf("%d hits, %d misses; want hit=%v", recorder.hits, recorder.misses, test.hit)
			}
		})
	}
}

// TestTwoDifferentTokenVolumesNeverPassForOneAnother mounts the first of two
// volumes in one pod and the second in the other.
func TestTwoDifferentTokenVolumesNeverPassForOneAnother(t *testing.T) {
	text := func(mounted string) string {
		return `{"kind":"Pod","apiVersion":"v1","metadata":{},"spec":{"containers":[{"name":"web","image":"nginx","volumeMounts":[{"name":"kube-api-access-` + mounted + `"}]}],` +
			`"volumes":[{"name":"kube-api-access-aaaaa"},{"name":"kube-api-access-bbbbb"}]}}`
	}
	if engine.CacheKey(pod(t, text("aaaaa"))) == engine.CacheKey(pod(t, text("bbbbb"))) {
		t.Error("two different pods share a key")
	}
}

func TestOnlyRulesThatReadWithinTheKeyAreCached(t *testing.T) {
	for _, test := range []struct {
		name, body string
		cached     bool
	}{
		{"the containers", `violation contains {"msg": c.name} if some c in input.workload.containers`, true},
		{"one label", `violation contains {"msg": "x"} if input.object.metadata.labels.app == "web"`, true},
		{"one field by object.get", `violation contains {"msg": "x"} if object.get(input.workload, ["spec", "hostNetwork"], null) == true`, true},
		{"the name by object.get", `violation contains {"msg": "x"} if object.get(input.workload, ["metadata", "name"], null) == "x"`, false},
		{"the name as the default of object.get", `violation contains {"msg": "x"} if object.get(input.workload, "kind", input.object.metadata.name) == "x"`, false},
		{"a field of object.get chosen at run time", `violation contains {"msg": "x"} if { some f in ["spec"]; object.get(input.object, f, null) == "x" }`, false},
		{"one field by object.get with another input", `violation contains {"msg": "x"} if object.get(input.workload, "kind", 1) == 2 with input.user as input.object.metadata`, false},
		{"the namespace", `violation contains {"msg": "x"} if input.namespace.labels.a == "b"`, true},
		{"the name", `violation contains {"msg": input.object.metadata.name}`, false},
		{"the name through the template", `violation contains {"msg": input.workload.metadata.name}`, false},
		{"the status", `violation contains {"msg": input.object.status.phase}`, false},
		{"the whole metadata", `violation contains {"msg": "x"} if count(input.object.metadata) > 99`, false},
		{"all labels", `violation contains {"msg": k} if some k, _ in input.object.metadata.labels`, false},
		{"the whole input", `violation contains {"msg": "x"} if count(input) > 99`, false},
		{"the whole object in a variable", "violation contains {\"msg\": o.metadata.name} if o := input.object", false},
		{"a field chosen at run time", `violation contains {"msg": "x"} if { some field in ["metadata", "spec"]; input.object[field].name == "web" }`, false},
		{"the name in a function", "violation contains {\"msg\": f(1)}\nf(_) := input.object.metadata.name", false},
		{"the name as an argument", "violation contains {\"msg\": f(input.object.metadata.name)}\nf(x) := x", false},
		{"the name in a comprehension", `violation contains {"msg": "x"} if count([n | n := input.object.metadata.name]) > 9`, false},
		{"the user", `violation contains {"msg": "x"} if input.user.name == "root"`, false},
		{"the old object", `violation contains {"msg": "x"} if input.oldObject.spec`, false},
		{"the clock", `violation contains {"msg": "x"} if time.now_ns() < 0`, false},
		{"chance", `violation contains {"msg": "x"} if rand.intn("a", 5) > 9`, false},
		{"data of others", `violation contains {"msg": "x"} if data.settings.a`, false},
		{"input replaced by something else", `violation contains {"msg": "x"} if input.object.kind == "Pod" with input as {"object": {"kind": "Pod"}}`, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			recorder := &counts{}
			e := newEngine(t, load(t, map[string]string{"r.rego": ruleText("r", "", test.body)}), engine.Options{Recorder: recorder})
			for range 2 {
				if _, failures, err := e.Evaluate(context.Background(), pod(t, replica), engine.Admission); err != nil || len(failures) > 0 {
					t.Fatal(err, failures)
				}
			}
			if cached := recorder.hits == 1; cached != test.cached {
				t.Errorf("cached=%v, want %v", cached, test.cached)
			}
		})
	}
}

// TestOnAHitTheOtherRulesAreStillAsked keeps a rule that reads the name beside
// rules that are cached.
func TestOnAHitTheOtherRulesAreStillAsked(t *testing.T) {
	e := newEngine(t, load(t, map[string]string{
		"name.rego":  ruleText("name", "", `violation contains {"msg": input.object.metadata.name}`),
		"image.rego": ruleText("image", "", `violation contains {"msg": c.image.repository} if some c in input.workload.containers`),
	}), engine.Options{})
	for _, name := range []string{"web-abc-x1", "web-abc-x2", "web-abc-x3"} {
		got := messages(t, e, pod(t, strings.ReplaceAll(replica, "web-abc-x1", name)))
		if diff := cmp.Diff([]string{"image library/nginx", "name " + name}, got); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	}
}

// FuzzCacheKey checks the cache's promise: objects with equal keys are equal in
// everything that is not masked.
func FuzzCacheKey(f *testing.F) {
	f.Add(replica, uint(60), uint(3), "x9")
	f.Add(replica, uint(480), uint(5), "bbbbb")
	f.Add(`{"metadata":{"name":"a"},"spec":{"nodeName":"n"}}`, uint(20), uint(3), `{"b":[1]}`)
	f.Add(`{"status":1,"status":2}`, uint(0), uint(0), "")
	f.Fuzz(func(t *testing.T, object string, at, length uint, insert string) {
		// The second object is the first with one place changed: two objects
		// made up independently would hardly ever share a key.
		start := min(int(at%4096), len(object))
		end := min(start+int(length%64), len(object))
		changed := object[:start] + insert + object[end:]
		first, second := engine.CacheKey(rawPod(object)), engine.CacheKey(rawPod(changed))
		if first == "" || first != second {
			return
		}
		if diff := cmp.Diff(masked(t, object), masked(t, changed)); diff != "" {
			t.Errorf("different objects share a key (-first +second):\n%s", diff)
		}
	})
}

func rawPod(text string) *resource.Resource {
	return &resource.Resource{Identity: resource.Identity{APIVersion: "v1", Kind: "Pod"}, Operation: resource.Create, Object: []byte(text)}
}

// masked decodes an object and removes what the key leaves out, independently
// of how the key does it.
func masked(t *testing.T, text string) any {
	t.Helper()
	var object any
	if err := json.Unmarshal([]byte(text), &object); err != nil {
		t.Skip() // the key reads a little more than encoding/json
	}
	root, _ := object.(map[string]any)
	delete(root, "status")
	metadata, _ := root["metadata"].(map[string]any)
	for _, field := range []string{"name", "generateName", "uid", "selfLink", "resourceVersion", "generation", "creationTimestamp", "ownerReferences", "managedFields"} {
		delete(metadata, field)
	}
	labels, _ := metadata["labels"].(map[string]any)
	delete(labels, "pod-template-hash")
	annotations, _ := metadata["annotations"].(map[string]any)
	delete(annotations, "kubectl.kubernetes.io/last-applied-configuration")
	spec, _ := root["spec"].(map[string]any)
	delete(spec, "nodeName")
	text2, err := json.Marshal(object)
	if err != nil {
		t.Fatal(err)
	}
	// One token volume has its random end masked; which one does not matter here.
	if i := strings.Index(string(text2), `"kube-api-access-`); i >= 0 && len(text2) > i+22 {
		return strings.ReplaceAll(string(text2), string(text2[i:i+22]), `"kube-api-access-`)
	}
	return string(text2)
}

func TestAVerdictThatTheClockChangesIsNotCached(t *testing.T) {
	for _, call := range []string{
		"time.now_ns() > 0",
		"time.clock(time.now_ns())[0] > 25",
		"uuid.parse(uuid.rfc4122(input.object.spec.x)).version == 4",
		"rand.intn(input.object.spec.x, 2) == 1",
		"crypto.x509.parse_and_verify_certificates(input.object.spec.x)[0]",
		"crypto.x509.parse_and_verify_certificates_with_options(input.object.spec.x, {})[0]",
	} {
		recorder := &counts{}
		e := newEngine(t, load(t, map[string]string{"a.rego": ruleText("a", "", `violation contains {"msg": "x"} if `+call)}), engine.Options{Recorder: recorder})
		for range 2 {
			if _, _, err := e.Evaluate(context.Background(), pod(t, plainPod), engine.Admission); err != nil {
				t.Fatal(err)
			}
		}
		if recorder.hits > 0 {
			t.Errorf("%s: the verdict was cached", call)
		}
	}
}
