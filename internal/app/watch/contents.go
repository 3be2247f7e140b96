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

// look reads all files at and below paths. Files that look like those known
// already are not read again. What is missing is not in the result.
func look(paths []string, known contents) contents {
	now := make(contents)
	for _, path := range paths {
		info, err := os.Stat(path)
		switch {
		case errors.Is(err, fs.ErrNotExist):
		case err != nil:
			now[path] = content{problem: reason(err)}
		case info.IsDir():
			now.directory(path, known)
		default:
			now.file(path, known)
		}
	}
	return now
}

// directory reads a directory tree. Links to files are followed, links to
// directories below it are not, as rules are read.
func (c contents) directory(root string, known contents) {
	c[root] = content{mode: fs.ModeDir}          // an empty directory is not a missing one
	start := strings.TrimSuffix(root, "/") + "/" // the slash makes the walk begin behind a link
	visit := func(name string, entry fs.DirEntry, err error) error {
		switch {
		case errors.Is(err, fs.ErrNotExist): // it went while we looked
		case err != nil:
			c[name] = content{problem: reason(err)}
		case entry.IsDir() && name != start && hidden(entry.Name()):
			return fs.SkipDir
		case entry.IsDir():
		default:
			c.file(name, known)
		}
		return nil
	}
	_ = filepath.WalkDir(start, visit) // which fails when visit does: never
}

// hidden tells whether a directory holds nothing to read: Git's own data, and
// the versions of a mounted ConfigMap, to whose files links lead.
func hidden(name string) bool { return name == ".git" || strings.HasPrefix(name, "..") }

// file reads one file.
func (c contents) file(name string, known contents) {
	info, err := os.Stat(name)
	if errors.Is(err, fs.ErrNotExist) {
		return
	}
	if err != nil {
		c[name] = content{problem: reason(err)}
		return
	}
	now := content{size: info.Size(), changed: info.ModTime(), mode: info.Mode()}
	before, seen := known[name]
	switch {
	case info.IsDir(): // a link to one
		return
	case seen && before.same(now):
		now.sum = before.sum
	case info.Mode().IsRegular() && info.Size() <= maxHashed:
		if now.sum, err = sum(name); err != nil {
			now.problem = reason(err)
		}
	}
	c[name] = now
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
