package app_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-logr/logr"
	"github.com/go-logr/logr/funcr"

	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/kubereeve/reeve/internal/app"
	"github.com/kubereeve/reeve/internal/engine"
	"github.com/kubereeve/reeve/internal/resource"
)

// stateOf compiles one rule that finds the given text on every Pod.
func stateOf(t testing.TB, text string) *app.State {
	t.Helper()
	return stateIn(t, directory(t, map[string]string{"own.rego": strings.Replace(ownRule, "found", text, 1)}))
}

// stateIn compiles the rules of a directory.
func stateIn(t testing.TB, dir string) *app.State {
	t.Helper()
	state, err := load(dir)
	if err != nil {
		t.Fatal(err)
	}
	return state
}

func load(dir string) (*app.State, error) {
	rules, err := (&app.RuleOptions{NoBuiltin: true, Dirs: []string{dir}}).Load()
	if err != nil {
		return nil, err
	}
	reviewer, err := rules.Reviewer(engine.Options{})
	return &app.State{Rules: rules, Reviewer: reviewer}, err
}

func pod(t testing.TB) *resource.Resource {
	t.Helper()
	res, err := resource.FromObject([]byte(`{"apiVersion":"v1","kind":"Pod","metadata":{"name":"x","namespace":"y"},"spec":{}}`), schema.GroupVersionKind{})
	if err != nil {
		t.Fatal(err)
	}
	return res
}

func finds(t testing.TB, live *app.Live) string {
	t.Helper()
	verdict, err := live.Review(t.Context(), pod(t))
	if err != nil || len(verdict.Findings) != 1 {
		t.Fatal(verdict, err)
	}
	return verdict.Findings[0].Message
}

func TestAReloadReplacesTheStateOrKeepsItWhole(t *testing.T) {
	first, second := stateOf(t, "first"), stateOf(t, "second")
	bad := stateIn(t, directory(t, map[string]string{"own.rego": ownRule, "bad.rego": "package x\nx {"}))
	for _, test := range []struct {
		name       string
		load       func() (*app.State, error)
		strict     bool
		prepare    error
		result     string
		finds, err string
	}{
		{name: "new rules take over", load: func() (*app.State, error) { return second, nil }, result: app.ReloadSwapped, finds: "second"},
		{name: "the same rules change nothing", load: func() (*app.State, error) { return first, nil }, result: app.ReloadUnchanged, finds: "first"},
		{name: "an error keeps the rules", load: func() (*app.State, error) { return nil, errors.New("no rules") }, result: app.ReloadFailed, finds: "first", err: "no rules"},
		{name: "a panic keeps the rules", load: func() (*app.State, error) { panic("parser") }, result: app.ReloadFailed, finds: "first", err: "loading the rules panicked: parser; please report this"},
		{name: "a bad file is left out", load: func() (*app.State, error) { return bad, nil }, result: app.ReloadSwapped, finds: "found"},
		{name: "a bad file keeps the rules when strict", load: func() (*app.State, error) { return bad, nil }, strict: true, result: app.ReloadFailed, finds: "first",
			err: "--strict: 1 rule files have problems, the first: " + bad.Rules.Problems[0].Error() + "; mend them, or start without --strict"},
		{name: "what cannot be prepared keeps the rules", load: func() (*app.State, error) { return second, nil }, prepare: errors.New("no watch"), result: app.ReloadFailed, finds: "first", err: "no watch"},
	} {
		t.Run(test.name, func(t *testing.T) {
			live := app.NewLive(first, app.LiveOptions{
				Load:    func(context.Context) (*app.State, error) { return test.load() },
				Strict:  test.strict,
				Prepare: func(context.Context, *app.State) error { return test.prepare },
				Log:     logr.Discard(),
			})
			var told []app.Reload
			live.Observe(func(reload app.Reload) { told = append(told, reload) })
			err := live.Rebuild(t.Context(), "test")
			if (err == nil) != (test.err == "") || err != nil && err.Error() != test.err {
				t.Errorf("error %v, want %q", err, test.err)
			}
			if len(told) != 1 || told[0].Result != test.result || told[0].Reason != "test" || !errors.Is(told[0].Err, err) || told[0].Now != live.Current() || told[0].Before != first {
				t.Errorf("told %+v, want one reload that is %s", told, test.result)
			}
			if got := finds(t, live); got != test.finds {
				t.Errorf("it finds %q, want %q", got, test.finds)
			}
		})
	}
}

