package exceptions_test

import (
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-logr/logr"
	"k8s.io/client-go/dynamic"
	corev1client "k8s.io/client-go/kubernetes/typed/core/v1"

	"github.com/kubereeve/reeve/api/v1alpha1"
	"github.com/kubereeve/reeve/internal/finding"
	"github.com/kubereeve/reeve/internal/resource"
	"github.com/kubereeve/reeve/internal/sink/exception"
	"github.com/kubereeve/reeve/test/envtest"
)

// results counts what became of statuses.
type results struct {
	mu     sync.Mutex
	counts map[string]int
}

func (r *results) ExceptionStatus(result string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.counts[result]++
}

// take returns the counts since the last time.
func (r *results) take() map[string]int {
	r.mu.Lock()
	defer r.mu.Unlock()
	counts := r.counts
	r.counts = make(map[string]int)
	return counts
}

// hides returns a report of a scan in which exceptions of the namespace status
// hide findings.
func hides(pass time.Time, end *finding.Pass, exceptions ...string) finding.Report {
	verdict := finding.Verdict{Resource: &resource.Resource{Identity: resource.Identity{APIVersion: "v1", Kind: "Pod", Namespace: "status", Name: "web"}}}
	for _, name := range exceptions {
		verdict.Excepted = append(verdict.Excepted, finding.Excepted{Exception: name})
	}
	return finding.Report{Door: finding.DoorScan, Time: pass, Verdicts: []finding.Verdict{verdict}, Pass: end}
}

func TestStatusesOfExceptionsAreWritten(t *testing.T) {
	cluster := envtest.Start(t)
	kubectl(t, cluster, "", "apply", "-f", crdFile)
	kubectl(t, cluster, "", "wait", "--for=condition=Established", "crd/ruleexceptions.kubereeve.io", "--timeout=30s")
	kubectl(t, cluster, "{apiVersion: v1, kind: Namespace, metadata: {name: status}}", "apply", "-f", "-")
	in := func(text string) string { return strings.ReplaceAll(text, "namespace: default", "namespace: status") }
	expires := time.Now().Add(time.Hour).Truncate(time.Second).UTC()
	kubectl(t, cluster, in(manifest("idle")+manifest("busy", "rules: [a, host-*]")+manifest("barred")+manifest("ending", "expiresAt: '"+expires.Format(time.RFC3339)+"'")), "apply", "-f", "-")

	w := begin(t, cluster.Config, 0)
	known := func() (inNamespace []*v1alpha1.RuleException) {
		all, _ := w.All()
		for _, e := range all {
			if e.Namespace == "status" {
				inNamespace = append(inNamespace, e)
			}
		}
		return inNamespace
	}
	eventually(t, "all are known", func() bool { return len(known()) == 4 })
	client, err := dynamic.NewForConfig(cluster.Config)
	if err != nil {
		t.Fatal(err)
	}
	events, err := corev1client.NewForConfig(cluster.Config)
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	written := &results{counts: make(map[string]int)}
	options := exception.Options{
		Known: known,
		Effect: func(e *v1alpha1.RuleException) (string, string) {
			if e.Name == "barred" {
				return v1alpha1.ReasonNotExceptable, "the configuration allows no exceptions from a"
			}
			if e.Spec.ExpiresAt != nil && !now.Before(e.Spec.ExpiresAt.Time) {
				return v1alpha1.ReasonExpired, "it has expired"
			}
			return v1alpha1.ReasonInForce, "it counts"
		},
		End: expiresAt, Namespace: "status", Client: client.Resource(v1alpha1.RuleExceptionResource()), Events: events, Instance: "test",
		PerSecond: 1e-9, Burst: 100, Recorder: written, Log: logr.Discard(), Clock: func() time.Time { return now },
	}
	sink := exception.New(options)
	// settle waits until the watch has seen the statuses.
	settle := func(column string) {
		t.Helper()
		eventually(t, "the statuses are "+column, func() bool {
			var got []string
			for _, e := range known() {
				if len(e.Status.Conditions) == 1 {
					got = append(got, e.Name+":"+string('0'+e.Status.Hidden)+":"+e.Status.Conditions[0].Reason)
				}
			}
			slices.Sort(got) // they come by age, and may be of different seconds
			return strings.Join(got, " ") == column
		})
	}
	write := func(want map[string]int, reports ...finding.Report) {
		t.Helper()
		for _, report := range reports {
			if err := sink.Write(t.Context(), report); err != nil {
				t.Fatal(err)
			}
		}
		got := written.take()
		for result, n := range want {
			if got[result] != n {
				t.Errorf("statuses %v, want %v", got, want)
			}
		}
		if len(got) != len(want) {
			t.Errorf("statuses %v, want %v", got, want)
		}
	}
	pass := now
	write(map[string]int{exception.ResultWritten: 4}, hides(pass, nil, "busy", "ending"), hides(pass, &finding.Pass{}, "busy"))
	settle("barred:0:NotExceptable busy:2:InForce ending:1:InForce idle:0:InForce")

	t.Run("only when something has changed", func(*testing.T) {
		pass = pass.Add(time.Minute)
		write(map[string]int{}, hides(pass, &finding.Pass{}, "busy", "ending", "busy"))
		pass = pass.Add(time.Minute)
		write(map[string]int{exception.ResultWritten: 1}, hides(pass, &finding.Pass{}, "busy", "ending"))
		settle("barred:0:NotExceptable busy:1:InForce ending:1:InForce idle:0:InForce")
	})
	t.Run("not from a pass that left something out", func(*testing.T) {
		pass = pass.Add(time.Minute)
		write(map[string]int{}, hides(pass, &finding.Pass{Failed: map[string]string{"Pod": "forbidden"}}))
	})
	t.Run("not from an admission", func(*testing.T) {
		report := hides(pass.Add(time.Minute), &finding.Pass{}, "idle")
		report.Door = finding.DoorAdmission
		write(map[string]int{}, report)
	})
	t.Run("one that has expired is told of once", func(t *testing.T) {
		now = expires
		pass = pass.Add(time.Minute)
		write(map[string]int{exception.ResultWritten: 1}, hides(pass, &finding.Pass{}, "busy"))
		settle("barred:0:NotExceptable busy:1:InForce ending:0:Expired idle:0:InForce")
		pass = pass.Add(time.Minute)
		write(map[string]int{}, hides(pass, &finding.Pass{}, "busy"))
		stdout, _, _ := cluster.Kubectl(t, "-n", "status", "get", "events", "-o", "jsonpath={range .items[*]}{.involvedObject.kind}/{.involvedObject.name} {.type} {.reason}: {.message}{\"\\n\"}{end}")
		want := "RuleException/ending Warning ExceptionExpired: expired at " + expires.Format(time.RFC3339) + ": what it hid is found again; mend that and delete the exception, or set spec.expiresAt anew\n"
		if stdout != want {
			t.Errorf("Events:\n%swant:\n%s", stdout, want)
		}
	})
	t.Run("kubectl shows them", func(t *testing.T) { columns(t, cluster, expires) })
	t.Run("no more than the rate limit allows", func(*testing.T) {
		options.Burst = 1
		sink = exception.New(options)
		pass = pass.Add(time.Minute)
		write(map[string]int{exception.ResultWritten: 1, exception.ResultSkipped: 2}, hides(pass, &finding.Pass{}, "barred", "ending", "idle", "busy"))
	})
	t.Run("not of what has gone meanwhile", func(t *testing.T) {
		seen := known()
		options.Burst, options.Known = 100, func() []*v1alpha1.RuleException { return seen }
		sink = exception.New(options)
		kubectl(t, cluster, "", "-n", "status", "delete", "ruleexceptions", "idle", "barred")
		kubectl(t, cluster, in(manifest("barred")), "apply", "-f", "-") // another of the same name
		pass = pass.Add(time.Minute)
		write(map[string]int{}, hides(pass, &finding.Pass{}, "idle", "barred", "barred", "barred", "busy"))
	})
}

