package watch

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/fsnotify/fsnotify"

	"github.com/kubereeve/reeve/internal/rule/source"
)

// maxLinks bounds how many links are followed on the way to one file.
const maxLinks = 40

// route is every step on the way to what is watched: a directory or a link that
// is put in another's place changes what stands behind it.
type route struct {
	steps       map[string]bool // names, each a directory, a link or the file itself
	trees       []string        // directories that are watched with all they hold
	directories map[string]bool // those in which a step or something of a tree may change
}

// newRoute walks to each path.
func newRoute(paths []string) *route {
	r := &route{steps: make(map[string]bool), directories: make(map[string]bool)}
	for _, path := range paths {
		absolute, err := filepath.Abs(path)
		if err != nil {
			continue // there is no working directory: nothing to be told of
		}
		r.walk(absolute)
	}
	return r
}

// walk takes the steps to a path, as far as they exist.
func (r *route) walk(path string) {
	at, rest := "/", strings.TrimPrefix(filepath.Clean(path), "/")
	for links := 0; rest != ""; {
		name, after, _ := strings.Cut(rest, "/")
		step := filepath.Join(at, name)
		r.steps[step], r.directories[at] = true, true
		info, err := os.Lstat(step)
		if err != nil {
			return
		}
		if info.Mode()&fs.ModeSymlink == 0 {
			at, rest = step, after
			continue
		}
		target, err := os.Readlink(step)
		if links++; err != nil || links > maxLinks {
			return
		}
		if !filepath.IsAbs(target) {
			target = filepath.Join(at, target)
		}
		at, rest = "/", strings.TrimPrefix(filepath.Join(target, after), "/")
	}
	if info, err := os.Stat(at); err == nil && info.IsDir() {
		r.tree(at)
	}
}

// tree adds a directory with all below it.
func (r *route) tree(root string) {
	r.trees = append(r.trees, root)
	_ = filepath.WalkDir(root, func(name string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.IsDir() {
			return nil //nolint:nilerr // what cannot be read is looked at again by the poll
		}
		if name != root && source.Hidden(entry.Name()) {
			return fs.SkipDir
		}
		r.directories[name] = true
		return nil
	})
}

// covers tells whether all directories of another route are in this one.
func (r *route) covers(other *route) bool {
	for directory := range other.directories {
		if !r.directories[directory] {
			return false
		}
	}
	return true
}

// concerns tells whether an event may change what is watched: anything on the way,
// and in a tree all but the writing to files that do not count.
func (r *route) concerns(event fsnotify.Event, reads func(name string) bool) bool {
	name := event.Name
	if r.steps[name] {
		return true
	}
	if event.Op == fsnotify.Write && !reads(name) {
		return false
	}
	for _, tree := range r.trees {
		if name == tree || strings.HasPrefix(name, tree+"/") {
			return true
		}
	}
	return false
}
