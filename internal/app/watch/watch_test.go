package watch_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/go-logr/logr/testr"

	"github.com/kubereeve/reeve/internal/app/watch"
)

// patience bounds how long a test waits for what must happen.
const patience = 20 * time.Second

// start watches paths and returns the calls. By default only the system's
// notifications lead to calls within a test.
func start(t *testing.T, options watch.Options, paths ...string) <-chan []string {
	t.Helper()
	calls := make(chan []string, 100)
	options.Changed = func(_ context.Context, names []string) { calls <- names }
	options.Log = testr.New(t)
	if options.Quiet == 0 {
		options.Quiet = 20 * time.Millisecond
	}
	if options.Poll == 0 {
		options.Poll = time.Hour
	}
	watcher := watch.New(paths, options)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- watcher.Start(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	return calls
}

// await waits until each of the names has been in some call.
func await(t *testing.T, calls <-chan []string, names ...string) {
	t.Helper()
	missing := slices.Clone(names)
	for deadline := time.After(patience); len(missing) > 0; {
		select {
		case got := <-calls:
			missing = slices.DeleteFunc(missing, func(name string) bool { return slices.Contains(got, name) })
		case <-deadline:
			t.Fatalf("nobody told that %v changed", missing)
		}
	}
}

func write(t *testing.T, name, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// volume is a directory as the kubelet mounts a ConfigMap: links through ..data
// to the version of the moment.
type volume struct {
	dir     string
	version int
}

func (v *volume) update(t *testing.T, files map[string]string) {
	t.Helper()
	v.version++
	version := fmt.Sprintf("..2026_%d", v.version)
	for name, text := range files {
		write(t, filepath.Join(v.dir, version, name), text)
	}
	must(t, os.Symlink(version, filepath.Join(v.dir, "..data_tmp")))
	old, _ := os.Readlink(filepath.Join(v.dir, "..data"))
	must(t, os.Rename(filepath.Join(v.dir, "..data_tmp"), filepath.Join(v.dir, "..data")))
	for name := range files {
		if _, err := os.Lstat(filepath.Join(v.dir, name)); err != nil {
			must(t, os.Symlink(filepath.Join("..data", name), filepath.Join(v.dir, name)))
		}
	}
	if old != "" {
		must(t, os.RemoveAll(filepath.Join(v.dir, old)))
	}
}

// changes are the ways in which files change in practice. Each is told of by the
// system, and found by looking.
var changes = []struct {
	name   string
	before func(t *testing.T, dir string)
	change func(t *testing.T, dir string)
	watch  string
	want   string
}{
	{
		name:   "a file is written anew",
		before: func(t *testing.T, dir string) { write(t, dir+"/a.yaml", "one") },
		change: func(t *testing.T, dir string) { write(t, dir+"/a.yaml", "two") },
		watch:  "a.yaml", want: "a.yaml",
	},
	{
		name:   "an editor puts another file in the place of the file",
		before: func(t *testing.T, dir string) { write(t, dir+"/a.yaml", "one") },
		change: func(t *testing.T, dir string) {
			write(t, dir+"/.a.yaml.swp", "two, and longer")
			must(t, os.Rename(dir+"/.a.yaml.swp", dir+"/a.yaml"))
		},
		watch: "a.yaml", want: "a.yaml",
	},
	{
		name:   "a mounted ConfigMap turns to a new version, and the file is watched",
		before: func(t *testing.T, dir string) { (&volume{dir: dir}).update(t, map[string]string{"a.yaml": "one"}) },
		change: func(t *testing.T, dir string) {
			(&volume{dir: dir, version: 1}).update(t, map[string]string{"a.yaml": "second"})
		},
		watch: "a.yaml", want: "a.yaml",
	},
	{
		name:   "a mounted ConfigMap turns to a new version, and the directory is watched",
		before: func(t *testing.T, dir string) { (&volume{dir: dir}).update(t, map[string]string{"a.yaml": "one"}) },
		change: func(t *testing.T, dir string) {
			(&volume{dir: dir, version: 1}).update(t, map[string]string{"a.yaml": "second"})
		},
		watch: ".", want: "a.yaml",
	},
	{
		name:   "the directory that leads to the file is replaced",
		before: func(t *testing.T, dir string) { write(t, dir+"/conf/a.yaml", "one") },
		change: func(t *testing.T, dir string) {
			write(t, dir+"/new/a.yaml", "second")
			must(t, os.Rename(dir+"/conf", dir+"/old"))
			must(t, os.Rename(dir+"/new", dir+"/conf"))
		},
		watch: "conf/a.yaml", want: "conf/a.yaml",
	},
	{
		name:   "the file is removed",
		before: func(t *testing.T, dir string) { write(t, dir+"/a.yaml", "one") },
		change: func(t *testing.T, dir string) { must(t, os.Remove(dir+"/a.yaml")) },
		watch:  "a.yaml", want: "a.yaml",
	},
	{
		name:   "a file appears whose directory was not there",
		before: func(*testing.T, string) {},
		change: func(t *testing.T, dir string) { write(t, dir+"/later/still/a.yaml", "one") },
		watch:  "later/still/a.yaml", want: "later/still/a.yaml",
	},
	{
		name:   "a directory tree appears",
		before: func(*testing.T, string) {},
		change: func(t *testing.T, dir string) { write(t, dir+"/rules/below/a.rego", "one") },
		watch:  "rules", want: "rules/below/a.rego",
	},
	{
		name:   "an empty directory appears",
		before: func(*testing.T, string) {},
		change: func(t *testing.T, dir string) { must(t, os.Mkdir(dir+"/rules", 0o755)) },
		watch:  "rules", want: "rules",
	},
	{
		name:   "a file deep in a tree changes",
		before: func(t *testing.T, dir string) { write(t, dir+"/rules/a/b/c.rego", "one") },
		change: func(t *testing.T, dir string) { write(t, dir+"/rules/a/b/c.rego", "second") },
		watch:  "rules", want: "rules/a/b/c.rego",
	},
	{
		name: "a tree is watched through a link that turns elsewhere",
		before: func(t *testing.T, dir string) {
			write(t, dir+"/v1/a.rego", "one")
			write(t, dir+"/v2/a.rego", "second")
			must(t, os.Symlink("v1", dir+"/rules"))
		},
		change: func(t *testing.T, dir string) {
			must(t, os.Symlink("v2", dir+"/next"))
			must(t, os.Rename(dir+"/next", dir+"/rules"))
		},
		watch: "rules", want: "rules/a.rego",
	},
	{
		name:   "a link that leads nowhere appears",
		before: func(t *testing.T, dir string) { must(t, os.Mkdir(dir+"/rules", 0o755)) },
		change: func(t *testing.T, dir string) { must(t, os.Symlink("nowhere", dir+"/rules/a.rego")) },
		watch:  "rules", want: "rules/a.rego",
	},
	{
		name: "a link that leads nowhere goes",
		before: func(t *testing.T, dir string) {
			must(t, os.Mkdir(dir+"/rules", 0o755))
			must(t, os.Symlink("nowhere", dir+"/rules/a.rego"))
		},
		change: func(t *testing.T, dir string) { must(t, os.Remove(dir+"/rules/a.rego")) },
		watch:  "rules", want: "rules/a.rego",
	},
	{
		name: "a mounted ConfigMap with directories turns to a new version",
		before: func(t *testing.T, dir string) {
			write(t, dir+"/..1/team/a.rego", "one")
			must(t, os.Symlink("..1", dir+"/..data"))
			must(t, os.Symlink("..data/team", dir+"/team"))
		},
		change: func(t *testing.T, dir string) {
			write(t, dir+"/..2/team/a.rego", "second")
			must(t, os.Symlink("..2", dir+"/..data_tmp"))
			must(t, os.Rename(dir+"/..data_tmp", dir+"/..data"))
		},
		watch: ".", want: "team/a.rego",
	},
	{
		name:   "a whole tree goes",
		before: func(t *testing.T, dir string) { write(t, dir+"/rules/a/b.rego", "one") },
		change: func(t *testing.T, dir string) { must(t, os.RemoveAll(dir+"/rules")) },
		watch:  "rules", want: "rules/a/b.rego",
	},
}

func TestChangesAreTold(t *testing.T) {
	for _, way := range []struct {
		name    string
		options watch.Options
	}{
		{"by the system", watch.Options{}},
		{"by looking", watch.Options{PollOnly: true, Poll: 10 * time.Millisecond}},
	} {
		for _, change := range changes {
			t.Run(way.name+", when "+change.name, func(t *testing.T) {
				t.Parallel()
				dir := t.TempDir()
				change.before(t, dir)
				calls := start(t, way.options, filepath.Join(dir, change.watch))
				change.change(t, dir)
				await(t, calls, filepath.Join(dir, change.want))
			})
		}
	}
}

func TestAWatcherGoesOn(t *testing.T) {
	dir := t.TempDir()
	calls := start(t, watch.Options{}, filepath.Join(dir, "rules"))
	// Again and again. Each file has a name of its own: one writing may be told of twice.
	for round := range 5 {
		file := filepath.Join(dir, "rules", fmt.Sprint(round), "a.rego")
		write(t, file, "one")
		await(t, calls, file)
		beside := filepath.Join(filepath.Dir(file), "b.rego")
		write(t, beside, "one")
		await(t, calls, beside)
		must(t, os.RemoveAll(filepath.Join(dir, "rules")))
		await(t, calls, file)
	}
}

func TestWhatChangesBeforeTheStartIsTold(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "a.yaml")
	write(t, file, "one")
	calls := make(chan []string, 1)
	watcher := watch.New([]string{file}, watch.Options{Changed: func(_ context.Context, names []string) { calls <- names }, Poll: time.Hour, Log: testr.New(t)})
	write(t, file, "two")         // the same size, and perhaps the same time
	go watcher.Start(t.Context()) //nolint:errcheck // it never fails
	await(t, calls, file)
}

func TestWhatLeavesTheContentsAloneIsNotTold(t *testing.T) {
	dir := t.TempDir()
	write(t, dir+"/rules/a.rego", "one")
	calls := start(t, watch.Options{Poll: 10 * time.Millisecond}, dir+"/rules")
	write(t, dir+"/beside.rego", "one")                                        // not watched
	write(t, dir+"/rules/.git/index", "one")                                   // not read
	must(t, os.Chtimes(dir+"/rules/a.rego", time.Unix(1, 0), time.Unix(1, 0))) // the same
	must(t, os.Rename(dir+"/rules/a.rego", dir+"/rules/b.rego"))               // away
	must(t, os.Rename(dir+"/rules/b.rego", dir+"/rules/a.rego"))               // and back
	write(t, dir+"/rules/last.rego", "one")
	var told []string
	for !slices.Contains(told, dir+"/rules/last.rego") {
		select {
		case names := <-calls:
			told = append(told, names...)
		case <-time.After(patience):
			t.Fatal("the last change was not told")
		}
	}
	for _, name := range told {
		// The renames may be seen under way.
		if !slices.Contains([]string{"last.rego", "a.rego", "b.rego"}, filepath.Base(name)) {
			t.Errorf("told that %s changed", name)
		}
	}
}

func TestAFileThatIsWrittenAllTheTimeIsToldOf(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "a.yaml")
	calls := start(t, watch.Options{Quiet: 50 * time.Millisecond}, file)
	deadline := time.After(patience)
	for i := 0; ; i++ {
		write(t, file, fmt.Sprint(i))
		select {
		case names := <-calls:
			if !slices.Equal(names, []string{file}) {
				t.Fatalf("told of %v", names)
			}
			return
		case <-deadline:
			t.Fatal("never told")
		default:
		}
	}
}

func TestAFileThatCannotBeReadAnyMoreIsToldOf(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "a.yaml")
	write(t, file, "one")
	calls := start(t, watch.Options{}, file)
	must(t, os.Remove(file))
	must(t, os.Symlink("a.yaml", file)) // a link to itself; works as root, too
	await(t, calls, file)
	must(t, os.Remove(file))
	write(t, file, "one")
	await(t, calls, file)
}
