package podsecurity_test

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	utiljson "k8s.io/apimachinery/pkg/util/json"
	"k8s.io/pod-security-admission/api"
	"k8s.io/pod-security-admission/policy"

	"github.com/kubereeve/reeve/internal/engine"
	"github.com/kubereeve/reeve/internal/engine/enginetest"
	"github.com/kubereeve/reeve/internal/resource"
	"github.com/kubereeve/reeve/internal/rule"
)

const (
	baseline   = "pod_security_baseline"
	restricted = "pod_security_restricted"
)

// rules returns the built-in rules of the Pod Security Standards.
func rules(tb testing.TB) *rule.Set {
	tb.Helper()
	return enginetest.Builtin(tb).Filter(func(r *rule.Rule) bool { return r.Category == baseline || r.Category == restricted })
}

// judge holds Reeve and Kubernetes' own evaluator at one policy version.
type judge struct {
	version   string
	engine    *engine.Engine
	levels    map[string]api.LevelVersion // by category
	evaluator policy.Evaluator
	// checks are the evaluator's checks of this version by the id of the rule
	// that stands for them; rules for controls of other versions have none.
	checks map[string]policy.CheckPodFn
	// overridden are the baseline rules that the restricted standard leaves out
	// at this version, because a stricter rule of its own stands for them.
	overridden map[string]bool
	category   map[string]string
}

// newJudge returns the judge of a version, without one of the rules. Emulated,
// the evaluator is told that nothing newer exists and asked for the latest.
func newJudge(tb testing.TB, set *rule.Set, without, version string, emulated bool) *judge {
	tb.Helper()
	asked, err := api.ParseVersion(version)
	if err != nil {
		tb.Fatal(err)
	}
	j := &judge{version: version, category: make(map[string]string)}
	parameters := make(map[string]map[string]any)
	judging := set.Filter(func(r *rule.Rule) bool { return r.ID != without })
	for _, r := range judging.Rules() {
		parameters[r.ID] = map[string]any{"version": version}
		j.category[r.ID] = r.Category
	}
	e, problems, err := engine.New(judging, engine.Options{CacheSize: -1, Parameters: parameters, Deadline: time.Minute})
	if err != nil || len(problems) > 0 {
		tb.Fatal(err, problems)
	}
	j.engine = e
	told := asked
	var newest *api.Version
	if emulated {
		newest, told = &asked, api.LatestVersion()
	}
	if j.evaluator, err = policy.NewEvaluator(policy.DefaultChecks(), newest); err != nil {
		tb.Fatal(err)
	}
	j.levels = map[string]api.LevelVersion{
		baseline:   {Level: api.LevelBaseline, Version: told},
		restricted: {Level: api.LevelRestricted, Version: told},
	}
	j.readChecks(tb, set, asked)
	return j
}

// readChecks fills in the checks of a version. A rule's alias is the id of the
// check that it stands for.
func (j *judge) readChecks(tb testing.TB, set *rule.Set, version api.Version) {
	tb.Helper()
	ruleOf := make(map[policy.CheckID]string)
	for _, r := range set.Rules() {
		for _, alias := range r.Aliases {
			ruleOf[policy.CheckID(alias)] = r.ID
		}
	}
	j.checks, j.overridden = make(map[string]policy.CheckPodFn), make(map[string]bool)
	for _, check := range policy.DefaultChecks() {
		id := ruleOf[check.ID]
		if id == "" {
			tb.Fatalf("no rule has the alias %s, the id of a check of Kubernetes", check.ID)
		}
		for _, versioned := range check.Versions {
			if version.Older(versioned.MinimumVersion) {
				break
			}
			j.checks[id] = versioned.CheckPod
			for _, other := range versioned.OverrideCheckIDs {
				j.overridden[ruleOf[other]] = true
			}
		}
	}
}

// versions returns every version that the evaluator knows, oldest first, and
// the newest minor number.
func versions() ([]string, int) {
	newest := 0
	for _, check := range policy.DefaultChecks() {
		last := check.Versions[len(check.Versions)-1].MinimumVersion
		newest = max(newest, last.Minor())
	}
	var all []string
	for minor := range newest + 1 {
		all = append(all, fmt.Sprintf("v1.%d", minor))
	}
	return all, newest
}

// verdict is what one side thinks of a pod.
type verdict struct {
	Baseline   string   `json:"baseline"`
	Restricted string   `json:"restricted"`
	Violated   []string `json:"violated,omitempty"` // rules
}

// reeve returns the verdict of the engine.
func (j *judge) reeve(res *resource.Resource) (verdict, error) {
	matches, failures, err := j.engine.Evaluate(context.Background(), res, engine.Scan)
	if err != nil {
		return verdict{}, err
	}
	if len(failures) > 0 {
		return verdict{}, fmt.Errorf("%v", failures)
	}
	found := make(map[string]bool)
	for _, match := range matches {
		found[match.Rule.ID] = true
	}
	v := verdict{Baseline: allowed, Restricted: allowed, Violated: slices.Sorted(maps.Keys(found))}
	for id := range found {
		if j.category[id] == baseline {
			v.Baseline = denied
		}
		if !j.overridden[id] {
			v.Restricted = denied
		}
	}
	return v, nil
}

