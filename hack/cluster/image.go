package main

import (
	"archive/tar"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"time"
)

// defaultUser is the "nonroot" that distroless images and ko use.
const defaultUser = "65532:65532"

// image is a container image FROM scratch around static binaries.
type image struct {
	ref   string
	user  string
	files []string // the first is the entrypoint
}

// stringList collects a flag that may be given several times.
type stringList []string

func (l *stringList) String() string     { return fmt.Sprint([]string(*l)) }
func (l *stringList) Set(v string) error { *l = append(*l, v); return nil }

func runImage(_ context.Context, args []string) error {
	fs := flag.NewFlagSet("image", flag.ContinueOnError)
	ref := fs.String("ref", "", "`reference` of the image, for example reeve.local/webhook:dev")
	out := fs.String("out", "", "`tarball` to write")
	user := fs.String("user", defaultUser, "`uid[:gid]` that the image runs as")
	var files stringList
	fs.Var(&files, "binary", "static binary `file` to put at the root; repeatable, the first is the entrypoint")
	if err := parseFlags(fs, args, 0); err != nil {
		return err
	}
	if *ref == "" || *out == "" || len(files) == 0 {
		return usageErrorf("image: --ref, --binary and --out are required")
	}
	r, err := findRepo()
	if err != nil {
		return err
	}
	img := image{ref: *ref, user: *user}
	for _, f := range files {
		img.files = append(img.files, r.abs(f))
	}
	return writeImageFile(r.abs(*out), img)
}

func writeImageFile(path string, img image) error {
	var data bytes.Buffer
	if err := writeImage(&data, img); err != nil {
		return fmt.Errorf("image %s: %w", img.ref, err)
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	return os.WriteFile(path, data.Bytes(), 0o644)
}

// writeImage writes the format of `docker save`, which every runtime imports.
// The same binaries give the same bytes: no clock, no user, no map order.
func writeImage(w io.Writer, img image) error {
	layer, err := imageLayer(img.files)
	if err != nil {
		return err
	}
	config, err := imageConfig(img, digest(layer))
	if err != nil {
		return err
	}
	configName, layerName := digest(config)+".json", digest(layer)+"/layer.tar"
	manifest, err := json.Marshal([]map[string]any{{
		"Config": configName, "RepoTags": []string{img.ref}, "Layers": []string{layerName},
	}})
	if err != nil {
		return err
	}
	t := tar.NewWriter(w)
	for _, f := range []entry{
		{name: "manifest.json", mode: 0o644, data: manifest},
		{name: configName, mode: 0o644, data: config},
		{name: layerName, mode: 0o644, data: layer},
	} {
		if err := f.write(t); err != nil {
			return err
		}
	}
	return t.Close()
}

func imageConfig(img image, layerDigest string) ([]byte, error) {
	return json.Marshal(map[string]any{
		"architecture": runtime.GOARCH,
		"os":           "linux",
		"created":      time.Unix(0, 0).UTC(),
		"config": map[string]any{
			"Entrypoint": []string{"/" + filepath.Base(img.files[0])},
			"Env":        []string{"PATH=/"},
			"User":       img.user,
			"WorkingDir": "/",
		},
		"rootfs":  map[string]any{"type": "layers", "diff_ids": []string{"sha256:" + layerDigest}},
		"history": []map[string]any{{"created_by": "reeve hack/cluster image"}},
	})
}

// imageLayer holds the binaries and the little that Go programs look for.
func imageLayer(files []string) ([]byte, error) {
	const passwd = "root:x:0:0:root:/:/none\nnonroot:x:65532:65532:nonroot:/:/none\n"
	const group = "root:x:0:\nnonroot:x:65532:\n"
	entries := []entry{
		{name: "etc/", mode: 0o755},
		{name: "etc/group", mode: 0o644, data: []byte(group)},
		{name: "etc/passwd", mode: 0o644, data: []byte(passwd)},
		{name: "tmp/", mode: 0o1777},
	}
	seen := map[string]bool{}
	for _, f := range files {
		data, err := os.ReadFile(f)
		if err != nil {
			return nil, err
		}
		name := filepath.Base(f)
		if seen[name] {
			return nil, fmt.Errorf("two files are named %s", name)
		}
		seen[name] = true
		entries = append(entries, entry{name: name, mode: 0o755, data: data})
	}
	var layer bytes.Buffer
	t := tar.NewWriter(&layer)
	for _, e := range entries {
		if err := e.write(t); err != nil {
			return nil, err
		}
	}
	if err := t.Close(); err != nil {
		return nil, err
	}
	return layer.Bytes(), nil
}

// entry is one file of a tarball, or a directory when its name ends in "/".
type entry struct {
	name string
	mode int64
	data []byte
}

func (e entry) write(t *tar.Writer) error {
	h := &tar.Header{Name: e.name, Mode: e.mode, Size: int64(len(e.data)), ModTime: time.Unix(0, 0), Format: tar.FormatUSTAR}
	if e.name[len(e.name)-1] == '/' {
		h.Typeflag = tar.TypeDir
	} else {
		h.Typeflag = tar.TypeReg
	}
	if err := t.WriteHeader(h); err != nil {
		return err
	}
	_, err := t.Write(e.data)
	return err
}

func digest(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}
