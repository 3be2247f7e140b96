// Package oci fetches rule files from OCI registries by reference: artifacts as
// conftest and oras push them, and OPA bundles. What is fetched is verified by its
// digest and kept by it.
package oci

import (
	"fmt"
	"net"
	"strings"

	"github.com/opencontainers/go-digest"
	"oras.land/oras-go/v2/registry"
)

// Scheme stands before every reference.
const Scheme = "oci://"

// IsReference tells whether a text means an artifact in a registry.
func IsReference(text string) bool { return strings.HasPrefix(text, Scheme) }

// Reference names an artifact in a registry.
type Reference struct {
	text     string
	registry registry.Reference // Reference is the tag, or else the digest
	// tag and digest are empty where they are not given.
	tag    string
	digest digest.Digest
}

// String returns the reference as it was written.
func (r Reference) String() string { return r.text }

// Pinned returns the digest that the reference demands, or "".
func (r Reference) Pinned() string { return r.digest.String() }

// Registry returns the host of the registry, with its port where one is given.
func (r Reference) Registry() string { return r.registry.Registry }

// ParseReference reads oci://registry/repository with :tag, @sha256:digest or
// both. Without any, the tag is latest.
func ParseReference(text string) (Reference, error) {
	rest, ok := strings.CutPrefix(text, Scheme)
	if !ok {
		return Reference{}, fmt.Errorf("%q is not a reference; write oci://registry/repository:tag or oci://registry/repository@sha256:digest", text)
	}
	name, pinned, isPinned := strings.Cut(rest, "@")
	parsed, err := registry.ParseReference(name)
	if err != nil {
		return Reference{}, fmt.Errorf("%q is not a reference: %w; write oci://registry/repository:tag or oci://registry/repository@sha256:digest", text, err)
	}
	reference := Reference{text: text, registry: parsed, tag: parsed.Reference}
	if !isPinned {
		if reference.tag == "" {
			reference.tag = "latest"
		}
		return reference, nil
	}
	reference.digest = digest.Digest(pinned)
	if err := reference.digest.Validate(); err != nil || reference.digest.Algorithm() != digest.SHA256 {
		return Reference{}, fmt.Errorf("%q: %q is not a digest; write sha256: and 64 hexadecimal digits", text, pinned)
	}
	return reference, nil
}

// isLocal tells whether a registry runs on this machine, so that nothing can be
// read or changed on the way.
func isLocal(host string) bool {
	name := host
	if before, _, err := net.SplitHostPort(host); err == nil {
		name = before
	}
	ip := net.ParseIP(strings.Trim(name, "[]"))
	return name == "localhost" || ip != nil && ip.IsLoopback()
}
