package watch

import (
	"crypto/sha256"
	"errors"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/kubereeve/reeve/internal/rule/source"
)

// maxHashed bounds the files that are read to see whether they have changed; of
// larger ones, size and time must do.
const maxHashed = 32 << 20

// contents is what stood in the watched files at one time, by their names.
type contents map[string]content

// content is what stood in one file.
type content struct {
	size    int64
	changed time.Time
	mode    fs.FileMode
	sum     [sha256.Size]byte
	problem string // why it cannot be read
}

// same tells whether a file is the same by what can be seen from outside.
func (c content) same(other content) bool {
	return c.size == other.size && c.changed.Equal(other.changed) && c.mode == other.mode && c.problem == other.problem
}

// look is one look at what is watched.
type look struct {
	found contents
	known contents               // what was found before; files that look the same are not read again
	reads func(name string) bool // the files that count below directories
}

// lookAt reads all files at and below paths. What is missing is not in the result.
func lookAt(paths []string, known contents, reads func(name string) bool) contents {
	l := look{make(contents), known, reads}
	for _, path := range paths {
		info, err := os.Stat(path)
		switch {
		case errors.Is(err, fs.ErrNotExist):
		case err != nil:
			l.found[path] = content{problem: reason(err)}
		case info.IsDir():
			l.directory(path, false)
		default:
			l.file(path)
		}
	}
	return l.found
}

// directory reads a directory tree. Links to files are followed; of links to
// directories those that the kubelet makes, as rules are read, but none behind them.
func (l look) directory(root string, mounted bool) {
	l.found[root] = content{mode: fs.ModeDir}    // an empty directory is not a missing one
	start := strings.TrimSuffix(root, "/") + "/" // the slash makes the walk begin behind a link
	visit := func(name string, entry fs.DirEntry, err error) error {
		switch {
		case errors.Is(err, fs.ErrNotExist): // it went while we looked
		case err != nil:
			l.found[name] = content{problem: reason(err)}
		case entry.IsDir() && name != start && source.Hidden(entry.Name()):
			return fs.SkipDir
		case entry.IsDir():
		case !mounted && entry.Type()&fs.ModeSymlink != 0 && leadsToMounted(name):
			l.directory(name, true)
		case l.reads(name):
			l.file(name)
		}
		return nil
	}
	_ = filepath.WalkDir(start, visit) // which fails when visit does: never
}

// leadsToMounted tells whether a link leads to a directory of a mounted ConfigMap.
func leadsToMounted(link string) bool {
	target, err := os.Readlink(link)
	if err != nil || !source.IsMounted(target) {
		return false
	}
	info, err := os.Stat(link)
	return err == nil && info.IsDir()
}

// file reads one file.
func (l look) file(name string) {
	info, err := os.Stat(name)
	if errors.Is(err, fs.ErrNotExist) {
		if _, gone := os.Lstat(name); gone != nil {
			return
		}
		err = errors.New("the link leads nowhere")
	}
	if err != nil {
		l.found[name] = content{problem: reason(err)}
		return
	}
	now := content{size: info.Size(), changed: info.ModTime(), mode: info.Mode()}
	before, seen := l.known[name]
	switch {
	case info.IsDir(): // a link to one, which is not followed
		now = content{mode: fs.ModeDir}
	case seen && before.same(now):
		now.sum = before.sum
	case info.Mode().IsRegular() && info.Size() <= maxHashed:
		if now.sum, err = sum(name); err != nil {
			now.problem = reason(err)
		}
	}
	l.found[name] = now
}

// sum returns the hash of a file.
func sum(name string) (result [sha256.Size]byte, err error) {
	file, err := os.Open(name)
	if err != nil {
		return result, err
	}
	defer file.Close() //nolint:errcheck // it was only read
	hash := sha256.New()
	if _, err := io.Copy(hash, io.LimitReader(file, maxHashed)); err != nil {
		return result, err
	}
	return [sha256.Size]byte(hash.Sum(nil)), nil
}

// differences returns the names of the files that do not hold the same in both.
func (c contents) differences(other contents) []string {
	changed := make(map[string]bool)
	for name, now := range c {
		before, known := other[name]
		switch {
		case !known, now.problem != before.problem, now.mode.Type() != before.mode.Type():
			changed[name] = true
		case now.size > maxHashed && now.changed.Equal(before.changed): // sums are not known
		case now.sum != before.sum, now.size != before.size, now.size > maxHashed:
			changed[name] = true
		}
	}
	for name := range other {
		if _, still := c[name]; !still {
			changed[name] = true
		}
	}
	return slices.Sorted(maps.Keys(changed))
}

// reason returns an error without the path, which may be another by chance.
func reason(err error) string {
	if pathError, ok := errors.AsType[*fs.PathError](err); ok {
		err = pathError.Err
	}
	return err.Error()
}
