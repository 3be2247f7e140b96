package exception

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kubereeve/reeve/api/v1alpha1"
)

// made returns an exception that was made at a second.
func made(name string, second int64) *v1alpha1.RuleException {
	return &v1alpha1.RuleException{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: name, CreationTimestamp: metav1.Unix(second, 0)}}
}

func namesOf(exceptions []*v1alpha1.RuleException) string {
	names := make([]string, len(exceptions))
	for i, e := range exceptions {
		names[i] = e.Name
	}
	return strings.Join(names, " ")
}

func TestTheStoreKeepsTheOldestExceptions(t *testing.T) {
	for _, test := range []struct {
		name    string
		steps   func(*store) []error
		want    string
		leftOut int
		room    bool
	}{
		{name: "all when there is room", steps: func(s *store) []error {
			return []error{s.Replace([]any{made("b", 2), made("a", 1)}, ""), s.Add(made("c", 3))}
		}, want: "a b c"},
		{name: "the oldest of a list", steps: func(s *store) []error {
			return []error{s.Replace([]any{made("d", 4), made("b", 2), made("e", 5), made("a", 1), made("c", 3)}, "")}
		}, want: "a b c", leftOut: 2},
		{name: "by name when they have the same age", steps: func(s *store) []error {
			return []error{s.Replace([]any{made("d", 1), made("b", 1), made("c", 1), made("a", 1)}, "")}
		}, want: "a b c", leftOut: 1},
		{name: "not one that comes later", steps: func(s *store) []error {
			return []error{s.Replace([]any{made("a", 1), made("b", 2), made("c", 3)}, ""), s.Add(made("d", 4))}
		}, want: "a b c", leftOut: 1},
		{name: "one that comes later and is older", steps: func(s *store) []error {
			return []error{s.Replace([]any{made("a", 1), made("b", 2), made("d", 4)}, ""), s.Add(made("c", 3))}
		}, want: "a b c", leftOut: 1},
		{name: "what is changed, and not what was left out", steps: func(s *store) []error {
			return []error{s.Replace([]any{made("a", 1), made("b", 2), made("c", 3), made("d", 4)}, ""), s.Update(made("c", 3)), s.Update(made("d", 4))}
		}, want: "a b c", leftOut: 1},
		{name: "fewer when one goes, and there is room for one that was left out", steps: func(s *store) []error {
			return []error{s.Replace([]any{made("a", 1), made("b", 2), made("c", 3), made("d", 4)}, ""), s.Delete(made("b", 2))}
		}, want: "a c", leftOut: 1, room: true},
		{name: "the same when one goes that was left out", steps: func(s *store) []error {
			return []error{s.Replace([]any{made("a", 1), made("b", 2), made("c", 3), made("d", 4)}, ""), s.Delete(made("d", 4))}
		}, want: "a b c"},
		{name: "none that is not in a later list", steps: func(s *store) []error {
			return []error{s.Replace([]any{made("a", 1), made("b", 2)}, ""), s.Replace([]any{made("c", 3)}, "")}
		}, want: "c"},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := newStore(3)
			for _, err := range test.steps(s) {
				if err != nil {
					t.Fatal(err)
				}
			}
			kept, leftOut, synced := s.snapshot()
			if got := namesOf(kept); got != test.want || leftOut != test.leftOut || !synced || (len(s.room) == 1) != test.room {
				t.Errorf("kept %s, left out %d, synced %t, room %t; want %s and %d, room %t", got, leftOut, synced, len(s.room) == 1, test.want, test.leftOut, test.room)
			}
			if len(s.changed) != 1 {
				t.Error("nobody is told of the change")
			}
		})
	}
}

func TestTheStoreTakesExceptionsOnly(t *testing.T) {
	s := newStore(3)
	for _, err := range []error{s.Add("x"), s.Update(nil), s.Delete(1), s.Replace([]any{made("a", 1), "x"}, "")} {
		if err == nil {
			t.Error("something else was taken for an exception")
		}
	}
	if kept, _, synced := s.snapshot(); len(kept) > 0 || synced {
		t.Errorf("kept %s", namesOf(kept))
	}
}

// expiresAt is the End of exceptions where nothing is configured.
func expiresAt(e *v1alpha1.RuleException) time.Time {
	if e.Spec.ExpiresAt == nil {
		return time.Time{}
	}
	return e.Spec.ExpiresAt.Time
}

