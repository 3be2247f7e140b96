package oci_test

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"

	"github.com/kubereeve/reeve/internal/rule/source/bundle"
	"github.com/kubereeve/reeve/internal/rule/source/oci"
	"github.com/kubereeve/reeve/internal/rule/source/oci/ocitest"
)

const policyType = ocitest.PolicyType

// layer is a layer to push.
type layer struct {
	mediaType, title string
	content          []byte
}

// push pushes an artifact and returns its digest.
func push(t testing.TB, s *ocitest.Registry, name string, layers ...layer) string {
	t.Helper()
	var pushed []ocitest.Layer
	for _, layer := range layers {
		pushed = append(pushed, ocitest.Layer{MediaType: layer.mediaType, Title: layer.title, Content: layer.content})
	}
	return s.Push(t, name, pushed...)
}

// packed returns a gzipped tar archive.
func packed(t testing.TB, files map[string]string) []byte {
	t.Helper()
	var buffer bytes.Buffer
	compressed := gzip.NewWriter(&buffer)
	writer := tar.NewWriter(compressed)
	for _, name := range slices.Sorted(maps.Keys(files)) {
		if err := writer.WriteHeader(&tar.Header{Name: name, Size: int64(len(files[name])), Mode: 0o600, Typeflag: tar.TypeReg}); err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(writer, files[name]); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(writer.Close(), compressed.Close()); err != nil {
		t.Fatal(err)
	}
	return buffer.Bytes()
}

// fetch fetches and returns the files.
func fetch(t testing.TB, reference string, options oci.Options) (map[string]string, string, error) {
	t.Helper()
	parsed, err := oci.ParseReference(reference)
	if err != nil {
		t.Fatal(err)
	}
	artifact, err := oci.Fetch(t.Context(), parsed, options)
	if err != nil {
		return nil, "", err
	}
	files := make(map[string]string)
	if err := fs.WalkDir(artifact.FS, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		content, err := fs.ReadFile(artifact.FS, name)
		files[name] = string(content)
		return err
	}); err != nil {
		t.Fatal(err)
	}
	return files, artifact.Digest, nil
}

func TestArtifactsOfEveryMakerAreRead(t *testing.T) {
	s := ocitest.New(t)
	for _, test := range []struct {
		name   string
		layers []layer
		want   map[string]string
	}{
		{"conftest push", []layer{{policyType, "policy/a.rego", []byte("a")}, {policyType, "b.rego", []byte("b")}, {ocitest.DataType, "data/x.json", []byte("{}")}},
			map[string]string{"policy/a.rego": "a", "b.rego": "b", "data/x.json": "{}"}},
		{"an OPA bundle", []layer{{ocispec.MediaTypeImageLayerGzip, "", packed(t, map[string]string{"/a.rego": "a", "/data.json": "{}", "/.manifest": "{}"})}},
			map[string]string{"a.rego": "a", "data.json": "{}"}},
		{"oras push of a bundle", []layer{{"application/vnd.oci.image.layer.v1.tar", "bundle.tar.gz", packed(t, map[string]string{"x/a.rego": "a"})}},
			map[string]string{"x/a.rego": "a"}},
		{"oras push of files", []layer{{ocispec.MediaTypeImageLayer, "a.rego", []byte("a")}, {ocispec.MediaTypeImageLayer, "template.yaml", []byte("kind: X")}, {"text/plain", "README.md", []byte("no")}},
			map[string]string{"a.rego": "a", "template.yaml": "kind: X"}},
		{"flux push", []layer{{"application/vnd.cncf.flux.content.v1.tar+gzip", "", packed(t, map[string]string{"./a.rego": "a"})}},
			map[string]string{"a.rego": "a"}},
		{"something without rules", []layer{{"application/vnd.example", "", []byte("x")}}, map[string]string{}},
	} {
		t.Run(test.name, func(t *testing.T) {
			digest := push(t, s, "rules:v1", test.layers...)
			files, got, err := fetch(t, "oci://"+s.Host+"/rules:v1", oci.Options{})
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, files); diff != "" || got != digest {
				t.Errorf("digest %s, want %s; files (-want +got):\n%s", got, digest, diff)
			}
		})
	}
}

