// Package bundle reads rule files out of archives: OPA bundles and other
// gzipped tar files. What an archive may cost is bounded, and nothing of it is
// written to disk.
package bundle

import (
	"archive/tar"
	"bufio"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path"
	"slices"
	"strings"

	"golang.org/x/tools/txtar"
)

// Limits bound what one archive, or several that make one tree, may hold.
type Limits struct {
	// Files is the greatest number of entries, rule files or not.
	Files int
	// Bytes is the greatest size of all entries together, unpacked.
	Bytes int64
}

// DefaultLimits are ten times what the largest public policy libraries hold.
func DefaultLimits() Limits { return Limits{Files: 20_000, Bytes: 64 << 20} }

// Extensions are the files that are kept; rules and their data.
var extensions = []string{".rego", ".json", ".yaml", ".yml"}

// maxName bounds the name of one entry.
const maxName = 1024

// Tree gathers files until FS makes a file system of them.
type Tree struct {
	limits Limits
	files  map[string][]byte
	seen   int
	bytes  int64
}

// NewTree returns an empty tree.
func NewTree(limits Limits) *Tree { return &Tree{limits: limits, files: make(map[string][]byte)} }

// IsArchive tells by its name whether a file is an archive that Open reads.
func IsArchive(name string) bool {
	return strings.HasSuffix(name, ".tar.gz") || strings.HasSuffix(name, ".tgz")
}

// Open reads an archive from a file. It fails on the first entry that should not
// be there, naming it, and when a limit is exceeded.
func Open(file string, limits Limits) (fs.FS, error) {
	info, err := os.Stat(file)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() { // even opening a pipe would wait for ever
		return nil, errors.New("this is not a regular file; name a bundle (.tar.gz) or a directory")
	}
	opened, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer opened.Close() //nolint:errcheck // it was only read
	tree := NewTree(limits)
	if err := tree.AddArchive(opened); err != nil {
		return nil, err
	}
	return tree.FS()
}

// AddArchive adds the rule files of a tar archive, gzipped or not.
func (t *Tree) AddArchive(r io.Reader) error {
	buffered := bufio.NewReader(r)
	var unpacked io.Reader = buffered
	if magic, err := buffered.Peek(2); err == nil && magic[0] == 0x1f && magic[1] == 0x8b {
		decompressed, err := gzip.NewReader(buffered)
		if err != nil {
			return fmt.Errorf("this is not a gzipped tar archive: %w", err)
		}
		unpacked = decompressed
	}
	// What the tar reader skips is decompressed all the same: padding and headers
	// count, and no archive has ten times as much of them as of content.
	bounded := &io.LimitedReader{R: unpacked, N: 10*t.limits.Bytes + 1}
	archive := tar.NewReader(bounded)
	for {
		header, err := archive.Next()
		switch {
		case errors.Is(err, io.EOF):
			return t.checksum(bounded)
		case bounded.N <= 0:
			return t.tooLarge()
		case err != nil:
			return fmt.Errorf("this is not a readable tar archive: %w", err)
		}
		if err := t.addEntry(header, archive); err != nil {
			return err
		}
	}
}

// checksum reads what follows the last entry: behind it is the sum of all of it,
// which is compared when it has been read.
func (t *Tree) checksum(bounded *io.LimitedReader) error {
	_, err := io.Copy(io.Discard, bounded)
	switch {
	case errors.Is(err, gzip.ErrChecksum):
		return errors.New("its contents do not have the checksum that it says; fetch or make the archive again")
	case bounded.N <= 0:
		return t.tooLarge()
	}
	return nil // tar passes over anything else that follows, too
}

// addEntry adds one entry of an archive.
func (t *Tree) addEntry(header *tar.Header, content io.Reader) error {
	switch header.Typeflag {
	case tar.TypeDir, tar.TypeXGlobalHeader:
		return t.count(0)
	case tar.TypeReg:
	default: // links could lead anywhere, devices could be anything
		return fmt.Errorf("entry %q is neither a file nor a directory; make the archive without links", header.Name)
	}
	if header.Size < 0 || header.Size > t.limits.Bytes {
		return t.tooLarge()
	}
	return t.Add(header.Name, header.Size, content)
}

// Add adds a file of a size that is known, read from content. Files that are
// neither rules nor data are passed over, but count.
func (t *Tree) Add(name string, size int64, content io.Reader) error {
	clean, err := cleanName(name)
	if err != nil {
		return err
	}
	if err := t.count(size); err != nil {
		return err
	}
	if !slices.Contains(extensions, path.Ext(clean)) {
		return nil
	}
	if _, twice := t.files[clean]; twice {
		return fmt.Errorf("entry %q is there twice", name)
	}
	data, err := io.ReadAll(io.LimitReader(content, size+1))
	if err != nil {
		return fmt.Errorf("entry %q cannot be read: %w", name, err)
	}
	if int64(len(data)) != size {
		return fmt.Errorf("entry %q does not have the size that it claims to have", name)
	}
	t.files[clean] = data
	return nil
}

// count counts an entry against the limits.
func (t *Tree) count(size int64) error {
	t.seen++
	t.bytes += size
	if t.seen > t.limits.Files {
		return fmt.Errorf("there are more than %d entries; leave out what is neither a rule nor its data", t.limits.Files)
	}
	if t.bytes > t.limits.Bytes {
		return t.tooLarge()
	}
	return nil
}

func (t *Tree) tooLarge() error {
	return fmt.Errorf("unpacked there are more than %d bytes; leave out what is neither a rule nor its data", t.limits.Bytes)
}

// cleanName returns the name of an entry as file systems want it. OPA writes
// names with a slash in front, tar with a dot.
func cleanName(name string) (string, error) {
	if len(name) > maxName {
		return "", fmt.Errorf("entry %q has a name of more than %d bytes", name[:64]+"...", maxName)
	}
	clean := strings.TrimPrefix(strings.TrimLeft(name, "/"), "./")
	if strings.ContainsAny(clean, "\\\x00") || !fs.ValidPath(clean) || clean == "." {
		return "", fmt.Errorf("entry %q leads out of the archive or has no plain name; make the archive from within the directory of the rules", name)
	}
	return clean, nil
}

// FS returns the files that were added as a file system. It fails when a file and
// a directory have the same name.
func (t *Tree) FS() (fs.FS, error) { return Memory(t.files) }

// Memory returns a file system of files by their names. It fails when a name is
// none, or belongs to a file and to a directory.
func Memory(files map[string][]byte) (fs.FS, error) {
	archive := &txtar.Archive{}
	for _, name := range slices.Sorted(maps.Keys(files)) {
		archive.Files = append(archive.Files, txtar.File{Name: name, Data: files[name]})
	}
	return txtar.FS(archive)
}
