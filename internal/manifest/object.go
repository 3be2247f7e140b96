package manifest

import (
	"errors"
	"fmt"
	"reflect"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/kubereeve/reeve/internal/resource"
)

// maxListDepth bounds lists of lists.
const maxListDepth = 8

// fields are the fields of a JSON object, not decoded.
type fields map[string]jsontext.Value

// text returns a field's string, or "" when it is something else.
func (f fields) text(name string) string {
	var text string
	if json.Unmarshal(f[name], &text) != nil {
		return ""
	}
	return text
}

// document adds the objects of one document, given as JSON.
func (f *file) document(d *document, raw []byte) {
	line := d.line + max(firstContent(d.text), 0)
	var root fields
	switch kind := jsontext.Value(raw).Kind(); {
	case kind == 'n':
		return // nothing but comments
	case kind != '{' || json.Unmarshal(raw, &root) != nil:
		f.strays = append(f.strays, stray{line, "it is not a mapping with apiVersion and kind"})
		return
	case root.text("apiVersion") == "" && root.text("kind") == "":
		f.strays = append(f.strays, stray{line, "apiVersion and kind are missing"})
		return
	case root.text("apiVersion") == "":
		f.strays = append(f.strays, stray{line, "apiVersion is missing"})
		return
	case root.text("kind") == "":
		f.strays = append(f.strays, stray{line, "kind is missing"})
		return
	case strings.HasPrefix(root.text("apiVersion"), "kustomize.config.k8s.io/"):
		f.strays = append(f.strays, stray{line, "it is a kustomization; build it first, as in kubectl kustomize DIR | reeve audit -f -"})
		return
	}
	locator := &Locator{}
	u := &unpacking{file: f, document: d, locator: locator, line: line}
	u.object(raw, root, "", 0)
}

// unpacking takes the objects out of one document.
type unpacking struct {
	*file
	document *document
	locator  *Locator
	line     int // of the document's first line with content
}

// object adds an object, or the objects of a list.
func (u *unpacking) object(raw []byte, root fields, prefix string, depth int) {
	fallback, isList := listOf(root)
	if !isList {
		u.add(raw, schema.GroupVersionKind{}, prefix)
		return
	}
	if depth == maxListDepth {
		u.problem(u.name, u.lineOf(prefix), "lists are nested more than %d deep", maxListDepth)
		return
	}
	var items []jsontext.Value
	if err := json.Unmarshal(root["items"], &items); err != nil {
		u.problem(u.name, u.lineOf(prefix), "items of the %s: %s", root.text("kind"), err)
		return
	}
	u.lists++
	for i, item := range items {
		at := fmt.Sprintf("%sitems[%d].", prefix, i)
		var below fields
		if item.Kind() == '{' && json.Unmarshal(item, &below) == nil && below.text("kind") != "" {
			u.object(item, below, at, depth+1)
			continue
		}
		u.add(item, fallback, at)
	}
}

// listOf tells whether an object is a list, and what a typed list holds: the
// items of a ConfigMapList may leave out what they are.
func listOf(root fields) (schema.GroupVersionKind, bool) {
	apiVersion, kind := root.text("apiVersion"), root.text("kind")
	item, isList := strings.CutSuffix(kind, "List")
	items, hasItems := root["items"]
	switch {
	case !isList:
	case kind == "List" && apiVersion == "v1":
		if !hasItems {
			root["items"] = jsontext.Value("null")
		}
		return schema.GroupVersionKind{}, true
	case item != "" && (items.Kind() == '[' || items.Kind() == 'n') && !named(root):
		return schema.FromAPIVersionAndKind(apiVersion, item), true
	}
	return schema.GroupVersionKind{}, false
}

// named tells whether an object has a name, which lists have not.
func named(root fields) bool {
	var metadata fields
	return json.Unmarshal(root["metadata"], &metadata) == nil && metadata.text("name") != ""
}

