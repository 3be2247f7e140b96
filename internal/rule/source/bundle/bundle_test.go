package bundle_test

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kubereeve/reeve/internal/rule/source/bundle"
)

// archive returns a gzipped tar archive of the given entries.
func archive(t testing.TB, entries ...tar.Header) []byte {
	t.Helper()
	var packed bytes.Buffer
	compressed := gzip.NewWriter(&packed)
	writer := tar.NewWriter(compressed)
	for _, header := range entries {
		header.Mode = 0o600
		if err := writer.WriteHeader(&header); err != nil {
			t.Fatal(err)
		}
		if header.Typeflag == tar.TypeReg {
			if _, err := writer.Write(bytes.Repeat([]byte("x"), int(header.Size))); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := errors.Join(writer.Close(), compressed.Close()); err != nil {
		t.Fatal(err)
	}
	return packed.Bytes()
}

func file(name string, size int64) tar.Header {
	return tar.Header{Name: name, Size: size, Typeflag: tar.TypeReg}
}

func names(t testing.TB, tree fs.FS) []string {
	t.Helper()
	var names []string
	if err := fs.WalkDir(tree, ".", func(name string, entry fs.DirEntry, err error) error {
		if !entry.IsDir() {
			names = append(names, name)
		}
		return err
	}); err != nil {
		t.Fatal(err)
	}
	return names
}

func TestAnArchiveIsReadWithinBounds(t *testing.T) {
	limits := bundle.Limits{Files: 5, Bytes: 1000}
	for _, test := range []struct {
		name    string
		archive []byte
		want    []string
		err     string
	}{
		{name: "as opa build writes it", archive: archive(t, file("/data.json", 1), file("/policy/a.rego", 3), file("/.manifest", 2)), want: []string{"data.json", "policy/a.rego"}},
		{name: "as tar writes it", archive: archive(t, tar.Header{Name: "./", Typeflag: tar.TypeDir}, file("./a.rego", 1), tar.Header{Name: "./b/", Typeflag: tar.TypeDir}, file("./b/c.yaml", 1)), want: []string{"a.rego", "b/c.yaml"}},
		{name: "with other files", archive: archive(t, file("a.rego", 1), file("policy.wasm", 900), file("README.md", 9)), want: []string{"a.rego"}},
		{name: "empty", archive: archive(t)},
		{name: "with a way out", archive: archive(t, file("../../etc/a.rego", 1)), err: `entry "../../etc/a.rego" leads out of the archive`},
		{name: "with a way out in the middle", archive: archive(t, file("a/../../b.rego", 1)), err: "leads out of the archive"},
		{name: "with a way out on Windows", archive: archive(t, file(`..\b.rego`, 1)), err: "leads out of the archive"},
		{name: "with a link", archive: archive(t, tar.Header{Name: "a.rego", Linkname: "/etc/passwd", Typeflag: tar.TypeSymlink}), err: `entry "a.rego" is neither a file nor a directory`},
		{name: "with a hard link", archive: archive(t, tar.Header{Name: "a.rego", Linkname: "b.rego", Typeflag: tar.TypeLink}), err: "is neither a file nor a directory"},
		{name: "with a device", archive: archive(t, tar.Header{Name: "a.rego", Typeflag: tar.TypeChar}), err: "is neither a file nor a directory"},
		{name: "with a name twice", archive: archive(t, file("a.rego", 1), file("./a.rego", 1)), err: `entry "./a.rego" is there twice`},
		{name: "with a file that is a directory as well", archive: archive(t, file("a.rego", 1), file("a.rego/b.rego", 1)), err: `duplicate path "a.rego"`},
		{name: "with a name without end", archive: archive(t, file(strings.Repeat("a", 2000)+".rego", 1)), err: "has a name of more than 1024 bytes"},
		{name: "with many files", archive: archive(t, file("a", 0), file("b", 0), file("c", 0), file("d", 0), file("e", 0), file("f", 0)), err: "there are more than 5 entries"},
		{name: "with a large file", archive: archive(t, file("a.rego", 1001)), err: "unpacked there are more than 1000 bytes"},
		{name: "with much that is passed over", archive: archive(t, file("a.bin", 600), file("b.bin", 600)), err: "unpacked there are more than 1000 bytes"},
		{name: "that is none", archive: []byte("violation contains \"x\""), err: "this is not a readable tar archive"},
		{name: "that ends early", archive: archive(t, file("a.rego", 500))[:60], err: "unexpected EOF"},
	} {
		t.Run(test.name, func(t *testing.T) {
			name := filepath.Join(t.TempDir(), "rules.tar.gz")
			if err := os.WriteFile(name, test.archive, 0o600); err != nil {
				t.Fatal(err)
			}
			tree, err := bundle.Open(name, limits)
			if test.err != "" {
				if err == nil || !strings.Contains(err.Error(), test.err) {
					t.Fatalf("error %v, want %q", err, test.err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, names(t, tree)); diff != "" {
				t.Errorf("files (-want +got):\n%s", diff)
			}
		})
	}
}

func TestWhatIsNoFileIsNotOpened(t *testing.T) {
	if _, err := bundle.Open(t.TempDir(), bundle.DefaultLimits()); err == nil || !strings.Contains(err.Error(), "not a regular file") {
		t.Errorf("error %v, want one that says that a directory is no archive", err)
	}
	pipe := filepath.Join(t.TempDir(), "pipe.tar.gz") // nobody will ever write to it
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := bundle.Open(pipe, bundle.DefaultLimits()); err == nil || !strings.Contains(err.Error(), "not a regular file") {
		t.Errorf("error %v, want one that says that a pipe is no archive", err)
	}
	if _, err := bundle.Open(filepath.Join(t.TempDir(), "missing.tgz"), bundle.DefaultLimits()); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("error %v, want one that says that there is no such file", err)
	}
}

func TestAnArchiveWithAWrongChecksumIsRefused(t *testing.T) {
	packed := archive(t, file("a.rego", 100))
	packed[len(packed)-5] ^= 1 // of the four bytes before the size
	if err := bundle.NewTree(bundle.DefaultLimits()).AddArchive(bytes.NewReader(packed)); err == nil || !strings.Contains(err.Error(), "checksum") {
		t.Errorf("error %v, want one that says that the checksum is wrong", err)
	}
	for name, rest := range map[string]string{"zeros": string(make([]byte, 2000)), "other bytes": "garbage"} {
		if err := bundle.NewTree(bundle.DefaultLimits()).AddArchive(bytes.NewReader(append(archive(t, file("a.rego", 100)), rest...))); err != nil {
			t.Errorf("%s behind the archive: %v", name, err)
		}
	}
}

func TestABombIsNotUnpacked(t *testing.T) {
	var packed bytes.Buffer
	compressed := gzip.NewWriter(&packed)
	for range 64 { // 64 MiB of zeros, which the tar reader would skip
		if _, err := compressed.Write(make([]byte, 1<<20)); err != nil {
			t.Fatal(err)
		}
	}
	if err := compressed.Close(); err != nil {
		t.Fatal(err)
	}
	tree := bundle.NewTree(bundle.Limits{Files: 10, Bytes: 1 << 20})
	rest := bytes.NewReader(packed.Bytes())
	_ = tree.AddArchive(rest) // zeros are the end of an archive
	large := archive(t, file("a.rego", 100<<20))
	if err := tree.AddArchive(bytes.NewReader(large)); err == nil || !strings.Contains(err.Error(), "more than 1048576 bytes") {
		t.Errorf("error %v for a hundred megabytes in %d", err, len(large))
	}
}

func FuzzAddArchive(f *testing.F) {
	f.Add(archive(f, file("/policy/a.rego", 3), file("data.json", 2)))
	f.Add(archive(f, file("../a.rego", 3)))
	f.Add([]byte("no archive"))
	f.Fuzz(func(t *testing.T, data []byte) {
		tree := bundle.NewTree(bundle.Limits{Files: 100, Bytes: 1 << 16})
		if tree.AddArchive(bytes.NewReader(data)) != nil {
			return
		}
		files, err := tree.FS()
		if err != nil {
			return
		}
		for _, name := range names(t, files) {
			if !fs.ValidPath(name) {
				t.Errorf("%q is no name", name)
			}
			if _, err := fs.ReadFile(files, name); err != nil {
				t.Error(err)
			}
		}
	})
}
