// Package exception keeps the RuleExceptions of a cluster known to a program: by
// a watch where it goes on running, by one list where it ends.
package exception

import (
	"cmp"
	"fmt"
	"slices"
	"sync"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/tools/cache"

	"github.com/kubereeve/reeve/api/v1alpha1"
)

// DefaultLimit is how many exceptions are kept where nothing else is said: far
// more than people can mean, at about a kilobyte each.
const DefaultLimit = 10_000

// key names an exception.
type key struct{ namespace, name string }

func keyOf(e *v1alpha1.RuleException) key { return key{e.Namespace, e.Name} }

// compare orders exceptions by age, the oldest first. The order is total, so that
// every replica keeps the same ones.
func compare(a, b *v1alpha1.RuleException) int {
	return cmp.Or(
		a.CreationTimestamp.Compare(b.CreationTimestamp.Time),
		cmp.Compare(a.Namespace, b.Namespace),
		cmp.Compare(a.Name, b.Name),
	)
}

// Oldest returns the exceptions that count where there are more than limit: the
// oldest, in order of age. It also returns how many are left out.
func Oldest(exceptions []*v1alpha1.RuleException, limit int) (kept []*v1alpha1.RuleException, leftOut int) {
	kept = slices.Clone(exceptions)
	slices.SortFunc(kept, compare)
	if len(kept) > limit {
		kept, leftOut = slices.Clip(kept[:limit]), len(kept)-limit
	}
	return kept, leftOut
}

// slim returns what is kept of an exception.
func slim(e *v1alpha1.RuleException) *v1alpha1.RuleException {
	return &v1alpha1.RuleException{
		ObjectMeta: metav1.ObjectMeta{
			Namespace:         e.Namespace,
			Name:              e.Name,
			UID:               e.UID,
			ResourceVersion:   e.ResourceVersion,
			Generation:        e.Generation,
			CreationTimestamp: e.CreationTimestamp,
		},
		Spec:   e.Spec,
		Status: e.Status,
	}
}

// store holds the exceptions that a reflector brings, a bounded number of them.
// Exceptions in it are never changed, so that whoever got one may keep it.
type store struct {
	limit int

	mu      sync.Mutex
	known   map[key]*v1alpha1.RuleException
	leftOut int  // exceptions that there was no room for
	synced  bool // all have been seen once

	changed chan struct{} // something has changed
	room    chan struct{} // one that was left out could be taken now
}

var _ cache.ReflectorStore = (*store)(nil)

func newStore(limit int) *store {
	return &store{
		limit:   limit,
		known:   make(map[key]*v1alpha1.RuleException),
		changed: make(chan struct{}, 1),
		room:    make(chan struct{}, 1),
	}
}

// signal leaves word in a channel of one.
func signal(channel chan struct{}) {
	select {
	case channel <- struct{}{}:
	default: // there is word already
	}
}

// snapshot returns the known exceptions, the oldest first, how many were left
// out, and whether all have been seen once.
func (s *store) snapshot() (exceptions []*v1alpha1.RuleException, leftOut int, synced bool) {
	s.mu.Lock()
	exceptions = make([]*v1alpha1.RuleException, 0, len(s.known))
	for _, e := range s.known {
		exceptions = append(exceptions, e)
	}
	leftOut, synced = s.leftOut, s.synced
	s.mu.Unlock()
	slices.SortFunc(exceptions, compare)
	return exceptions, leftOut, synced
}

// hasSynced tells whether all exceptions have been seen once.
func (s *store) hasSynced() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.synced
}

// Add takes a new exception.
func (s *store) Add(object any) error { return s.put(object, true) }

// Update takes a changed exception.
func (s *store) Update(object any) error { return s.put(object, false) }

func (s *store) put(object any, isNew bool) error {
	e, err := exceptionOf(object)
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	before, isKnown := s.known[keyOf(e)]
	if isKnown && versionOf(before) == versionOf(e) {
		s.known[keyOf(e)] = e // only the status has changed, which hides nothing
		return nil
	}
	if !isKnown && len(s.known) >= s.limit {
		if isNew {
			s.leftOut++
		}
		// Clocks of API servers differ: a new one may count as older.
		youngest := s.youngest()
		if youngest == nil || compare(e, youngest) > 0 {
			signal(s.changed)
			return nil
		}
		delete(s.known, keyOf(youngest))
	}
	s.known[keyOf(e)] = e
	signal(s.changed)
	return nil
}

// version identifies an exception as people wrote it: it stays when only the
// status changes.
type version struct {
	uid        types.UID
	generation int64
}

func versionOf(e *v1alpha1.RuleException) version { return version{e.UID, e.Generation} }

func (s *store) youngest() *v1alpha1.RuleException {
	var youngest *v1alpha1.RuleException
	for _, e := range s.known {
		if youngest == nil || compare(e, youngest) > 0 {
			youngest = e
		}
	}
	return youngest
}

// Delete forgets an exception.
func (s *store) Delete(object any) error {
	e, err := exceptionOf(object)
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	_, isKnown := s.known[keyOf(e)]
	delete(s.known, keyOf(e))
	switch {
	case isKnown && s.leftOut > 0:
		signal(s.room)
	case !isKnown && s.leftOut > 0:
		s.leftOut--
	}
	signal(s.changed)
	return nil
}

// Replace takes all exceptions that there are, in place of those known before.
func (s *store) Replace(objects []any, _ string) error {
	all := make([]*v1alpha1.RuleException, 0, len(objects))
	for _, object := range objects {
		e, err := exceptionOf(object)
		if err != nil {
			return err
		}
		all = append(all, e)
	}
	kept, leftOut := Oldest(all, s.limit)
	known := make(map[key]*v1alpha1.RuleException, len(kept))
	for _, e := range kept {
		known[keyOf(e)] = e
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.known, s.leftOut, s.synced = known, leftOut, true
	signal(s.changed)
	return nil
}

// Resync does nothing: there is nobody to tell again.
func (s *store) Resync() error { return nil }

// exceptionOf returns the exception that a reflector brings.
func exceptionOf(object any) (*v1alpha1.RuleException, error) {
	if unknown, ok := object.(cache.DeletedFinalStateUnknown); ok {
		object = unknown.Obj
	}
	e, ok := object.(*v1alpha1.RuleException)
	if !ok {
		return nil, fmt.Errorf("a %T instead of a RuleException", object)
	}
	return e, nil
}
