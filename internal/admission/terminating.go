package admission

import (
	"bytes"
	"maps"
	"slices"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/kubereeve/reeve/internal/finding"
	"github.com/kubereeve/reeve/internal/resource"
)

// terminating tells whether a request changes nothing but the metadata of an
// object that is being deleted, as when a controller removes its finalizer.
// Refusing that would keep the object for ever. What the stored object says
// counts, as the request could claim anything.
func terminating(res *resource.Resource) bool {
	if res.Operation != resource.Update || res.Subresource != "" || len(res.OldObject) == 0 {
		return false
	}
	var stored struct {
		Metadata struct {
			DeletionTimestamp string `json:"deletionTimestamp"`
		} `json:"metadata"`
	}
	lenient := jsontext.AllowDuplicateNames(true)
	if err := json.Unmarshal(res.OldObject, &stored, lenient); err != nil || stored.Metadata.DeletionTimestamp == "" {
		return false
	}
	var before, after map[string]jsontext.Value
	if json.Unmarshal(res.OldObject, &before, lenient) != nil || json.Unmarshal(res.Object, &after, lenient) != nil {
		return false
	}
	delete(before, "metadata")
	delete(after, "metadata")
	return maps.EqualFunc(before, after, func(a, b jsontext.Value) bool { return bytes.Equal(a, b) })
}

// relax returns the findings with warnings in the place of denials.
func relax(findings []finding.Finding) []finding.Finding {
	relaxed := slices.Clone(findings)
	for i := range relaxed {
		relaxed[i].Mode = min(relaxed[i].Mode, finding.Warn)
	}
	return relaxed
}
