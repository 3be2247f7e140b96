package engine

import (
	"slices"

	"github.com/open-policy-agent/opa/v1/ast"

	"github.com/kubereeve/reeve/internal/rule"
)

// maskedPaths are the fields of an object that the key of the verdict cache
// leaves out, because they differ between objects that are otherwise the same.
// Keys and reachOf must agree on them.
var maskedPaths = [][]string{
	{"status"},
	{"spec", "nodeName"},
	{"metadata", "name"},
	{"metadata", "generateName"},
	{"metadata", "uid"},
	{"metadata", "selfLink"},
	{"metadata", "resourceVersion"},
	{"metadata", "generation"},
	{"metadata", "creationTimestamp"},
	{"metadata", "ownerReferences"},
	{"metadata", "labels", "pod-template-hash"},
}

// reach is how much of a resource decides what a rule finds.
type reach uint8

const (
	// shared is what replicas have in common: all but maskedPaths.
	shared reach = iota
	// single is everything about one object.
	single
	// beyond is more: another object, the user, the clock.
	beyond
)

// reachOf returns how much of a resource a rule can read, so that equal keys mean
// equal findings. It errs on the side of more: a reference that is not ground where
// it matters counts as reading everything below.
func reachOf(set *compiled, r *rule.Rule) reach {
	reader := &reader{compiled: set, dialect: r.Dialect, seen: make(map[seenRule]bool)}
	if r.Uncacheable {
		return beyond
	}
	for _, entrypoint := range r.Entrypoints {
		if module := set.compiler.Modules[r.File]; module != nil && r.OwnFile && !entrypoint.Alone {
			for _, regoRule := range module.Rules {
				if regoRule.Head.Ref().Equal(ast.Ref{ast.VarTerm(entrypoint.Name)}) {
					reader.walk(regoRule, nil)
				}
			}
			continue
		}
		reader.follow(r.Package.Append(ast.StringTerm(entrypoint.Name)))
	}
	return reader.reach
}

// reachOfPath returns how much reading a path below the native input is.
func reachOfPath(path []string) reach {
	if len(path) == 0 {
		return beyond
	}
	switch path[0] {
	case "operation", "parameters", "namespace":
		return shared
	case "object":
		return reachOfField(path[1:])
	case "workload":
		if len(path) == 1 {
			return single
		}
		if path[1] == "spec" || path[1] == "metadata" {
			return reachOfField(path[1:])
		}
		return shared // kind, path, containers
	}
	return beyond // oldObject, user, inventory
}

// reachOfPresence returns how much of a resource decides whether there is anything at a
// path below the native input. The names of masked fields are not masked.
func reachOfPresence(path []string) reach {
	reach := reachOfPath(path)
	if reach == single && !liesInMask(path[1:]) {
		return shared
	}
	return reach
}

// liesInMask tells whether a path lies below a masked field.
func liesInMask(path []string) bool {
	return slices.ContainsFunc(maskedPaths, func(mask []string) bool {
		return len(path) > len(mask) && slices.Equal(mask, path[:len(mask)])
	})
}

// reachOfField returns how much reading a field of an object is.
func reachOfField(path []string) reach {
	if overlapsMask(path) {
		return single
	}
	return shared
}

// overlapsMask tells whether a path is, contains or lies in a masked field.
func overlapsMask(path []string) bool {
	for _, mask := range maskedPaths {
		n := min(len(mask), len(path))
		if slices.Equal(mask[:n], path[:n]) {
			return true
		}
	}
	return false
}