func TestChangesInARowAreOneReload(t *testing.T) {
	first := stateOf(t, "first")
	var loads atomic.Int32
	live := app.NewLive(first, app.LiveOptions{Quiet: 20 * time.Millisecond, Log: logr.Discard(),
		Load: func(context.Context) (*app.State, error) { loads.Add(1); return first, nil }})
	done := make(chan string, 10)
	live.Observe(func(reload app.Reload) { done <- reload.Reason })
	for i := range 50 {
		live.Trigger(fmt.Sprint(i))
	}
	var running sync.WaitGroup
	ctx, cancel := context.WithCancel(t.Context())
	running.Go(func() { _ = live.Start(ctx) })
	if reason := <-done; reason != "0" || loads.Load() != 1 {
		t.Errorf("reason %s and %d loads, want 0 and 1", reason, loads.Load())
	}
	live.Trigger("later")
	if reason := <-done; reason != "later" || loads.Load() != 2 {
		t.Errorf("reason %s and %d loads, want later and 2", reason, loads.Load())
	}
	cancel()
	running.Wait()
}

func TestABadFileIsLoggedOnceAndSoIsItsMending(t *testing.T) {
	dir := directory(t, map[string]string{"own.rego": ownRule, "bad.rego": "package x\nx {"})
	var lines []string
	live := app.NewLive(stateIn(t, directory(t, map[string]string{"own.rego": ownRule})), app.LiveOptions{
		Log:  funcr.New(func(_, args string) { lines = append(lines, args) }, funcr.Options{}),
		Load: func(context.Context) (*app.State, error) { return load(dir) },
	})
	count := func(text string) (n int) {
		for _, line := range lines {
			if strings.Contains(line, text) {
				n++
			}
		}
		return n
	}
	for range 2 {
		if err := live.Rebuild(t.Context(), "test"); err != nil {
			t.Fatal(err)
		}
	}
	if count("rule file left out") != 1 || count("bad.rego\" \"line\"=2") != 1 {
		t.Errorf("the bad file is not logged once with its line:\n%s", strings.Join(lines, "\n"))
	}
	dir = directory(t, map[string]string{"own.rego": ownRule})
	if err := live.Rebuild(t.Context(), "test"); err != nil {
		t.Fatal(err)
	}
	if count("rule file mended or removed") != 1 {
		t.Errorf("the mended file is not logged once:\n%s", strings.Join(lines, "\n"))
	}
}

func TestReviewsGoOnWhileTheStateIsReplaced(t *testing.T) {
	// Every state finds its own text on all of its rules: a mixture would show.
	var states []*app.State
	for i := range 4 {
		files := make(map[string]string)
		for j := range 5 {
			name := fmt.Sprintf("own_%d", j)
			files[name+".rego"] = strings.NewReplacer("own_rule", name, "found", fmt.Sprint("state ", i)).Replace(ownRule)
		}
		states = append(states, stateIn(t, directory(t, files)))
	}
	var next atomic.Int32
	live := app.NewLive(states[0], app.LiveOptions{Log: logr.Discard(),
		Load: func(context.Context) (*app.State, error) { return states[int(next.Add(1))%len(states)], nil }})
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var reviewers sync.WaitGroup
	var reviews atomic.Int64
	for range 4 {
		reviewers.Go(func() {
			for ctx.Err() == nil {
				verdict, err := live.Review(t.Context(), pod(t))
				if err != nil || len(verdict.Findings) != 5 || len(verdict.Errors) > 0 {
					t.Errorf("verdict %v, error %v", verdict, err)
					return
				}
				for _, finding := range verdict.Findings {
					if finding.Message != verdict.Findings[0].Message {
						t.Errorf("one verdict has %q and %q", finding.Message, verdict.Findings[0].Message)
						return
					}
				}
				reviews.Add(1)
			}
		})
	}
	for i := 0; i < 200 || reviews.Load() < 500 && !t.Failed(); i++ {
		if err := live.Rebuild(t.Context(), "test"); err != nil {
			t.Fatal(err)
		}
	}
	cancel()
	reviewers.Wait()
}
