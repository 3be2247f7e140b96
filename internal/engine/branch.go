package engine

import (
	"github.com/open-policy-agent/opa/v1/ast"

	"github.com/kubereeve/reeve/internal/rule"
)

// branch is one level of an inventory. It remembers what it was made into, so that
// after a change only the levels above the object are made anew.
type branch struct {
	branches map[string]*branch
	leaves   map[string]*ast.Term
	made     *ast.Term // nil when something has changed since
}

func newBranch() *branch {
	return &branch{branches: make(map[string]*branch), leaves: make(map[string]*ast.Term)}
}

// put sets the leaf at a path.
func (b *branch) put(path []string, leaf *ast.Term) {
	b.made = nil
	if len(path) == 1 {
		b.leaves[path[0]] = leaf
		return
	}
	if b.branches[path[0]] == nil {
		b.branches[path[0]] = newBranch()
	}
	b.branches[path[0]].put(path[1:], leaf)
}

// remove removes the leaf at a path, and the levels in which nothing is left.
func (b *branch) remove(path []string) {
	b.made = nil
	if len(path) == 1 {
		delete(b.leaves, path[0])
		return
	}
	below := b.branches[path[0]]
	if below == nil {
		return
	}
	if below.remove(path[1:]); len(below.branches)+len(below.leaves) == 0 {
		delete(b.branches, path[0])
	}
}

// term returns the branch as rules see it. What it has returned is not changed.
func (b *branch) term() *ast.Term {
	if b.made != nil {
		return b.made
	}
	pairs := make([][2]*ast.Term, 0, len(b.branches)+len(b.leaves))
	for name, below := range b.branches {
		pairs = append(pairs, rule.Field(name, below.term()))
	}
	for name, leaf := range b.leaves {
		pairs = append(pairs, rule.Field(name, leaf))
	}
	b.made = ast.ObjectTerm(pairs...)
	return b.made
}
