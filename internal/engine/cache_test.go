package engine_test

import (
	"context"
	"encoding/json"
	"strconv"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"github.com/kubereeve/reeve/internal/engine"
	"github.com/kubereeve/reeve/internal/engine/enginetest"
	"github.com/kubereeve/reeve/internal/resource"
	"github.com/kubereeve/reeve/internal/rule/dialect"
	"github.com/kubereeve/reeve/internal/rule/source"
)

const replica = `{"kind":"Pod","apiVersion":"v1","metadata":{"name":"web-abc-x1","generateName":"web-abc-","namespace":"shop","uid":"1",` +
	`"creationTimestamp":"2026-01-01T00:00:00Z","labels":{"app":"web","pod-template-hash":"abc"},"annotations":{"a":"b"},` +
	`"ownerReferences":[{"apiVersion":"apps/v1","kind":"ReplicaSet","name":"web-abc","uid":"7","controller":true}]},` +
	`"spec":{"volumes":[{"name":"kube-api-access-ccccc"},{"name":"data"}],"containers":[{"name":"web","image":"nginx","volumeMounts":[{"name":"kube-api-access-ccccc"}]}]},"status":{"phase":"Pending"}}`

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
		{name: "another token volume", old: "kube-api-access-ccccc", new: "kube-api-access-ddddd", hit: true},
		{name: "another status", old: `"Pending"`, new: `"Running"`, hit: true},
		{name: "another image", old: `"nginx"`, new: `"nginz"`},
		{name: "another label", old: `"app":"web"`, new: `"app":"wed"`},
		{name: "another annotation", old: `"a":"b"`, new: `"a":"c"`},
		{name: "another container name like a token volume", old: `"name":"web","image"`, new: `"name":"kube-api-access-ccccc","image"`},
		{name: "a second token volume", old: `{"name":"data"}`, new: `{"name":"kube-api-access-fffff"}`},
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
			`"volumes":[{"name":"kube-api-access-ccccc"},{"name":"kube-api-access-ddddd"}]}}`
	}
	if sharedKey(pod(t, text("aaaaa"))) == sharedKey(pod(t, text("bbbbb"))) {
		t.Error("two different pods share a key")
	}
}

