package follow_test

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-logr/logr"
	"github.com/spf13/pflag"
	"k8s.io/client-go/rest"

	"github.com/kubereeve/reeve/internal/app"
	"github.com/kubereeve/reeve/internal/app/follow"
	"github.com/kubereeve/reeve/internal/engine"
	"github.com/kubereeve/reeve/internal/rule/source/oci/ocitest"
)

// ownRule returns a rule of the given id.
func ownRule(id string) string {
	return "# METADATA\n# title: Own\n# custom:\n#   reeve:\n#     severity: low\n#     kinds: [Pod]\npackage acme." + id + "\n\nviolation contains \"x\" if input.object.kind == \"Pod\"\n"
}

// policies returns the layers of rules.
func policies(ids ...string) []ocitest.Layer {
	var layers []ocitest.Layer
	for _, id := range ids {
		layers = append(layers, ocitest.Policy(id+".rego", ownRule(id)))
	}
	return layers
}

// running is a program's rules while it runs.
type running struct {
	live  *app.Live
	mu    sync.Mutex
	rules app.RuleOptions
}

// use changes what the next load loads.
func (r *running) use(change func(*app.RuleOptions)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	change(&r.rules)
}

func start(t *testing.T, rules app.RuleOptions) *running {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	r := &running{rules: rules}
	follower := follow.New(ctx, &rest.Config{}, follow.Options{Interval: time.Second}, nil, logr.Discard())
	live, err := follower.Begin(ctx, app.LiveOptions{Quiet: 20 * time.Millisecond, Log: logr.Discard(),
		Load: func(ctx context.Context) (*app.State, error) {
			r.mu.Lock()
			wanted := r.rules
			r.mu.Unlock()
			if err := follower.Ready(ctx, &wanted); err != nil {
				return nil, err
			}
			loaded, err := wanted.Load()
			if err != nil {
				return nil, err
			}
			reviewer, err := loaded.Reviewer(engine.Options{})
			return &app.State{Rules: loaded, Reviewer: reviewer}, err
		}})
	if err != nil {
		t.Fatal(err)
	}
	r.live = live
	var parts sync.WaitGroup
	parts.Go(func() { _ = live.Start(ctx) })
	parts.Go(func() { _ = follower.Start(ctx) })
	t.Cleanup(func() { cancel(); parts.Wait() })
	return r
}

func ids(state *app.State) []string {
	var ids []string
	for _, rule := range state.Rules.Set.Rules() {
		ids = append(ids, rule.ID)
	}
	return ids
}

// eventually waits until the rules are these, and the problems as many.
func (r *running) eventually(t *testing.T, problems int, want ...string) {
	t.Helper()
	r.until(t, fmt.Sprintf("the rules are %v, with %d problems", want, problems), func(state *app.State) bool {
		return slices.Equal(ids(state), want) && len(state.Rules.Problems) == problems
	})
}

// until waits until the state is what it should be.
func (r *running) until(t *testing.T, what string, is func(*app.State) bool) {
	t.Helper()
	changed := make(chan struct{}, 100)
	r.live.Observe(func(app.Reload) { changed <- struct{}{} })
	timeout := time.After(time.Minute)
	for {
		state := r.live.Current()
		if is(state) {
			return
		}
		select {
		case <-changed:
		case <-timeout:
			t.Fatalf("rules %v, problems %v; it should be that %s", ids(state), state.Rules.Problems, what)
		}
	}
}

func TestArtifactsAreFollowed(t *testing.T) {
	a := ocitest.New(t)
	first := a.Push(t, "rules:v1", policies("first")...)
	reference := "oci://" + a.Host + "/rules:v1"
	r := start(t, app.RuleOptions{NoBuiltin: true, Dirs: []string{reference, "oci://" + a.Host + "/rules:v1@" + first}})
	r.eventually(t, 1, "first") // the pinned one has the same rule

	a.Push(t, "rules:v1", policies("first", "second")...)
	r.eventually(t, 1, "first", "second")
	a.Refuse(http.StatusForbidden)        // which is not tried again at once
	r.eventually(t, 2, "first", "second") // what was there stays
	if text := fmt.Sprint(r.live.Current().Rules.Problems); !strings.Contains(text, "which stays") || !strings.Contains(text, reference+": ") {
		t.Errorf("problems %s, want one that says that the rules stay", text)
	}
}