func TestADigestIsWhatItPromises(t *testing.T) {
	s := ocitest.New(t)
	old := push(t, s, "rules:v1", layer{policyType, "a.rego", []byte("old")})
	push(t, s, "elsewhere:v1", layer{policyType, "a.rego", []byte("other")})
	now := push(t, s, "rules:v1", layer{policyType, "a.rego", []byte("new")})
	missing := "sha256:" + strings.Repeat("0", 64)
	base := "oci://" + s.Host + "/rules"
	for _, test := range []struct {
		name, reference, want string
		errors                []string
	}{
		{name: "the tag is at the newest", reference: base + ":v1", want: "new"},
		{name: "the digest alone", reference: base + "@" + old, want: "old"},
		{name: "the digest wins over a tag that moved on", reference: base + ":v1@" + old, want: "old"},
		{name: "a digest that is not there is refused with both", reference: base + ":v1@" + missing, errors: []string{missing, now}},
		{name: "a digest alone that is not there", reference: base + "@" + missing, errors: []string{"there is no such artifact", missing}},
		{name: "a tag that is not there", reference: base + ":v2", errors: []string{"there is no such artifact"}},
		{name: "no tag is latest", reference: base, errors: []string{"there is no such artifact", "latest"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			files, _, err := fetch(t, test.reference, oci.Options{})
			if len(test.errors) == 0 && (err != nil || files["a.rego"] != test.want) {
				t.Errorf("files %v, error %v, want %q", files, err, test.want)
			}
			for _, text := range test.errors {
				if err == nil || !strings.Contains(err.Error(), text) {
					t.Errorf("error %v does not say %q", err, text)
				}
			}
		})
	}
}

func TestARegistryThatLiesIsRefused(t *testing.T) {
	s := ocitest.New(t)
	digest := push(t, s, "rules:v1", layer{policyType, "a.rego", []byte("good")})
	var other []byte
	otherDigest := push(t, s, "rules:v2", layer{policyType, "a.rego", []byte("evil")})
	parsed, err := http.Get("http://" + s.Host + "/v2/rules/manifests/v2")
	if err != nil {
		t.Fatal(err)
	}
	if other, err = io.ReadAll(parsed.Body); err != nil {
		t.Fatal(err)
	}
	_ = parsed.Body.Close()
	t.Run("about the manifest", func(t *testing.T) {
		s.Answer(func(w http.ResponseWriter, r *http.Request) bool {
			if !strings.Contains(r.URL.Path, "/manifests/") {
				return false
			}
			w.Header().Set("Content-Type", ocispec.MediaTypeImageManifest)
			w.Header().Set("Docker-Content-Digest", digest)
			_, _ = w.Write(other)
			return true
		})
		_, _, err := fetch(t, "oci://"+s.Host+"/rules@"+digest, oci.Options{})
		if err == nil || !strings.Contains(err.Error(), digest) || !strings.Contains(err.Error(), otherDigest) {
			t.Errorf("error %v, want one that names %s and %s", err, digest, otherDigest)
		}
	})
	t.Run("about a layer", func(t *testing.T) {
		s.Answer(func(w http.ResponseWriter, r *http.Request) bool {
			if !strings.Contains(r.URL.Path, "/blobs/") {
				return false
			}
			_, _ = io.WriteString(w, "evil")
			return true
		})
		if files, _, err := fetch(t, "oci://"+s.Host+"/rules@"+digest, oci.Options{}); err == nil || !strings.Contains(err.Error(), "layer sha256:") {
			t.Errorf("files %v, error %v, want an error about the layer", files, err)
		}
	})
}

