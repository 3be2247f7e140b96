package manifest

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const pod = `apiVersion: v1
kind: Pod
metadata:
  name: web
  namespace: shop
spec:
  containers:
  - name: web
    image: nginx
`

// read reads text as standard input and returns objects and problems, one line
// each.
func read(t *testing.T, text string) (objects, problems []string) {
	t.Helper()
	result := Read(context.Background(), []string{"-"}, Options{Stdin: strings.NewReader(text)})
	return describe(result)
}

func describe(result *Result) (objects, problems []string) {
	for _, object := range result.Objects {
		objects = append(objects, fmt.Sprintf("%d %s", object.Resource.Source.Line, object.Resource.Identity))
	}
	for _, problem := range result.Problems {
		problems = append(problems, problem.Error())
	}
	return objects, problems
}

func TestRead(t *testing.T) {
	tests := []struct {
		name     string
		text     string
		objects  []string
		problems []string
	}{
		{
			name:    "one document",
			text:    pod,
			objects: []string{"1 Pod shop/web"},
		},
		{
			name:    "several documents with empty ones and comments between",
			text:    "# one\n---\n" + pod + "---\n---\n# nothing\n--- # two\n\n" + pod,
			objects: []string{"3 Pod shop/web", "17 Pod shop/web"},
		},
		{
			name:    "Windows line ends and byte order marks",
			text:    "\uFEFF" + strings.ReplaceAll(pod+"---\n\uFEFF"+pod, "\n", "\r\n"),
			objects: []string{"1 Pod shop/web", "11 Pod shop/web"},
		},
		{
			name:    "three dots end a document",
			text:    "apiVersion: v1\nkind: Namespace\nmetadata: {name: a}\n...\napiVersion: v1\nkind: Namespace\nmetadata: {name: b}\n",
			objects: []string{"1 Namespace a", "5 Namespace b"},
		},
		{
			name:    "a directive belongs to the document below it",
			text:    "%YAML 1.1\n---\n" + pod,
			objects: []string{"3 Pod shop/web"},
		},
		{
			name:    "content on the line of the separator",
			text:    "--- {apiVersion: v1, kind: Namespace, metadata: {name: a}}\n",
			objects: []string{"1 Namespace a"},
		},
		{
			name:    "a block scalar with three dashes in it is no separator",
			text:    "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata:\n  x: |\n    ---\n    y\n",
			objects: []string{"1 ConfigMap a"},
		},
		{
			name:    "JSON values one after another",
			text:    "{\"apiVersion\":\"v1\",\"kind\":\"Namespace\",\"metadata\":{\"name\":\"a\"}}\n\n{\n\"apiVersion\":\"v1\",\"kind\":\"Namespace\",\n\"metadata\":{\"name\":\"b\"}}{\"apiVersion\":\"v1\",\"kind\":\"Namespace\",\"metadata\":{\"name\":\"c\"}}",
			objects: []string{"1 Namespace a", "3 Namespace b", "5 Namespace c"},
		},
		{
			name:    "flow style YAML starts like JSON",
			text:    "{apiVersion: v1, kind: Namespace, metadata: {name: a}}",
			objects: []string{"1 Namespace a"},
		},
		{
			name:     "a name that is no text",
			text:     "apiVersion: v1\nkind: Namespace\nmetadata:\n  name: yes\n",
			problems: []string{"<stdin>:4: metadata.name is a boolean and must be a string; put it in quotes"},
		},
		{
			name: "a List is unpacked, and lists in it",
			text: "apiVersion: v1\nkind: List\nitems:\n- apiVersion: v1\n  kind: Namespace\n  metadata: {name: a}\n" +
				"- apiVersion: v1\n  kind: List\n  items:\n  - apiVersion: v1\n    kind: Namespace\n    metadata: {name: b}\n",
			objects: []string{"4 Namespace a", "10 Namespace b"},
		},
		{
			name:    "the items of a typed list may leave out what they are",
			text:    `{"apiVersion":"apps/v1","kind":"DeploymentList","items":[` + "\n" + `{"metadata":{"name":"a"}},` + "\n" + `{"metadata":{"name":"b","namespace":"x"}}]}`,
			objects: []string{"2 Deployment a", "3 Deployment x/b"},
		},
		{
			name:    "a kind that merely ends in List is an object",
			text:    "apiVersion: example.com/v1\nkind: AllowList\nmetadata: {name: a}\nitems: [1]\n",
			objects: []string{"1 AllowList a"},
		},
		{
			name: "a list without items",
			text: "apiVersion: v1\nkind: List\nitems: []\n",
		},
		{
			name:     "an item that is no object",
			text:     "apiVersion: v1\nkind: List\nitems:\n- apiVersion: v1\n  kind: Namespace\n  metadata: {name: a}\n- null\n- metadata: {}\n",
			objects:  []string{"4 Namespace a"},
			problems: []string{"<stdin>:7: items[1]: not a JSON object", "<stdin>:8: items[2]: kind is missing; every Kubernetes object needs apiVersion and kind"},
		},
		{
			name:    "an object without name, and one with a generated name",
			text:    "apiVersion: v1\nkind: Pod\nmetadata: {generateName: job-}\n---\napiVersion: v1\nkind: Pod\n",
			objects: []string{"1 Pod job-*", "5 Pod "},
		},
		{
			name:    "a kind nobody knows",
			text:    "apiVersion: example.com/v1\nkind: Widget\nmetadata: {name: a}\n",
			objects: []string{"1 Widget a"},
		},
		{
			name:     "a broken document in the middle",
			text:     pod + "---\nkind: Pod\nmetadata: a: b\n---\n" + pod,
			objects:  []string{"1 Pod shop/web", "14 Pod shop/web"},
			problems: []string{"<stdin>:12: invalid YAML: mapping values are not allowed in this context"},
		},
		{
			name:     "a tab",
			text:     "---\napiVersion: v1\nmetadata:\n\tname: a\n",
			problems: []string{"<stdin>:4: invalid YAML: the line is indented with a tab; use spaces"},
		},
		{
			name:     "a template",
			text:     "apiVersion: v1\nkind: Pod\nmetadata:\n  name: {{ .Values.name }}\n",
			problems: []string{"<stdin>:4: this is a template and not a manifest; render it first, as in helm template CHART | reeve audit -f -"},
		},
		{
			name:     "a template that starts like JSON",
			text:     "{{- if .Values.enabled }}\napiVersion: v1\n{{- end }}\n",
			problems: []string{"<stdin>:1: this is a template and not a manifest; render it first, as in helm template CHART | reeve audit -f -"},
		},
		{
			name:     "JSON with a mistake",
			text:     "{\n\"apiVersion\": \"v1\",\n\"kind\" \"Pod\"}",
			problems: []string{"<stdin>:3: invalid JSON: invalid character '\"' after object name (expecting ':')"},
		},
		{
			name:     "JSON that ends too early",
			text:     "{\"apiVersion\": \"v1\",\n\"kind\": \"Pod\"",
			problems: []string{"<stdin>:2: invalid JSON: it ends too early; a bracket or a quote is not closed"},
		},
		{
			name:     "JSON with a broken value behind a good one",
			text:     "{\"apiVersion\":\"v1\",\"kind\":\"Namespace\",\"metadata\":{\"name\":\"a\"}}\n{\"apiVersion\": oops}",
			problems: []string{"<stdin>:2: invalid JSON: invalid character 'o' at start of value"},
		},
		{
			name:     "text behind flow style YAML",
			text:     "--- {apiVersion: v1, kind: Namespace, metadata: {name: a}}\napiVersion: v1\n",
			problems: []string{"<stdin>:1: invalid YAML: there is text behind the bracket that closes the document"},
		},
		{
			name:     "kind is missing",
			text:     "apiVersion: v1\nmetadata: {name: a}\n",
			problems: []string{"<stdin>:1: not a Kubernetes object: kind is missing"},
		},
		{
			name:     "a kustomization",
			text:     "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nresources: [a.yaml]\n",
			problems: []string{"<stdin>:1: not a Kubernetes object: it is a kustomization; build it first, as in kubectl kustomize DIR | reeve audit -f -"},
		},
		{
			name:     "nothing at all",
			text:     "",
			problems: []string{"<stdin>: there is no Kubernetes object in it"},
		},
		{
			name:     "nothing but text",
			text:     "hello\n",
			problems: []string{"<stdin>:1: not a Kubernetes object: it is not a mapping with apiVersion and kind"},
		},
		{
			name:     "a binary file",
			text:     "\x7fELF\x00",
			problems: []string{"<stdin>: the file is binary; manifests are text"},
		},
		{
			name:     "UTF-16",
			text:     "\xff\xfea\x00",
			problems: []string{"<stdin>: the file is UTF-16; save it as UTF-8"},
		},
		{
			name:     "Latin-1",
			text:     "apiVersion: v1 # \xe9",
			problems: []string{"<stdin>: the file is not UTF-8; save it as UTF-8"},
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			objects, problems := read(t, test.text)
			if diff := cmp.Diff(test.objects, objects); diff != "" {
				t.Errorf("objects (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(test.problems, problems); diff != "" {
				t.Errorf("problems (-want +got):\n%s", diff)
			}
		})
	}
}

