package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func testCache(t *testing.T) cache {
	t.Helper()
	return cache{
		dir:      t.TempDir(),
		versions: map[string]string{"kubernetes": "v1.2.3", "etcd": "v4.5.6", "kwok": "v7.8.9"},
	}
}

func pick(t *testing.T, names ...string) []component {
	t.Helper()
	picked, err := selectComponents(names)
	if err != nil {
		t.Fatal(err)
	}
	return picked
}

func fakeBuild(t *testing.T, c cache, comp component) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(c.binary(comp)), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(c.binary(comp), []byte(comp.binary), 0o755); err != nil {
		t.Fatal(err)
	}
}

func TestTheCacheDirectoryFollowsTheEnvironment(t *testing.T) {
	for name, tc := range map[string]struct {
		env  map[string]string
		want string
	}{
		"REEVE_CACHE wins":               {map[string]string{"REEVE_CACHE": "/a", "XDG_CACHE_HOME": "/b", "HOME": "/c"}, "/a"},
		"then XDG_CACHE_HOME":            {map[string]string{"XDG_CACHE_HOME": "/b", "HOME": "/c"}, "/b/reeve"},
		"a relative XDG one is not used": {map[string]string{"XDG_CACHE_HOME": "b", "HOME": "/c"}, "/c/.cache/reeve"},
		"then the home directory":        {map[string]string{"HOME": "/c"}, "/c/.cache/reeve"},
	} {
		got, err := cacheRoot(func(k string) string { return tc.env[k] })
		if err != nil || got != tc.want {
			t.Errorf("%s: got %q, %v, want %q", name, got, err, tc.want)
		}
	}
	for name, value := range map[string]string{"no environment at all": "", "a relative path": "cache"} {
		if dir, err := cacheRoot(func(string) string { return value }); err == nil {
			t.Errorf("%s gave %s", name, dir)
		}
	}
}

func TestBinariesAreKeyedByTheirOwnVersion(t *testing.T) {
	c := testCache(t)
	for binary, key := range map[string]string{
		"etcd":    "etcd-v4.5.6-" + platformKey() + "/etcd",
		"kubelet": "kubernetes-v1.2.3-" + platformKey() + "/kubelet",
		"kwok":    "kwok-v7.8.9-" + platformKey() + "/kwok",
	} {
		if got := c.binary(pick(t, binary)[0]); got != filepath.Join(c.dir, key) {
			t.Errorf("%s lies in %s, want %s", binary, got, key)
		}
	}
}

func TestTheBinDirShowsWhatIsBuiltAndOnlyThat(t *testing.T) {
	c := testCache(t)
	fakeBuild(t, c, pick(t, "etcd")[0])
	for range 2 { // a second time must not trip over the first
		if err := c.linkAll(); err != nil {
			t.Fatal(err)
		}
	}
	data, err := os.ReadFile(filepath.Join(c.binDir(), "etcd"))
	if err != nil || string(data) != "etcd" {
		t.Errorf("etcd: %q, %v", data, err)
	}
	if entries, _ := os.ReadDir(c.binDir()); len(entries) != 1 {
		t.Errorf("unexpected entries %v", entries)
	}
}

func TestAHalfWrittenBinaryDoesNotCount(t *testing.T) {
	c := testCache(t)
	comp := pick(t, "kubectl")[0]
	fakeBuild(t, c, comp)
	if err := os.Rename(c.binary(comp), filepath.Join(filepath.Dir(c.binary(comp)), ".tmp-kubectl-1")); err != nil {
		t.Fatal(err)
	}
	if c.has(comp) {
		t.Error("a temporary file counts as built")
	}
}

func TestOnlyOldTemporaryFilesAreRemoved(t *testing.T) {
	dir := t.TempDir()
	for name, age := range map[string]time.Duration{".tmp-old": 2 * time.Hour, ".tmp-new": 0, "etcd": 2 * time.Hour} {
		path := filepath.Join(dir, "x", name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, nil, 0o644); err != nil {
			t.Fatal(err)
		}
		when := time.Now().Add(-age)
		if err := os.Chtimes(path, when, when); err != nil {
			t.Fatal(err)
		}
	}
	if err := removeStaleTemps(dir, time.Hour); err != nil {
		t.Fatal(err)
	}
	var left []string
	entries, _ := os.ReadDir(filepath.Join(dir, "x"))
	for _, e := range entries {
		left = append(left, e.Name())
	}
	if got := strings.Join(left, " "); got != ".tmp-new etcd" {
		t.Errorf("left: %s", got)
	}
}

func TestALockIsHeldByOneAndFreeAfterwards(t *testing.T) {
	path := filepath.Join(t.TempDir(), "sub", "lock")
	first, held, err := tryLock(path)
	if err != nil || held {
		t.Fatalf("first: held %v, %v", held, err)
	}
	if _, held, err := tryLock(path); err != nil || !held {
		t.Errorf("second: held %v, %v", held, err)
	}
	first.unlock()
	third, held, err := tryLock(path)
	if err != nil || held {
		t.Fatalf("after unlock: held %v, %v", held, err)
	}
	third.unlock()
}
