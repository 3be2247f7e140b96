package watch_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/go-logr/logr/testr"

	"github.com/kubereeve/reeve/internal/app/watch"
)

// What changes and changes back leaves nothing to see, but whoever read meanwhile may
// have seen it.
func TestWhatWasThereForAMomentIsToldToThoseWhoReadMeanwhile(t *testing.T) {
	for _, test := range []struct {
		name   string
		change func(t *testing.T, dir string)
	}{
		{"a file is other and then as before", func(t *testing.T, dir string) {
			write(t, dir+"/a.rego", "two")
			write(t, dir+"/a.rego", "one")
		}},
		{"a file appears and goes", func(t *testing.T, dir string) {
			write(t, dir+"/b.rego", "one")
			must(t, os.Remove(dir+"/b.rego"))
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			dir := t.TempDir()
			write(t, dir+"/a.rego", "one")
			calls := make(chan []string, 100)
			watcher := watch.New([]string{dir}, watch.Options{Quiet: 50 * time.Millisecond, Poll: time.Hour, Log: testr.New(t),
				Changed: func(_ context.Context, names []string) { calls <- names }})
			done := watcher.Reading()     // as if it were slow
			go watcher.Start(t.Context()) //nolint:errcheck // it never fails
			// The watcher looks once when it starts: go on until it sees a change.
			for told := false; !told; {
				test.change(t, dir)
				select {
				case <-calls:
					told = true
				case <-time.After(time.Second):
				case <-t.Context().Done():
					return
				}
			}
			done()
		})
	}
}

func TestOnlyFilesThatCountAreToldOf(t *testing.T) {
	dir := t.TempDir()
	calls := start(t, watch.Options{Poll: 10 * time.Millisecond, Reads: func(name string) bool { return strings.HasSuffix(name, ".rego") }}, dir)
	write(t, dir+"/notes.txt", "one")
	write(t, dir+"/sub/large.bin", "one")
	must(t, os.Symlink(".", filepath.Join(dir, "link")))
	write(t, dir+"/sub/a.rego", "one")
	for told := false; !told; {
		select {
		case names := <-calls:
			for _, name := range names {
				if filepath.Base(name) != "a.rego" {
					t.Errorf("told of %s", name)
				}
				told = true
			}
		case <-time.After(patience):
			t.Fatal("not told of a file that counts")
		}
	}
}
