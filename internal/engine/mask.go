package engine

import (
	"bytes"
	"hash"
)

// masks says, level by level, which values of an object stay out of the cache
// key. Lists are transparent: what holds for a field holds for every item.
type masks struct {
	fields map[string]*masks // by JSON literal, quotes included
	whole  bool              // leave the value out
	unseen bool              // no rule can read the value
	suffix bool              // leave the random end of a kube-api-access name out
}

var (
	objectMasks = newMasks(maskedPaths, nil)
	// Every pod gets a volume kube-api-access-xxxxx with a random end.
	podMasks = newMasks(maskedPaths, [][]string{
		{"spec", "volumes", "name"},
		{"spec", "containers", "volumeMounts", "name"},
		{"spec", "initContainers", "volumeMounts", "name"},
		{"spec", "ephemeralContainers", "volumeMounts", "name"},
	})
)

// neverSeen are the fields the decoder leaves out, so no rule can read them.
var neverSeen = [][]string{{"metadata", "managedFields"}, {"metadata", "annotations", lastApplied}}

func newMasks(whole, suffix [][]string) *masks {
	root := &masks{}
	for _, path := range whole {
		root.at(path).whole = true
	}
	for _, path := range neverSeen {
		node := root.at(path)
		node.whole, node.unseen = true, true
	}
	for _, path := range suffix {
		root.at(path).suffix = true
	}
	return root
}

// at returns the node of a path and makes those that are missing.
func (m *masks) at(path []string) *masks {
	for _, field := range path {
		literal := `"` + field + `"`
		if m.fields == nil {
			m.fields = make(map[string]*masks)
		}
		if m.fields[literal] == nil {
			m.fields[literal] = &masks{}
		}
		m = m.fields[literal]
	}
	return m
}

// writeMasked writes the object with a zero byte, which no JSON holds, in the
// place of everything masked, and what rules can read of that to left, which may be
// nil. A field whose name is written with escapes is not recognized and so not
// masked: that costs a miss and no more. It returns false when the text cannot be
// followed.
//
// It follows the text byte by byte instead of decoding it a second time, which
// would take three times as long: whoever read the object has checked that it is
// JSON, and what is not fails on a miss, when it is decoded.
func writeMasked(h, left hash.Hash, raw []byte, tree *masks) bool {
	m := masker{raw: raw, hash: h, left: left}
	if !m.value(tree) {
		return false
	}
	h.Write(raw[m.written:])
	return true
}

// masker copies JSON into a hash and leaves out what it is told to. Its methods
// move on behind what they read, and return false when the text does not go on
// as JSON does.
type masker struct {
	raw     []byte
	hash    hash.Hash
	left    hash.Hash // of what is left out and can be read
	at      int       // the next byte to read
	written int       // bytes of raw that are hashed or left out
	// access is the pod's first kube-api-access name. Only this one is masked,
	// so that pods with several cannot pass for one another.
	access string
}

// value reads the value that comes next and leaves out what tree says; a nil
// tree leaves nothing out.
func (m *masker) value(tree *masks) bool {
	start := m.space()
	switch {
	case start == len(m.raw):
		return false
	case tree == nil:
		return m.skip()
	case tree.whole:
		if !m.skip() {
			return false
		}
		m.leaveOut(start, m.at)
		if m.left != nil && !tree.unseen {
			writeLength(m.left, m.at-start)
			m.left.Write(m.raw[start:m.at])
		}
		return true
	case m.raw[start] == '{':
		return m.object(tree)
	case m.raw[start] == '[':
		return m.array(tree)
	case m.raw[start] == '"' && tree.suffix:
		return m.name()
	}
	return m.skip()
}

func (m *masker) object(tree *masks) bool {
	return m.list('}', func() bool {
		start := m.at
		if m.raw[start] != '"' || !m.text() {
			return false
		}
		name := m.raw[start:m.at]
		if m.space() == len(m.raw) || m.raw[m.at] != ':' {
			return false
		}
		m.at++
		return m.value(tree.fields[string(name)])
	})
}

func (m *masker) array(tree *masks) bool {
	return m.list(']', func() bool { return m.value(tree) })
}

// list reads a bracket, items with commas between them, and the closing bracket.
func (m *masker) list(closing byte, item func() bool) bool {
	m.at++
	for m.space() < len(m.raw) {
		if m.raw[m.at] == closing {
			m.at++
			return true
		}
		if !item() || m.space() == len(m.raw) {
			return false
		}
		switch m.raw[m.at] {
		case ',':
			m.at++
		case closing:
		default:
			return false
		}
	}
	return false
}

// space moves on to the next byte that is no white space and returns where it is.
func (m *masker) space() int {
	for m.at < len(m.raw) && (m.raw[m.at] == ' ' || m.raw[m.at] == '\n' || m.raw[m.at] == '\t' || m.raw[m.at] == '\r') {
		m.at++
	}
	return m.at
}

// text moves behind a string, from its opening quote.
func (m *masker) text() bool {
	for end := m.at + 1; ; end++ {
		next := bytes.IndexByte(m.raw[end:], '"')
		if next < 0 {
			return false
		}
		end += next
		escapes := 0
		for m.raw[end-1-escapes] == '\\' {
			escapes++
		}
		if escapes%2 == 0 {
			m.at = end + 1
			return true
		}
	}
}

// skip moves behind any value. It follows quotes and brackets and nothing else.
func (m *masker) skip() bool {
	depth := 0
	for ; m.at < len(m.raw); m.at++ {
		switch m.raw[m.at] {
		case '"':
			if !m.text() {
				return false
			}
			if depth == 0 {
				return true
			}
			m.at-- // the loop moves on
		case '{', '[':
			depth++
		case '}', ']':
			if depth == 0 {
				return true // the end of a number or word, and of what it is in
			}
			if depth--; depth == 0 {
				m.at++
				return true
			}
		case ',', ' ', '\n', '\t', '\r':
			if depth == 0 {
				return true
			}
		}
	}
	return depth == 0
}

// accessPrefix begins the name that the ServiceAccount admission plugin gives
// to a pod's token volume; five random characters follow, of those that
// k8s.io/apimachinery/pkg/util/rand chooses from.
const (
	accessPrefix  = `"kube-api-access-`
	accessRandom  = 5
	accessLetters = "bcdfghjklmnpqrstvwxz2456789"
)

// name reads a volume's name and leaves out the random end.
func (m *masker) name() bool {
	start := m.at
	if !m.text() {
		return false
	}
	literal := m.raw[start:m.at]
	random, found := bytes.CutPrefix(literal, []byte(accessPrefix))
	if !found || len(random) != accessRandom+1 || len(bytes.Trim(random, accessLetters)) != len(`"`) {
		return true
	}
	if m.access == "" {
		m.access = string(literal)
	}
	if m.access == string(literal) {
		m.leaveOut(m.at-1-accessRandom, m.at-1)
		if m.left != nil {
			m.left.Write(random)
		}
	}
	return true
}

// leaveOut writes what comes before start and goes on behind end.
func (m *masker) leaveOut(start, end int) {
	m.hash.Write(m.raw[m.written:start])
	m.hash.Write([]byte{0})
	m.written = end
}
