package configmaps

import (
	"fmt"
	"io/fs"
	"strings"
	"testing"

	"github.com/go-logr/logr"
	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"
)

// holding returns a watcher that knows some ConfigMaps.
func holding(t *testing.T, configMaps ...*corev1.ConfigMap) *Watcher {
	t.Helper()
	w := New(t.Context(), &rest.Config{}, func(string) {}, logr.Discard())
	for _, configMap := range configMaps {
		w.put(t.Context(), configMap)
	}
	return w
}

func configMap(namespace, name string, data map[string]string) *corev1.ConfigMap {
	return &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name}, Data: data}
}

func TestEachKeyIsAFileAndEachConfigMapASource(t *testing.T) {
	w := holding(t,
		configMap("b", "rules", map[string]string{"x.rego": "package x", "README.md": "read me"}),
		configMap("a", "rules", map[string]string{"y.rego": "package y", "..data": "hidden"}),
		configMap("a", "empty", nil),
	)
	sources, problems := w.Sources()
	var got []string
	for _, source := range sources {
		entries, err := fs.ReadDir(source.FS, ".")
		if err != nil {
			t.Fatal(err)
		}
		for _, entry := range entries {
			got = append(got, source.Name+"/"+entry.Name())
		}
	}
	if diff := cmp.Diff([]string{"configmap:a/rules/y.rego", "configmap:b/rules/README.md", "configmap:b/rules/x.rego"}, got); diff != "" {
		t.Errorf("files (-want +got):\n%s", diff)
	}
	if len(problems) != 1 || problems[0].File != "configmap:a/empty" || !strings.Contains(problems[0].Message, "each key of its data is a rule file") {
		t.Errorf("problems %v, want one about the empty ConfigMap", problems)
	}
	w.remove(t.Context(), configMap("b", "rules", nil))
	if sources, _ = w.Sources(); len(sources) != 1 {
		t.Errorf("%d sources once one has gone, want 1", len(sources))
	}
}

// Kubectl puts files that are no UTF-8 into binaryData: one such letter in a comment is
// no reason to judge without the rule and without a word.
func TestWhatIsNoTextIsAFileAsWell(t *testing.T) {
	binary := configMap("a", "rules", map[string]string{"x.rego": "package x"})
	binary.BinaryData = map[string][]byte{"y.rego": []byte("package y # \xe9")}
	slimmed, err := slim(binary)
	if err != nil {
		t.Fatal(err)
	}
	sources, problems := holding(t, slimmed.(*corev1.ConfigMap)).Sources()
	if len(sources) != 1 || len(problems) > 0 {
		t.Fatalf("sources %v, problems %v", sources, problems)
	}
	if content, err := fs.ReadFile(sources[0].FS, "y.rego"); err != nil || string(content) != "package y # \xe9" {
		t.Errorf("content %q, error %v", content, err)
	}
}

func TestConfigMapsAreBounded(t *testing.T) {
	w := holding(t)
	for i := range maxConfigMaps + 2 {
		w.put(t.Context(), configMap("a", fmt.Sprintf("rules-%05d", i), map[string]string{"x.rego": "package x"}))
	}
	sources, problems := w.Sources()
	if len(sources) != maxConfigMaps || len(problems) != 2 || !strings.Contains(problems[0].Message, "more than 1000 ConfigMaps") {
		t.Errorf("%d sources, problems %v, want the first thousand", len(sources), problems)
	}
	large := strings.Repeat("#", 1<<20)
	w = holding(t)
	for i := range 70 {
		w.put(t.Context(), configMap("a", fmt.Sprintf("rules-%02d", i), map[string]string{"x.rego": large}))
	}
	if sources, problems = w.Sources(); len(sources) != 63 || len(problems) != 7 || !strings.Contains(problems[0].Message, "more than 67108864 bytes") {
		t.Errorf("%d sources of a MiB each and %d problems, want what fits into 64 MiB", len(sources), len(problems))
	}
}

func TestOnlyChangesOfContentAreTold(t *testing.T) {
	var told []string
	w := New(t.Context(), &rest.Config{}, func(reason string) { told = append(told, reason) }, logr.Discard())
	w.put(t.Context(), configMap("a", "rules", map[string]string{"x.rego": "1"}))
	w.put(t.Context(), configMap("a", "rules", map[string]string{"x.rego": "1"}))
	w.put(t.Context(), configMap("a", "rules", map[string]string{"x.rego": "2"}))
	if diff := cmp.Diff([]string{"configmap:a/rules changed", "configmap:a/rules changed"}, told); diff != "" {
		t.Errorf("told (-want +got):\n%s", diff)
	}
}
