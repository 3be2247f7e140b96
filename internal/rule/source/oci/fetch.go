package oci

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/netip"
	"os"
	"slices"
	"strings"

	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
	"oras.land/oras-go/v2/content"
	ocistore "oras.land/oras-go/v2/content/oci"
	"oras.land/oras-go/v2/errdef"
	"oras.land/oras-go/v2/registry/remote"
	"oras.land/oras-go/v2/registry/remote/auth"
	"oras.land/oras-go/v2/registry/remote/credentials"
	"oras.land/oras-go/v2/registry/remote/retry"

	"github.com/kubereeve/reeve/internal/rule/source/bundle"
	"github.com/kubereeve/reeve/internal/version"
)

// maxManifest bounds a manifest; registries refuse larger ones themselves.
const maxManifest = 4 << 20

// Options say how to fetch. The zero value fetches over TLS, without a cache.
type Options struct {
	// Cache is a directory that keeps what was fetched, by digest; empty keeps
	// nothing. What is pinned and kept needs no registry.
	Cache string
	// Insecure are registries (host, or host:port) that are spoken to over plain
	// HTTP. Those on this machine always are.
	Insecure []string
	// Limits bound the artifact; zero means bundle.DefaultLimits.
	Limits bundle.Limits
}

// Artifact is what a reference meant when it was fetched.
type Artifact struct {
	// Digest is that of the artifact's manifest.
	Digest string
	// FS holds the rule files.
	FS fs.FS
}

// Resolve asks the registry for the digest that a reference means now, without
// fetching anything else. That of a pinned reference is known.
func Resolve(ctx context.Context, reference Reference, options Options) (string, error) {
	if reference.digest != "" {
		return reference.digest.String(), nil
	}
	repository, err := newRepository(reference, options)
	if err != nil {
		return "", err
	}
	descriptor, err := repository.Resolve(ctx, reference.tag)
	if err != nil {
		return "", explain(reference, err)
	}
	return descriptor.Digest.String(), nil
}

// Fetch returns the artifact of a reference. Every byte is verified against the
// digests that lead to it. A pinned digest that the registry does not have, or
// answers with something else, is refused with both digests.
func Fetch(ctx context.Context, reference Reference, options Options) (*Artifact, error) {
	if options.Limits == (bundle.Limits{}) {
		options.Limits = bundle.DefaultLimits()
	}
	repository, err := newRepository(reference, options)
	if err != nil {
		return nil, err
	}
	f := &fetcher{reference: reference, options: options, repository: repository}
	if options.Cache != "" {
		// A cache that does not work is no reason not to judge.
		f.kept, _ = ocistore.NewStorage(options.Cache)
	}
	manifest, found, err := f.manifest(ctx)
	if err != nil {
		return nil, err
	}
	tree := bundle.NewTree(options.Limits)
	for _, layer := range manifest.Layers {
		if err := f.addLayer(ctx, tree, layer); err != nil {
			return nil, fmt.Errorf("%s: layer %s: %w", reference, layer.Digest, err)
		}
	}
	files, err := tree.FS()
	if err != nil {
		return nil, fmt.Errorf("%s: %w", reference, err)
	}
	return &Artifact{Digest: found.String(), FS: files}, nil
}

// fetcher fetches one artifact.
type fetcher struct {
	reference  Reference
	options    Options
	repository *remote.Repository
	kept       *ocistore.Storage // nil without a cache
}

// newRepository returns a client of the repository with the credentials of the
// docker configuration.
func newRepository(reference Reference, options Options) (*remote.Repository, error) {
	name := reference.registry
	name.Reference = ""
	repository, err := remote.NewRepository(name.String())
	if err != nil {
		return nil, fmt.Errorf("%s: %w", reference, err)
	}
	client := &auth.Client{Client: retry.DefaultClient, Cache: auth.NewCache()}
	client.SetUserAgent("reeve/" + version.String())
	if store, err := credentials.NewStoreFromDocker(credentials.StoreOptions{}); err == nil {
		client.Credential = credentials.Credential(store)
	} else if os.Getenv("DOCKER_CONFIG") != "" { // without a home directory there are none
		return nil, fmt.Errorf("%s: docker configuration: %w", reference, err)
	}
	local := isLocal(reference.Registry())
	if local {
		client.BlockedRealmPrefixes = []netip.Prefix{} // its tokens come from this machine, too
	}
	host, _, _ := strings.Cut(reference.Registry(), ":")
	repository.PlainHTTP = local || slices.Contains(options.Insecure, reference.Registry()) || slices.Contains(options.Insecure, host)
	repository.Client = client
	repository.MaxMetadataBytes = maxManifest
	return repository, nil
}

