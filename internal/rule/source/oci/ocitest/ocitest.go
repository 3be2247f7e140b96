// Package ocitest gives tests a registry of OCI artifacts on the loopback
// interface.
package ocitest

import (
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/go-containerregistry/pkg/registry"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
	"oras.land/oras-go/v2"
	"oras.land/oras-go/v2/content/memory"
	"oras.land/oras-go/v2/registry/remote"
	"oras.land/oras-go/v2/registry/remote/auth"
)

// The media types that conftest pushes.
const (
	PolicyType = "application/vnd.cncf.openpolicyagent.policy.layer.v1+rego"
	DataType   = "application/vnd.cncf.openpolicyagent.data.layer.v1+json"
	configType = "application/vnd.cncf.openpolicyagent.config.v1+json"
)

// The credentials that Push uses; the registry itself asks for none.
const (
	User     = "reeve"
	Password = "secret"
)

// Layer is one layer of an artifact.
type Layer struct {
	MediaType, Title string
	Content          []byte
}

// Policy returns a layer as conftest pushes a Rego file.
func Policy(name, text string) Layer { return Layer{PolicyType, name, []byte(text)} }

// Registry is a registry that ends with its test.
type Registry struct {
	// Host is its address, as references have it.
	Host     string
	requests atomic.Int64
	answer   atomic.Pointer[func(http.ResponseWriter, *http.Request) bool]
}

// New starts a registry. Credentials and cache of whoever runs the test are left
// alone: both begin empty.
func New(t testing.TB) *Registry {
	t.Helper()
	r := &Registry{}
	handler := registry.New(registry.Logger(log.New(io.Discard, "", 0)))
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, request *http.Request) {
		r.requests.Add(1)
		if answer := r.answer.Load(); answer == nil || !(*answer)(w, request) {
			handler.ServeHTTP(w, request)
		}
	}))
	t.Cleanup(server.Close)
	t.Setenv("DOCKER_CONFIG", t.TempDir())
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	r.Host = strings.TrimPrefix(server.URL, "http://")
	return r
}

// Answer has a function answer requests before the registry does, unless it
// returns false; nil has the registry answer again.
func (r *Registry) Answer(answer func(http.ResponseWriter, *http.Request) bool) {
	if answer == nil {
		r.answer.Store(nil)
		return
	}
	r.answer.Store(&answer)
}

// Refuse answers every request with a status.
func (r *Registry) Refuse(status int) {
	r.Answer(func(w http.ResponseWriter, _ *http.Request) bool {
		w.WriteHeader(status)
		return true
	})
}

// Requests returns how many requests there were since it was called last.
func (r *Registry) Requests() int64 { return r.requests.Swap(0) }

// Push pushes an artifact under repository:tag and returns its digest.
func (r *Registry) Push(t testing.TB, name string, layers ...Layer) string {
	t.Helper()
	repository, err := remote.NewRepository(r.Host + "/" + name)
	if err != nil {
		t.Fatal(err)
	}
	tag := repository.Reference.Reference
	repository.PlainHTTP = true
	repository.Client = &auth.Client{Credential: auth.StaticCredential(r.Host, auth.Credential{Username: User, Password: Password})}
	store := memory.New()
	pushed := make([]ocispec.Descriptor, 0, len(layers))
	for _, layer := range layers {
		descriptor, err := oras.PushBytes(t.Context(), store, layer.MediaType, layer.Content)
		if err != nil {
			t.Fatal(err)
		}
		if layer.Title != "" {
			descriptor.Annotations = map[string]string{ocispec.AnnotationTitle: layer.Title}
		}
		pushed = append(pushed, descriptor)
	}
	manifest, err := oras.PackManifest(t.Context(), store, oras.PackManifestVersion1_1, configType, oras.PackManifestOptions{Layers: pushed})
	if err != nil {
		t.Fatal(err)
	}
	if err := store.Tag(t.Context(), manifest, tag); err != nil {
		t.Fatal(err)
	}
	if _, err := oras.Copy(t.Context(), store, tag, repository, tag, oras.DefaultCopyOptions); err != nil {
		t.Fatal(err)
	}
	return manifest.Digest.String()
}