func TestFindingsAreKeptForWhatRulesReadOnly(t *testing.T) {
	for _, test := range []struct {
		name, body, keptFor string
	}{
		{"the containers", `violation contains {"msg": c.name} if some c in input.workload.containers`, "replicas"},
		{"one label", `violation contains {"msg": "x"} if input.object.metadata.labels.app == "web"`, "replicas"},
		{"one field by object.get", `violation contains {"msg": "x"} if object.get(input.workload, ["spec", "hostNetwork"], null) == true`, "replicas"},
		{"the name by object.get", `violation contains {"msg": "x"} if object.get(input.workload, ["metadata", "name"], null) == "x"`, "one object"},
		{"the name as the default of object.get", `violation contains {"msg": "x"} if object.get(input.workload, "kind", input.object.metadata.name) == "x"`, "one object"},
		{"a field of object.get chosen at run time", `violation contains {"msg": "x"} if { some f in ["spec"]; object.get(input.object, f, null) == "x" }`, "one object"},
		{"one field by object.get with another input", `violation contains {"msg": "x"} if object.get(input.workload, "kind", 1) == 2 with input.user as input.object.metadata`, "nothing"},
		{"the namespace", `violation contains {"msg": "x"} if input.namespace.labels.a == "b"`, "replicas"},
		{"the name", `violation contains {"msg": input.object.metadata.name}`, "one object"},
		{"the name through the template", `violation contains {"msg": input.workload.metadata.name}`, "one object"},
		{"the status", `violation contains {"msg": input.object.status.phase}`, "one object"},
		{"the whole metadata", `violation contains {"msg": "x"} if count(input.object.metadata) > 99`, "one object"},
		{"all labels", `violation contains {"msg": k} if some k, _ in input.object.metadata.labels`, "one object"},
		{"the whole input", `violation contains {"msg": "x"} if count(input) > 99`, "nothing"},
		{"the whole object in a variable", "violation contains {\"msg\": o.metadata.name} if o := input.object", "one object"},
		{"a field chosen at run time", `violation contains {"msg": "x"} if { some field in ["metadata", "spec"]; input.object[field].name == "web" }`, "one object"},
		{"the name in a function", "violation contains {\"msg\": f(1)}\nf(_) := input.object.metadata.name", "one object"},
		{"the name as an argument", "violation contains {\"msg\": f(input.object.metadata.name)}\nf(x) := x", "one object"},
		{"a field of an argument", "violation contains {\"msg\": f(input.object)}\nf(o) := o.spec.restartPolicy", "replicas"},
		{"a field of an argument that is passed on", "violation contains {\"msg\": f(input.object)}\nf(o) := g(1, o.spec)\ng(_, s) := s.restartPolicy", "replicas"},
		{"a field of an argument by object.get", "violation contains {\"msg\": f(input)}\nf(o) := object.get(o, [\"object\", \"kind\"], 1)", "replicas"},
		{"the name in an argument", "violation contains {\"msg\": f(input.object)}\nf(o) := o.metadata.name", "one object"},
		{"a whole argument", "violation contains {\"msg\": f(input.object)}\nf(o) := sprintf(\"%v\", [o])", "one object"},
		{"the name in a pattern", "violation contains {\"msg\": f(input.object)}\nf({\"metadata\": m}) := m.name", "one object"},
		{"the name by an else", "violation contains {\"msg\": f(input.object)}\nf(o) := 1 if { o.kind == \"x\" } else := o.metadata.name", "one object"},
		{"the user in an argument", "violation contains {\"msg\": f(input)}\nf(i) := i.user.name", "nothing"},
		{"a field of an argument to one function and the name to another", "violation contains {\"msg\": f(input.object)}\nviolation contains {\"msg\": f(input.object.metadata)}\nf(o) := o.name", "one object"},
		{"the name in a comprehension", `violation contains {"msg": "x"} if count([n | n := input.object.metadata.name]) > 9`, "one object"},
		{"the user", `violation contains {"msg": "x"} if input.user.name == "root"`, "nothing"},
		{"the old object", `violation contains {"msg": "x"} if input.oldObject.spec`, "nothing"},
		{"the user in a list", `violation contains {"msg": "x"} if not {"root"}[[input.user.name][0]]`, "nothing"},
		{"the user in an object", `violation contains {"msg": {"n": input.user.name}.n}`, "nothing"},
		{"the name in a set that is made", `violation contains {"msg": "x"} if {n | n := input.object.metadata.name}["web"]`, "one object"},
		{"the clock in a list", `violation contains {"msg": "x"} if [time.now_ns()][0] < 0`, "nothing"},
		{"the user in the name of a rule", "violation contains {\"msg\": \"x\"} if not known\nknown if p.u.root\np.u[input.user.name] := 1", "nothing"},
		{"the name in the name of a rule", "violation contains {\"msg\": \"x\"} if p.a.web\np.a[input.object.metadata.name] contains 1", "one object"},
		{"whether there is a user", "violation contains {\"msg\": \"x\"} if not known\nknown if f(input.user)\nf(_) := true", "nothing"},
		{"whether there is a status", "violation contains {\"msg\": \"x\"} if f(input.object.status)\nf(_) := true", "replicas"},
		{"whether there is a phase", "violation contains {\"msg\": \"x\"} if f(input.object.status.phase)\nf(_) := true", "one object"},
		{"a field that the user chooses, as an argument", "violation contains {\"msg\": f(input.object.metadata.annotations[input.user.name])}\nf(x) := x", "nothing"},
		{"a field that an argument chooses", "violation contains {\"msg\": g(input.object)}\ng(y) := f(input.object.metadata.annotations[y.metadata.name])\nf(x) := x", "one object"},
		{"the name in a function in the place of another", "violation contains {\"msg\": m} if m := f(input.object) with f as g\nf(o) := o.kind\ng(o) := o.metadata.name", "nothing"},
		{"chance in the place of a builtin", `violation contains {"msg": m} if m := upper("x") with upper as uuid.rfc4122`, "nothing"},
		{"the name in a rule of the same number", "violation contains {\"msg\": p[1.0]}\np[1] := input.object.metadata.name\np[k] := \"x\" if k := 2", "one object"},
		{"the clock", `violation contains {"msg": "x"} if time.now_ns() < 0`, "nothing"},
		{"chance", `violation contains {"msg": "x"} if rand.intn("a", 5) > 9`, "nothing"},
		{"data of others", `violation contains {"msg": "x"} if data.settings.a`, "nothing"},
		{"input replaced by something else", `violation contains {"msg": "x"} if input.object.kind == "Pod" with input as {"object": {"kind": "Pod"}}`, "nothing"},
	} {
		t.Run(test.name, func(t *testing.T) {
			e := newEngine(t, load(t, map[string]string{"r.rego": ruleText("r", "", test.body)}), engine.Options{})
			if got := e.KeptFor(e.Set().Rules()[0]); got != test.keptFor {
				t.Errorf("kept for %s, want %s", got, test.keptFor)
			}
		})
	}
}

