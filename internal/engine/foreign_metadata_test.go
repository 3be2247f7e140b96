package engine_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kubereeve/reeve/internal/resource"
	"github.com/kubereeve/reeve/internal/rule/dialect"
)

func TestFilesOfOnePackageThatReadTheirMetadataFindEachTheirOwn(t *testing.T) {
	e := foreignEngine(t, dialect.Options{}, map[string]string{
		"a.rego":       "# METADATA\n# scope: package\n# title: checks\npackage main\nimport rego.v1\n\n# METADATA\n# title: one\ndeny contains rego.metadata.rule().title if input.kind",
		"b.rego":       "package main\nimport rego.v1\n\n# METADATA\n# title: two\ndeny contains m if {\n m := concat(\" of \", [a.annotations.title | some a in rego.metadata.chain()])\n}",
		"sub/c.rego":   "package main.sub\nimport rego.v1\ndeny contains a.annotations.title if some a in rego.metadata.chain()",
		"other/d.rego": "# METADATA\n# scope: subpackages\n# title: all\npackage main\nimport rego.v1\n\n# METADATA\n# scope: document\n# title: document\ndeny_x contains rego.metadata.chain()[1].annotations.title if input.kind\ndeny_x contains rego.metadata.chain()[1].annotations.title if input.spec",
	})
	want := []string{"conftest/a (deny): one", "conftest/b (deny): two of checks of all", "conftest/other/d (deny): document", "conftest/sub/c (deny): all"}
	if diff := cmp.Diff(want, found(t, e, resource.Create, podOnHost)); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}