// manifest returns the artifact's manifest and its digest.
func (f *fetcher) manifest(ctx context.Context) (*ocispec.Manifest, digest.Digest, error) {
	found, raw := f.reference.digest, f.pinned(ctx)
	if raw == nil {
		var err error
		if found, raw, err = f.ask(ctx); err != nil {
			return nil, "", err
		}
	}
	var manifest struct {
		ocispec.Manifest
		Manifests json.RawMessage `json:"manifests"`
	}
	if err := json.Unmarshal(raw, &manifest); err != nil {
		return nil, "", fmt.Errorf("%s: the manifest is not JSON: %w", f.reference, err)
	}
	if manifest.Manifests != nil {
		return nil, "", fmt.Errorf("%s is an index of several artifacts; name the digest of the one with the rules", f.reference)
	}
	return &manifest.Manifest, found, nil
}

// pinned returns the manifest of a pinned reference from the cache, or nil.
func (f *fetcher) pinned(ctx context.Context) []byte {
	if f.reference.digest == "" || f.kept == nil {
		return nil
	}
	blob, err := f.kept.Fetch(ctx, ocispec.Descriptor{Digest: f.reference.digest})
	if err != nil {
		return nil
	}
	defer blob.Close() //nolint:errcheck // it was only read
	raw, err := io.ReadAll(io.LimitReader(blob, maxManifest))
	if err != nil || digest.FromBytes(raw) != f.reference.digest {
		return nil // what is wrong with it, the registry mends
	}
	return raw
}

// ask fetches the manifest from the registry and keeps it.
func (f *fetcher) ask(ctx context.Context) (digest.Digest, []byte, error) {
	wanted := f.reference.tag
	if f.reference.digest != "" {
		wanted = f.reference.digest.String()
	}
	descriptor, body, err := f.repository.FetchReference(ctx, wanted)
	if err != nil {
		return "", nil, f.explainPinned(ctx, err)
	}
	defer body.Close() //nolint:errcheck // it was only read
	raw, err := io.ReadAll(io.LimitReader(body, maxManifest+1))
	if err != nil {
		return "", nil, explain(f.reference, err)
	}
	if len(raw) > maxManifest {
		return "", nil, fmt.Errorf("%s: the manifest has more than %d bytes", f.reference, maxManifest)
	}
	descriptor.Size = int64(len(raw))
	expected := descriptor.Digest
	if f.reference.digest != "" {
		expected = f.reference.digest
	}
	if got := digest.FromBytes(raw); got != expected {
		return "", nil, fmt.Errorf("%s: the digest is %s, not the %s that was asked for; somebody has changed the artifact, or the reference is wrong", f.reference, got, expected)
	}
	descriptor.Digest = expected
	f.keep(ctx, descriptor, raw)
	return expected, raw, nil
}

// explainPinned says, where a pinned digest is not there, what the tag means.
func (f *fetcher) explainPinned(ctx context.Context, err error) error {
	if !errors.Is(err, errdef.ErrNotFound) || f.reference.digest == "" || f.reference.tag == "" {
		return explain(f.reference, err)
	}
	now, tagErr := f.repository.Resolve(ctx, f.reference.tag)
	if tagErr != nil {
		return explain(f.reference, err)
	}
	return fmt.Errorf("%s: the registry does not have the pinned digest %s; the tag %s is at %s now", f.reference, f.reference.digest, f.reference.tag, now.Digest)
}

// keep puts verified content into the cache.
func (f *fetcher) keep(ctx context.Context, descriptor ocispec.Descriptor, raw []byte) {
	if f.kept != nil {
		// It may be there already, and a full disk is no reason not to judge.
		_ = f.kept.Push(ctx, descriptor, bytes.NewReader(raw))
	}
}

// blob returns the content of a layer, from the cache or the registry.
func (f *fetcher) blob(ctx context.Context, layer ocispec.Descriptor) ([]byte, error) {
	if layer.Size < 0 || layer.Size > f.options.Limits.Bytes {
		return nil, fmt.Errorf("it has %d bytes; at most %d are read", layer.Size, f.options.Limits.Bytes)
	}
	if f.kept != nil {
		if raw, err := content.FetchAll(ctx, f.kept, layer); err == nil {
			return raw, nil
		}
	}
	raw, err := content.FetchAll(ctx, f.repository, layer)
	if err != nil {
		return nil, err
	}
	f.keep(ctx, layer, raw)
	return raw, nil
}

// explain adds the reference, and the remedy where it is known.
func explain(reference Reference, err error) error {
	switch {
	case errors.Is(err, errdef.ErrNotFound):
		return fmt.Errorf("%s: there is no such artifact: %w", reference, err)
	case strings.Contains(err.Error(), "server gave HTTP response to HTTPS client"):
		return fmt.Errorf("%s: the registry speaks plain HTTP; if that is meant, allow it with --insecure-registry %s: %w", reference, reference.Registry(), err)
	case strings.Contains(err.Error(), "401"), strings.Contains(err.Error(), "credential"):
		return fmt.Errorf("%s: %w; log in with docker login %s, or mount its configuration and set DOCKER_CONFIG", reference, err, reference.Registry())
	}
	return fmt.Errorf("%s: %w", reference, err)
}
