package engine

import (
	"fmt"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"
)

// workWithin fails when a builtin would take so many steps.
func workWithin(steps int, what string) error {
	if steps > maxWork {
		return fmt.Errorf("%w: %s take %d steps; at most %d are allowed", errTooMuch, what, steps, maxWork)
	}
	return nil
}

// numeric is for numbers: one that is squared again and again has a million digits soon.
func numeric(operands []*ast.Term) error {
	for _, operand := range operands {
		digits := 0
		switch value := operand.Value.(type) {
		case ast.Number:
			digits = len(value)
		case ast.String: // of to_number and the like
			digits = len(value)
		}
		if digits > maxDigits {
			return fmt.Errorf("%w: a number of %d digits; at most %d are allowed", errTooMuch, digits, maxDigits)
		}
	}
	return nil
}

// unmarshalled is for texts that may hold numbers.
func unmarshalled(operands []*ast.Term) error {
	text, digits := textOf(operands[0]), 0
	for i := range len(text) {
		if digits++; (text[i] < '0' || text[i] > '9') && text[i] != '.' {
			digits = 0
		}
		if digits > maxDigits {
			return fmt.Errorf("%w: a number of more than %d digits", errTooMuch, maxDigits)
		}
	}
	return nil
}

// unmarshalledSlowly is for YAML, which takes two microseconds for each byte.
func unmarshalledSlowly(operands []*ast.Term) error {
	if n := len(textOf(operands[0])); n > maxSearched {
		return fmt.Errorf("%w: %d bytes of YAML; at most %d are allowed", errTooMuch, n, maxSearched)
	}
	return unmarshalled(operands)
}

// multiplied is for the product of a list.
func multiplied(operands []*ast.Term) error {
	digits := 0
	each(operands[0], func(term *ast.Term) {
		if number, ok := term.Value.(ast.Number); ok {
			digits += len(number)
		}
	})
	if digits > 16*maxDigits {
		return fmt.Errorf("%w: a product of %d digits; at most %d are allowed", errTooMuch, digits, 16*maxDigits)
	}
	return nil
}

// written returns about how long a term is in a text, at most a little more than a
// text may be.
func written(term *ast.Term) int {
	if text, ok := term.Value.(ast.String); ok {
		return len(text)
	}
	total := 0
	ast.WalkTerms(term, func(term *ast.Term) bool {
		total += 2 + len(textOf(term))
		for _, r := range textOf(term) {
			if r < ' ' || r == '"' || r == '\\' {
				total++
			}
		}
		return total > maxText
	})
	return total
}

// patternWithin fails when a pattern would be held against too much text. Both count:
// an automaton goes through all of its states for each byte.
func patternWithin(pattern, text string) error {
	if len(pattern) > maxPattern {
		return fmt.Errorf("%w: a pattern of %d bytes; at most %d are allowed", errTooMuch, len(pattern), maxPattern)
	}
	if len(text) < maxSearched && (len(text) < maxPattern || strings.IndexByte(pattern, '{') < 0 && len(pattern)*len(text) <= 4*maxWork) {
		return nil
	}
	states := len(pattern)
	if strings.IndexByte(pattern, '{') >= 0 { // a{1000} has a thousand states
		states += 1000
	}
	return workWithin(states*len(text)/4, "a pattern and its text")
}

// searched is for builtins that take a pattern and a text.
func searched(operands []*ast.Term) error {
	text := textOf(operands[1])
	if len(text) > maxSearched {
		return fmt.Errorf("%w: a pattern is searched for in %d bytes of text; at most %d are allowed", errTooMuch, len(text), maxSearched)
	}
	return patternWithin(textOf(operands[0]), text)
}

// globbed is for globs, whose alternatives are tried one by one.
func globbed(operands []*ast.Term) error {
	pattern, text := textOf(operands[0]), textOf(operands[2])
	if len(pattern) > maxPattern {
		return fmt.Errorf("%w: a glob of %d bytes; at most %d are allowed", errTooMuch, len(pattern), maxPattern)
	}
	return workWithin(len(pattern)*len(text), "a glob and its text")
}

// trimmed is for characters that are cut off while they are among others.
func trimmed(operands []*ast.Term) error {
	return workWithin(len(textOf(operands[0]))*len(textOf(operands[1])), "a text and the characters to trim")
}

// flattened counts the elements of lists within lists.
func flattened(operands []*ast.Term) error {
	total := 0
	ast.WalkTerms(operands[0], func(term *ast.Term) bool {
		total++
		_, isList := term.Value.(*ast.Array)
		return !isList || total > maxItems
	})
	return itemsWithin(float64(total))
}

// size returns how many elements a list or an object has, and 1 for anything else.
func size(term *ast.Term) int {
	switch list := term.Value.(type) {
	case *ast.Array:
		return list.Len()
	case ast.Set:
		return list.Len()
	case ast.Object:
		return list.Len()
	}
	return 1
}

// matched is for addresses that are compared each with each.
func matched(operands []*ast.Term) error {
	return workWithin(8*size(operands[0])*size(operands[1]), "addresses")
}

// patched is for patches, each of which may copy what it is in.
func patched(operands []*ast.Term) error {
	patches := size(operands[1])
	return workWithin(patches*(patches+size(operands[0])), "patches")
}

// reachable is for graphs: a node is looked at once for each edge that leads to it.
func reachable(operands []*ast.Term) error {
	graph, ok := operands[0].Value.(ast.Object)
	if !ok {
		return nil
	}
	edges, most := 0, 0
	graph.Foreach(func(_, to *ast.Term) {
		edges += size(to)
		most = max(most, size(to))
	})
	return workWithin(edges*most, "the edges of a graph")
}

// paths is for graphs all paths of which are listed: there may be more than anything
// could hold, so they are counted first.
func paths(operands []*ast.Term) error {
	graph, ok := operands[0].Value.(ast.Object)
	if !ok {
		return nil
	}
	counter := pathCounter{graph: graph, on: ast.NewSet()}
	each(operands[1], counter.from)
	if counter.steps > maxPaths {
		return fmt.Errorf("%w: the paths of a graph of %d nodes; at most %d are allowed", errTooMuch, graph.Len(), maxPaths)
	}
	return nil
}

// pathCounter counts the paths of a graph, up to one more than there may be.
type pathCounter struct {
	graph ast.Object
	on    ast.Set // the nodes of the path
	steps int
}

func (c *pathCounter) from(node *ast.Term) {
	if c.steps++; c.steps > maxPaths || c.on.Contains(node) {
		return
	}
	next := c.graph.Get(node)
	if next == nil {
		return
	}
	c.on = c.on.Union(ast.NewSet(node))
	each(next, c.from)
	c.on = c.on.Diff(ast.NewSet(node))
}
