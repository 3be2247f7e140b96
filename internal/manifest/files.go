package manifest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// extensions are the files read in a directory.
var extensions = []string{".yaml", ".yml", ".json"}

// standardInput is the name of standard input among the arguments and in
// messages.
const (
	standardInput     = "-"
	standardInputName = "<stdin>"
)

// argument reads what one argument names.
func (r *reader) argument(ctx context.Context, argument string) {
	if argument == standardInput {
		r.standardInput()
		return
	}
	info, err := os.Stat(argument)
	switch {
	case err != nil && strings.Contains(argument, "://"):
		r.problem(argument, 0, "addresses are not read; fetch it first, as in curl -sSfL %s | reeve audit -f -", argument)
	case err != nil:
		r.problem(argument, 0, "%s", reason(err))
	case info.IsDir():
		r.directory(ctx, argument)
	default:
		r.file(argument, true)
	}
}

func (r *reader) standardInput() {
	if r.seen[standardInput] {
		return
	}
	r.seen[standardInput] = true
	if r.options.Stdin == nil {
		r.problem(standardInputName, 0, "standard input is closed")
		return
	}
	r.content(standardInputName, r.options.Stdin, true)
}

// directory reads the manifests below a directory. What cannot be read is
// reported and the walk goes on.
func (r *reader) directory(ctx context.Context, dir string) {
	before, passedOver := r.size(), len(r.result.PassedOver)
	files := 0
	err := filepath.WalkDir(dir, func(name string, entry fs.DirEntry, err error) error {
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case err != nil:
			r.problem(name, 0, "%s", reason(err))
			if entry != nil && entry.IsDir() {
				return fs.SkipDir
			}
			return nil
		case entry.IsDir() && name != dir && unwanted(entry.Name()):
			return fs.SkipDir
		case !entry.IsDir() && slices.Contains(extensions, strings.ToLower(filepath.Ext(name))):
			files++
			r.entry(name, entry)
		}
		return nil
	})
	if err != nil && ctx.Err() == nil {
		r.problem(dir, 0, "%s", reason(err))
	}
	if r.size() > before || ctx.Err() != nil {
		return
	}
	if len(r.result.PassedOver) > passedOver {
		first := r.result.PassedOver[passedOver]
		r.problem(dir, 0, "no Kubernetes object in the %d files of this directory; %s, for one: %s", files, first.File, first.Reason)
		return
	}
	r.problem(dir, 0, "no Kubernetes object in this directory; files named *.yaml, *.yml and *.json are read")
}

// unwanted tells whether a directory holds no manifests: Git's own data, and
// the hidden copies behind the links of a mounted ConfigMap.
func unwanted(name string) bool {
	return name == ".git" || strings.HasPrefix(name, "..")
}

// entry reads a file found in a directory.
func (r *reader) entry(name string, entry fs.DirEntry) {
	mode := entry.Type()
	if mode&fs.ModeSymlink != 0 {
		info, err := os.Stat(name)
		if err != nil {
			r.problem(name, 0, "a symbolic link to nothing that can be read: %s", reason(err))
			return
		}
		mode = info.Mode()
	}
	if !mode.IsRegular() {
		r.result.PassedOver = append(r.result.PassedOver, PassedOver{name, "not a regular file"})
		return
	}
	r.file(name, false)
}

// file reads a file; named tells whether it was named itself.
func (r *reader) file(name string, named bool) {
	clean := filepath.Clean(name)
	if r.seen[clean] {
		r.repeated++
		return
	}
	r.seen[clean] = true
	file, err := os.Open(name)
	if err != nil {
		r.problem(name, 0, "%s", reason(err))
		return
	}
	defer file.Close() //nolint:errcheck // it was only read
	r.content(name, file, named)
}

// content reads everything a file holds.
func (r *reader) content(name string, from io.Reader, named bool) {
	text, err := io.ReadAll(io.LimitReader(from, MaxFileSize+1))
	if err != nil {
		r.problem(name, 0, "%s", reason(err))
		return
	}
	if len(text) > MaxFileSize {
		r.problem(name, 0, "the file has more than %d MiB; split it, or audit the cluster itself: reeve audit", MaxFileSize>>20)
		return
	}
	text, err = normalize(text)
	if err != nil {
		r.problem(name, 0, "%s", err)
		return
	}
	before := r.size()
	f := &file{reader: r, name: name}
	for _, part := range split(text) {
		f.part(part)
	}
	r.strays(f, r.size() > before, named)
	if named && r.size() == before {
		r.problem(name, 0, "there is no Kubernetes object in it")
	}
}

// strays deals with the documents of a file that are no Kubernetes objects. In
// a manifest, and in a file that was named, they are mistakes; other files of a
// directory belong to other programs.
func (r *reader) strays(f *file, isManifest, named bool) {
	if len(f.strays) > 0 && !isManifest && !named {
		r.result.PassedOver = append(r.result.PassedOver, PassedOver{f.name, f.strays[0].reason})
		return
	}
	for _, stray := range f.strays {
		r.problem(f.name, stray.line, "not a Kubernetes object: %s", stray.reason)
	}
}

// reason returns an error without the path, which stands in front already.
func reason(err error) string {
	pathError, ok := errors.AsType[*fs.PathError](err)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return "no such file or directory"
	case ok:
		return fmt.Sprintf("cannot be read: %s", pathError.Err)
	}
	return err.Error()
}
