package gatekeeper

import (
	"errors"
	"reflect"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// unknownField says that a field is none.
const unknownField = "there is no such field; remove it, or correct its name"

// decodeJSON reads JSON and returns what is wrong with it, in the words of a
// manifest, and the path of the field; "" when nothing is.
func decodeJSON(raw jsontext.Value, into any, strict bool) (path, message string) {
	err := json.Unmarshal(raw, into, json.RejectUnknownMembers(strict), jsontext.AllowDuplicateNames(true))
	if err == nil {
		return "", ""
	}
	semantic, ok := errors.AsType[*json.SemanticError](err)
	if !ok {
		return "", err.Error()
	}
	path = pathOf(semantic.JSONPointer)
	switch {
	case errors.Is(err, json.ErrUnknownName):
		return path, unknownField
	case semantic.GoType != nil:
		return path, "a " + kindWord(semantic.JSONKind) + " does not fit here; write " + typeWord(semantic.GoType)
	}
	return path, err.Error()
}

// pathOf returns the path of a JSON pointer, as in spec.match.kinds[0].
func pathOf(pointer jsontext.Pointer) string {
	var path string
	for token := range pointer.Tokens() {
		path = joinPath(path, step(token))
	}
	return path
}

// step returns one step of a path: an index, a name, or a quoted name where a
// plain one would be read as several.
func step(token string) string {
	if _, err := strconv.Atoi(token); err == nil {
		return "[" + token + "]"
	}
	if strings.ContainsAny(token, ".[]") || token == "" {
		return "[" + quoted(token) + "]"
	}
	return token
}

func quoted(text string) string { return strconv.Quote(text) }

// kindWord says what a JSON value is.
func kindWord(kind jsontext.Kind) string {
	switch kind {
	case 't', 'f':
		return "boolean"
	case '{':
		return "mapping"
	case '[':
		return "list"
	case 'n':
		return "null"
	}
	return kind.String()
}

// typeWord says what a Go type is in YAML.
func typeWord(wanted reflect.Type) string {
	switch wanted.Kind() {
	case reflect.String:
		return "a string, in quotes where it looks like something else"
	case reflect.Bool:
		return "true or false"
	case reflect.Slice:
		return "a list"
	case reflect.Map, reflect.Struct:
		return "a mapping"
	}
	return "a number"
}
