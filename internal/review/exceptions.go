package review

import (
	"cmp"
	"slices"
	"sync"
	"sync/atomic"
)

// Exceptions are the exceptions there are at one moment, in the order in which
// they are asked. They are immutable; nil holds none.
type Exceptions struct {
	all         []*Exception
	byNamespace map[string]*exceptionsOf
}

// exceptionsOf are the exceptions of one namespace, ordered by name.
type exceptionsOf struct {
	list   []*Exception
	byRule map[string][]int // the numbers of those that name the rule literally
	globs  []int            // the numbers of those that name rules by globs
	// asked holds the numbers of those that name a rule, for every rule that was
	// asked about: there are no more than are loaded.
	asked sync.Map // of string to []int
}

// naming returns the numbers of the exceptions that name a rule, in the order in
// which they are asked: those that name it literally come first.
func (of *exceptionsOf) naming(id string) []int {
	if known, ok := of.asked.Load(id); ok {
		return known.([]int)
	}
	found := slices.Clone(of.byRule[id])
	for _, n := range of.globs {
		if of.list[n].rules.Match(id) && !slices.Contains(of.byRule[id], n) {
			found = append(found, n)
		}
	}
	of.asked.Store(id, found)
	return found
}

// ExceptionSource holds the exceptions of the moment. Exceptions must not wait.
type ExceptionSource interface {
	// Exceptions returns the exceptions of the moment; nil when there are none.
	Exceptions() *Exceptions
}

// NewExceptions indexes exceptions.
func NewExceptions(list []Exception) *Exceptions {
	exceptions := &Exceptions{byNamespace: make(map[string]*exceptionsOf)}
	for _, exception := range list {
		exceptions.all = append(exceptions.all, &exception)
	}
	slices.SortStableFunc(exceptions.all, func(a, b *Exception) int {
		return cmp.Or(cmp.Compare(a.Namespace, b.Namespace), cmp.Compare(a.Name, b.Name))
	})
	for _, exception := range exceptions.all {
		of := exceptions.byNamespace[exception.Namespace]
		if of == nil {
			of = &exceptionsOf{byRule: make(map[string][]int)}
			exceptions.byNamespace[exception.Namespace] = of
		}
		number := len(of.list)
		of.list = append(of.list, exception)
		isGlob := false
		for i := range exception.rules {
			pattern := &exception.rules[i]
			if !pattern.Literal() {
				isGlob = true
				continue
			}
			of.byRule[pattern.String()] = append(of.byRule[pattern.String()], number)
		}
		if isGlob {
			of.globs = append(of.globs, number)
		}
	}
	return exceptions
}

// Exceptions returns itself: exceptions that do not change are their own source.
func (e *Exceptions) Exceptions() *Exceptions { return e }

// All returns the exceptions, ordered by namespace and name. The caller must not
// change the slice.
func (e *Exceptions) All() []*Exception {
	if e == nil {
		return nil
	}
	return e.all
}

// in returns the exceptions of a namespace, or nil.
func (e *Exceptions) in(namespace string) *exceptionsOf {
	if e == nil {
		return nil
	}
	return e.byNamespace[namespace]
}

// ExceptionStore is the source of exceptions that change. The zero value holds
// none. It is safe for concurrent use.
type ExceptionStore struct{ current atomic.Pointer[Exceptions] }

// Store replaces the exceptions as a whole.
func (s *ExceptionStore) Store(exceptions *Exceptions) { s.current.Store(exceptions) }

// Exceptions returns the exceptions of the moment.
func (s *ExceptionStore) Exceptions() *Exceptions { return s.current.Load() }

// exceptable sets the exceptions that can cover the object: those of its
// namespace, unless that is protected. Objects without a namespace, which a
// Namespace is as well, cannot be covered.
func (s *situation) exceptable(source ExceptionSource) {
	if source == nil {
		return
	}
	namespace := s.res.EffectiveNamespace()
	if namespace == "" {
		return
	}
	if of := source.Exceptions().in(namespace); of != nil && !s.policy.protected.Match(namespace) {
		s.exceptions = of
	}
}

// except returns the exception that hides what a rule finds on a container, or
// else one that would but for having expired.
func (s *situation) except(plan *plan, id, container string) (hides, expired *Exception) {
	if s.exceptions == nil || !plan.excepted {
		return nil, nil
	}
	for _, n := range s.exceptions.naming(id) {
		if !s.applies(n, container) {
			continue
		}
		e := s.exceptions.list[n]
		if !s.policy.expired(e, s.now) {
			return e, nil
		}
		expired = cmp.Or(expired, e)
	}
	return nil, expired
}

// applies tells whether an exception of the namespace covers the object and the
// container.
func (s *situation) applies(n int, container string) bool {
	if s.covered == nil {
		s.covered, s.uncovered = newNumbers(len(s.exceptions.list)), newNumbers(len(s.exceptions.list))
	}
	e := s.exceptions.list[n]
	switch {
	case s.uncovered.has(n):
		return false
	case !s.covered.has(n) && !e.covers(s):
		s.uncovered.add(n)
		return false
	}
	s.covered.add(n)
	return e.blames(container)
}
