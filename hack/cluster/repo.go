package main

import (
	"fmt"
	"os"
	"path/filepath"
)

// repo knows where things lie in the checkout.
type repo struct {
	root string
}

// findRepo walks up from the working directory, because the program is run
// both as `go -C hack/cluster tool cluster` and as a binary from elsewhere.
func findRepo() (repo, error) {
	wd, err := os.Getwd()
	if err != nil {
		return repo{}, err
	}
	for dir := wd; ; dir = filepath.Dir(dir) {
		if _, err := os.Stat(filepath.Join(dir, "hack", "cluster", "build", "kubernetes", "go.mod")); err == nil {
			return repo{root: dir}, nil
		}
		if dir == filepath.Dir(dir) {
			return repo{}, fmt.Errorf("%s is not inside a checkout of Reeve", wd)
		}
	}
}

// source is this program's own module.
func (r repo) source() string { return filepath.Join(r.root, "hack", "cluster") }

// wrapper is the directory of a module that only pins what is built.
func (r repo) wrapper(module string) string {
	return filepath.Join(r.source(), "build", module)
}

// abs resolves a path given on the command line. Relative paths count from
// the root of the checkout: `go -C` has already changed the working directory,
// so the caller's own is unknown.
func (r repo) abs(path string) string {
	if filepath.IsAbs(path) {
		return filepath.Clean(path)
	}
	return filepath.Join(r.root, path)
}