// add adds one object that is no list.
func (u *unpacking) add(raw []byte, fallback schema.GroupVersionKind, prefix string) {
	res, err := resource.FromObject(raw, fallback)
	if err != nil {
		path, message := fieldError(err)
		u.problem(u.name, u.lineOf(prefix+path), "%s%s", listItem(prefix), message)
		return
	}
	if res.GroupKind() == resource.ReviewKind {
		u.review(raw, prefix)
		return
	}
	if res.Identity.Namespace == "" && u.options.Namespace != "" && resource.Namespaced(res.GroupKind()) {
		if raw, err = withNamespace(raw, u.options.Namespace); err != nil {
			u.problem(u.name, u.lineOf(prefix), "%smetadata: %s", listItem(prefix), err)
			return
		}
		res.Object, res.Identity.Namespace = raw, u.options.Namespace
	}
	res.Source = &resource.Source{File: u.name, Line: u.lineOf(prefix)}
	u.result.Objects = append(u.result.Objects, Object{Resource: res, document: u.document, prefix: prefix})
}

// review adds the object of an AdmissionReview, which is judged as if the API
// server had asked.
func (u *unpacking) review(raw []byte, prefix string) {
	res, err := resource.FromReview(raw)
	if err != nil {
		path, message := fieldError(err)
		u.problem(u.name, u.lineOf(prefix+path), "%sAdmissionReview: %s", listItem(prefix), message)
		return
	}
	object := prefix + "request.object."
	if res.Operation == resource.Delete {
		object = prefix + "request.oldObject."
	}
	res.Source = &resource.Source{File: u.name, Line: u.lineOf(object)}
	u.result.Objects = append(u.result.Objects, Object{Resource: res, document: u.document, prefix: object})
}

// fieldError returns the path to the field that an error blames, if any, and
// the error in the words of a manifest.
func fieldError(err error) (string, string) {
	semantic, ok := errors.AsType[*json.SemanticError](err)
	if !ok {
		return "", err.Error()
	}
	path := ""
	for token := range semantic.JSONPointer.Tokens() {
		if _, notNumber := strconv.Atoi(token); notNumber == nil {
			path += "[" + token + "]"
		} else {
			path += "." + token
		}
	}
	path = strings.TrimPrefix(path, ".")
	if errors.Is(err, json.ErrUnknownName) {
		return path, path + ": there is no such field"
	}
	found := semantic.JSONKind.String()
	if found == "true" || found == "false" {
		found = "boolean"
	}
	if semantic.GoType != nil && semantic.GoType.Kind() == reflect.String {
		return path, fmt.Sprintf("%s is a %s and must be a string; put it in quotes", path, found)
	}
	return path, fmt.Sprintf("%s: a %s does not fit here", path, found)
}

// listItem returns how a message begins that blames an item of a list.
func listItem(prefix string) string {
	if prefix == "" {
		return ""
	}
	return strings.TrimSuffix(prefix, ".") + ": "
}

// lineOf returns the line of an item; the whole document is not parsed for its
// line when it is one object.
func (u *unpacking) lineOf(prefix string) int {
	if prefix == "" {
		return u.line
	}
	return u.locator.line(u.document, prefix, u.line)
}

// withNamespace returns an object with metadata.namespace set.
func withNamespace(raw []byte, namespace string) ([]byte, error) {
	var root, metadata fields
	if err := json.Unmarshal(raw, &root); err != nil {
		return nil, err
	}
	if value, ok := root["metadata"]; ok && value.Kind() != 'n' {
		if err := json.Unmarshal(value, &metadata); err != nil {
			return nil, err
		}
	}
	if metadata == nil {
		metadata = make(fields)
	}
	name, err := json.Marshal(namespace)
	if err != nil {
		return nil, err
	}
	metadata["namespace"] = name
	if root["metadata"], err = json.Marshal(metadata, json.Deterministic(true)); err != nil {
		return nil, err
	}
	return json.Marshal(root, json.Deterministic(true))
}
