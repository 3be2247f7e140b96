package exception

import (
	"fmt"
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/kubereeve/reeve/api/v1alpha1"
	"github.com/kubereeve/reeve/internal/review"
)

// usable returns an exception as people write them.
func usable(n int) *v1alpha1.RuleException {
	e := made(fmt.Sprint("e", n), int64(n))
	e.UID, e.Generation = types.UID(fmt.Sprint(n)), 1
	expires := metav1.Unix(int64(2_000_000_000+n), 0)
	e.Spec = v1alpha1.RuleExceptionSpec{
		Rules: []string{"privileged-container", "host-*"}, Reason: "it is being replaced", ExpiresAt: &expires,
		Match: v1alpha1.ExceptionMatch{
			Kinds: []string{"Deployment.apps", "Pod"}, Names: []string{"web-*"},
			LabelSelector: &metav1.LabelSelector{MatchLabels: map[string]string{"app": "web"}},
		},
	}
	return e
}

func TestCompileMakesAnewOnlyWhatHasChanged(t *testing.T) {
	a, b := usable(1), usable(2)
	b.Spec.Match.LabelSelector.MatchLabels["not a label!"] = "x"
	var compiler Compiler
	check := func(what, want string, refused map[*v1alpha1.RuleException]error, got *review.Exceptions) {
		t.Helper()
		var names []string
		for _, e := range got.All() {
			names = append(names, e.Name+":"+e.Reason)
		}
		if strings.Join(names, " ") != want {
			t.Errorf("%s: %v, want %s; refused %v", what, names, want, refused)
		}
	}
	got, refused := compiler.Compile([]*v1alpha1.RuleException{a, b})
	check("at first", "e1:it is being replaced", refused, got)
	if err := refused[b]; len(refused) != 1 || err == nil || !strings.Contains(err.Error(), "spec.match.labelSelector") {
		t.Errorf("refused %v, want the one with a bad selector", refused)
	}
	changed := a.DeepCopy()
	changed.Spec.Reason = "unseen" // the generation is the same: only the status can differ
	got, refused = compiler.Compile([]*v1alpha1.RuleException{changed, b})
	check("with the same generation", "e1:it is being replaced", refused, got)
	changed.Generation = 2
	mended := b.DeepCopy()
	mended.Generation, mended.Spec.Match.LabelSelector = 2, nil
	got, refused = compiler.Compile([]*v1alpha1.RuleException{changed, mended})
	check("with new generations", "e1:unseen e2:it is being replaced", refused, got)
	again := a.DeepCopy()
	again.UID = "another"
	got, refused = compiler.Compile([]*v1alpha1.RuleException{again})
	check("with another object of the name", "e1:it is being replaced", refused, got)
}

func TestEndHeedsTheConfiguration(t *testing.T) {
	expires := metav1.Unix(5000, 0)
	for name, test := range map[string]struct {
		longest time.Duration
		expires *metav1.Time
		want    int64
	}{
		"never": {}, "as it says": {expires: &expires, want: 5000}, "as it says, within what is allowed": {longest: 2 * time.Hour, expires: &expires, want: 5000},
		"sooner than it says": {longest: time.Hour, expires: &expires, want: 4600}, "although it says nothing": {longest: time.Hour, want: 4600},
	} {
		t.Run(name, func(t *testing.T) {
			policy, err := review.NewPolicy(review.PolicyOptions{MaxExcepted: test.longest})
			if err != nil {
				t.Fatal(err)
			}
			e := made("e", 1000)
			e.Spec.ExpiresAt = test.expires
			if end := End(e, policy); end.IsZero() != (test.want == 0) || !end.IsZero() && end.Unix() != test.want {
				t.Errorf("it ends at %s, want %d", end, test.want)
			}
		})
	}
}

func FuzzRead(f *testing.F) {
	f.Add([]byte(`{"apiVersion":"kubereeve.io/v1alpha1","kind":"RuleException","metadata":{"namespace":"a","name":"b"},"spec":{"rules":["a*"],"reason":"c","match":{"labelSelector":{"matchExpressions":[{"key":"a","operator":"In","values":["b"]}]}}}}`))
	f.Add([]byte(`{"apiVersion":"kubereeve.io/v1alpha1","kind":"RuleException","spec":{"rules":"x","expiresAt":1}}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		e, err := Read(raw)
		if (e == nil) != (err != nil) {
			t.Fatalf("exception %v, error %v", e, err)
		}
		if err != nil {
			return
		}
		compiled, refused := new(Compiler).Compile([]*v1alpha1.RuleException{e})
		if len(compiled.All())+len(refused) != 1 {
			t.Errorf("%d compiled and %d refused of one", len(compiled.All()), len(refused))
		}
	})
}

// BenchmarkChange measures what one changed exception of many costs, from the
// watch's event to what the reviewer heeds.
func BenchmarkChange(b *testing.B) {
	for _, many := range []int{1000, DefaultLimit} {
		b.Run(fmt.Sprint(many), func(b *testing.B) {
			store := newStore(DefaultLimit)
			for n := range many {
				if err := store.Add(usable(n)); err != nil {
					b.Fatal(err)
				}
			}
			var published review.ExceptionStore
			publish := Into(&published)
			changed := usable(many / 2)
			for b.Loop() {
				changed = changed.DeepCopy()
				changed.Generation++
				if err := store.Update(changed); err != nil {
					b.Fatal(err)
				}
				all, _, _ := store.snapshot()
				publish(all)
			}
		})
	}
}
