package main

import (
	"archive/tar"
	"bytes"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// untar returns the contents and headers of a tarball by name.
func untar(t *testing.T, data []byte) (map[string][]byte, map[string]*tar.Header) {
	t.Helper()
	files, headers := map[string][]byte{}, map[string]*tar.Header{}
	for r := tar.NewReader(bytes.NewReader(data)); ; {
		h, err := r.Next()
		if err == io.EOF {
			return files, headers
		}
		if err != nil {
			t.Fatal(err)
		}
		content, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		files[h.Name], headers[h.Name] = content, h
	}
}

func fakeBinary(t *testing.T, name string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte("binary "+name), 0o700); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestAnImageRefersToItsOwnConfigAndLayer(t *testing.T) {
	img := image{ref: "reeve.local/x:1", user: "1000", files: []string{fakeBinary(t, "first"), fakeBinary(t, "second")}}
	var out bytes.Buffer
	if err := writeImage(&out, img); err != nil {
		t.Fatal(err)
	}
	files, _ := untar(t, out.Bytes())

	var manifest []struct {
		Config           string
		RepoTags, Layers []string
	}
	if err := json.Unmarshal(files["manifest.json"], &manifest); err != nil {
		t.Fatal(err)
	}
	if len(manifest) != 1 || len(manifest[0].Layers) != 1 || manifest[0].RepoTags[0] != img.ref {
		t.Fatalf("unexpected manifest %+v", manifest)
	}
	var config struct {
		Config struct {
			Entrypoint []string
			User       string
		}
		RootFS struct {
			DiffIDs []string `json:"diff_ids"`
		}
	}
	if err := json.Unmarshal(files[manifest[0].Config], &config); err != nil {
		t.Fatal(err)
	}
	if got := config.Config.Entrypoint; len(got) != 1 || got[0] != "/first" {
		t.Errorf("entrypoint %v, want the first binary", got)
	}
	if config.Config.User != "1000" {
		t.Errorf("user %q", config.Config.User)
	}
	if want := "sha256:" + digest(files[manifest[0].Layers[0]]); config.RootFS.DiffIDs[0] != want {
		t.Errorf("diff id %s, want %s", config.RootFS.DiffIDs[0], want)
	}
}

func TestALayerHoldsTheBinariesUsersAndATmpForAll(t *testing.T) {
	layer, err := imageLayer([]string{fakeBinary(t, "app")})
	if err != nil {
		t.Fatal(err)
	}
	files, headers := untar(t, layer)
	for name, mode := range map[string]int64{"app": 0o755, "tmp/": 0o1777, "etc/passwd": 0o644} {
		h := headers[name]
		if h == nil {
			t.Errorf("%s is missing", name)
			continue
		}
		if h.Mode != mode || h.Uid != 0 || h.Gid != 0 || !h.ModTime.Equal(time.Unix(0, 0)) {
			t.Errorf("%s: mode %o, owner %d:%d, time %v", name, h.Mode, h.Uid, h.Gid, h.ModTime)
		}
	}
	for _, user := range []string{"root:x:0:", "nonroot:x:65532:"} {
		if !strings.Contains(string(files["etc/passwd"]), user) {
			t.Errorf("/etc/passwd lacks %s", user)
		}
	}
}

func TestTheSameBinariesGiveTheSameImage(t *testing.T) {
	img := image{ref: "reeve.local/x:1", user: defaultUser, files: []string{fakeBinary(t, "app")}}
	var first, second bytes.Buffer
	if err := writeImage(&first, img); err != nil {
		t.Fatal(err)
	}
	later := time.Now().Add(time.Hour)
	if err := os.Chtimes(img.files[0], later, later); err != nil {
		t.Fatal(err)
	}
	if err := writeImage(&second, img); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(first.Bytes(), second.Bytes()) {
		t.Error("the image changed with a file's time")
	}
}

func TestTwoBinariesOfOneNameAreRefused(t *testing.T) {
	err := writeImage(io.Discard, image{files: []string{fakeBinary(t, "app"), fakeBinary(t, "app")}})
	if err == nil {
		t.Error("one binary silently replaced the other")
	}
}
