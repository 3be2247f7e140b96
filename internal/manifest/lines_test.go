package manifest

import (
	"context"
	"strings"
	"testing"
)

func TestLocatorFindsLines(t *testing.T) {
	const deployment = `# a comment
apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
  annotations:
    example.com/a.b: x
    plain.key: y
spec:
  template:
    spec: &spec
      containers:
      - name: web

        image: nginx
        securityContext: {privileged: true}
      -
        name: side
        securityContext:
          privileged: true
  copy: *spec
`
	tests := []struct {
		path string
		want int
	}{
		{"", 2},
		{"metadata.name", 5},
		{"metadata.labels", 4},
		{"metadata.annotations.example.com/a.b", 7},
		{`metadata.annotations["plain.key"]`, 8},
		{"spec.template.spec.containers", 12},
		{"spec.template.spec.containers[0]", 13},
		{"spec.template.spec.containers[0].image", 15},
		{"spec.template.spec.containers[0].securityContext.privileged", 16},
		{"spec.template.spec.containers[0].resources.limits.memory", 13},
		{"spec.template.spec.containers[1].name", 18},
		{"spec.template.spec.containers[1].securityContext.privileged", 20},
		{"spec.template.spec.containers[7].image", 12},
		{"spec.copy.containers[0].image", 15},
		{"spec.containers[x].image", 9},
		{"nothing", 2},
		{"[0]", 2},
		{"..", 2},
	}
	// Above it there is another document, so that lines do not start at 1.
	text := "apiVersion: v1\nkind: Namespace\nmetadata: {name: a}\n---\n" + deployment
	result := Read(context.Background(), []string{"-"}, Options{Stdin: strings.NewReader(text)})
	var locator Locator
	for _, test := range tests {
		if got := locator.Line(result.Objects[1], test.path); got != test.want+4 {
			t.Errorf("%q is on line %d, want %d", test.path, got-4, test.want)
		}
	}
}

func TestLocatorFindsLinesInListsAndJSON(t *testing.T) {
	tests := []struct {
		name, text, path string
		object           int
		want             int
	}{
		{"YAML list", "apiVersion: v1\nkind: List\nitems:\n- apiVersion: v1\n  kind: Pod\n- apiVersion: v1\n  kind: Pod\n  spec:\n    hostPID: true\n", "spec.hostPID", 1, 9},
		{"JSON list", "{\"apiVersion\":\"v1\",\"kind\":\"List\",\"items\":[\n{\"apiVersion\":\"v1\",\"kind\":\"Pod\"},\n{\"apiVersion\":\"v1\",\"kind\":\"Pod\",\n\"spec\":\n{\"hostPID\":\ntrue}}]}", "spec.hostPID", 1, 5},
		{"second JSON value", "{\"apiVersion\":\"v1\",\"kind\":\"Pod\"}\n{\"apiVersion\":\"v1\",\"kind\":\"Pod\",\n\"spec\":{\n\"hostPID\":true}}", "spec.hostPID", 1, 4},
		{"merged keys", "apiVersion: v1\nkind: Pod\nx: &x\n  hostPID: true\nspec:\n  <<: *x\n", "spec.hostPID", 0, 4},
		{"the last of two equal keys", "apiVersion: v1\nkind: Pod\nspec: {}\nspec:\n  hostPID: true\n", "spec.hostPID", 0, 5},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			result := Read(context.Background(), []string{"-"}, Options{Stdin: strings.NewReader(test.text)})
			if len(result.Objects) <= test.object {
				t.Fatalf("only %d objects; problems %v", len(result.Objects), result.Problems)
			}
			var locator Locator
			if got := locator.Line(result.Objects[test.object], test.path); got != test.want {
				t.Errorf("line %d, want %d", got, test.want)
			}
		})
	}
}

func FuzzRead(f *testing.F) {
	for _, seed := range []string{
		pod, pod + "---\n" + pod, "{\"apiVersion\":\"v1\",\"kind\":\"List\",\"items\":[{}]}", "a: &a [*a]", "%YAML 1.1\n---\n",
		"apiVersion: v1\nkind: PodList\nitems:\n- metadata: {name: a}\n", "{{ if }}", "? [a]\n: b", "a: !!binary x\n<<: *b", "...\n---\n...",
		"\uFEFF{}\r\n", "apiVersion: v1\nkind: Pod\nspec: {<<: [{a: b}]}",
	} {
		f.Add([]byte(seed), "spec.containers[0].image")
	}
	f.Fuzz(func(t *testing.T, text []byte, path string) {
		result := Read(context.Background(), []string{"-"}, Options{Stdin: strings.NewReader(string(text)), Namespace: "given"})
		lines := strings.Count(strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(string(text)), "\n") + 1
		var locator Locator
		for _, object := range result.Objects {
			if object.Resource.Kind == "" || object.Resource.APIVersion == "" || len(object.Resource.Object) == 0 {
				t.Errorf("an object without kind or content: %+v", object.Resource)
			}
			for _, asked := range []string{"", path} {
				if line := locator.Line(object, asked); line < 1 || line > lines {
					t.Errorf("line %d of %d", line, lines)
				}
			}
		}
		for _, problem := range result.Problems {
			if problem.Line < 0 || problem.Line > lines || problem.Message == "" {
				t.Errorf("problem %+v of %d lines", problem, lines)
			}
		}
	})
}
