// Package podsecurity_test holds the rules for the Pod Security Standards to
// the evaluator of Kubernetes' own admission plugin: pods made at random, at
// every version of the standards, must be judged alike, control by control and
// level by level.
package podsecurity_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"runtime"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// How many pods the test judges: by default, which REEVE_PSS_PODS overrides, and
// with -short or under the race detector.
const (
	defaultPods = 100_000
	fewPods     = 5_000
)

// setting returns a number from the environment.
func setting(t *testing.T, name string, otherwise uint64) uint64 {
	t.Helper()
	text := os.Getenv(name)
	if text == "" {
		return otherwise
	}
	value, err := strconv.ParseUint(text, 10, 64)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return value
}

// judges are the judges of all versions.
type judges struct {
	latest *judge
	all    []*judge
}

// newJudges returns the judge of every version, of one that is yet to come, and
// of the latest.
func newJudges(tb testing.TB) *judges {
	tb.Helper()
	set := rules(tb)
	names, newest := versions()
	names = append(names, fmt.Sprintf("v1.%d", newest+1), "latest")
	js := &judges{}
	for i, name := range names {
		js.all = append(js.all, newJudge(tb, set, "", name, i <= newest && i%2 == 0))
	}
	js.latest = js.all[len(js.all)-1]
	return js
}

// trial is one pod and how it is judged.
type trial struct {
	raw  []byte
	kind string
	by   []*judge
}

// newTrial makes a pod and chooses who judges it: the latest version, and any
// other.
func (js *judges) newTrial(e entropy) trial {
	raw, err := json.Marshal(newPod(e))
	if err != nil {
		panic(err)
	}
	if chance(e, 4) {
		if spelt := spell(e, raw); readable(spelt) {
			raw = spelt
		}
	}
	kind := pick(e, "Pod", "Pod", "Pod", "Pod", "Pod", "Pod", "Deployment", "CronJob")
	by := []*judge{js.latest}
	if other := pick(e, js.all...); other != js.latest {
		by = append(by, other)
	}
	return trial{raw: raw, kind: kind, by: by}
}

// run judges the pod. Wrapped in a workload, it must be judged like the pod.
func (r trial) run(seen func(*judge, verdict)) *disagreement {
	for _, j := range r.by {
		v, d := j.compare(r.raw, r.kind)
		if d != nil {
			return d
		}
		seen(j, v)
	}
	return nil
}

// tally counts what the rules have found, so that agreement means something.
type tally struct {
	violated map[string]int // by rule: pods that violate it
	alone    map[string]int // by rule: pods that violate nothing else
	levels   map[string]int // by verdict: pods
}

func newTally() *tally {
	return &tally{make(map[string]int), make(map[string]int), make(map[string]int)}
}

func (c *tally) count(v verdict) {
	for _, id := range v.Violated {
		c.violated[id]++
	}
	if len(v.Violated) == 1 {
		c.alone[v.Violated[0]]++
	}
	c.levels["baseline "+v.Baseline+", restricted "+v.Restricted]++
}

func (c *tally) add(other *tally) {
	for _, pair := range [][2]map[string]int{{c.violated, other.violated}, {c.alone, other.alone}, {c.levels, other.levels}} {
		for key, n := range pair[1] {
			pair[0][key] += n
		}
	}
}

func TestEveryPodIsJudgedAsKubernetesDoes(t *testing.T) {
	seed, pods := setting(t, "REEVE_PSS_SEED", 1), setting(t, "REEVE_PSS_PODS", defaultPods)
	if testing.Short() {
		pods = min(pods, fewPods)
	}
	if raceDetector && pods > fewPods {
		t.Logf("the race detector watches ONLY %d PODS; a process without it judges all %d", fewPods, pods)
		judgeWithoutRaceDetector(t, pods)
		pods = fewPods
	}
	// Nothing lives long here, and the collector would take a third of the time.
	defer debug.SetGCPercent(debug.SetGCPercent(400))
	started := time.Now()
	js := newJudges(t)
	prepared := time.Since(started)
	latest, number, found := js.search(seed, pods)
	if found != nil {
		r := js.newTrial(newSeeded(seed, number))
		t.Fatalf("pod %d of seed %d is judged differently; what remains of it:\n%s", number, seed, describe(found.by.minimise(r.raw, r.kind, found)))
	}
	t.Logf("seed %d: %d pods judged alike at %d versions in %v, after %v of compiling", seed, pods, len(js.all),
		time.Since(started)-prepared, prepared)
	latest.check(t, js.latest, pods)
}