var spaces = regexp.MustCompile(`  +`)

func columns(t *testing.T, cluster *envtest.Cluster, expires time.Time) {
	for _, test := range []struct{ arguments, want string }{
		{"-n status get rex", "NAME|RULES|EXPIRES|HIDDEN|EXPIRED|AGE\n" +
			`barred|["a"]||0|false|` + "\n" + `busy|["a","host-*"]||1|false|` + "\n" + `ending|["a"]|` + expires.Format(time.RFC3339) + "|0|true|\n" + `idle|["a"]||0|false|` + "\n"},
		{"-n status get reeve -o wide", "NAME|RULES|REASON|EXPIRES|HIDDEN|EXPIRED|EFFECT|AGE\n" +
			`barred|["a"]|test||0|false|NotExceptable|` + "\n" + `busy|["a","host-*"]|test||1|false|InForce|` + "\n" + `ending|["a"]|test|` + expires.Format(time.RFC3339) + "|0|true|Expired|\n" + `idle|["a"]|test||0|false|InForce|` + "\n"},
	} {
		stdout, stderr, code := cluster.Kubectl(t, strings.Fields(test.arguments)...)
		if code != 0 {
			t.Fatal(stderr)
		}
		// A cell without a value is blank, and the age differs.
		got := regexp.MustCompile(`(?m)[0-9]+(s|m[0-9]*s?)$`).ReplaceAllString(stdout, "")
		if plain(got) != plain(test.want) {
			t.Errorf("kubectl %s prints\n%s", test.arguments, stdout)
		}
	}
}

// plain leaves the widths of columns out, and which are empty.
func plain(table string) string {
	return spaces.ReplaceAllString(strings.ReplaceAll(strings.ReplaceAll(spaces.ReplaceAllString(table, "|"), "||", "|"), "|\n", "\n"), "|")
}
