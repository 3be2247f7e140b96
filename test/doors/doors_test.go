// Package doors checks that a finding does the same at every door: at admission,
// in a scan and on the command line. Random configurations, exceptions, objects
// and moments are decided by all three and by a plain resolver that knows nothing
// of them.
package doors

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/go-logr/logr"
	"github.com/google/go-cmp/cmp"
	admissionv1 "k8s.io/api/admission/v1"
	authenticationv1 "k8s.io/api/authentication/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	ctrladmission "sigs.k8s.io/controller-runtime/pkg/webhook/admission"

	"github.com/kubereeve/reeve/internal/admission"
	"github.com/kubereeve/reeve/internal/engine"
	"github.com/kubereeve/reeve/internal/finding"
	"github.com/kubereeve/reeve/internal/manifest"
	"github.com/kubereeve/reeve/internal/resource"
	"github.com/kubereeve/reeve/internal/review"
	"github.com/kubereeve/reeve/internal/rule"
	"github.com/kubereeve/reeve/internal/rule/dialect"
	"github.com/kubereeve/reeve/internal/rule/source"
	"github.com/kubereeve/reeve/internal/scan"
)

// world is one random case: what is configured, and what there is to judge.
type world struct {
	now        time.Time
	options    review.PolicyOptions
	entries    []entry
	exceptions []exception
	namespaces map[string]map[string]string // labels by name
	objects    []object
}

func TestTheDoorsAgree(t *testing.T) {
	set := loadRules(t)
	judging, problems, err := engine.New(set, engine.Options{CacheSize: -1})
	if err != nil || len(problems) > 0 {
		t.Fatal(err, problems)
	}
	worlds := 400
	if testing.Short() {
		worlds = 40
	}
	told := make(map[string]int) // how often what happened
	for seed := range uint64(worlds) {
		w := newWorld(t, rand.New(rand.NewPCG(7, seed)))
		policy, err := review.NewPolicy(w.options)
		if err != nil {
			t.Fatal(err)
		}
		reviewer := review.New(judging, policy).Excepting(review.NewExceptions(w.compiled(t)))
		atAdmission, atScan, inFiles := w.admit(t, reviewer), w.scan(t, reviewer), w.read(t, reviewer)
		active := policy.Active(set)
		for i := range w.objects {
			o := &w.objects[i]
			scanned := w.expect(o, resource.Scan, nil)
			for door, pair := range map[string][2][]string{
				"admission":        {w.expect(o, o.operation, user), atAdmission[o.key()]},
				"scan":             {scanned, atScan[o.key()]},
				"the command line": {scanned, inFiles[o.key()]},
			} {
				if diff := cmp.Diff(pair[0], pair[1]); diff != "" {
					t.Fatalf("seed %d, %s at %s (-want +got)\n%s\n%s", seed, o.key(), door, diff, w)
				}
				for _, line := range pair[1] {
					told[line[strings.IndexByte(line, ':')+2:]]++
					if id, _, _ := strings.Cut(line, " "); active.Rule(id) == nil {
						t.Fatalf("seed %d: %s counts, and its rule is not active\n%s", seed, line, w)
					}
				}
			}
		}
	}
	for _, outcome := range []string{"deny", "warn", "audit", "warn existing", "hidden by e0", "deny expired e0"} {
		if told[outcome] == 0 {
			t.Errorf("in no case was the outcome %q, so that nothing was shown of it: %v", outcome, told)
		}
	}
}

// user is who sends the admission requests.
var user = &resource.User{Name: "system:serviceaccount:ci:deployer", Groups: []string{"system:authenticated", "ci-admins"}}

const ruleText = `# METADATA
# title: Test
# custom:
#   reeve: {severity: %s, kinds: %s, mode: %s, controls: {%s: ["1.1"]}}
package reeve.%s

`

// The bodies of rules: one finding on every container, or on the object.
const (
	onContainers = "violation contains {\"msg\": \"container\", \"container\": c.name, \"path\": c.path} if some c in input.workload.containers\n"
	onObject     = "violation contains {\"msg\": \"object\"} if input.object.kind\n"
)

// known are the rules, as the plain resolver knows them.
var known = []struct {
	id, category, severity, framework string
	kinds                             string
	mode                              finding.Mode
	body                              string
}{
	{"first-rule", "alpha", "high", "cis", "[workload]", finding.Deny, onContainers},
	{"second-rule", "alpha", "low", "nsa", "[workload, Namespace]", finding.Warn, onObject},
	{"third-rule", "beta", "high", "cis", "[Pod, Namespace, ClusterRole.rbac.authorization.k8s.io]", finding.Audit, onObject},
	{"fourth-rule", "beta", "low", "pss", "[workload, ClusterRole.rbac.authorization.k8s.io]", finding.Off, onObject},
}

func loadRules(t testing.TB) *rule.Set {
	t.Helper()
	tree := fstest.MapFS{}
	for _, r := range known {
		text := fmt.Sprintf(ruleText, r.severity, r.kinds, r.mode, r.framework, r.category+"."+strings.ReplaceAll(r.id, "-", "_")) + r.body
		tree[r.id+".rego"] = &fstest.MapFile{Data: []byte(text)}
	}
	set, problems := source.Load(dialect.All(), source.Source{FS: tree, Name: "rules"})
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	return set
}