func TestReadConvertsAsKubernetesDoes(t *testing.T) {
	text := "apiVersion: v1\nkind: X\nmetadata: {name: a}\nmode: 0644\non: off\nversion: 1.10\nquoted: \"yes\"\ntwice: 1\ntwice: 2\n"
	result := Read(context.Background(), []string{"-"}, Options{Stdin: strings.NewReader(text)})
	want := `{"apiVersion":"v1","kind":"X","metadata":{"name":"a"},"mode":420,"quoted":"yes","true":false,"twice":2,"version":1.1}`
	if got := string(result.Objects[0].Resource.Object); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestReadKeepsTheLastOfDuplicateJSONFields(t *testing.T) {
	text := `{"apiVersion":"v1","kind":"Other","kind":"Pod","metadata":{"name":"a","name":"b"}}`
	objects, problems := read(t, text)
	if diff := cmp.Diff([]string{"1 Pod b"}, objects); diff != "" || problems != nil {
		t.Errorf("problems %v, objects (-want +got):\n%s", problems, diff)
	}
}

func TestReadGivesANamespace(t *testing.T) {
	text := "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\n---\napiVersion: v1\nkind: Pod\nmetadata: {name: b, namespace: own}\n---\n" +
		"apiVersion: v1\nkind: Namespace\nmetadata: {name: c}\n---\napiVersion: example.com/v1\nkind: Widget\nmetadata: {name: d}\n---\napiVersion: v1\nkind: Pod\n"
	result := Read(context.Background(), []string{"-"}, Options{Stdin: strings.NewReader(text), Namespace: "given"})
	objects, problems := describe(result)
	want := []string{"1 Pod given/a", "5 Pod own/b", "9 Namespace c", "13 Widget d", "17 Pod given/"}
	if diff := cmp.Diff(want, objects); diff != "" || problems != nil {
		t.Errorf("problems %v, objects (-want +got):\n%s", problems, diff)
	}
	wantJSON := `{"apiVersion":"v1","kind":"Pod","metadata":{"name":"a","namespace":"given"}}`
	if got := string(result.Objects[0].Resource.Object); got != wantJSON {
		t.Errorf("got %s, want %s", got, wantJSON)
	}
}

// write fills a directory with files.
func write(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestReadDirectory(t *testing.T) {
	dir := write(t, map[string]string{
		"a/pod.yaml":                  pod,
		"a/broken.yml":                "a: b: c",
		"b/pod.json":                  `{"apiVersion":"v1","kind":"Pod","metadata":{"name":"j"}}`,
		"b/UPPER.YAML":                pod,
		"b/notes.txt":                 "not read",
		"chart/values.yaml":           "replicas: 3\n",
		"chart/empty.yaml":            "# nothing\n",
		"mixed.yaml":                  pod + "---\nspec: {}\n",
		".git/index.yaml":             pod,
		"..2026_01_01/duplicate.yaml": pod,
	})
	if err := os.Symlink(filepath.Join(dir, "nowhere"), filepath.Join(dir, "dangling.yaml")); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(filepath.Join(dir, "b"), filepath.Join(dir, "link.yaml")); err != nil {
		t.Fatal(err)
	}
	result := Read(context.Background(), []string{dir}, Options{})
	var got []string
	for _, object := range result.Objects {
		got = append(got, strings.TrimPrefix(object.Resource.Source.File, dir+"/"))
	}
	if diff := cmp.Diff([]string{"a/pod.yaml", "b/UPPER.YAML", "b/pod.json", "mixed.yaml"}, got); diff != "" {
		t.Errorf("files (-want +got):\n%s", diff)
	}
	_, problems := describe(result)
	for i := range problems {
		problems[i] = strings.ReplaceAll(problems[i], dir, "DIR")
	}
	if diff := cmp.Diff([]string{
		"DIR/a/broken.yml:1: invalid YAML: mapping values are not allowed in this context",
		"DIR/dangling.yaml: a symbolic link to nothing that can be read: no such file or directory",
		"DIR/mixed.yaml:11: not a Kubernetes object: apiVersion and kind are missing",
	}, problems); diff != "" {
		t.Errorf("problems (-want +got):\n%s", diff)
	}
	want := []PassedOver{
		{filepath.Join(dir, "chart/values.yaml"), "apiVersion and kind are missing"},
		{filepath.Join(dir, "link.yaml"), "not a regular file"},
	}
	if diff := cmp.Diff(want, result.PassedOver); diff != "" {
		t.Errorf("passed over (-want +got):\n%s", diff)
	}
}

func TestReadReportsArgumentsWithoutObjects(t *testing.T) {
	dir := write(t, map[string]string{"values/values.yaml": "a: 1", "empty/notes.txt": "", "comment.yaml": "# nothing"})
	tests := []struct{ argument, want string }{
		{"missing", "DIR/missing: no such file or directory"},
		{"missing/below", "DIR/missing/below: no such file or directory"},
		{"comment.yaml/below", "DIR/comment.yaml/below: cannot be read: not a directory"},
		{"comment.yaml", "DIR/comment.yaml: there is no Kubernetes object in it"},
		{"empty", "DIR/empty: no Kubernetes object in this directory; files named *.yaml, *.yml and *.json are read"},
		{"values", "DIR/values: no Kubernetes object in the 1 files of this directory; DIR/values/values.yaml, for one: apiVersion and kind are missing"},
		{"values/values.yaml", "DIR/values/values.yaml:1: not a Kubernetes object: apiVersion and kind are missing"},
	}
	for _, test := range tests {
		t.Run(test.argument, func(t *testing.T) {
			_, problems := describe(Read(context.Background(), []string{filepath.Join(dir, test.argument)}, Options{}))
			got := strings.ReplaceAll(strings.Join(problems, "\n"), dir, "DIR")
			if got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

func TestReadReadsNoFileTwice(t *testing.T) {
	dir := write(t, map[string]string{"a.yaml": pod})
	file := filepath.Join(dir, "a.yaml")
	result := Read(context.Background(), []string{file, dir, file}, Options{})
	if len(result.Objects) != 1 || len(result.Problems) != 0 {
		t.Errorf("got %d objects and problems %v, want one object", len(result.Objects), result.Problems)
	}
}

func TestReadBoundsTheSizeOfAFile(t *testing.T) {
	name := filepath.Join(t.TempDir(), "big.yaml")
	if err := os.WriteFile(name, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(name, MaxFileSize+1); err != nil {
		t.Fatal(err)
	}
	_, problems := describe(Read(context.Background(), []string{name}, Options{}))
	if len(problems) != 1 || !strings.Contains(problems[0], "the file has more than 64 MiB") {
		t.Errorf("got %v", problems)
	}
}

func TestReadRefusesYAMLBombs(t *testing.T) {
	var laughs strings.Builder
	laughs.WriteString("a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n")
	for i := 1; i < 12; i++ {
		fmt.Fprintf(&laughs, "a%d: &a%d [%s]\n", i, i, strings.TrimSuffix(strings.Repeat(fmt.Sprintf("*a%d, ", i-1), 10), ", "))
	}
	long := "a: &a " + strings.Repeat("x", 1<<20) + "\nb: [" + strings.TrimSuffix(strings.Repeat("*a, ", 1000), ", ") + "]\n"
	tests := []struct{ name, text, want string }{
		{"nested aliases", laughs.String(), "<stdin>:1: invalid YAML: its aliases make it too large"},
		{"a long text many times", long, "<stdin>:1: invalid YAML: its aliases make it too large"},
		{"an anchor that contains itself", "x: 1\na: &a [*a]\n", `<stdin>:2: invalid YAML: anchor "a" contains itself`},
		{"an anchor that merges itself", "x: 1\na: &a {<<: *a}\n", `<stdin>:2: invalid YAML: anchor "a" contains itself`},
		{"brackets without end", strings.Repeat("[", 100_000), "<stdin>:1: invalid JSON: exceeded max depth"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			objects, problems := read(t, test.text)
			if diff := cmp.Diff([]string{test.want}, problems); diff != "" || objects != nil {
				t.Errorf("objects %v, problems (-want +got):\n%s", objects, diff)
			}
		})
	}
}

func TestReadEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	dir := write(t, map[string]string{"a.yaml": pod})
	if result := Read(ctx, []string{dir}, Options{}); len(result.Objects) != 0 {
		t.Errorf("read %d objects after the end", len(result.Objects))
	}
}
