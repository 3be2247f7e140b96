package engine_test

import (
	"context"
	"testing"
	"testing/fstest"

	"github.com/kubereeve/reeve/internal/engine"
	"github.com/kubereeve/reeve/internal/rule"
	"github.com/kubereeve/reeve/internal/rule/dialect/kubescape"
	"github.com/kubereeve/reeve/internal/rule/source"
)

// Rego v0 lets a variable be called data. Such bodies compile where they stand,
// and some of them nowhere else.
func TestARuleThatCannotBeLinkedIsEvaluatedByItself(t *testing.T) {
	const response = `msga := {"alertMessage": p.metadata.name, "alertObject": {"k8sApiObjects": [p]}}`
	set, problems := source.Load([]rule.Reader{kubescape.Reader{}}, source.Source{Name: "tree", FS: fstest.MapFS{
		"odd/raw.rego":   {Data: []byte("package armo_builtins\ndeny[msga] { p := input[_]; data := p.spec; is_pod(p); data.containers; " + response + " }\nis_pod(x) { x.kind == \"Pod\" }\n")},
		"data/raw.rego":  {Data: []byte("package armo_builtins\ndeny[msga] { p := input[_]; data := p.spec.containers[_]; data.image; " + response + " }\n")},
		"plain/raw.rego": {Data: []byte("package armo_builtins\ndeny[msga] { p := input[_]; p.kind == \"Pod\"; " + response + " }\n")},
	}})
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	e := newEngine(t, set, engine.Options{})
	matches, failures, err := e.Evaluate(context.Background(), pod(t, plainPod), engine.Scan)
	if err != nil || len(failures) > 0 || len(matches) != 3 {
		t.Errorf("matches %v, failures %v, error %v", matches, failures, err)
	}
}
