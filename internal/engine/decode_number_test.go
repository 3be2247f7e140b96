package engine_test

import (
	"context"
	"strings"
	"testing"

	"github.com/kubereeve/reeve/internal/engine"
)

func TestNumbersBeyondMeasureAreRefusedWithTheObject(t *testing.T) {
	e := newEngine(t, load(t, map[string]string{"good.rego": ruleText("good", "", goodRule)}), engine.Options{})
	for _, test := range []struct{ name, number, want string }{
		{"as the API server writes them", "1e20", ""},
		{"an exponent of a billion", "1e1000000000", "the number 1e1000000000: "},
		{"a million digits", strings.Repeat("9", 1_000_000), "a number of 1000000 digits; at most 4096 are allowed"},
	} {
		t.Run(test.name, func(t *testing.T) {
			object := `{"apiVersion":"v1","kind":"Pod","metadata":{"name":"web"},"spec":{"x":` + test.number + `}}`
			matches, _, err := e.Evaluate(context.Background(), pod(t, object), engine.Admission)
			if test.want == "" && (err != nil || len(matches) != 1) {
				t.Errorf("matches %v, error %v, want one match", matches, err)
			}
			if test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want)) {
				t.Errorf("error %v, want %s", err, test.want)
			}
		})
	}
}
