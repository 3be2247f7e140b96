package kubescape

import (
	"bytes"
	"cmp"
	"embed"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"

	"github.com/kubereeve/reeve/internal/rule"
)

// Options are what users set for the rules of Kubescape.
type Options struct {
	// Inputs are control inputs, as insecureCapabilities; they take the place of
	// those of the same name that a defaults file has.
	Inputs map[string][]string
	// Cluster is what rules ask about the cluster, as cloudProvider: eks, aks or gke.
	Cluster map[string]string
}

// cloudProvider is the name of the cloud among what rules ask about the cluster.
const cloudProvider = "cloudProvider"

//go:embed library/*
var library embed.FS

// inputsFile is the form of a file of control inputs; test data of rules leaves
// out settings.
type inputsFile struct {
	Settings struct {
		PostureControlInputs map[string][]string `json:"postureControlInputs"`
	} `json:"settings"`
	PostureControlInputs map[string][]string `json:"postureControlInputs"`
	DataControlInputs    map[string]string   `json:"dataControlInputs"`
}

// controlInputs are the control inputs of a tree.
type controlInputs struct {
	posture map[string][]string
	cluster map[string]string
}

// readInputs returns the control inputs that the documents of a tree have, else
// our own, overlaid by those of the user. Files nearer to the root count more.
func readInputs(documents []*rule.Document, options Options) (*controlInputs, []*rule.Problem) {
	var problems []*rule.Problem
	own, _ := library.ReadFile("library/inputs.json") // embedded
	found := []*rule.Document{{Content: own}}
	var files []*rule.Document
	for _, document := range documents {
		if path.Ext(document.Path) == ".json" && bytes.Contains(document.Content, []byte(`ostureControlInputs"`)) {
			files = append(files, document)
		}
	}
	slices.SortStableFunc(files, func(a, b *rule.Document) int {
		return cmp.Or(cmp.Compare(strings.Count(b.Path, "/"), strings.Count(a.Path, "/")), cmp.Compare(b.Path, a.Path))
	})
	in := &controlInputs{posture: make(map[string][]string), cluster: map[string]string{cloudProvider: ""}}
	for _, document := range append(found, files...) {
		var file inputsFile
		if err := readJSON(document.Content, &file); err != nil {
			problems = append(problems, rule.ProblemsIn(document.Name, err)...)
			continue
		}
		if len(file.Settings.PostureControlInputs)+len(file.PostureControlInputs) == 0 {
			continue // it only mentions them, as metadata does
		}
		document.Claimed = true
		maps.Copy(in.posture, file.Settings.PostureControlInputs)
		maps.Copy(in.posture, file.PostureControlInputs)
		maps.Copy(in.cluster, file.DataControlInputs)
	}
	maps.Copy(in.posture, options.Inputs)
	maps.Copy(in.cluster, options.Cluster)
	return in, problems
}

// The names of the documents below data that rules read inputs in.
const (
	postureDocument = ast.String("postureControlInputs")
	clusterDocument = ast.String("dataControlInputs")
)

// documents puts the inputs where rules read them.
func (in *controlInputs) documents(unit *rule.Unit) []rule.DataDocument {
	at := func(name ast.String) ast.Ref { return ast.DefaultRootRef.Append(ast.NewTerm(name)) }
	return []rule.DataDocument{
		unit.AddDocument(at(postureDocument), textLists(in.posture)),
		unit.AddDocument(at(clusterDocument), rule.StringsTerm(in.cluster).Value),
	}
}

// textLists returns an object of lists of texts.
func textLists(lists map[string][]string) ast.Object {
	object := ast.NewObject()
	for name, texts := range lists {
		terms := make([]*ast.Term, len(texts))
		for i, text := range texts {
			terms[i] = ast.StringTerm(text)
		}
		object.Insert(ast.StringTerm(name), ast.ArrayTerm(terms...))
	}
	return object
}
