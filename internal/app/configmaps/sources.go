package configmaps

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/kubereeve/reeve/internal/rule"
	"github.com/kubereeve/reeve/internal/rule/source"
	"github.com/kubereeve/reeve/internal/rule/source/bundle"
)

// The bounds of what is read, whatever people put into ConfigMaps.
const (
	maxConfigMaps = 1000
	maxBytes      = 64 << 20
)

// Sources returns the rules of the ConfigMaps, ordered by namespace and name, and
// what is wrong with them. It is made for app.RuleOptions.More.
func (w *Watcher) Sources() ([]source.Source, []*rule.Problem) {
	w.mu.Lock()
	defer w.mu.Unlock()
	var sources []source.Source
	var problems []*rule.Problem
	for _, name := range slices.Sorted(maps.Keys(w.namespaces)) {
		if text := w.namespaces[name].problem.text; text != "" {
			problems = append(problems, &rule.Problem{File: "configmap:" + name, Message: text})
		}
	}
	bytes := 0
	for i, name := range slices.Sorted(maps.Keys(w.known)) {
		found, err := files(w.known[name])
		bytes += size(w.known[name])
		switch {
		case i >= maxConfigMaps:
			err = fmt.Errorf("there are more than %d ConfigMaps with rules", maxConfigMaps)
		case bytes > maxBytes:
			err = fmt.Errorf("the ConfigMaps with rules have more than %d bytes", maxBytes)
		}
		if err != nil {
			problems = append(problems, &rule.Problem{File: "configmap:" + name, Message: err.Error()})
			continue
		}
		found.Name = "configmap:" + name
		sources = append(sources, found)
	}
	return sources, problems
}

// size returns the number of bytes in a ConfigMap.
func size(configMap *corev1.ConfigMap) int {
	n := 0
	for key, content := range contents(configMap) {
		n += len(key) + len(content)
	}
	return n
}

// contents returns what the keys hold. What is no UTF-8 kubectl puts into binaryData;
// whoever reads it says so.
func contents(configMap *corev1.ConfigMap) map[string][]byte {
	contents := make(map[string][]byte, len(configMap.Data)+len(configMap.BinaryData))
	maps.Copy(contents, configMap.BinaryData)
	for key, text := range configMap.Data {
		contents[key] = []byte(text)
	}
	return contents
}

// files returns the files of a ConfigMap.
func files(configMap *corev1.ConfigMap) (source.Source, error) {
	contents := contents(configMap)
	maps.DeleteFunc(contents, func(key string, _ []byte) bool { return strings.HasPrefix(key, "..") }) // no file of rules begins so
	if len(contents) == 0 {
		return source.Source{}, errors.New("the ConfigMap is empty; each key of its data is a rule file, as in my-rule.rego")
	}
	tree, err := bundle.Memory(contents)
	return source.Source{FS: tree}, err
}
