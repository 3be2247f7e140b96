package engine

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"sync"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/open-policy-agent/opa/v1/ast"

	"github.com/kubereeve/reeve/internal/resource"
)

// lastApplied is the annotation in which kubectl keeps a copy of the whole
// object. Rules never see it.
const lastApplied = "kubectl.kubernetes.io/last-applied-configuration"

// decoder turns JSON straight into Rego values, without maps in between. Its
// terms for frequent words are shared by all objects and never change.
type decoder struct {
	words map[string]*ast.Term // by JSON literal, quotes included
}

// newDecoder returns a decoder that shares terms for the words that most
// Kubernetes objects are made of.
func newDecoder() *decoder {
	d := &decoder{words: make(map[string]*ast.Term, len(frequentWords))}
	for _, word := range frequentWords {
		d.words[`"`+word+`"`] = ast.StringTerm(word)
	}
	return d
}

// object decodes one Kubernetes object. managedFields and the last-applied
// annotation are left out; apiVersion and kind, which objects in typed lists
// lack, are filled in from the identity.
func (d *decoder) object(raw []byte, identity resource.Identity) (ast.Object, error) {
	tokens := borrowDecoder(raw)
	defer returnDecoder(tokens)
	run := run{decoder: d, json: tokens, source: string(raw)}
	if run.json.PeekKind() != '{' {
		return nil, errors.New("not a JSON object")
	}
	term, err := run.root(identity)
	if err != nil {
		return nil, plainError(err)
	}
	if _, err := run.json.ReadToken(); !errors.Is(err, io.EOF) {
		return nil, errors.New("there is text after the JSON object")
	}
	return term.Value.(ast.Object), nil
}

// tokenizers spares the state of a JSON decoder per object.
var tokenizers = sync.Pool{New: func() any { return new(jsontext.Decoder) }}

// borrowDecoder returns a JSON decoder over raw, which it neither changes nor
// keeps after returnDecoder. It does not look for duplicate field names, which
// takes a third of the time: the API server and the manifest reader have removed
// them, and of those that come all the same the last counts, as in Kubernetes.
func borrowDecoder(raw []byte) *jsontext.Decoder {
	tokens := tokenizers.Get().(*jsontext.Decoder)
	tokens.Reset(bytes.NewBuffer(raw), jsontext.AllowDuplicateNames(true))
	return tokens
}

func returnDecoder(tokens *jsontext.Decoder) {
	tokens.Reset(bytes.NewReader(nil))
	tokenizers.Put(tokens)
}

// plainError says in plain words what is wrong with the JSON.
func plainError(err error) error {
	if errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF) {
		return errors.New("the JSON ends too early")
	}
	return fmt.Errorf("invalid JSON: %w", err)
}

// run is the decoding of one object. Most of its time would go into many small
// allocations, so levels share the stacks pairs and items, terms come in slabs,
// and strings are parts of one copy of the source.
type run struct {
	*decoder
	json   *jsontext.Decoder
	source string
	pairs  [][2]*ast.Term
	items  []*ast.Term
	slab   []ast.Term
}

// slabSize is how many terms are allocated at once.
const slabSize = 64

// term returns a term from the slab.
func (r *run) term(value ast.Value) *ast.Term {
	if len(r.slab) == 0 {
		r.slab = make([]ast.Term, slabSize)
	}
	term := &r.slab[0]
	r.slab = r.slab[1:]
	term.Value = value
	return term
}

// root decodes the object's own level.
func (r *run) root(identity resource.Identity) (*ast.Term, error) {
	hasKind := false
	return r.members(func(key string) (bool, error) {
		switch key {
		case `"kind"`:
			hasKind = true
		case `"metadata"`:
			if r.json.PeekKind() == '{' {
				term, err := r.metadata()
				r.push(r.words[key], term)
				return true, err
			}
		}
		return false, nil
	}, func() {
		if !hasKind {
			r.push(r.words[`"apiVersion"`], ast.StringTerm(identity.APIVersion))
			r.push(r.words[`"kind"`], ast.StringTerm(identity.Kind))
		}
	})
}

