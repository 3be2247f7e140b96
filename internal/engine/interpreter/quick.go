package interpreter

import (
	"strings"
	"unicode/utf8"

	"github.com/open-policy-agent/opa/v1/ast"
)

// quick answers what a builtin would answer, without the context that OPA hands to
// builtins, or nil where the builtin has to be asked: for operands of a kind that is
// rare or wrong. Those that rules call most have one, if they have two operands or one
// (b is nil then); a test holds them against the builtins.
type quick func(a, b *ast.Term) *ast.Term

// quickly holds them by the builtins' names.
var quickly = map[string]quick{
	"count":             count,
	"contains":          ofText(strings.Contains),
	"endswith":          ofText(strings.HasSuffix),
	"startswith":        ofText(strings.HasPrefix),
	"equal":             func(a, b *ast.Term) *ast.Term { return boolean(a.Equal(b)) },
	"neq":               func(a, b *ast.Term) *ast.Term { return boolean(!a.Equal(b)) },
	"gt":                compares(func(order int) bool { return order > 0 }),
	"gte":               compares(func(order int) bool { return order >= 0 }),
	"lt":                compares(func(order int) bool { return order < 0 }),
	"lte":               compares(func(order int) bool { return order <= 0 }),
	"is_array":          kind[*ast.Array],
	"is_boolean":        kind[ast.Boolean],
	"is_number":         kind[ast.Number],
	"is_object":         kind[ast.Object],
	"is_string":         kind[ast.String],
	"internal.member_2": member,
}

func count(a, _ *ast.Term) *ast.Term {
	if text, ok := a.Value.(ast.String); ok {
		return integer(utf8.RuneCountInString(string(text)))
	}
	if n, ok := size(a); ok {
		return integer(n)
	}
	return nil
}

func ofText(is func(text, part string) bool) quick {
	return func(a, b *ast.Term) *ast.Term {
		text, ok := a.Value.(ast.String)
		part, isText := b.Value.(ast.String)
		if !ok || !isText {
			return nil
		}
		return boolean(is(string(text), string(part)))
	}
}

func compares(is func(order int) bool) quick {
	return func(a, b *ast.Term) *ast.Term {
		return boolean(is(a.Value.Compare(b.Value)))
	}
}

func kind[V ast.Value](a, _ *ast.Term) *ast.Term {
	_, ok := a.Value.(V)
	return boolean(ok)
}

// member tells whether a list has an element.
func member(a, b *ast.Term) *ast.Term {
	switch list := b.Value.(type) {
	case ast.Set:
		return boolean(list.Contains(a))
	case *ast.Array:
		return boolean(list.Until(a.Equal))
	}
	return nil
}
