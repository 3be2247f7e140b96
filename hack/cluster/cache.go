package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// cache is the directory of built binaries, one folder per version:
//
//	<component>-<version>-<os>-<arch>/<binary>
//	bin/<all versions>-<os>-<arch>/<binary>   links into the folders above
//
// The second form is what envtest and PATH want: everything in one directory.
type cache struct {
	dir      string
	versions map[string]string // wrapper module → version
}

// cacheRoot honours REEVE_CACHE, then XDG_CACHE_HOME, then ~/.cache.
func cacheRoot(getenv func(string) string) (string, error) {
	if dir := getenv("REEVE_CACHE"); dir != "" {
		if !filepath.IsAbs(dir) { // relative to what, after `go -C`?
			return "", fmt.Errorf("REEVE_CACHE=%s is no absolute path", dir)
		}
		return dir, nil
	}
	if dir := getenv("XDG_CACHE_HOME"); filepath.IsAbs(dir) {
		return filepath.Join(dir, "reeve"), nil
	}
	if home := getenv("HOME"); home != "" {
		return filepath.Join(home, ".cache", "reeve"), nil
	}
	return "", errors.New("no cache directory: set REEVE_CACHE, XDG_CACHE_HOME or HOME")
}

func openCache(r repo) (cache, error) {
	root, err := cacheRoot(os.Getenv)
	if err != nil {
		return cache{}, err
	}
	versions, err := readVersions(r)
	if err != nil {
		return cache{}, err
	}
	return cache{dir: filepath.Join(root, "cluster"), versions: versions}, nil
}

// binary is where a component lies once it is built.
func (c cache) binary(comp component) string {
	key := fmt.Sprintf("%s-%s-%s", comp.module.name, c.versions[comp.module.name], platformKey())
	return filepath.Join(c.dir, key, comp.binary)
}

// binDir is the one directory that holds every binary of this version set.
func (c cache) binDir() string {
	var parts []string
	for _, m := range []string{"kubernetes", "etcd", "kwok"} {
		parts = append(parts, m+"-"+c.versions[m])
	}
	parts = append(parts, platformKey())
	return filepath.Join(c.dir, "bin", strings.Join(parts, "-"))
}

// has reports whether a component is built. A file under its final name is
// always whole, because it got there by rename.
func (c cache) has(comp component) bool {
	info, err := os.Stat(c.binary(comp))
	return err == nil && info.Mode().IsRegular()
}

// linkAll makes bin/ show every component that is built.
func (c cache) linkAll() error {
	if err := os.MkdirAll(c.binDir(), 0o755); err != nil {
		return err
	}
	for _, comp := range components() {
		if !c.has(comp) {
			continue
		}
		if err := c.link(comp); err != nil {
			return err
		}
	}
	return nil
}

// link uses relative targets, so that the cache survives being moved.
func (c cache) link(comp component) error {
	name := filepath.Join(c.binDir(), comp.binary)
	target, err := filepath.Rel(c.binDir(), c.binary(comp))
	if err != nil {
		return err
	}
	if old, err := os.Readlink(name); err == nil && old == target {
		return nil
	}
	tmp := fmt.Sprintf("%s.tmp%d", name, os.Getpid())
	if err := os.Symlink(target, tmp); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return os.Rename(tmp, name)
}

// fileLock is an advisory lock that the kernel drops when its holder dies, so
// a killed build or up never leaves a stale one.
type fileLock struct{ f *os.File }

// tryLock takes the lock at path, or reports that someone else holds it.
func tryLock(path string) (lock *fileLock, held bool, err error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return nil, false, err
	}
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return nil, false, err
	}
	err = syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		_ = f.Close()
		return nil, true, nil
	}
	if err != nil {
		_ = f.Close()
		return nil, false, fmt.Errorf("lock %s: %w", path, err)
	}
	return &fileLock{f: f}, false, nil
}

func (l *fileLock) unlock() { _ = l.f.Close() }

// removeStaleTemps drops what killed builds left behind. Recent files stay:
// the compiler of a build that was killed may still be writing one.
func removeStaleTemps(dir string, olderThan time.Duration) error {
	matches, err := filepath.Glob(filepath.Join(dir, "*", ".tmp-*"))
	if err != nil {
		return err
	}
	for _, m := range matches {
		if info, err := os.Lstat(m); err == nil && time.Since(info.ModTime()) > olderThan {
			if err := os.RemoveAll(m); err != nil {
				return err
			}
		}
	}
	return nil
}