// metadata decodes the object's metadata without managedFields.
func (r *run) metadata() (*ast.Term, error) {
	return r.members(func(key string) (bool, error) {
		switch key {
		case `"managedFields"`:
			return true, r.json.SkipValue()
		case `"annotations"`:
			if r.json.PeekKind() == '{' {
				term, err := r.annotations()
				r.push(r.words[key], term)
				return true, err
			}
		}
		return false, nil
	}, nil)
}

// annotations decodes annotations without kubectl's copy of the object.
func (r *run) annotations() (*ast.Term, error) {
	return r.members(func(key string) (bool, error) {
		if key == `"`+lastApplied+`"` {
			return true, r.json.SkipValue()
		}
		return false, nil
	}, nil)
}

func (r *run) push(key, value *ast.Term) {
	r.pairs = append(r.pairs, [2]*ast.Term{key, value})
}

// members decodes a JSON object. special is asked for each key, given as its
// JSON literal: it may decode the value itself and return true. finish may push
// further members.
func (r *run) members(special func(key string) (bool, error), finish func()) (*ast.Term, error) {
	if _, err := r.json.ReadToken(); err != nil {
		return nil, err
	}
	start := len(r.pairs)
	for r.json.PeekKind() != '}' {
		literal, err := r.json.ReadValue()
		if err != nil {
			return nil, err
		}
		key := r.text(literal)
		if special != nil {
			done, err := special(string(literal))
			if err != nil {
				return nil, err
			}
			if done {
				continue
			}
		}
		value, err := r.value()
		if err != nil {
			return nil, err
		}
		r.push(key, value)
	}
	if _, err := r.json.ReadToken(); err != nil {
		return nil, err
	}
	if finish != nil {
		finish()
	}
	term := r.term(ast.NewObject(r.pairs[start:]...))
	r.pairs = r.pairs[:start]
	return term, nil
}

// value decodes any JSON value.
func (r *run) value() (*ast.Term, error) {
	switch r.json.PeekKind() {
	case '{':
		return r.members(nil, nil)
	case '[':
		return r.array()
	}
	literal, err := r.json.ReadValue()
	if err != nil {
		return nil, err
	}
	switch literal.Kind() {
	case '"':
		return r.text(literal), nil
	case 't':
		return ast.InternedTerm(true), nil
	case 'f':
		return ast.InternedTerm(false), nil
	case 'n':
		return ast.InternedNullTerm, nil
	default:
		return r.number(len(literal))
	}
}

// number returns the term of a JSON number that was just read. The API server lets no
// number through that is long, or large beyond measure; files and others may: what
// compares or multiplies such a number takes minutes, and cannot be ended.
func (r *run) number(length int) (*ast.Term, error) {
	text := r.tail(length, 0)
	if length > maxDigits {
		return nil, fmt.Errorf("a number of %d digits; at most %d are allowed", length, maxDigits)
	}
	number, err := ast.NumberChecked(text)
	if err != nil {
		return nil, fmt.Errorf("the number %.40s: %w", text, err)
	}
	return r.term(number), nil
}

func (r *run) array() (*ast.Term, error) {
	if _, err := r.json.ReadToken(); err != nil {
		return nil, err
	}
	start := len(r.items)
	for r.json.PeekKind() != ']' {
		item, err := r.value()
		if err != nil {
			return nil, err
		}
		r.items = append(r.items, item)
	}
	if _, err := r.json.ReadToken(); err != nil {
		return nil, err
	}
	// The array keeps the slice it is given, so the stack cannot lend its own.
	items := append(make([]*ast.Term, 0, len(r.items)-start), r.items[start:]...)
	r.items = r.items[:start]
	return r.term(ast.NewArray(items...)), nil
}

// text returns the term of a JSON string literal.
func (r *run) text(literal jsontext.Value) *ast.Term {
	if term, ok := r.words[string(literal)]; ok {
		return term
	}
	if bytes.IndexByte(literal, '\\') < 0 {
		return r.term(ast.String(r.tail(len(literal)-1, 1)))
	}
	unquoted, _ := jsontext.AppendUnquote(nil, literal) // the decoder has checked it
	return r.term(ast.String(unquoted))
}

// tail returns what was read last: length bytes, before the last skip ones.
func (r *run) tail(length, skip int) string {
	end := int(r.json.InputOffset())
	return r.source[end-length : end-skip]
}