// tell returns a verdict as the plain resolver words it.
func tell(verdict finding.Verdict) []string {
	var out []string
	for _, f := range verdict.Findings {
		text := f.Rule + " " + f.Container + ": " + f.Mode.String()
		if f.Existing {
			text += " existing"
		}
		if f.ExpiredException != "" {
			text += " expired " + f.ExpiredException
		}
		out = append(out, text)
	}
	for _, e := range verdict.Excepted {
		out = append(out, e.Finding.Rule+" "+e.Finding.Container+": hidden by "+e.Exception)
	}
	slices.Sort(out)
	return out
}

// Namespace returns what the cluster knows of a namespace.
func (w *world) Namespace(name string) *resource.Namespace {
	return &resource.Namespace{Name: name, Labels: w.namespaces[name]}
}

// silent counts nothing.
type silent struct{}

func (silent) Reviewed(string, time.Duration) {}
func (silent) Refused(string)                 {}
func (silent) FailedOpen(string)              {}

// collected keeps what is found, by object.
type collected map[string][]string

func (c collected) Write(_ context.Context, report finding.Report) error {
	for _, verdict := range report.Verdicts {
		c[verdict.Resource.String()] = tell(verdict)
	}
	return nil
}

// admit sends every object through the door of admission, whose answer has to
// fit the verdict.
func (w *world) admit(t *testing.T, reviewer *review.Reviewer) collected {
	t.Helper()
	found := collected{}
	handler := admission.NewHandler(admission.Options{Reviewer: reviewer, Namespaces: w, Sink: found, Recorder: silent{}, Log: logr.Discard()})
	for i := range w.objects {
		o := &w.objects[i]
		request := admissionv1.AdmissionRequest{
			UID: "u", Kind: metav1.GroupVersionKind{Group: o.kind.Group, Version: "v1", Kind: o.kind.Kind}, Operation: admissionv1.Operation(o.operation),
			Namespace: o.namespace, Name: o.name, UserInfo: authenticationv1.UserInfo{Username: user.Name, Groups: user.Groups},
		}
		request.Object.Raw, request.OldObject.Raw = o.raw, o.old
		answer := handler.Handle(context.Background(), ctrladmission.Request{AdmissionRequest: request})
		denied := slices.ContainsFunc(found[o.key()], func(line string) bool { return strings.Contains(line, ": deny") })
		if answer.Allowed == denied {
			t.Fatalf("%s: allowed %t with %v", o.key(), answer.Allowed, found[o.key()])
		}
	}
	return found
}

// scan has the objects found in a cluster.
func (w *world) scan(t *testing.T, reviewer *review.Reviewer) collected {
	t.Helper()
	found := collected{}
	kinds := []schema.GroupKind{pod, deployment, namespace, clusterRole}
	pass, err := scan.New(scan.Options{Cluster: w, Reviewer: reviewer, Kinds: kinds, Sink: found, Workers: 1, Log: logr.Discard()}).Pass(context.Background())
	if err != nil || len(pass.Failed) > 0 {
		t.Fatal(err, pass.Failed)
	}
	return found
}

// read has the objects found in a file.
func (w *world) read(t *testing.T, reviewer *review.Reviewer) collected {
	t.Helper()
	file := filepath.Join(t.TempDir(), "all.yaml")
	if err := os.WriteFile(file, []byte(strings.Join(w.manifests(), "\n---\n")), 0o600); err != nil {
		t.Fatal(err)
	}
	result := manifest.Read(context.Background(), []string{file}, manifest.Options{})
	if len(result.Problems) > 0 {
		t.Fatal(result.Problems)
	}
	found := collected{}
	for _, res := range manifest.Place(result.Objects) {
		verdict, err := reviewer.Review(context.Background(), res)
		if err != nil {
			t.Fatal(err)
		}
		if !verdict.Empty() {
			found[res.String()] = tell(verdict)
		}
	}
	return found
}

// Discover knows every kind.
func (w *world) Discover(_ context.Context, kinds []schema.GroupKind) (map[schema.GroupKind]*meta.RESTMapping, map[schema.GroupKind]error, error) {
	found := make(map[schema.GroupKind]*meta.RESTMapping)
	for _, kind := range kinds {
		scope := meta.RESTScopeNamespace
		if kind == namespace || kind == clusterRole {
			scope = meta.RESTScopeRoot
		}
		found[kind] = &meta.RESTMapping{GroupVersionKind: kind.WithVersion("v1"), Scope: scope}
	}
	return found, nil, nil
}

// List lists all objects of a kind in one page.
func (w *world) List(_ context.Context, mapping *meta.RESTMapping, _ string, _ metav1.ListOptions) (io.ReadCloser, error) {
	items := []json.RawMessage{}
	for i := range w.objects {
		if o := &w.objects[i]; o.kind == mapping.GroupVersionKind.GroupKind() {
			items = append(items, o.raw)
		}
	}
	text, err := json.Marshal(map[string]any{"items": items})
	return io.NopCloser(strings.NewReader(string(text))), err
}

// ListMetadata lists the namespaces with their labels.
func (w *world) ListMetadata(context.Context, *meta.RESTMapping, string, metav1.ListOptions) (io.ReadCloser, error) {
	items := []any{}
	for name, labels := range w.namespaces {
		items = append(items, map[string]any{"metadata": map[string]any{"name": name, "labels": labels}})
	}
	text, err := json.Marshal(map[string]any{"items": items})
	return io.NopCloser(strings.NewReader(string(text))), err
}

// Get is not asked for anything.
func (w *world) Get(context.Context, *meta.RESTMapping, string, string) ([]byte, error) {
	return nil, os.ErrNotExist
}
