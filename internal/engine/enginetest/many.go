package enginetest

import (
	"bytes"
	"embed"
	"fmt"
	"slices"
	"testing"
	"testing/fstest"

	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/kubereeve/reeve/internal/finding"
	"github.com/kubereeve/reeve/internal/rule"
	"github.com/kubereeve/reeve/internal/rule/dialect"
	"github.com/kubereeve/reeve/internal/rule/source"
)

// BenchmarkRules is how many rules judge a pod in the benchmarks, whatever the
// number of built-in ones.
const BenchmarkRules = 40

//go:embed testdata/pod-*.json
var pods embed.FS

// Pod returns a pod as JSON: minimal, typical (8 KB) or large (20 containers).
func Pod(tb testing.TB, size string) []byte {
	tb.Helper()
	raw, err := pods.ReadFile("testdata/pod-" + size + ".json")
	if err != nil {
		tb.Fatal(err)
	}
	return slices.Clip(bytes.TrimSpace(raw))
}

// Many returns BenchmarkRules rules on pod templates, as they judge a pod at
// admission: built-in ones and, until there are enough, copies of them under
// other names.
func Many(tb testing.TB) *rule.Set {
	tb.Helper()
	builtin := Builtin(tb)
	var templates []rule.File
	for _, file := range builtin.Files() {
		if file.Rule != nil && onTemplates(file.Rule) && len(templates) < BenchmarkRules {
			templates = append(templates, file)
		}
	}
	chosen := make(map[string]bool)
	for _, file := range templates {
		chosen[file.Rule.ID] = true
	}
	builtin = builtin.Filter(func(r *rule.Rule) bool { return chosen[r.ID] })
	copies := fstest.MapFS{}
	for n := range BenchmarkRules - len(templates) {
		original := templates[n%len(templates)]
		last := original.Rule.Package[len(original.Rule.Package)-1].Value.String()
		name := last[1 : len(last)-1]
		text := bytes.Replace(original.Source, []byte("."+name+"\n"), fmt.Appendf(nil, ".%s_copy_%d\n", name, n), 1)
		copies[fmt.Sprintf("copy/%s_%d.rego", name, n)] = &fstest.MapFile{Data: text}
	}
	set := builtin
	if len(copies) > 0 {
		more, problems := source.Load(dialect.All(), source.Source{FS: copies, Name: "copies"})
		if len(problems) > 0 {
			tb.Fatal(problems)
		}
		if set, problems = rule.NewSet(slices.Concat(builtin.Files(), more.Files())); len(problems) > 0 {
			tb.Fatal(problems)
		}
	}
	count := 0
	for _, r := range set.Rules() {
		if r.At(finding.DoorAdmission) && r.Judges(schema.GroupKind{Kind: "Pod"}) {
			count++
		}
	}
	if count != BenchmarkRules {
		tb.Fatalf("%d rules judge a pod, not %d", count, BenchmarkRules)
	}
	return set
}

// onTemplates tells whether a rule judges pod templates at admission with the
// parameters it comes with.
func onTemplates(r *rule.Rule) bool {
	for _, parameter := range r.Parameters {
		if parameter.SwitchesOff(parameter.Default) {
			return false
		}
	}
	return r.Template && r.At(finding.DoorAdmission) && !r.Waits()
}
