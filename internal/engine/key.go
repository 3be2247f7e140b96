package engine

import (
	"crypto/sha256"
	"encoding/binary"
	"hash"
	"io"
	"maps"
	"slices"
	"sync"

	"github.com/kubereeve/reeve/internal/resource"
)

// key identifies everything that some rules read of a resource. It is a
// cryptographic hash: with a weaker one, two crafted objects could share a
// verdict and the worse one would pass.
type key [sha256.Size]byte

// keys are the keys of a resource, by how much of it they cover.
type keys struct {
	// shared is the same for replicas.
	shared key
	// single covers all that rules can see of the object and its request, but the
	// user and the old object. It is zero where none was asked for.
	single key
}

// hashers spares a hash state per admission.
var hashers = sync.Pool{New: func() any { return sha256.New() }}

// cacheKeys returns the cache keys of a resource, the single one if it is wanted. The
// shared one covers the rules and parameters (seed), the scope, the kind, the
// subresource, the namespace as rules see it, and the object's bytes without the fields
// of maskedPaths; the single one these too, and the name. ok is false when the object
// cannot be read; then nothing may be cached. Objects that differ only in white space
// or order of fields have different keys, which costs a miss and no more.
func cacheKeys(seed key, scope Scope, res *resource.Resource, single bool) (k keys, ok bool) {
	h := hashers.Get().(hash.Hash)
	defer hashers.Put(h)
	h.Reset()
	h.Write(seed[:])
	h.Write([]byte{byte(scope)})
	writeText(h, res.APIVersion, res.Kind, res.Identity.Namespace, string(res.Operation), res.Subresource)
	if res.APIVersion == "v1" && res.Kind == "Namespace" { // is in itself to the API server
		writeText(h, res.Name)
	}
	writeNamespace(h, res.Namespace)
	tree := objectMasks
	if res.APIVersion == "v1" && res.Kind == "Pod" {
		tree = podMasks
	}
	if !single {
		ok = writeMasked(h, nil, res.Object, tree)
		h.Sum(k.shared[:0])
		return k, ok
	}
	left := hashers.Get().(hash.Hash)
	defer hashers.Put(left)
	left.Reset()
	writeText(left, res.Name)
	ok = writeMasked(h, left, res.Object, tree)
	h.Sum(k.shared[:0])
	left.Write(k.shared[:])
	left.Sum(k.single[:0])
	return k, ok
}

// writeText writes strings so that no two lists of them look the same.
func writeText(h hash.Hash, texts ...string) {
	for _, text := range texts {
		writeLength(h, len(text))
		_, _ = io.WriteString(h, text) // a hash never fails
	}
}

func writeLength(h hash.Hash, n int) {
	var length [8]byte
	binary.LittleEndian.PutUint64(length[:], uint64(n))
	h.Write(length[:])
}

func writeNamespace(h hash.Hash, namespace *resource.Namespace) {
	if namespace == nil {
		return
	}
	writeText(h, namespace.Name)
	for _, pairs := range []map[string]string{namespace.Labels, namespace.Annotations} {
		writeLength(h, len(pairs))
		for _, name := range slices.Sorted(maps.Keys(pairs)) {
			writeText(h, name, pairs[name])
		}
	}
}
