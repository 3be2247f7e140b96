package kubescape

import (
	"errors"
	"fmt"
	"slices"

	"github.com/open-policy-agent/opa/v1/ast"

	"github.com/kubereeve/reeve/internal/resource"
	"github.com/kubereeve/reeve/internal/rule"
)

// A test of a rule is a folder, in the folder TestFolder beside the rule, as
// Kubescape's own test runner has it.
const (
	TestFolder = "test"
	// ExpectedFile holds the responses that the rule has to give.
	ExpectedFile = "expected.json"
	// ObjectsFolder holds the objects that the rule is asked about.
	ObjectsFolder = "input"
	// InputsFile holds the control inputs of the test, where they are not the usual.
	InputsFile = "data.json"
)

// IsRule tells whether a rule is one of Kubescape's.
func IsRule(r *rule.Rule) bool {
	_, ok := r.Dialect.(*Dialect)
	return ok
}

// Response is a response that a test expects.
type Response struct{ response ast.Object }

// ReadResponses reads an ExpectedFile: a list of responses, or one. It fails when that
// is no JSON, or something in it is no response.
func ReadResponses(content []byte) ([]Response, error) {
	var read any
	if err := readJSON(content, &read); err != nil {
		return nil, err
	}
	list, several := read.([]any)
	if !several && read != nil {
		list = []any{read}
	}
	responses := make([]Response, 0, len(list))
	for i, element := range list {
		converted, err := ast.InterfaceToValue(element)
		if err != nil {
			return nil, err
		}
		response, ok := converted.(ast.Object)
		if !ok {
			return nil, fmt.Errorf("element %d is no response; write {\"alertMessage\": \"...\", \"failedPaths\": [], \"alertObject\": {\"k8sApiObjects\": [{...}]}}", i+1)
		}
		responses = append(responses, Response{response})
	}
	return responses, nil
}

// String returns the response's message.
func (r Response) String() string { return messageOf(r.response) }

// About returns what a response of one of Kubescape's rules would say of an object, and
// whether it is about that object. It fails where the rule could not give it.
func (r Response) About(res *resource.Resource, from *rule.Rule) (rule.Violation, bool, error) {
	dialect, ok := from.Dialect.(*Dialect)
	if !ok {
		return rule.Violation{}, false, errors.New(from.ID + " is no rule of Kubescape's")
	}
	among := *dialect
	if among.shape == single { // the test is about several objects
		among.shape = joined
	}
	return among.Violation(&rule.Subject{Resource: res, Object: ast.NewObject()}, r.response)
}

// Inputs are the control inputs of a test.
type Inputs struct{ file inputsFile }

// ReadInputs reads an InputsFile. It fails when that is no JSON.
func ReadInputs(content []byte) (*Inputs, error) {
	var inputs Inputs
	if err := readJSON(content, &inputs.file); err != nil {
		return nil, fmt.Errorf("these are no control inputs, as {\"postureControlInputs\": {\"name\": [\"value\"]}}: %w", err)
	}
	return &inputs, nil
}

// Over returns files of a rule set in which the inputs have taken the place of those
// that have the same names.
func (i *Inputs) Over(files []rule.File) []rule.File {
	changed := slices.Clone(files)
	for n := range changed {
		changed[n].Documents = slices.Clone(changed[n].Documents)
		for k := range changed[n].Documents {
			document := &changed[n].Documents[k]
			switch document.Path[len(document.Path)-1].Value {
			case postureDocument:
				document.Value = over(document.Value, textLists(i.file.Settings.PostureControlInputs), textLists(i.file.PostureControlInputs))
			case clusterDocument:
				document.Value = over(document.Value, rule.StringsTerm(i.file.DataControlInputs).Value.(ast.Object))
			}
		}
	}
	return changed
}

// over returns an object with the fields of others in the place of its own.
func over(value ast.Value, others ...ast.Object) ast.Value {
	object, _ := value.(ast.Object)
	for _, other := range others {
		object, _ = object.MergeWith(other, func(_, after *ast.Term) (*ast.Term, bool) { return after, false })
	}
	return object
}