func TestAnArtifactThatCannotBeFetchedAtFirstComesLater(t *testing.T) {
	a := ocitest.New(t)
	a.Push(t, "rules:v1", policies("first")...)
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "own.rego"), []byte(ownRule("own")), 0o600); err != nil {
		t.Fatal(err)
	}
	a.Refuse(http.StatusForbidden) // which is not tried again at once
	r := start(t, app.RuleOptions{NoBuiltin: true, Dirs: []string{dir, "oci://" + a.Host + "/rules:v1"}})
	r.eventually(t, 1, "own")
	a.Answer(nil)
	r.eventually(t, 0, "first", "own")
}

func TestWhereRulesComeFromMayChange(t *testing.T) {
	a := ocitest.New(t)
	a.Push(t, "rules:v1", policies("first")...)
	one, two := t.TempDir(), filepath.Join(t.TempDir(), "later")
	write := func(dir, id string) {
		t.Helper()
		if err := os.MkdirAll(dir, 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, id+".rego"), []byte(ownRule(id)), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write(one, "one")
	r := start(t, app.RuleOptions{NoBuiltin: true, Dirs: []string{one}})
	r.eventually(t, 0, "one")
	r.use(func(rules *app.RuleOptions) { rules.Dirs = []string{two, "oci://" + a.Host + "/rules:v1"} })
	r.live.Trigger("the configuration has changed")
	r.eventually(t, 1, "first") // there is no second directory yet
	write(two, "two")
	r.eventually(t, 0, "first", "two")
	a.Push(t, "rules:v1", policies("newer")...)
	r.eventually(t, 0, "newer", "two")
}

func TestTheConfigurationNamesWhereRulesComeFrom(t *testing.T) {
	a := ocitest.New(t)
	a.Push(t, "rules:v1", policies("first")...)
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "own.rego"), []byte(ownRule("own")), 0o600); err != nil {
		t.Fatal(err)
	}
	config := filepath.Join(t.TempDir(), "reeve.yaml")
	write := func(rules string) {
		t.Helper()
		if err := os.WriteFile(config, []byte("apiVersion: config.kubereeve.io/v1alpha1\nkind: ReeveConfiguration\n"+rules), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("rules:\n  directories:\n  - path: " + dir + "\n")
	r := start(t, app.RuleOptions{NoBuiltin: true, Config: config})
	r.eventually(t, 0, "own")
	write("rules:\n  directories:\n  - path: " + dir + "\n  bundles:\n  - reference: " + a.Host + "/rules:v1\n    pollInterval: 10s\n")
	r.eventually(t, 0, "first", "own")
	failed := make(chan error, 100)
	r.live.Observe(func(reload app.Reload) { failed <- reload.Err })
	write("nonsense: true\n")
	for err := range failed {
		if err != nil {
			break
		}
	}
	r.eventually(t, 0, "first", "own")
	// What the last good one names is followed all the same.
	if err := os.WriteFile(filepath.Join(dir, "more.rego"), []byte(ownRule("more")), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := <-failed; err == nil {
		t.Error("the configuration is bad, but a reload succeeds")
	}
	write("rules:\n  directories:\n  - path: " + dir + "\n")
	r.eventually(t, 0, "more", "own")
}

func TestFlagsAreChecked(t *testing.T) {
	for _, test := range []struct{ flags, want string }{
		{"--rules-configmaps=a,b --rules-interval=1m", ""},
		{"--rules-configmaps=*", `--rules-configmaps: "*" is not the name of a namespace`},
		{"--rules-configmaps=", ""},
		{"--rules-interval=1ms", "--rules-interval: 1ms is less than a second"},
	} {
		t.Run(test.flags, func(t *testing.T) {
			var options follow.Options
			flags := pflag.NewFlagSet("test", pflag.ContinueOnError)
			options.AddFlags(flags)
			if err := flags.Parse(strings.Fields(test.flags)); err != nil {
				t.Fatal(err)
			}
			err := options.Validate()
			if (err == nil) != (test.want == "") || err != nil && !strings.HasPrefix(err.Error(), test.want) {
				t.Errorf("error %v, want %q", err, test.want)
			}
		})
	}
}
