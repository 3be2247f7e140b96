package review

import (
	"bytes"
	"maps"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/kubereeve/reeve/internal/resource"
)

// terminating tells whether a request changes nothing but finalizers, owners and
// status of an object that is being deleted, as when a controller removes its
// finalizer. Refusing that would keep the object for ever. What the stored object
// says counts, as the request could claim anything.
func terminating(res *resource.Resource) bool {
	if res.Operation != resource.Update || res.Subresource != "" || len(res.OldObject) == 0 {
		return false
	}
	before, metadataBefore, ok := split(res.OldObject)
	if !ok || !isTime(metadataBefore["deletionTimestamp"]) {
		return false
	}
	after, metadataAfter, ok := split(res.Object)
	return ok && equal(before, after, "metadata", "status") &&
		equal(metadataBefore, metadataAfter, "finalizers", "ownerReferences",
			// What the API server itself writes along.
			"resourceVersion", "generation", "managedFields", "deletionTimestamp", "deletionGracePeriodSeconds")
}

// split reads the fields of an object and of its metadata.
func split(raw []byte) (object, metadata map[string]jsontext.Value, ok bool) {
	lenient := jsontext.AllowDuplicateNames(true)
	if json.Unmarshal(raw, &object, lenient) != nil || len(object["metadata"]) == 0 {
		return nil, nil, false
	}
	return object, metadata, json.Unmarshal(object["metadata"], &metadata, lenient) == nil
}

// isTime tells whether a field is a text with something in it, as times are.
func isTime(value jsontext.Value) bool { return value.Kind() == '"' && len(value) > len(`""`) }

// equal tells whether two objects have the same fields but for some. The API
// server writes both alike, so that their bytes can be compared.
func equal(before, after map[string]jsontext.Value, but ...string) bool {
	for _, field := range but {
		delete(before, field)
		delete(after, field)
	}
	return maps.EqualFunc(before, after, func(a, b jsontext.Value) bool { return bytes.Equal(a, b) })
}