func TestWhatIsKeptNeedsNoRegistry(t *testing.T) {
	s := ocitest.New(t)
	digest := push(t, s, "rules:v1", layer{policyType, "a.rego", []byte("a")})
	options := oci.Options{Cache: t.TempDir()}
	if _, _, err := fetch(t, "oci://"+s.Host+"/rules:v1", options); err != nil {
		t.Fatal(err)
	}
	s.Requests()
	files, _, err := fetch(t, "oci://"+s.Host+"/rules:v1", options)
	if requests := s.Requests(); err != nil || files["a.rego"] != "a" || requests != 1 {
		t.Errorf("files %v, error %v, %d requests; want one, for the manifest", files, err, requests)
	}
	s.Refuse(http.StatusNotFound)
	pinned := "oci://" + s.Host + "/rules@" + digest
	if files, _, err := fetch(t, pinned, options); err != nil || files["a.rego"] != "a" {
		t.Errorf("files %v, error %v without the registry", files, err)
	}
	if _, _, err := fetch(t, pinned, oci.Options{}); err == nil {
		t.Error("without a cache it works as well; the test asks for nothing")
	}
	// A cache that somebody has changed is not believed.
	if err := filepath.WalkDir(options.Cache, func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		if err := os.Chmod(name, 0o600); err != nil {
			return err
		}
		return os.WriteFile(name, []byte("evil"), 0o600)
	}); err != nil {
		t.Fatal(err)
	}
	if files, _, err := fetch(t, pinned, options); err == nil {
		t.Errorf("files %v of a changed cache", files)
	}
	// One that cannot be written is done without.
	s.Answer(nil)
	blocked := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(blocked, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if files, _, err := fetch(t, pinned, oci.Options{Cache: filepath.Join(blocked, "cache")}); err != nil || files["a.rego"] != "a" {
		t.Errorf("files %v, error %v without a cache that can be written", files, err)
	}
}

func TestCredentialsComeFromTheDockerConfiguration(t *testing.T) {
	s := ocitest.New(t)
	s.Answer(func(w http.ResponseWriter, r *http.Request) bool {
		user, password, _ := r.BasicAuth()
		if user == ocitest.User && password == ocitest.Password {
			return false
		}
		w.Header().Set("WWW-Authenticate", `Basic realm="rules"`)
		w.WriteHeader(http.StatusUnauthorized)
		return true
	})
	push(t, s, "rules:v1", layer{policyType, "a.rego", []byte("a")})
	reference := "oci://" + s.Host + "/rules:v1"
	_, _, err := fetch(t, reference, oci.Options{})
	if err == nil || !strings.Contains(err.Error(), "docker login "+s.Host) {
		t.Errorf("error %v without credentials, want one that tells how to log in", err)
	}
	login := func(user, password string) {
		config, err := json.Marshal(map[string]any{"auths": map[string]any{s.Host: map[string]string{"auth": base64.StdEncoding.EncodeToString([]byte(user + ":" + password))}}})
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(os.Getenv("DOCKER_CONFIG"), "config.json"), config, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	login(ocitest.User, "wrong-secret")
	if _, _, err := fetch(t, reference, oci.Options{}); err == nil || strings.Contains(err.Error(), "wrong-secret") {
		t.Errorf("error %v with a wrong password, want one without the password", err)
	}
	login(ocitest.User, ocitest.Password)
	if files, _, err := fetch(t, reference, oci.Options{}); err != nil || files["a.rego"] != "a" {
		t.Errorf("files %v, error %v with credentials", files, err)
	}
}

func TestArtifactsAreBounded(t *testing.T) {
	s := ocitest.New(t)
	limits := bundle.Limits{Files: 3, Bytes: 1000}
	many := make(map[string]string)
	for i := range 10 {
		many[fmt.Sprintf("%d.rego", i)] = "x"
	}
	for _, test := range []struct {
		name   string
		layers []layer
		want   string
	}{
		{"a large layer", []layer{{policyType, "a.rego", make([]byte, 1001)}}, "it has 1001 bytes; at most 1000 are read"},
		{"large layers together", []layer{{policyType, "a.rego", make([]byte, 600)}, {policyType, "b.rego", bytes.Repeat([]byte("x"), 600)}}, "more than 1000 bytes"},
		{"an archive of many", []layer{{ocispec.MediaTypeImageLayerGzip, "", packed(t, many)}}, "more than 3 entries"},
		{"a way out", []layer{{policyType, "../a.rego", []byte("x")}}, "leads out of the archive"},
	} {
		t.Run(test.name, func(t *testing.T) {
			push(t, s, "rules:v1", test.layers...)
			if files, _, err := fetch(t, "oci://"+s.Host+"/rules:v1", oci.Options{Limits: limits}); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("files %v, error %v, want %q", files, err, test.want)
			}
		})
	}
}