func TestExpiries(t *testing.T) {
	at := func(seconds ...int64) (exceptions []*v1alpha1.RuleException) {
		for i, second := range seconds {
			e := made(fmt.Sprint(i), int64(i))
			if second != 0 {
				expires := metav1.Unix(second, 0)
				e.Spec.ExpiresAt = &expires
			}
			exceptions = append(exceptions, e)
		}
		return exceptions
	}
	for _, test := range []struct {
		name       string
		exceptions []*v1alpha1.RuleException
		expired    int
		next       int64
	}{
		{name: "none"},
		{name: "never", exceptions: at(0, 0)},
		{name: "later", exceptions: at(130, 0, 110, 120), next: 110},
		{name: "at this very second", exceptions: at(100, 101), expired: 1, next: 101},
		{name: "before", exceptions: at(1, 99), expired: 2},
	} {
		t.Run(test.name, func(t *testing.T) {
			expired, next := expiries(test.exceptions, expiresAt, time.Unix(100, 0))
			if expired != test.expired || test.next == 0 && !next.IsZero() || test.next != 0 && next.Unix() != test.next {
				t.Errorf("%d expired, the next at %s; want %d and %d", expired, next, test.expired, test.next)
			}
		})
	}
}

func TestReadKeepsWhatCounts(t *testing.T) {
	const text = `{"apiVersion":"kubereeve.io/v1alpha1","kind":"RuleException","metadata":{"namespace":"shop","name":"web","uid":"u","generation":3,
		"annotations":{"big":"x"},"managedFields":[{"manager":"kubectl"}]},
		"spec":{"rules":["a","host-*"],"reason":"why","expiresAt":"2030-01-01T00:00:00Z","match":{"kinds":["Pod"],"labelSelector":{"matchLabels":{"app":"web"}}}}}`
	e, err := Read([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	expires := metav1.NewTime(time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC))
	want := &v1alpha1.RuleException{
		ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "web", UID: "u", Generation: 3},
		Spec: v1alpha1.RuleExceptionSpec{
			Rules: []string{"a", "host-*"}, Reason: "why", ExpiresAt: &expires,
			Match: v1alpha1.ExceptionMatch{Kinds: []string{"Pod"}, LabelSelector: &metav1.LabelSelector{MatchLabels: map[string]string{"app": "web"}}},
		},
	}
	if diff := cmp.Diff(want, e); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestReadSaysWhatIsWrong(t *testing.T) {
	for text, want := range map[string]string{
		`{`:                                "unexpected end of JSON input",
		`{"apiVersion":"v1","kind":"Pod"}`: "/v1, Kind=Pod is not a RuleException of kubereeve.io/v1alpha1",
		`{"apiVersion":"kubereeve.io/v1","kind":"RuleException"}`:                                                        "is not a RuleException of kubereeve.io/v1alpha1",
		`{"apiVersion":"kubereeve.io/v1alpha1","kind":"RuleException","metadata":{"name":"a"},"spec":{"rules":"x"}}`:     "RuleException /a: ",
		`{"apiVersion":"kubereeve.io/v1alpha1","kind":"RuleException","metadata":{"name":"a"},"spec":{"expiresAt":"x"}}`: "RuleException /a: ",
	} {
		if _, err := Read([]byte(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v, want %q", text, err, want)
		}
	}
}

func TestOldestLeavesItsArgumentAlone(t *testing.T) {
	given := []*v1alpha1.RuleException{made("b", 2), made("a", 1)}
	before := slices.Clone(given)
	if kept, leftOut := Oldest(given, 1); namesOf(kept) != "a" || leftOut != 1 || !slices.Equal(given, before) {
		t.Errorf("kept %s, left out %d, given %s", namesOf(kept), leftOut, namesOf(given))
	}
}

func TestAStatusIsKeptAndNotPublished(t *testing.T) {
	s := newStore(3)
	before := made("a", 1)
	before.UID, before.Generation = "u", 1
	if err := s.Add(before); err != nil {
		t.Fatal(err)
	}
	<-s.changed
	written := before.DeepCopy()
	written.Status.Hidden = 7
	if err := s.Update(written); err != nil {
		t.Fatal(err)
	}
	if kept, _, _ := s.snapshot(); kept[0].Status.Hidden != 7 || len(s.changed) != 0 {
		t.Errorf("kept %v, published anew: %t", kept[0].Status, len(s.changed) != 0)
	}
	changed := written.DeepCopy()
	changed.Generation = 2
	if err := s.Update(changed); err != nil {
		t.Fatal(err)
	}
	if len(s.changed) != 1 {
		t.Error("a changed spec is not published")
	}
}
