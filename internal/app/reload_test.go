package app_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-logr/logr"
	"github.com/go-logr/logr/funcr"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/manager"

	"github.com/kubereeve/reeve/internal/app"
	"github.com/kubereeve/reeve/internal/app/follow"
	"github.com/kubereeve/reeve/internal/engine"
	"github.com/kubereeve/reeve/internal/finding"
)

// patience bounds how long a test waits for what must happen.
const patience = 30 * time.Second

// put replaces a file as editors do: no reader ever sees half of it.
func put(t testing.TB, file, text string) {
	t.Helper()
	if err := os.WriteFile(file+".new", []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(file+".new", file); err != nil {
		t.Fatal(err)
	}
}

// counts is what a ConfigRecorder was told.
type counts struct {
	mu    sync.Mutex
	state told
}

type told struct {
	revision                   string
	unmatched                  int
	swapped, failed, unchanged int
	refused                    bool
}

// told returns what was told so far.
func (c *counts) told() told {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.state
}

func (c *counts) ConfigLoaded(revision string, unmatched int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.state.revision, c.state.unmatched = revision, unmatched
}

func (c *counts) ConfigReloaded(result string, refused bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.state.refused = refused
	switch result {
	case app.ReloadSwapped:
		c.state.swapped++
	case app.ReloadFailed:
		c.state.failed++
	case app.ReloadUnchanged:
		c.state.unchanged++
	}
}

// followed runs a program by flags that follows its files, and returns what it
// judges by and what becomes of each reload.
func followed(t testing.TB, log logr.Logger, recorder app.ConfigRecorder, flags ...string) (*app.Live, <-chan app.Reload) {
	t.Helper()
	rules := options(t, flags...)
	ctx, cancel := context.WithCancel(t.Context())
	follower := follow.New(ctx, &rest.Config{}, follow.Options{Interval: time.Hour}, nil, log)
	live, err := follower.Begin(ctx, app.LiveOptions{
		Quiet: 5 * time.Millisecond,
		Log:   log,
		Load: func(ctx context.Context) (*app.State, error) {
			wanted := *rules
			if err := follower.Ready(ctx, &wanted); err != nil {
				return nil, err
			}
			loaded, err := wanted.Load()
			if err != nil {
				return nil, err
			}
			reviewer, err := loaded.Reviewer(engine.Options{})
			if err != nil {
				return nil, err
			}
			return &app.State{Rules: loaded, Reviewer: reviewer, Configuration: loaded.Configuration.Revision()}, nil
		},
	})
	if err != nil {
		cancel()
		t.Fatal(err)
	}
	app.RecordConfig(live, recorder) // first, so that it knows what the channel tells
	reloads := make(chan app.Reload, 1000)
	live.Observe(func(reload app.Reload) { reloads <- reload })
	var running sync.WaitGroup
	for _, follower := range []manager.Runnable{live, follower} {
		running.Go(func() { run(t, ctx, follower) })
	}
	t.Cleanup(func() { cancel(); running.Wait() })
	return live, reloads
}

func run(t testing.TB, ctx context.Context, runnable manager.Runnable) {
	if err := runnable.Start(ctx); err != nil {
		t.Error(err)
	}
}

// await waits for a reload that is as wanted.
func await(t testing.TB, reloads <-chan app.Reload, what string, wanted func(app.Reload) bool) app.Reload {
	t.Helper()
	deadline := time.After(patience)
	for {
		select {
		case reload := <-reloads:
			if wanted(reload) {
				return reload
			}
		case <-deadline:
			t.Fatalf("no reload: %s", what)
		}
	}
}

func TestNoRequestSeesTwoConfigurations(t *testing.T) {
	files := make(map[string]string)
	for i := range 5 {
		name := fmt.Sprintf("wanting_%d", i)
		files[name+".rego"] = strings.ReplaceAll(parameterRule, "wanting", name)
	}
	// Mode and parameter say the same of the configuration, in each finding.
	text := func(i int) string {
		return configHead + fmt.Sprintf("modes:\n- {rules: [\"*\"], mode: %s, parameters: {wanted: \"%s %d\"}}\n", []string{"deny", "warn"}[i%2], []string{"deny", "warn"}[i%2], i)
	}
	file := configFile(t, "")
	put(t, file, text(0))
	recorder := &counts{}
	live, reloads := followed(t, logr.Discard(), recorder, "--no-builtin", "--rules", directory(t, files), "--config", file)

	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var reviewers sync.WaitGroup
	var reviews atomic.Int64
	seen := sync.Map{}
	for range 4 {
		reviewers.Go(func() {
			for ctx.Err() == nil {
				verdict, err := live.Review(t.Context(), pod(t))
				if err != nil || len(verdict.Findings) != 5 || len(verdict.Errors) > 0 {
					t.Errorf("verdict %v, error %v", verdict, err)
					return
				}
				for _, f := range verdict.Findings {
					mode, _, _ := strings.Cut(f.Message, " ")
					if f.Message != verdict.Findings[0].Message || f.Mode.String() != mode {
						t.Errorf("mixed: %q beside %q with mode %s", f.Message, verdict.Findings[0].Message, f.Mode)
						return
					}
				}
				seen.Store(verdict.Findings[0].Message, true)
				reviews.Add(1)
			}
		})
	}
	const swaps = 20
	for i := 1; i <= swaps && !t.Failed(); i++ {
		put(t, file, text(i))
		await(t, reloads, "configuration changed", func(r app.Reload) bool { return r.Result == app.ReloadSwapped })
		if i%5 == 0 { // what is wrong leaves everything as it was
			put(t, file, configHead+"modes: none\n")
			await(t, reloads, "configuration spoilt", func(r app.Reload) bool { return r.Result == app.ReloadFailed })
		}
	}
	cancel()
	reviewers.Wait()
	different := 0
	seen.Range(func(any, any) bool { different++; return true })
	if got := recorder.told(); got.swapped != swaps || got.failed != swaps/5 || different < 3 {
		t.Errorf("%d swaps, %d failures, reviews by %d configurations", got.swapped, got.failed, different)
	}
	t.Logf("%d reviews by %d configurations", reviews.Load(), different)
}

func TestABadConfigurationKeepsTheOneBefore(t *testing.T) {
	file := configFile(t, "modes:\n- {rules: [own-rule], mode: deny}\n- {rules: [other], mode: warn}\n")
	var mu sync.Mutex
	var lines []string
	log := funcr.New(func(_, args string) {
		mu.Lock()
		defer mu.Unlock()
		lines = append(lines, args)
	}, funcr.Options{})
	recorder := &counts{}
	live, reloads := followed(t, log, recorder, "--no-builtin", "--rules", "OWN", "--config", file)
	first := live.Current()
	if got := recorder.told(); got.revision != first.Configuration || got.revision == "" || got.unmatched != 1 {
		t.Errorf("recorded %+v", got)
	}
	put(t, file, configHead+"mdoes: []\nmodes:\n- {rules: [own-rule], mode: block}\n")
	reload := await(t, reloads, "bad configuration", func(r app.Reload) bool { return r.Result == app.ReloadFailed })
	if got := recorder.told(); live.Current() != first || reload.ConfigProblem() == nil || reload.RulesProblem() != nil || !got.refused || got.failed < 1 || got.revision != first.Configuration {
		t.Errorf("reload %+v, recorded %+v", reload, got)
	}
	mu.Lock()
	logged := strings.Join(lines, "\n")
	mu.Unlock()
	for _, want := range []string{`"line"=5 "field"="modes[1].rules[0]"`, `"line"=3 "field"="mdoes"`, `"line"=5 "field"="modes[0].mode"`, "and 1 more problems of the configuration"} {
		if !strings.Contains(logged, want) {
			t.Errorf("not logged: %s\n%s", want, logged)
		}
	}
	put(t, file, configHead+"modes:\n- {rules: [own-rule], mode: audit}\n")
	await(t, reloads, "mended configuration", func(r app.Reload) bool { return r.Result == app.ReloadSwapped })
	verdict, err := live.Review(t.Context(), pod(t))
	if err != nil || len(verdict.Findings) != 1 || verdict.Findings[0].Mode != finding.Audit || recorder.told().refused || recorder.told().unmatched != 0 {
		t.Errorf("%+v %v, recorded %+v", verdict, err, recorder.told())
	}
	if err := os.Remove(file); err != nil {
		t.Fatal(err)
	}
	reload = await(t, reloads, "configuration removed", func(r app.Reload) bool { return r.Result == app.ReloadFailed })
	if reload.ConfigProblem() == nil || !strings.Contains(reload.Err.Error(), "no such file") {
		t.Error(reload.Err)
	}
}

func TestDirectoriesOfTheConfigurationAreFollowed(t *testing.T) {
	base := t.TempDir()
	one, two := filepath.Join(base, "one"), filepath.Join(base, "two")
	for _, dir := range []string{one, two} {
		if err := os.Mkdir(dir, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	say := func(dir, text string) {
		put(t, filepath.Join(dir, "own.rego"), strings.Replace(ownRule, "found", text, 1))
	}
	say(one, "one")
	say(two, "two")
	file := configFile(t, "rules: {directories: [{path: "+one+"}]}\n")
	live, reloads := followed(t, logr.Discard(), &counts{}, "--no-builtin", "--config", file)
	becomes := func(want string) {
		t.Helper()
		await(t, reloads, want, func(app.Reload) bool { return finds(t, live) == want })
	}
	if got := finds(t, live); got != "one" {
		t.Fatal(got)
	}
	say(one, "one again")
	becomes("one again")
	put(t, file, configHead+"rules: {directories: [{path: "+two+"}]}\n")
	becomes("two")
	say(two, "two again")
	becomes("two again")
	put(t, file, configHead+"rules: 1\n") // what it named is still followed
	await(t, reloads, "bad configuration", func(r app.Reload) bool { return r.Result == app.ReloadFailed })
	put(t, file, configHead+"rules: {directories: [{path: "+two+"}]}\n")
	say(two, "two at last")
	becomes("two at last")
}
