// Package internal_test checks the layout of the house: which package may import
// which. docs/architecture.md draws it.
package internal_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/kubereeve/reeve/"

// floors are the layers from bottom to top. A package may import packages of
// lower floors, and of its own floor only below its own directory or where
// sameFloor says so.
var floors = [][]string{
	{"internal/resource", "internal/finding", "api"},
	{"internal/rule", "policies"},
	{"internal/engine"},
	{"internal/review"},
	{"internal/admission", "internal/scan", "internal/sink", "internal/action", "internal/ruletest"},
	{"internal/app"},
	{"cmd"},
}

// sameFloor are the imports between packages of one floor.
var sameFloor = map[string][]string{
	"internal/finding":   {"internal/resource"},
	"internal/admission": {"internal/sink"},
	"internal/scan":      {"internal/sink"},
	"internal/action":    {"internal/sink"},
}

// beside are packages that stand beside the floors and import no floor above
// the vocabulary.
var beside = []string{"internal/config", "internal/kube", "internal/version", "internal/manifest", "internal/glob"}

// libraries are import paths that only some packages may use.
var libraries = []struct {
	path   string
	reason string
	users  []string
}{
	{"github.com/open-policy-agent/opa", "only rules and the engine know OPA", []string{"internal/rule", "internal/engine"}},
	{"k8s.io/client-go", "floors 0 to 3 never talk to a cluster", []string{"internal/admission", "internal/scan", "internal/sink", "internal/action", "internal/app", "internal/kube", "cmd"}},
	{"sigs.k8s.io/controller-runtime", "floors 0 to 3 never talk to a cluster", []string{"internal/admission", "internal/scan", "internal/sink", "internal/action", "internal/app", "internal/kube", "cmd"}},
	{"github.com/prometheus", "metrics are implemented in one place", []string{"internal/sink/metric", "internal/app"}},
}

type listedPackage struct {
	ImportPath string
	Imports    []string
}

func listPackages(t *testing.T) []listedPackage {
	t.Helper()
	var stderr bytes.Buffer
	command := exec.Command("go", "list", "-json=ImportPath,Imports", module+"internal/...", module+"cmd/...", module+"policies/...", module+"api/...")
	command.Stderr = &stderr
	output, err := command.Output()
	if err != nil {
		t.Fatalf("go list: %v\n%s", err, stderr.String())
	}
	var packages []listedPackage
	for decoder := json.NewDecoder(bytes.NewReader(output)); ; {
		var p listedPackage
		if err := decoder.Decode(&p); errors.Is(err, io.EOF) {
			return packages
		} else if err != nil {
			t.Fatal(err)
		}
		packages = append(packages, p)
	}
}

func TestPackagesImportDownwardsOnly(t *testing.T) {
	packages := listPackages(t)
	if len(packages) < 12 {
		t.Fatalf("go list found %d packages; the test looks in the wrong place", len(packages))
	}
	for _, p := range packages {
		from, ours := strings.CutPrefix(p.ImportPath, module)
		if !ours {
			continue
		}
		for _, imported := range p.Imports {
			if to, ours := strings.CutPrefix(imported, module); ours {
				if reason := forbidden(from, to); reason != "" {
					t.Errorf("%s imports %s: %s", from, to, reason)
				}
				continue
			}
			for _, library := range libraries {
				if within(imported, library.path) && !slices.ContainsFunc(library.users, func(user string) bool { return within(from, user) }) {
					t.Errorf("%s imports %s: %s", from, imported, library.reason)
				}
			}
		}
	}
}

func TestPoliciesImportOnlyEmbed(t *testing.T) {
	for _, p := range listPackages(t) {
		if p.ImportPath == module+"policies" && !slices.Equal(p.Imports, []string{"embed"}) {
			t.Errorf("policies imports %v; it may import embed only", p.Imports)
		}
	}
}

// forbidden returns why a package may not import another, or "".
func forbidden(from, to string) string {
	fromTop, fromFloor := place(from)
	toTop, toFloor := place(to)
	switch {
	case strings.Contains(from, "enginetest"):
		return "" // test support
	case slices.ContainsFunc(beside, func(b string) bool { return within(to, b) }):
		return ""
	case slices.ContainsFunc(beside, func(b string) bool { return within(from, b) }):
		if toFloor == 0 {
			return ""
		}
		return "packages beside the floors import nothing above the vocabulary"
	case fromFloor < 0 || toFloor < 0:
		return "the package has no place in the house; add it to the floors in this test and in docs/architecture.md"
	case fromTop == toTop || fromFloor > toFloor:
		return ""
	case fromFloor == toFloor && slices.Contains(sameFloor[fromTop], to):
		return ""
	case fromFloor == toFloor:
		return "siblings of one floor do not import each other"
	}
	return "imports run down only"
}

// place returns the floor of a package and the top directory it belongs to.
func place(path string) (top string, floor int) {
	for i, tops := range floors {
		for _, top := range tops {
			if within(path, top) {
				return top, i
			}
		}
	}
	return "", -1
}

func within(path, directory string) bool {
	return path == directory || strings.HasPrefix(path, directory+"/")
}