// check wants every rule to have found something, and agreement of each kind.
func (c *tally) check(t *testing.T, latest *judge, pods uint64) {
	t.Helper()
	for _, level := range slices.Sorted(maps.Keys(c.levels)) {
		t.Logf("%6d pods: %s", c.levels[level], level)
	}
	for _, id := range slices.Sorted(maps.Keys(latest.category)) {
		t.Logf("%6d pods violate %s, %d of them nothing else", c.violated[id], id, c.alone[id])
		if pods >= fewPods && c.violated[id] < int(pods/1000) {
			t.Errorf("only %d pods violate %s; the generator is blind there", c.violated[id], id)
		}
	}
	if pods >= fewPods && len(c.levels) < 3 {
		t.Errorf("the pods are too much alike: %v", c.levels)
	}
}

// judgeWithoutRaceDetector runs the test in a process of its own. Under the race
// detector the same takes eight times as long, and it has nothing to find in the
// last pods that it has not found in the first.
func judgeWithoutRaceDetector(t *testing.T, pods uint64) {
	t.Helper()
	command := exec.CommandContext(t.Context(), "go", "test", "-race=false", "-count=1", "-v", "-timeout=15m", "-run=^"+t.Name()+"$", ".")
	command.Env = append(os.Environ(), fmt.Sprintf("REEVE_PSS_PODS=%d", pods))
	output, err := command.CombinedOutput()
	t.Logf("without the race detector:\n%s", output)
	if err != nil {
		t.Fatal(err)
	}
}

// search judges pods until two verdicts differ and returns the first pod it has
// met of that kind, and what the latest version thinks of all of them.
func (js *judges) search(seed, pods uint64) (*tally, uint64, *disagreement) {
	var next atomic.Uint64
	var stop atomic.Bool
	var lock sync.Mutex
	total, number := newTally(), pods
	var found *disagreement
	var workers sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		workers.Go(func() {
			latest := newTally()
			for i := next.Add(1) - 1; i < pods && !stop.Load(); i = next.Add(1) - 1 {
				d := js.newTrial(newSeeded(seed, i)).run(func(j *judge, v verdict) {
					if j == js.latest {
						latest.count(v)
					}
				})
				if d != nil {
					stop.Store(true)
					lock.Lock()
					if i < number {
						number, found = i, d
					}
					lock.Unlock()
				}
			}
			lock.Lock()
			defer lock.Unlock()
			total.add(latest)
		})
	}
	workers.Wait()
	return total, number, found
}

// TestADifferenceIsFoundAndMadeSmall leaves out one rule after the other and
// expects to be shown a pod with little else than what violates it.
func TestADifferenceIsFoundAndMadeSmall(t *testing.T) {
	set := rules(t)
	for _, r := range set.Rules() {
		t.Run(r.ID, func(t *testing.T) {
			latest := newJudge(t, set, r.ID, "latest", false)
			js := &judges{latest: latest, all: []*judge{latest}}
			_, number, found := js.search(1, fewPods)
			if found == nil {
				t.Fatalf("nobody misses %s among %d pods", r.ID, fewPods)
			}
			pod := js.newTrial(newSeeded(1, number))
			raw, d := latest.minimise(pod.raw, pod.kind, found)
			text := describe(raw, d)
			if lines := strings.Count(text, "\n"); lines > 32 {
				t.Errorf("the pod could be smaller:\n%s", text)
			}
			if !slices.Contains(d.Kubernetes.Violated, r.ID) || slices.Contains(d.Reeve.Violated, r.ID) {
				t.Errorf("the pod shows something else:\n%s", text)
			}
		})
	}
}

// FuzzPodSecurity lets the fuzzer decide what pods are like.
func FuzzPodSecurity(f *testing.F) {
	js := newJudges(f)
	for i := range 64 {
		data := make([]byte, 64)
		e := newSeeded(2, uint64(i))
		for j := range data {
			data[j] = byte(e.n(256))
		}
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		r := js.newTrial(&bytesOf{data})
		if d := r.run(func(*judge, verdict) {}); d != nil {
			t.Fatalf("the pod is judged differently; what remains of it:\n%s", describe(d.by.minimise(r.raw, r.kind, d)))
		}
	})
}
