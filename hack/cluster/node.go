package main

import (
	"bytes"
	"context"
	"embed"
	"fmt"
	"os"
	"path/filepath"
	"text/template"
)

// Images that every real node gets. They are built here, never pulled.
const (
	pauseImage    = "reeve.local/pause:1"
	testloadImage = "reeve.local/testload:1"
)

//go:embed templates
var templates embed.FS

// render writes one configuration file of the node from its template.
func (s *state) render(name, out string) error {
	tmpl, err := template.ParseFS(templates, "templates/"+name)
	if err != nil {
		return err
	}
	var text bytes.Buffer
	err = tmpl.Execute(&text, map[string]any{
		"Name":       s.Name,
		"NodeName":   s.nodeName(),
		"Dir":        s.dir,
		"Bridge":     s.bridge(),
		"Cgroup":     s.cgroup(),
		"PKI":        s.pki().dir,
		"CRISocket":  s.criSocket(),
		"CNIBin":     findCNIBin(),
		"NodeIP":     nodeIP,
		"PodCIDR":    podCIDR,
		"PodStart":   podStart,
		"DNSIP":      dnsIP,
		"PauseImage": pauseImage,
		"Ports":      s.Ports,
		"FastCrash":  s.FastCrash,
	})
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(out), 0o755); err != nil {
		return err
	}
	return os.WriteFile(out, text.Bytes(), 0o644)
}

// writeNodeConfig renders everything that the node's daemons read.
func writeNodeConfig(s *state) error {
	for name, out := range map[string]string{
		"cni.conflist":    s.path("cni", "10-reeve.conflist"),
		"containerd.toml": s.path("containerd.toml"),
		"kubelet.yaml":    s.path("kubelet.yaml"),
		"proxy.yaml":      s.path("proxy.yaml"),
	} {
		if err := s.render(name, out); err != nil {
			return err
		}
	}
	return os.MkdirAll(s.path("run"), 0o755)
}

func containerdProcess(s *state) (process, error) {
	path, err := lookTool("containerd")
	return process{name: "containerd", path: path, args: []string{"--config", s.path("containerd.toml")}}, err
}

func kubeletProcess(s *state) process {
	args := []string{
		"--config", s.path("kubelet.yaml"),
		"--kubeconfig", s.path("node.kubeconfig"),
		"--hostname-override", s.nodeName(),
		"--node-ip", nodeIP,
		"--root-dir", s.path("kubelet"),
		"--cert-dir", s.path("pki", "kubelet"),
	}
	if s.FastCrash {
		// Crashes come quicker than their logs can be read otherwise.
		args = append(args, "--maximum-dead-containers-per-container=3")
	}
	return process{name: "kubelet", path: s.binary("kubelet"), args: args}
}

func proxyProcess(s *state) process {
	return process{name: "kube-proxy", path: s.binary("kube-proxy"), args: []string{"--config", s.path("proxy.yaml")}}
}

// ctr talks to the cluster's own containerd, in the kubelet's namespace.
func (s *state) ctr(ctx context.Context, args ...string) (string, error) {
	return run(ctx, "ctr", append([]string{"--address", s.criSocket(), "--namespace", "k8s.io"}, args...)...)
}

// loadImages imports image tarballs into the node.
func (s *state) loadImages(ctx context.Context, tarballs ...string) error {
	for _, t := range tarballs {
		if _, err := s.ctr(ctx, "images", "import", t); err != nil {
			return fmt.Errorf("load %s: %w", t, err)
		}
	}
	return nil
}

// buildOwnImages builds this module's programs and wraps them into images.
func buildOwnImages(ctx context.Context, r repo, s *state) ([]string, error) {
	var tarballs []string
	for _, img := range []struct{ pkg, ref, user string }{
		{"pause", pauseImage, "65535:65535"},
		{"testload", testloadImage, defaultUser},
	} {
		bin := s.path("images", img.pkg)
		if err := runGo(ctx, r.source(), "build", "-buildvcs=false", "-trimpath", "-ldflags", "-s -w", "-o", bin, "./"+img.pkg); err != nil {
			return nil, err
		}
		tarball := bin + ".tar"
		if err := writeImageFile(tarball, image{ref: img.ref, user: img.user, files: []string{bin}}); err != nil {
			return nil, err
		}
		tarballs = append(tarballs, tarball)
	}
	return tarballs, nil
}

func runLoad(ctx context.Context, args []string) error {
	fs := newStateFlags("load")
	if err := parseFlags(fs.FlagSet, args, 1<<10); err != nil {
		return err
	}
	if fs.NArg() == 0 {
		return usageErrorf("load: name one or more image tarballs")
	}
	r, dir, err := fs.resolve()
	if err != nil {
		return err
	}
	s, err := loadState(dir)
	if err != nil {
		return err
	}
	if s == nil || s.Tier != 2 {
		return &exitError{code: exitNotUp, err: fmt.Errorf("no tier 2 cluster is up in %s", dir)}
	}
	for _, t := range fs.Args() {
		if err := s.loadImages(ctx, r.abs(t)); err != nil {
			return err
		}
		fmt.Fprintln(os.Stderr, "loaded", t)
	}
	return nil
}