func TestResolveAsksForTheDigestAlone(t *testing.T) {
	s := ocitest.New(t)
	digest := push(t, s, "rules:v1", layer{policyType, "a.rego", []byte("a")})
	resolve := func(text string) (string, error) {
		reference, err := oci.ParseReference(text)
		if err != nil {
			t.Fatal(err)
		}
		return oci.Resolve(context.Background(), reference, oci.Options{})
	}
	if got, err := resolve("oci://" + s.Host + "/rules:v1"); err != nil || got != digest {
		t.Errorf("digest %s, error %v, want %s", got, err, digest)
	}
	s.Requests()
	got, err := resolve("oci://" + s.Host + "/rules@" + digest)
	if requests := s.Requests(); err != nil || got != digest || requests > 0 {
		t.Errorf("digest %s, error %v, %d requests for a pinned reference", got, err, requests)
	}
	if _, err := resolve("oci://" + s.Host + "/rules:v2"); err == nil || !strings.Contains(err.Error(), "there is no such artifact") {
		t.Errorf("error %v for a tag that is not there", err)
	}
}

func TestReferencesAreParsed(t *testing.T) {
	digest := "sha256:" + strings.Repeat("a", 64)
	for _, test := range []struct{ text, registry, pinned, err string }{
		{text: "oci://ghcr.io/acme/rules:v1", registry: "ghcr.io"},
		{text: "oci://localhost:5000/rules", registry: "localhost:5000"},
		{text: "oci://ghcr.io/acme/rules:v1@" + digest, registry: "ghcr.io", pinned: digest},
		{text: "oci://ghcr.io/acme/rules@" + digest, registry: "ghcr.io", pinned: digest},
		{text: "ghcr.io/acme/rules", err: "is not a reference; write oci://"},
		{text: "oci://rules", err: "is not a reference"},
		{text: "oci://ghcr.io/Acme/rules", err: "is not a reference"},
		{text: "oci://ghcr.io/acme/rules@sha256:abc", err: `"sha256:abc" is not a digest`},
		{text: "oci://ghcr.io/acme/rules@", err: `"" is not a digest`},
	} {
		t.Run(test.text, func(t *testing.T) {
			reference, err := oci.ParseReference(test.text)
			if test.err != "" {
				if err == nil || !strings.Contains(err.Error(), test.err) {
					t.Errorf("error %v, want %q", err, test.err)
				}
				return
			}
			if err != nil || reference.String() != test.text || reference.Registry() != test.registry || reference.Pinned() != test.pinned {
				t.Errorf("reference %+v, error %v", reference, err)
			}
		})
	}
}

func FuzzParseReference(f *testing.F) {
	f.Add("oci://ghcr.io/acme/rules:v1@sha256:aa")
	f.Add("oci://@:")
	f.Fuzz(func(t *testing.T, text string) {
		if reference, err := oci.ParseReference(text); err == nil && reference.Registry() == "" {
			t.Errorf("%q has no registry", text)
		}
	})
}
