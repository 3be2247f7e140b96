package review

import (
	"math/bits"
	"slices"
	"sync"
	"sync/atomic"

	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/kubereeve/reeve/internal/resource"
)

// numbers is a set of numbers of entries.
type numbers []uint64

func newNumbers(size int) numbers { return make(numbers, (size+63)/64) }

func (s numbers) add(n int)      { s[n/64] |= 1 << (n % 64) }
func (s numbers) has(n int) bool { return s[n/64]&(1<<(n%64)) != 0 }

// last returns the greatest number of both sets that is at most n, or -1.
func (s numbers) last(other numbers, n int) int {
	for word := n / 64; word >= 0 && n >= 0; word-- {
		both := s[word] & other[word]
		if rest := n - word*64; rest < 63 {
			both &= 1<<(rest+1) - 1
		}
		if both != 0 {
			return word*64 + bits.Len64(both) - 1
		}
	}
	return -1
}

// candidates knows of each kind, operation and namespace which entries can be
// about them, so that most entries are passed over without being asked. Of a
// hundred entries in a configuration, few are about one object.
type candidates struct {
	entries []*entry
	// operations holds the entries about each operation that any entry names; the
	// others are in anyOperation.
	operations   map[resource.Operation]numbers
	anyOperation numbers
	// kinds holds the entries about each kind that was asked about: there are no
	// more than the cluster has.
	kinds sync.Map // of schema.GroupKind to numbers
	// namespaces holds the entries about each namespace that was asked about, by
	// its name, as it was then.
	namespaces sync.Map // of string to *namespaceCandidates
	known      atomic.Int64
}

// maxNamespaces is how many namespaces are known before all are forgotten: some
// may be gone.
const maxNamespaces = 10_000

// namespaceCandidates are the entries about a namespace with the labels of a
// moment. Namespaces are not changed once read, so that the same one has the same
// labels.
type namespaceCandidates struct {
	namespace *resource.Namespace
	entries   numbers
}

func newCandidates(entries []*entry) *candidates {
	c := &candidates{entries: entries, operations: make(map[resource.Operation]numbers), anyOperation: newNumbers(len(entries))}
	for n, e := range entries {
		if len(e.where.operations) == 0 {
			c.anyOperation.add(n)
		}
	}
	for n, e := range entries {
		for _, operation := range e.where.operations {
			if c.operations[operation] == nil {
				c.operations[operation] = slices.Clone(c.anyOperation)
			}
			c.operations[operation].add(n)
		}
	}
	return c
}

// about returns the entries about the operation, the kind and the namespace of a
// situation.
func (c *candidates) about(s *situation) numbers {
	byOperation, known := c.operations[s.res.Operation]
	if !known {
		byOperation = c.anyOperation
	}
	byKind, byNamespace := c.ofKind(s.kind), c.ofNamespace(s)
	left := newNumbers(len(c.entries))
	for i := range left {
		left[i] = byOperation[i] & byKind[i] & byNamespace[i]
	}
	return left
}

func (c *candidates) ofKind(kind schema.GroupKind) numbers {
	if known, ok := c.kinds.Load(kind); ok {
		return known.(numbers)
	}
	found := c.find(func(e *entry) bool { return kindsMatch(e.where.kinds, kind) })
	c.kinds.Store(kind, found)
	return found
}

func (c *candidates) ofNamespace(s *situation) numbers {
	within := func(e *entry) bool { return e.where.namespace(s) }
	if s.isNamespace() { // what counts are the labels that it is to have
		return c.find(within)
	}
	if known, ok := c.namespaces.Load(s.namespace); ok && known.(*namespaceCandidates).namespace == s.res.Namespace {
		return known.(*namespaceCandidates).entries
	}
	found := c.find(within)
	if _, replaced := c.namespaces.Swap(s.namespace, &namespaceCandidates{s.res.Namespace, found}); !replaced && c.known.Add(1) > maxNamespaces {
		c.namespaces.Clear()
		c.known.Store(0)
	}
	return found
}

// find returns the entries that a question is answered with yes for.
func (c *candidates) find(question func(*entry) bool) numbers {
	found := newNumbers(len(c.entries))
	for n, e := range c.entries {
		if question(e) {
			found.add(n)
		}
	}
	return found
}
