package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kubereeve/reeve/internal/finding"
	"github.com/kubereeve/reeve/internal/resource"
)

const fixture = `# A comment.
apiVersion: v1
kind: Namespace
metadata:
  name: shop
---
apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
  namespace: shop
  annotations:
    example.com/a.b: "1"
spec:
  replicas: 2
  selector:
    matchLabels: {app: web}
  template:
    metadata:
      labels: {app: web}
    spec:
      hostPID: true # why?
      containers:
      - name: web
        image: nginx:1
        resources: {}
      # The proxy.
      - name: proxy
        image: proxy:1
        ports:
        - containerPort: 80
        - containerPort: 81
        - containerPort: 82
        - containerPort: 83
        env:
        - {name: A, value: "1"}
        - {name: B, value: "2"}
        - {name: C, value: "3"}
        - {name: D, value: "4"}
        securityContext:
          privileged: true
          capabilities:
            add: [A, B]
`

func TestExcerpt(t *testing.T) {
	for _, test := range []struct{ name, path, at, want string }{
		{"a field of a mapping", "spec.template.spec.containers[1].securityContext.privileged", "spec.template.spec.containers[1].securityContext",
			"securityContext:\n  privileged: true\n  capabilities:\n    add: [A, B]\n"},
		{"an item of a list in a mapping", "spec.template.spec.containers[1].securityContext.capabilities.add[1]", "spec.template.spec.containers[1].securityContext.capabilities",
			"capabilities:\n  add: [A, B]\n"},
		{"a field that is missing, in a long mapping", "spec.template.spec.containers[1].resources.limits.memory", "spec.template.spec.containers[1]",
			"containers:\n# ...\n- name: proxy\n  image: proxy:1\n  # ...\n"},
		{"a long field that matters", "spec.template.spec.containers[1].ports[3]", "spec.template.spec.containers[1].ports[3]",
			"ports:\n# ...\n- containerPort: 83\n"},
		{"an empty mapping", "spec.template.spec.containers[0].resources.limits", "spec.template.spec.containers[0].resources", "resources: {}\n"},
		{"a long list that matters", "spec.template.spec.containers[1].env", "spec.template.spec.containers[1]",
			"containers:\n# ...\n- name: proxy\n  image: proxy:1\n  # ...\n  env:\n  - {name: A, value: \"1\"}\n  - {name: B, value: \"2\"}\n  - {name: C, value: \"3\"}\n  - {name: D, value: \"4\"}\n  # ...\n"},
		{"a key with dots", `metadata.annotations["example.com/a.b"]`, "metadata.annotations", "annotations:\n  example.com/a.b: \"1\"\n"},
		{"a key with dots that is not quoted", "metadata.annotations.example.com/a.b", "metadata.annotations", "annotations:\n  example.com/a.b: \"1\"\n"},
		{"a mapping", "spec.selector", "spec.selector", "selector:\n  matchLabels: {app: web}\n"},
		{"a field beside long ones", "spec.replicas", "spec", "spec:\n  replicas: 2\n  selector:\n    matchLabels: {app: web}\n  # ...\n"},
		{"an index beyond the list", "spec.template.spec.containers[7].image", "spec.template.spec",
			"spec:\n  hostPID: true # why?\n  containers:\n  - name: web\n    image: nginx:1\n    resources: {}\n" +
				"  - name: proxy\n    image: proxy:1\n    ports:\n    - containerPort: 80\n    - containerPort: 81\n    - containerPort: 82\n    - containerPort: 83\n" +
				"    env:\n    - {name: A, value: \"1\"}\n    - {name: B, value: \"2\"}\n    - {name: C, value: \"3\"}\n    - {name: D, value: \"4\"}\n" +
				"    securityContext:\n      privileged: true\n      capabilities:\n        add: [A, B]\n"},
		{"no field", "", "", "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: web\n  namespace: shop\n  annotations:\n    example.com/a.b: \"1\"\nspec:\n  replicas: 2\n  selector:\n    matchLabels: {app: web}\n  # ...\n"},
		{"what is no path", "reason=A,kind=B", "", "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: web\n  namespace: shop\n  annotations:\n    example.com/a.b: \"1\"\nspec:\n  replicas: 2\n  selector:\n    matchLabels: {app: web}\n  # ...\n"},
	} {
		t.Run(test.name, func(t *testing.T) {
			found := finding.Finding{Path: test.path, Resource: resource.Identity{Kind: "Deployment", Namespace: "shop", Name: "web"}}
			got, err := newExcerpt([]byte(fixture), found)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(excerpt{test.at, test.want}, got, cmp.AllowUnexported(excerpt{})); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

func TestExcerptOfAListAndOfNothing(t *testing.T) {
	list := []byte("apiVersion: v1\nkind: List\nitems:\n- apiVersion: v1\n  kind: Pod\n  metadata: {name: web}\n  spec: {hostPID: true}\n")
	found := finding.Finding{Path: "spec.hostPID", Resource: resource.Identity{Kind: "Pod", Name: "web"}}
	got, err := newExcerpt(list, found)
	if err != nil || got.text != "spec: {hostPID: true}\n" {
		t.Errorf("%v, %q", err, got.text)
	}
	found.Resource.Name = "other"
	if _, err := newExcerpt(list, found); err == nil {
		t.Error("an object that is not there is found")
	}
}

// TestDocuments writes the documents of the built-in rules twice.
func TestDocuments(t *testing.T) {
	t.Chdir("../..")
	subjects, err := load(t.Context(), policies)
	if err != nil {
		t.Fatal(err)
	}
	first, err := write(subjects)
	if err != nil {
		t.Fatal(err)
	}
	second, err := write(subjects)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(first, second); diff != "" {
		t.Errorf("a second run writes something else:\n%s", diff)
	}
	for name, text := range first {
		for _, subject := range subjects {
			if r := subject.Rule; r != nil && !strings.Contains(text, r.ID) {
				t.Errorf("%s lacks %s", name, r.ID)
			}
		}
		if strings.Count(text, "```")%2 != 0 {
			t.Errorf("%s has a code block without an end", name)
		}
	}
}

func TestARuleThatCannotBeReadIsAnError(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "bad.rego"), []byte("package reeve.a.bad\nviolation {"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := load(t.Context(), dir); err == nil || !strings.Contains(err.Error(), "bad.rego:2") {
		t.Errorf("error %v", err)
	}
}

func TestSplit(t *testing.T) {
	for _, test := range []struct{ in, prose, snippet string }{
		{"Fix it.\n```yaml\na: 1\n```", "Fix it.", "```yaml\na: 1\n```"},
		{"Fix it.", "Fix it.", ""},
		{"", "", ""},
	} {
		if prose, snippet := split(test.in); prose != test.prose || snippet != test.snippet {
			t.Errorf("%q: %q, %q", test.in, prose, snippet)
		}
	}
}
