package gator

import (
	"fmt"
	"path/filepath"

	"github.com/kubereeve/reeve/internal/manifest"
)

// readObjects reads all objects of a file named by a suite.
func readObjects(suite *Suite, name string) ([]manifest.Object, error) {
	file := filepath.Join(filepath.Dir(suite.File), filepath.FromSlash(name))
	content, err := readRegular(file)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	read := manifest.Parse(file, content)
	switch {
	case len(read.Problems) > 0:
		return nil, read.Problems[0]
	case len(read.Objects) == 0:
		return nil, fmt.Errorf("%s: there is no object in it", file)
	}
	return read.Objects, nil
}

// readObject reads the one object of a file.
func readObject(suite *Suite, name string) (manifest.Object, error) {
	objects, err := readObjects(suite, name)
	if err != nil {
		return manifest.Object{}, err
	}
	if len(objects) > 1 {
		return manifest.Object{}, fmt.Errorf("%s: there are %d objects in it; a case judges one, put the others into the inventory", objects[0].Resource.Source.File, len(objects))
	}
	return objects[0], nil
}
