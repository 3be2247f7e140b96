package app_test

import (
	"archive/tar"
	"compress/gzip"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/kubereeve/reeve/internal/app"
	"github.com/kubereeve/reeve/internal/rule"
)

// pack writes a gzipped tar archive.
func pack(t testing.TB, name, entry, text string) {
	t.Helper()
	file, err := os.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	compressed := gzip.NewWriter(file)
	writer := tar.NewWriter(compressed)
	err = writer.WriteHeader(&tar.Header{Name: entry, Size: int64(len(text)), Mode: 0o600, Typeflag: tar.TypeReg})
	if err == nil {
		_, err = io.WriteString(writer, text)
	}
	if err := errors.Join(err, writer.Close(), compressed.Close(), file.Close()); err != nil {
		t.Fatal(err)
	}
}

func TestRulesComeFromArchivesToo(t *testing.T) {
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "directory.tar.gz"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "directory.tar.gz", "own.rego"), []byte(ownRule), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "text.tar.gz"), []byte("no archive"), 0o600); err != nil {
		t.Fatal(err)
	}
	pack(t, filepath.Join(dir, "bundle.tar.gz"), "/acme/own.rego", ownRule)
	pack(t, filepath.Join(dir, "bundle.tgz"), "own.rego", ownRule)
	pack(t, filepath.Join(dir, "bad.tar.gz"), "own.rego", "package x\nx {")
	pack(t, filepath.Join(dir, "out.tar.gz"), "../own.rego", ownRule)
	for _, test := range []struct {
		name, problem string
	}{
		{name: "bundle.tar.gz"},
		{name: "bundle.tgz"},
		{name: "directory.tar.gz"},
		{name: "bad.tar.gz", problem: "DIR/bad.tar.gz/own.rego:2: rego_parse_error"},
		{name: "text.tar.gz", problem: "DIR/text.tar.gz: this is not a readable tar archive"},
		{name: "out.tar.gz", problem: `DIR/out.tar.gz: entry "../own.rego" leads out of the archive`},
		{name: "missing.tar.gz", problem: "DIR/missing.tar.gz: no such file or directory"},
		{name: "missing", problem: "DIR/missing: no such file or directory; make it, or correct the name"},
		{name: "directory.tar.gz/own.rego", problem: "DIR/directory.tar.gz/own.rego: this is no directory; name the one it is in, a bundle (.tar.gz) or an artifact (oci://)"},
		{name: "oci://localhost:1/rules:v1", problem: "oci://localhost:1/rules:v1: the artifact has not been fetched"},
	} {
		t.Run(test.name, func(t *testing.T) {
			source := test.name
			if !strings.Contains(source, "://") {
				source = filepath.Join(dir, source)
			}
			rules, err := (&app.RuleOptions{NoBuiltin: true, Dirs: []string{source}}).Load()
			if err != nil {
				t.Fatal(err)
			}
			if test.problem == "" {
				if got := ids(rules.Set); !slices.Equal(got, []string{"own-rule"}) || len(rules.Problems) > 0 {
					t.Errorf("rules %v, problems %v, want own-rule", got, rules.Problems)
				}
				return
			}
			if len(rules.Problems) != 1 || !strings.HasPrefix(strings.ReplaceAll(rules.Problems[0].Error(), dir, "DIR"), test.problem) {
				t.Errorf("problems %v, want %s", rules.Problems, test.problem)
			}
		})
	}
}

func TestAnUnreachableRegistryIsAProblemOfItsReference(t *testing.T) {
	t.Setenv("DOCKER_CONFIG", t.TempDir())
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	for _, reference := range []string{"oci://nowhere.invalid/rules:v1", "oci://Bad/rules"} {
		options := &app.RuleOptions{Dirs: []string{reference}}
		options.Fetch(t.Context())
		rules, err := options.Load()
		if err != nil || len(rules.Problems) != 1 || rules.Problems[0].File != reference || strings.Contains(rules.Problems[0].Message, "has not been fetched") {
			t.Errorf("%s: problems %v, error %v, want one that says why it cannot be fetched", reference, rules, err)
		}
		if len(rules.Set.Rules()) == 0 {
			t.Error("the built-in rules are gone")
		}
	}
}

func TestOneDirectoryIsTrusted(t *testing.T) {
	text := strings.Replace(ownRule, "input.object", "opa.runtime().env.HOME", 1)
	trusted, other := directory(t, map[string]string{"own.rego": text}), directory(t, map[string]string{"own.rego": strings.Replace(text, "own_rule", "other", 1)})
	options := &app.RuleOptions{NoBuiltin: true, Dirs: []string{trusted, other}, Trusted: map[string]*rule.Trusted{trusted: {Builtins: []string{"opa.runtime"}}}}
	rules, err := options.Load()
	if err != nil || !slices.Equal(ids(rules.Set), []string{"own-rule"}) || len(rules.Problems) != 1 || !strings.Contains(rules.Problems[0].Message, "opa.runtime may not be called") {
		t.Errorf("rules %v, error %v", rules, err)
	}
}
