package resource_test

import (
	"maps"
	"testing"

	"github.com/kubereeve/reeve/internal/resource"
)

func TestLabels(t *testing.T) {
	for _, test := range []struct {
		name, object string
		want         map[string]string
	}{
		{"are read", `{"kind":"Pod","spec":{"metadata":{"labels":{"a":"inner"}}},"metadata":{"name":"web","labels":{"a":"1","b":""}},"status":{}}`, map[string]string{"a": "1", "b": ""}},
		{"are none without labels", `{"metadata":{"name":"web"}}`, nil},
		{"are none without metadata", `{"kind":"Pod"}`, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			got, err := resource.Labels([]byte(test.object))
			if err != nil || !maps.Equal(got, test.want) {
				t.Errorf("got %v, error %v", got, err)
			}
		})
	}
	for _, malformed := range []string{"", `{"metadata":`, `{"metadata":{"labels":{"a":1}}}`, `{"metadata":7}`, `{"a":x`} {
		if got, err := resource.Labels([]byte(malformed)); err == nil {
			t.Errorf("%q: %v and no error", malformed, got)
		}
	}
}
