package kubescape_test

import (
	"testing"

	"github.com/kubereeve/reeve/internal/resource"
	"github.com/kubereeve/reeve/internal/rule/dialect/kubescape"
)

func FuzzResponses(f *testing.F) {
	f.Add([]byte(`[{"alertMessage": "a", "failedPaths": ["spec.x"], "alertObject": {"k8sApiObjects": [{"kind": "Pod", "metadata": {"name": "a"}}]}}]`))
	f.Add([]byte(`{"alertMessage": "a", "fixPaths": [{"path": "spec", "value": "x"}], "alertObject": {"externalObjects": {"kind": "User", "relatedObjects": [{"kind": "RoleBinding"}]}}}`))
	f.Add([]byte(`null`))
	f.Add([]byte(`[1, {}]`))
	set, _ := load(map[string]string{"a/raw.rego": finds})
	res := &resource.Resource{Identity: resource.Identity{APIVersion: "v1", Kind: "Pod", Name: "a"}, Operation: resource.Scan}
	f.Fuzz(func(t *testing.T, content []byte) {
		responses, err := kubescape.ReadResponses(content)
		if err != nil {
			return
		}
		for _, response := range responses {
			violation, about, err := response.About(res, set.Rules()[0])
			if about && err == nil && violation.Message == "" {
				t.Errorf("%s says nothing", content)
			}
		}
	})
}
