package cli

import (
	"embed"
	"fmt"
	"strings"
	"text/template"

	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/kubernetes/scheme"

	"github.com/kubereeve/reeve/internal/resource"
)

//go:embed scaffold/*.tmpl
var scaffoldTemplates embed.FS

// scaffold is a new rule.
type scaffold struct {
	category, name string // in snake case, as Rego wants them
	id             string
	severity       string
	kinds          []string
}

// scaffoldFile is one file of it; the name is relative to the rule's directory.
type scaffoldFile struct{ name, text string }

// scaffoldData is what the templates see.
type scaffoldData struct {
	Category, Name, ID, Severity, Kinds string
	// APIVersion, Kind and Namespaced are of the object in the fixtures.
	APIVersion, Kind string
	Namespaced       bool
}

// files returns the files of a rule on containers, where that is what it judges,
// and else of a rule on labels, which every kind has.
func (s *scaffold) files() []scaffoldFile {
	example := "labels"
	if len(s.kinds) == 1 && s.kinds[0] == "workload" {
		example = "containers"
	}
	data := scaffoldData{Category: s.category, Name: s.name, ID: s.id, Severity: s.severity, Kinds: strings.Join(s.kinds, ", ")}
	kind := schema.GroupKind{Kind: "Pod"}
	for _, name := range s.kinds {
		if name != "workload" {
			kind = schema.ParseGroupKind(name)
			break
		}
	}
	data.APIVersion, data.Kind = schema.GroupVersionKind{Group: kind.Group, Version: versionOf(kind), Kind: kind.Kind}.ToAPIVersionAndKind()
	data.Namespaced = resource.Namespaced(kind)
	text := func(name string) string { return expand("scaffold/"+example+"."+name+".tmpl", data) }
	return []scaffoldFile{
		{s.name + ".rego", text("rule.rego")},
		{s.name + "_test.rego", text("test.rego")},
		{"testdata/allow.example.yaml", text("allow.yaml")},
		{"testdata/deny.example.yaml", text("deny.yaml")},
	}
}

// versionOf returns the version in which a kind is most likely written.
func versionOf(kind schema.GroupKind) string {
	for _, version := range scheme.Scheme.PrioritizedVersionsForGroup(kind.Group) {
		if scheme.Scheme.Recognizes(version.WithKind(kind.Kind)) {
			return version.Version
		}
	}
	return "v1"
}

// expand fills in a template of this package.
func expand(name string, data scaffoldData) string {
	// Rego and YAML have braces of their own.
	parsed, err := template.New("").Delims("<<", ">>").ParseFS(scaffoldTemplates, name)
	var out strings.Builder
	if err == nil {
		err = parsed.ExecuteTemplate(&out, strings.TrimPrefix(name, "scaffold/"), data)
	}
	if err != nil {
		panic(fmt.Sprintf("%s: %v", name, err)) // a mistake in this package
	}
	return out.String()
}
