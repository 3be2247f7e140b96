package engine

import (
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"
)

// textWithin fails when a string of so many bytes would be made.
func textWithin(bytes int) error {
	if bytes > maxText {
		return fmt.Errorf("%w: a string of %d bytes; at most %d are allowed", errTooMuch, bytes, maxText)
	}
	return nil
}

// itemsWithin fails when a list of so many elements would be made.
func itemsWithin(items float64) error {
	if items > maxItems {
		return fmt.Errorf("%w: a list of %.0f elements; at most %d are allowed", errTooMuch, items, maxItems)
	}
	return nil
}

func textOf(term *ast.Term) string {
	s, _ := term.Value.(ast.String)
	return string(s)
}

func numberOf(term *ast.Term) float64 {
	n, _ := term.Value.(ast.Number)
	f, _ := n.Float64()
	return f
}

// each calls visit with the elements of a set or an array.
func each(term *ast.Term, visit func(*ast.Term)) {
	switch list := term.Value.(type) {
	case *ast.Array:
		list.Foreach(visit)
	case ast.Set:
		list.Foreach(visit)
	}
}

func concatenated(operands []*ast.Term) error {
	total := 0
	each(operands[1], func(term *ast.Term) { total += len(textOf(term)) + len(textOf(operands[0])) })
	return textWithin(total)
}

func templated(operands []*ast.Term) error {
	total := 0
	each(operands[0], func(term *ast.Term) {
		total += written(term)
	})
	return textWithin(total)
}

// width finds the widths and precisions in a format.
var width = regexp.MustCompile(`%[^a-zA-Z%]*[0-9]{4,}`)

// wide returns the first width or precision in a format that is too large.
func wide(format string) string {
	digits := 0
	for i := range len(format) {
		if digits++; format[i] < '0' || format[i] > '9' {
			digits = 0
		}
		if digits == 4 { // the pattern is slow, and most formats have no digit
			return width.FindString(format)
		}
	}
	return ""
}

func formatted(operands []*ast.Term) error {
	format := textOf(operands[0])
	if wide := wide(format); wide != "" {
		return fmt.Errorf("%w: the width in %q; at most 999 is allowed", errTooMuch, wide)
	}
	longest, total := 0, len(format)
	each(operands[1], func(term *ast.Term) {
		long := written(term)
		longest = max(longest, long)
		total += long
	})
	if strings.Contains(format, "[") { // %[1]s takes an argument again and again
		total += strings.Count(format, "%[") * longest
	}
	if err := textWithin(total); err != nil {
		return err
	}
	if strings.Contains(format, "*") && width.MatchString("%"+operands[1].String()) {
		return fmt.Errorf("%w: a width among the arguments; at most 999 is allowed", errTooMuch)
	}
	return nil
}

func replaced(operands []*ast.Term) error {
	text, old, with := textOf(operands[0]), textOf(operands[1]), textOf(operands[2])
	if (len(text)+1)*(len(with)+1) <= maxText {
		return nil
	}
	return textWithin(len(text) + strings.Count(text, old)*len(with))
}

func replacedEach(operands []*ast.Term) error {
	text := textOf(operands[1])
	longest := 0
	if patterns, ok := operands[0].Value.(ast.Object); ok {
		patterns.Foreach(func(_, with *ast.Term) { longest = max(longest, len(textOf(with))) })
	}
	return textWithin((len(text) + 1) * max(longest, 1))
}

func replacedPattern(operands []*ast.Term) error {
	text, with := textOf(operands[0]), textOf(operands[2])
	if len(text) > maxSearched {
		return fmt.Errorf("%w: a pattern is replaced in %d bytes of text; at most %d are allowed", errTooMuch, len(text), maxSearched)
	}
	if (len(text)+1)*(len(with)+1) <= maxText {
		return nil
	}
	if err := patternWithin(textOf(operands[1]), text); err != nil {
		return err
	}
	pattern, err := regexp.Compile(textOf(operands[1]))
	if err != nil {
		return nil //nolint:nilerr // the builtin says what is wrong
	}
	return textWithin(len(text) + len(pattern.FindAllStringIndex(text, maxItems))*(len(with)+1)*(1+strings.Count(with, "$")))
}

func splits(operands []*ast.Term) error {
	return itemsWithin(float64(strings.Count(textOf(operands[0]), textOf(operands[1]))))
}

func joined(operands []*ast.Term) error {
	total := 0
	for _, operand := range operands {
		if list, ok := operand.Value.(*ast.Array); ok {
			total += list.Len()
		}
	}
	return itemsWithin(float64(total))
}

func counted(operands []*ast.Term) error {
	step := 1.0
	if len(operands) > 2 {
		step = math.Max(1, numberOf(operands[2]))
	}
	return itemsWithin(math.Abs(numberOf(operands[1])-numberOf(operands[0])) / step)
}

func shifted(operands []*ast.Term) error {
	if err := numeric(operands); err != nil {
		return err
	}
	if by := numberOf(operands[1]); by > 4096 {
		return fmt.Errorf("%w: a shift by %.0f bits; at most 4096 is allowed", errTooMuch, by)
	}
	return nil
}

func expanded(operands []*ast.Term) error {
	address, bits, ok := strings.Cut(textOf(operands[0]), "/")
	n, err := strconv.Atoi(bits)
	if !ok || err != nil {
		return nil //nolint:nilerr // the builtin says what is wrong
	}
	length := 32
	if strings.Contains(address, ":") {
		length = 128
	}
	return itemsWithin(math.Pow(2, float64(length-n)))
}

// encoded is for encodings that make at most three bytes of one.
func encoded(operands []*ast.Term) error {
	total := 0
	ast.WalkTerms(operands[0], func(term *ast.Term) bool {
		total += 1 + 3*len(textOf(term))
		return total > maxText
	})
	return textWithin(total)
}

// marshalled is for JSON and YAML, which write some characters as six: a text
// that is marshalled again and again grows with every escape.
func marshalled(operands []*ast.Term) error {
	total := 0
	ast.WalkTerms(operands[0], func(term *ast.Term) bool {
		total += 4 + len(textOf(term))
		for _, r := range textOf(term) {
			if r < ' ' || strings.ContainsRune("\"\\<>&", r) {
				total += 5
			}
		}
		return total > maxText
	})
	return textWithin(total)
}

func globs(operands []*ast.Term) error {
	for _, operand := range operands {
		if n := len(textOf(operand)); n > maxGlob {
			return fmt.Errorf("%w: a glob of %d bytes; at most %d are allowed", errTooMuch, n, maxGlob)
		}
	}
	return nil
}

// rendered refuses templates that loop, or that make text of text: nothing bounds
// their work.
func rendered(operands []*ast.Term) error {
	for _, word := range []string{"range", "template", "block", "print"} {
		if strings.Contains(textOf(operands[0]), word) {
			return fmt.Errorf("%w: a template with %s; use a comprehension, concat or sprintf", errTooMuch, word)
		}
	}
	return encoded(operands[1:])
}