const (
	allowed = "allowed"
	denied  = "denied"
)

// kubernetes returns the verdict of the evaluator.
func (j *judge) kubernetes(pod *corev1.Pod) verdict {
	v := verdict{Baseline: j.level(baseline, pod), Restricted: j.level(restricted, pod)}
	for id, check := range j.checks {
		if !check(&pod.ObjectMeta, &pod.Spec).Allowed {
			v.Violated = append(v.Violated, id)
		}
	}
	slices.Sort(v.Violated)
	return v
}

func (j *judge) level(category string, pod *corev1.Pod) string {
	for _, result := range j.evaluator.EvaluatePod(j.levels[category], &pod.ObjectMeta, &pod.Spec) {
		if !result.Allowed {
			return denied
		}
	}
	return allowed
}

// disagreement is a pod that the two sides see differently.
type disagreement struct {
	Version    string  `json:"version"`
	Kind       string  `json:"kind"`
	Reeve      verdict `json:"reeve"`
	Kubernetes verdict `json:"kubernetes"`
	Error      string  `json:"error,omitempty"`

	by *judge
}

// compare judges a pod, wrapped in an object of the given kind, on both sides.
// The evaluator sees what the API server would read from the JSON; what the API
// server cannot read is no disagreement. It returns Reeve's verdict.
func (j *judge) compare(raw []byte, kind string) (verdict, *disagreement) {
	var pod corev1.Pod
	if err := utiljson.Unmarshal(raw, &pod); err != nil {
		return verdict{}, nil
	}
	d := &disagreement{Version: j.version, Kind: kind, by: j}
	res, err := resource.FromObject(wrap(raw, kind), schema.GroupVersionKind{})
	if err == nil {
		d.Reeve, err = j.reeve(res)
	}
	if err != nil {
		d.Error = err.Error()
		return d.Reeve, d
	}
	d.Kubernetes = j.kubernetes(&pod)
	if d.Reeve.Baseline == d.Kubernetes.Baseline && d.Reeve.Restricted == d.Kubernetes.Restricted &&
		slices.Equal(d.Reeve.Violated, d.Kubernetes.Violated) && j.isUnion(&pod, d.Reeve) {
		return d.Reeve, nil
	}
	return d.Reeve, d
}

// isUnion tells whether a pod is as restricted as all rules of both categories
// together say, overridden or not. That is what people get who simply switch
// them all on. Only pods that the API server refuses are seen differently.
func (j *judge) isUnion(pod *corev1.Pod, v verdict) bool {
	return (v.Restricted == denied) == (len(v.Violated) > 0) || refused(pod)
}

// refused tells whether the API server refuses a pod for one of the reasons for
// which the restricted standard can permit what the baseline standard does not:
// fields of Linux on a Windows pod, and volumes of several types.
func refused(pod *corev1.Pod) bool {
	for _, volume := range pod.Spec.Volumes {
		if sources(volume) > 1 {
			return true
		}
	}
	if pod.Spec.OS == nil || pod.Spec.OS.Name != corev1.Windows {
		return false
	}
	if pod.Spec.SecurityContext != nil && pod.Spec.SecurityContext.SeccompProfile != nil {
		return true
	}
	for _, container := range containersOf(pod) {
		if c := container.SecurityContext; c != nil && (c.SeccompProfile != nil || c.Capabilities != nil) {
			return true
		}
	}
	return false
}

// readable tells whether the API server could read a pod from JSON.
func readable(raw []byte) bool {
	var pod corev1.Pod
	return utiljson.Unmarshal(raw, &pod) == nil
}

// wrap returns an object of a kind whose pod template is the given pod.
func wrap(pod []byte, kind string) []byte {
	if kind == "Pod" {
		return pod
	}
	var members map[string]json.RawMessage
	if err := json.Unmarshal(pod, &members); err != nil {
		return pod
	}
	delete(members, "apiVersion")
	delete(members, "kind")
	template, err := json.Marshal(members)
	if err != nil {
		panic(err) // it has been JSON before
	}
	head := `{"apiVersion":"apps/v1","kind":"` + kind + `","metadata":{"name":"web","namespace":"shop"},"spec":`
	if kind == "CronJob" {
		head = strings.Replace(head, "apps/v1", "batch/v1", 1)
		return []byte(head + `{"schedule":"15 3 * * *","jobTemplate":{"spec":{"template":` + string(template) + `}}}}`)
	}
	return []byte(head + `{"template":` + string(template) + `}}`)
}