func TestFindingsOfForeignRulesAreKeptForWhatTheyRead(t *testing.T) {
	for name, test := range map[string]struct {
		files   map[string]string
		keptFor string
	}{
		"a rule of Kubescape's on one object": {map[string]string{
			"r/raw.rego":           "package armo_builtins\ndeny[m] { x := input[_]; x.spec.hostPID; m := {\"alertMessage\": x.metadata.name, \"alertObject\": {\"k8sApiObjects\": [x]}} }",
			"r/rule.metadata.json": `{"name": "r", "match": [{"apiGroups": [""], "resources": ["Pod"]}]}`}, "one object"},
		"a rule of Kubescape's on several": {map[string]string{
			"r/raw.rego":           "package armo_builtins\ndeny[m] { x := input[_]; count(input) > 1; m := {\"alertMessage\": x.metadata.name, \"alertObject\": {\"k8sApiObjects\": [x]}} }",
			"r/rule.metadata.json": `{"name": "r", "match": [{"apiGroups": [""], "resources": ["Pod"]}]}`}, "nothing"},
		"the whole object, to conftest":     {map[string]string{"r.rego": "package main\ndeny[\"x\"] { count(input) > 1 }"}, "one object"},
		"a field, to KubeEye":               {map[string]string{"r.rego": "package kubeeye_workloads_rego\ndeny[{\"Message\": \"x\"}] { input.Object.spec.hostPID }"}, "replicas"},
		"the resource, to AdmissionReviews": {map[string]string{"r.rego": "package kubernetes.admission\ndeny[\"x\"] { input.request.resource.resource == \"pods\" }"}, "nothing"},
		"the operation in a function":       {map[string]string{"r.rego": "package kubernetes.admission\ndeny[\"x\"] { f(input.request) }\nf(r) { r.operation == \"UPDATE\" }"}, "replicas"},
		"a rule of Kubescape's on API servers": {map[string]string{
			"r/raw.rego":           "package armo_builtins\ndeny[m] { x := input[_]; x.spec.hostPID; m := {\"alertMessage\": \"x\", \"alertObject\": {\"k8sApiObjects\": [x]}} }",
			"r/rule.metadata.json": `{"name": "r", "attributes": {"resourcesAggregator": "apiserver-pod"}, "match": [{"apiGroups": [""], "resources": ["Pod"]}]}`}, "nothing"},
		"the whole input, to AdmissionReviews": {map[string]string{"r.rego": "package kubernetes.admission\ndeny[\"x\"] { f(input) }\nf(i) { i.request; count(i) > 1 }"}, "nothing"},
	} {
		tree := make(fstest.MapFS)
		for file, text := range test.files {
			tree[file] = &fstest.MapFile{Data: []byte(text)}
		}
		set, problems := source.Load(dialect.All(), source.Source{FS: tree, Name: "rules"})
		if len(problems) > 0 {
			t.Fatal(name, problems)
		}
		e := newEngine(t, set, engine.Options{})
		if got := e.KeptFor(e.Set().Rules()[0]); got != test.keptFor {
			t.Errorf("%s: kept for %s, want %s", name, got, test.keptFor)
		}
	}
}

