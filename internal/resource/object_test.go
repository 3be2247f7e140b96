package resource_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/kubereeve/reeve/internal/resource"
)

var deployment = schema.GroupVersionKind{Group: "apps", Version: "v1", Kind: "Deployment"}

func TestFromObjectReadsTheIdentityOfAnObject(t *testing.T) {
	web := resource.Identity{APIVersion: "v1", Kind: "Pod", Namespace: "shop", Name: "web", UID: "u1"}
	deep := strings.Repeat(`{"a":[`, 2000) + strings.Repeat(`]}`, 2000)
	for _, test := range []struct {
		name     string
		text     string
		fallback schema.GroupVersionKind
		want     resource.Identity
	}{
		{"the usual order", podText, schema.GroupVersionKind{}, web},
		{"metadata first and kind last", `{"metadata":{"uid":"u1","namespace":"shop","name":"web"},"spec":{},"apiVersion":"v1","kind":"Pod"}`, schema.GroupVersionKind{}, web},
		{"a huge field before metadata", `{"spec":"` + strings.Repeat("x", 1<<20) + `","metadata":{"name":"web","namespace":"shop","uid":"u1"},"kind":"Pod","apiVersion":"v1"}`, schema.GroupVersionKind{}, web},
		{"a deep field before metadata", `{"spec":` + deep + `,"metadata":{"name":"web","namespace":"shop","uid":"u1"},"kind":"Pod","apiVersion":"v1"}`, schema.GroupVersionKind{}, web},
		{"white space everywhere", " \r\n{ \"apiVersion\" : \"v1\" ,\t\"kind\" : \"Pod\" , \"metadata\" : { } } ", schema.GroupVersionKind{}, resource.Identity{APIVersion: "v1", Kind: "Pod"}},
		{"escapes in keys and values", `{"apiVersion":"v1","k\u0069nd":"P\u006fd","metadata":{"n\u0061me":"w\u0065b \u4e16"}}`, schema.GroupVersionKind{}, resource.Identity{APIVersion: "v1", Kind: "Pod", Name: "web 世"}},
		{"names are told apart by case", `{"apiVersion":"v1","kind":"Pod","Kind":"Node","metadata":{"name":"web","Name":"other"}}`, schema.GroupVersionKind{}, resource.Identity{APIVersion: "v1", Kind: "Pod", Name: "web"}},
		{"fields below others are not taken for the object's", `{"spec":{"kind":"Node","apiVersion":"v2","metadata":{"name":"inner"}},"apiVersion":"v1","kind":"Pod","metadata":{"labels":{"name":"label"}}}`, schema.GroupVersionKind{}, resource.Identity{APIVersion: "v1", Kind: "Pod"}},
		{"no metadata", `{"apiVersion":"v1","kind":"Pod"}`, schema.GroupVersionKind{}, resource.Identity{APIVersion: "v1", Kind: "Pod"}},
		{"metadata null", `{"apiVersion":"v1","kind":"Pod","metadata":null}`, schema.GroupVersionKind{}, resource.Identity{APIVersion: "v1", Kind: "Pod"}},
		{"metadata fields null", `{"apiVersion":"v1","kind":"Pod","metadata":{"name":null,"namespace":null,"uid":null}}`, schema.GroupVersionKind{}, resource.Identity{APIVersion: "v1", Kind: "Pod"}},
		{"a name to be generated", `{"apiVersion":"v1","kind":"Pod","metadata":{"generateName":"web-"}}`, schema.GroupVersionKind{}, resource.Identity{APIVersion: "v1", Kind: "Pod", Name: "web-*"}},
		{"a name beside the prefix it was made of", `{"apiVersion":"v1","kind":"Pod","metadata":{"generateName":"web-","name":"web-5"}}`, schema.GroupVersionKind{}, resource.Identity{APIVersion: "v1", Kind: "Pod", Name: "web-5"}},
		{"an item of a typed list", `{"metadata":{"name":"web"}}`, deployment, resource.Identity{APIVersion: "apps/v1", Kind: "Deployment", Name: "web"}},
		{"an item with apiVersion and kind null", `{"apiVersion":null,"kind":null}`, deployment, resource.Identity{APIVersion: "apps/v1", Kind: "Deployment"}},
		{"an object that names itself is not renamed", podText, deployment, web},
	} {
		t.Run(test.name, func(t *testing.T) {
			got, err := resource.FromObject([]byte(test.text), test.fallback)
			if err != nil {
				t.Fatal(err)
			}
			if string(got.Object) != test.text {
				t.Error("the object is not the text as it came")
			}
			got.Object = nil // too large for a diff
			want := &resource.Resource{Identity: test.want, Operation: resource.Scan}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

func TestFromObjectKeepsTheResourceVersion(t *testing.T) {
	res, err := resource.FromObject([]byte(`{"apiVersion":"v1","kind":"Pod","metadata":{"resourceVersion":"42"}}`), schema.GroupVersionKind{})
	if err != nil || res.ResourceVersion != "42" {
		t.Errorf("got %+v, error %v", res, err)
	}
}

func TestFromObjectFindsTheControllerAmongTheOwners(t *testing.T) {
	replicaSet := &resource.Owner{GroupKind: schema.GroupKind{Group: "apps", Kind: "ReplicaSet"}, Name: "web-5", UID: "u2"}
	for _, test := range []struct {
		name, owners string
		want         *resource.Owner
	}{
		{"one controller", `[{"apiVersion":"apps/v1","kind":"ReplicaSet","name":"web-5","uid":"u2","controller":true}]`, replicaSet},
		{"the controller after another owner", `[{"kind":"Node","name":"n","controller":false},{"apiVersion":"apps/v1","kind":"ReplicaSet","name":"web-5","uid":"u2","controller":true}]`, replicaSet},
		{"the core group", `[{"apiVersion":"v1","kind":"Node","name":"n","controller":true}]`, &resource.Owner{GroupKind: schema.GroupKind{Kind: "Node"}, Name: "n"}},
		{"an owner that controls nothing", `[{"apiVersion":"apps/v1","kind":"ReplicaSet","name":"web-5","controller":false}]`, nil},
		{"an owner that does not say", `[{"apiVersion":"apps/v1","kind":"ReplicaSet","name":"web-5"}]`, nil},
		{"controller null", `[{"apiVersion":"apps/v1","kind":"ReplicaSet","name":"web-5","controller":null}]`, nil},
		{"an empty list", `[]`, nil},
		{"null", `null`, nil},
		{"a list of null", `[null]`, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			text := `{"apiVersion":"v1","kind":"Pod","metadata":{"name":"web","ownerReferences":` + test.owners + `}}`
			res, err := resource.FromObject([]byte(text), schema.GroupVersionKind{})
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, res.Owner); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

func TestFromObjectRefusesWhatIsNoObject(t *testing.T) {
	for _, test := range []struct {
		name, text string
		fallback   schema.GroupVersionKind
		message    string
	}{
		{"nothing", ``, deployment, "the JSON ends too early"},
		{"an open brace", `{`, deployment, "the JSON ends too early"},
		{"a key without a value", `{"kind":`, deployment, "kind: the JSON ends too early"},
		{"metadata that is cut off", `{"metadata":{"name":"we`, deployment, "metadata: the JSON ends too early"},
		{"another field that is cut off", `{"spec":{"containers":[`, deployment, "spec: the JSON ends too early"},
		{"an object without its end", `{"kind":"Pod"`, deployment, "the JSON ends too early"},
		{"a list", `[{}]`, deployment, "not a JSON object"},
		{"null", `null`, deployment, "not a JSON object"},
		{"a string", `"pod"`, deployment, "not a JSON object"},
		{"a number", `7`, deployment, "not a JSON object"},
		{"a missing colon", `{"kind" "Pod"}`, deployment, "kind: "},
		{"a kind that is a number", `{"kind":1}`, deployment, "kind: "},
		{"an apiVersion that is a list", `{"apiVersion":["v1"]}`, deployment, "apiVersion: "},
		{"metadata that is a string", `{"metadata":"web"}`, deployment, "metadata: "},
		{"a name that is a number", `{"metadata":{"name":1}}`, deployment, "metadata/name"},
		{"owners that are a string", `{"metadata":{"ownerReferences":"web"}}`, deployment, "metadata/ownerReferences"},
		{"an owner that is a number", `{"metadata":{"ownerReferences":[1]}}`, deployment, "metadata/ownerReferences/0"},
		{"a controller that is a string", `{"metadata":{"ownerReferences":[{"controller":"true"}]}}`, deployment, "metadata/ownerReferences/0/controller"},
		{"bytes that are no text", "{\"kind\":\"\xff\"}", deployment, "kind: "},
		{"no kind", `{"apiVersion":"v1","metadata":{}}`, deployment, "kind is missing; every Kubernetes object needs apiVersion and kind"},
		{"neither kind nor fallback", `{"metadata":{"name":"web"}}`, schema.GroupVersionKind{}, "kind is missing"},
		{"no apiVersion", `{"kind":"Pod","metadata":{}}`, deployment, "apiVersion is missing beside kind Pod"},
		{"an apiVersion with two slashes", `{"apiVersion":"a/b/c","kind":"Pod","metadata":{}}`, deployment, "apiVersion: "},
	} {
		t.Run(test.name, func(t *testing.T) {
			res, err := resource.FromObject([]byte(test.text), test.fallback)
			if res != nil || err == nil || !strings.Contains(err.Error(), test.message) {
				t.Errorf("got %v, error %v; want an error with %q", res, err, test.message)
			}
		})
	}
}

func TestObjectsReadAtTheSameTimeAreNotMixedUp(t *testing.T) {
	var group sync.WaitGroup
	for worker := range 8 {
		group.Go(func() {
			for n := range 200 {
				name := fmt.Sprintf("pod-%d-%d", worker, n)
				text := fmt.Appendf(nil, `{"apiVersion":"v1","kind":"Pod","metadata":{"name":%q}}`, name)
				before := string(text)
				res, err := resource.FromObject(text, schema.GroupVersionKind{})
				if err != nil || res.Name != name || string(text) != before {
					t.Errorf("got %v, error %v; want %s", res, err, name)
				}
			}
		})
	}
	group.Wait()
}

func FuzzFromObject(f *testing.F) {
	for _, text := range []string{
		podText, `{}`, `[]`, `null`, ``, `{"kind":"Pod","kind":"Pod","metadata":{},"apiVersion":"v1"}`,
		`{"metadata":{"generateName":"a-","ownerReferences":[{"apiVersion":"v1","controller":true}]}}`,
		`{"apiVersion":"v1","kind":"Pod","metadata":{"name":"\ud83d\ude00"},"x":1e999}`,
	} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		res, err := resource.FromObject(text, deployment)
		if err != nil {
			return
		}
		if !json.Valid(text) {
			// What follows the identity is left to the engine to parse.
			return
		}
		want, sure := standardReading(t, text)
		if sure && want != res.Identity {
			t.Errorf("read as %+v, encoding/json reads %+v", res.Identity, want)
		}
	})
}

// standardReading returns the identity of an object as encoding/json reads it.
// It is not sure when fields occur twice.
func standardReading(t *testing.T, text []byte) (identity resource.Identity, sure bool) {
	t.Helper()
	fields, unique := object(t, text)
	meta := map[string]json.RawMessage{}
	if raw, ok := fields["metadata"]; ok {
		var metaUnique bool
		meta, metaUnique = object(t, raw)
		unique = unique && metaUnique
	}
	word := func(raw json.RawMessage) string {
		var s string
		if len(raw) > 0 {
			if err := json.Unmarshal(raw, &s); err != nil {
				t.Fatalf("%s was taken for a string: %v", raw, err)
			}
		}
		return s
	}
	if !unique {
		return identity, false
	}
	identity = resource.Identity{
		APIVersion: word(fields["apiVersion"]),
		Kind:       word(fields["kind"]),
		Namespace:  word(meta["namespace"]),
		Name:       word(meta["name"]),
		UID:        word(meta["uid"]),
	}
	if identity.APIVersion == "" && identity.Kind == "" {
		identity.APIVersion, identity.Kind = deployment.ToAPIVersionAndKind()
	}
	if prefix := word(meta["generateName"]); identity.Name == "" && prefix != "" {
		identity.Name = prefix + "*"
	}
	return identity, true
}

// object returns the fields of a JSON object, or of null, and whether each
// occurs once.
func object(t *testing.T, text []byte) (map[string]json.RawMessage, bool) {
	t.Helper()
	fields := map[string]json.RawMessage{}
	if err := json.Unmarshal(text, &fields); err != nil {
		t.Fatalf("%s was taken for an object: %v", text, err)
	}
	decoder := json.NewDecoder(strings.NewReader(string(text)))
	if token, _ := decoder.Token(); token == nil {
		return fields, true
	}
	count := 0
	for decoder.More() {
		var value json.RawMessage
		if _, err := decoder.Token(); err != nil {
			t.Fatal(err)
		}
		if err := decoder.Decode(&value); err != nil {
			t.Fatal(err)
		}
		count++
	}
	return fields, count == len(fields)
}
