package gator

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/kubereeve/reeve/internal/manifest"
	"github.com/kubereeve/reeve/internal/resource"
)

// expansionKind is the kind of files that say what objects will be made of others.
var expansionKind = schema.GroupKind{Group: "expansion.gatekeeper.sh", Kind: "ExpansionTemplate"}

// maxExpansions bounds how deep what is expanded is expanded again.
const maxExpansions = 30

// expansion says which objects are made of objects of some kinds, as pods of a
// deployment.
type expansion struct {
	Name string
	Spec struct {
		ApplyTo []struct {
			Groups   []string `json:"groups"`
			Versions []string `json:"versions"`
			Kinds    []string `json:"kinds"`
		} `json:"applyTo"`
		// TemplateSource leads to what is made, as in spec.template.
		TemplateSource string `json:"templateSource"`
		GeneratedGVK   struct {
			Group   string `json:"group"`
			Version string `json:"version"`
			Kind    string `json:"kind"`
		} `json:"generatedGVK"`
	} `json:"spec"`
}

// readExpansions reads the expansions that a test names; none where it names none.
func readExpansions(suite *Suite, name string) ([]expansion, error) {
	if name == "" {
		return nil, nil
	}
	objects, err := readObjects(suite, name)
	if err != nil {
		return nil, err
	}
	expansions := make([]expansion, 0, len(objects))
	for _, object := range objects {
		res := object.Resource
		if res.GroupKind() != expansionKind {
			return nil, fmt.Errorf("%s: %s is no ExpansionTemplate", res.Source.File, res.Kind)
		}
		read := expansion{Name: res.Name}
		if err := json.Unmarshal(res.Object, &read); err != nil {
			return nil, fmt.Errorf("%s: %w", res.Source.File, suiteError(err))
		}
		if err := read.check(); err != nil {
			return nil, fmt.Errorf("%s: %w", res.Source.File, err)
		}
		// Of several with one name the last counts, as in a cluster.
		expansions = slices.DeleteFunc(expansions, func(before expansion) bool { return before.Name == read.Name })
		expansions = append(expansions, read)
	}
	return expansions, nil
}

// maxExpansionName bounds the names of expansions, as Gatekeeper does.
const maxExpansionName = 63

// check refuses what Gatekeeper refuses: nothing would be made, or things without end.
func (e *expansion) check() error {
	made := schema.GroupVersionKind(e.Spec.GeneratedGVK)
	switch {
	case e.Name == "" || len(e.Name) > maxExpansionName:
		return fmt.Errorf("metadata.name: %q cannot name an expansion; use up to %d characters", e.Name, maxExpansionName)
	case e.Spec.TemplateSource == "":
		return errors.New("spec.templateSource is missing; write where the object to make is described, as in spec.template")
	case made.Kind == "" || made.Version == "":
		return errors.New("spec.generatedGVK: write version and kind of what is made")
	case len(e.Spec.ApplyTo) == 0:
		return errors.New("spec.applyTo is missing; write the groups, versions and kinds that are expanded")
	case e.appliesTo(made):
		return fmt.Errorf("spec.applyTo: it expands %s, which it makes itself; remove that kind", made.Kind)
	}
	return nil
}

// appliesTo tells whether the expansion says what is made of an object.
func (e *expansion) appliesTo(gvk schema.GroupVersionKind) bool {
	for _, each := range e.Spec.ApplyTo {
		if slices.Contains(each.Groups, gvk.Group) && slices.Contains(each.Versions, gvk.Version) && slices.Contains(each.Kinds, gvk.Kind) {
			return true
		}
	}
	return false
}

// generated is an object that would be made of another.
type generated struct {
	res *resource.Resource
	by  string // the name of the expansion
}

// expand returns all objects that would be made of an object, and of these.
func expand(expansions []expansion, from *resource.Resource, depth int) ([]generated, error) {
	if depth == maxExpansions {
		return nil, fmt.Errorf("what %s is expanded to is expanded more than %d times", from, maxExpansions)
	}
	var all []generated
	for i := range expansions {
		each := &expansions[i]
		if !each.appliesTo(schema.FromAPIVersionAndKind(from.APIVersion, from.Kind)) {
			continue
		}
		res, err := each.make(from)
		if err != nil {
			return nil, fmt.Errorf("expansion %s of %s: %w", each.Name, from, err)
		}
		further, err := expand(expansions, res, depth+1)
		if err != nil {
			return nil, err
		}
		all = append(append(all, generated{res, each.Name}), further...)
	}
	return all, nil
}

// make returns the object that would be made of another: what its template says,
// in the same namespace, with a name of its own.
func (e *expansion) make(from *resource.Resource) (*resource.Resource, error) {
	value := jsontext.Value(from.Object)
	for step := range strings.SplitSeq(e.Spec.TemplateSource, ".") {
		var fields map[string]jsontext.Value
		if err := json.Unmarshal(value, &fields); err != nil || len(fields[step]) == 0 {
			return nil, fmt.Errorf("spec.templateSource: the object has no field %s", e.Spec.TemplateSource)
		}
		value = fields[step]
	}
	var object map[string]any
	if err := json.Unmarshal(value, &object); err != nil || object == nil {
		return nil, errors.New("spec.templateSource: what is there is no object")
	}
	metadata, _ := object["metadata"].(map[string]any)
	if metadata == nil {
		metadata = make(map[string]any)
	}
	made := e.Spec.GeneratedGVK
	metadata["name"] = strings.ToLower(strings.TrimSuffix(from.Name, "*") + "-" + made.Kind)
	if from.Identity.Namespace != "" {
		metadata["namespace"] = from.Identity.Namespace
	}
	object["metadata"] = metadata
	object["apiVersion"], object["kind"] = schema.GroupVersionKind(made).ToAPIVersionAndKind()
	raw, err := json.Marshal(object, json.Deterministic(true))
	if err != nil {
		return nil, err
	}
	res, err := resource.FromObject(raw, schema.GroupVersionKind{})
	if err != nil {
		return nil, err
	}
	res.Source = from.Source
	return res, nil
}

// asManifest returns an object as one of a manifest.
func asManifest(res *resource.Resource) manifest.Object { return manifest.Object{Resource: res} }
