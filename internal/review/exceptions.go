package review

import (
	"cmp"
	"slices"
	"sync/atomic"
)

// Exceptions are the exceptions there are at one moment, in the order in which
// they are asked. They are immutable; nil holds none.
type Exceptions struct {
	all         []*Exception
	byNamespace map[string]*exceptionsOf
}

// exceptionsOf are the exceptions of one namespace.
type exceptionsOf struct {
	byRule map[string][]*Exception // that name the rule literally
	globs  []*Exception
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
			of = &exceptionsOf{byRule: make(map[string][]*Exception)}
			exceptions.byNamespace[exception.Namespace] = of
		}
		isGlob := false
		for _, pattern := range exception.rules {
			if !pattern.Literal() {
				isGlob = true
				continue
			}
			of.byRule[pattern.String()] = append(of.byRule[pattern.String()], exception)
		}
		if isGlob {
			of.globs = append(of.globs, exception)
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
	for _, e := range s.exceptions.byRule[id] {
		if !s.applies(e, container) {
			continue
		}
		if !e.Expired(s.now) {
			return e, nil
		}
		expired = cmp.Or(expired, e)
	}
	for _, e := range s.exceptions.globs {
		if !e.rules.Match(id) || !s.applies(e, container) {
			continue
		}
		if !e.Expired(s.now) {
			return e, nil
		}
		expired = cmp.Or(expired, e)
	}
	return nil, expired
}

// applies tells whether an exception covers the object and the container.
func (s *situation) applies(e *Exception, container string) bool {
	return e.blames(container) && e.covers(s)
}