// TestOnAHitTheOtherRulesAreStillAsked keeps a rule that reads the name beside
// rules that are cached.
func TestOnAHitTheOtherRulesAreStillAsked(t *testing.T) {
	e := newEngine(t, load(t, map[string]string{
		"name.rego":  ruleText("name", "", `violation contains {"msg": input.object.metadata.name}`),
		"image.rego": ruleText("image", "", `violation contains {"msg": c.image.repository} if some c in input.workload.containers`),
		"user.rego":  ruleText("user", "", `violation contains {"msg": input.user.name}`),
	}), engine.Options{})
	for i, name := range []string{"web-abc-x1", "web-abc-x2", "web-abc-x1", "web-abc-x2", "web-abc-x3"} {
		res := pod(t, strings.ReplaceAll(replica, "web-abc-x1", name))
		res.User = &resource.User{Name: strconv.Itoa(i)}
		got := messages(t, e, res)
		if diff := cmp.Diff([]string{"image library/nginx", "name " + name, "user " + res.User.Name}, got); diff != "" {
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
		first, firstSingle := engine.CacheKeys(rawPod(object))
		second, secondSingle := engine.CacheKeys(rawPod(changed))
		if first == "" || first != second {
			return
		}
		if diff := cmp.Diff(masked(t, object, true), masked(t, changed, true)); diff != "" {
			t.Errorf("different objects share a key (-first +second):\n%s", diff)
		}
		if diff := cmp.Diff(masked(t, object, false), masked(t, changed, false)); diff != "" && firstSingle == secondSingle {
			t.Errorf("different objects share a key of one object (-first +second):\n%s", diff)
		}
	})
}

func rawPod(text string) *resource.Resource {
	return &resource.Resource{Identity: resource.Identity{APIVersion: "v1", Kind: "Pod"}, Operation: resource.Create, Object: []byte(text)}
}

// sharedKey returns the key that a resource shares with its replicas.
func sharedKey(res *resource.Resource) string {
	shared, _ := engine.CacheKeys(res)
	return shared
}

// masked decodes an object and removes what its keys leave out, independently of how
// they do it: that which replicas share more, and that of one object less.
func masked(t *testing.T, text string, replicas bool) any {
	t.Helper()
	var object any
	if err := json.Unmarshal([]byte(text), &object); err != nil {
		t.Skip() // the key reads a little more than encoding/json
	}
	root, _ := object.(map[string]any)
	metadata, _ := root["metadata"].(map[string]any)
	delete(metadata, "managedFields")
	annotations, _ := metadata["annotations"].(map[string]any)
	delete(annotations, "kubectl.kubernetes.io/last-applied-configuration")
	if replicas {
		delete(root, "status")
		for _, field := range []string{"name", "generateName", "uid", "selfLink", "resourceVersion", "generation", "creationTimestamp", "ownerReferences"} {
			delete(metadata, field)
		}
		labels, _ := metadata["labels"].(map[string]any)
		delete(labels, "pod-template-hash")
		spec, _ := root["spec"].(map[string]any)
		delete(spec, "nodeName")
	}
	text2, err := json.Marshal(object)
	if err != nil {
		t.Fatal(err)
	}
	// One token volume has its random end masked; which one does not matter here.
	if i := strings.Index(string(text2), `"kube-api-access-`); replicas && i >= 0 && len(text2) > i+22 {
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
