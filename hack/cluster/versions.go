package main

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"golang.org/x/mod/modfile"
)

// module is one wrapper module under build/. The version it pins in its go.mod
// is the only place where a version is written down.
type module struct {
	name string // directory under build/
	path string // module whose version names the build
}

// component is one binary that this program can build.
type component struct {
	binary string
	module module
	pkg    string // main package
	cold   string // duration of a first build on 2 cores, in build order, for the progress line
}

// components lists everything in build order: what envtest needs comes first,
// so that `bin-dir` is ready early.
func components() []component {
	kubernetes := module{name: "kubernetes", path: "k8s.io/kubernetes"}
	etcd := module{name: "etcd", path: "go.etcd.io/etcd/server/v3"}
	kwok := module{name: "kwok", path: "sigs.k8s.io/kwok"}
	kube := func(binary, cold string) component {
		return component{binary: binary, module: kubernetes, pkg: "k8s.io/kubernetes/cmd/" + binary, cold: cold}
	}
	return []component{
		{binary: "etcd", module: etcd, pkg: etcd.path, cold: "1 minute"},
		kube("kube-apiserver", "4 minutes"),
		kube("kubectl", "30 seconds"),
		kube("kube-controller-manager", "1 minute"),
		kube("kube-scheduler", "10 seconds"),
		kube("kubelet", "30 seconds"),
		kube("kube-proxy", "10 seconds"),
		{binary: "kwok", module: kwok, pkg: kwok.path + "/cmd/kwok", cold: "1 minute"},
	}
}

// componentNames are the binaries of a tier; kwok belongs to neither.
func componentNames(tier int) []string {
	if tier == 1 {
		return []string{"etcd", "kube-apiserver", "kubectl"}
	}
	return []string{
		"etcd", "kube-apiserver", "kubectl",
		"kube-controller-manager", "kube-scheduler", "kubelet", "kube-proxy",
	}
}

// selectComponents picks by binary name and keeps the build order.
func selectComponents(names []string) ([]component, error) {
	wanted := map[string]bool{}
	for _, n := range names {
		wanted[n] = true
	}
	var picked []component
	var known []string
	for _, c := range components() {
		known = append(known, c.binary)
		if wanted[c.binary] {
			picked = append(picked, c)
			delete(wanted, c.binary)
		}
	}
	for n := range wanted {
		return nil, usageErrorf("unknown component %q; known are %s", n, strings.Join(known, ", "))
	}
	return picked, nil
}

// readVersions maps each wrapper module's name to the version that it pins.
func readVersions(r repo) (map[string]string, error) {
	versions := map[string]string{}
	for _, c := range components() {
		if versions[c.module.name] != "" {
			continue
		}
		file := filepath.Join(r.wrapper(c.module.name), "go.mod")
		data, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		v, err := pinnedVersion(file, data, c.module.path)
		if err != nil {
			return nil, err
		}
		versions[c.module.name] = v
	}
	return versions, nil
}

func pinnedVersion(file string, data []byte, path string) (string, error) {
	f, err := modfile.ParseLax(file, data, nil)
	if err != nil {
		return "", err
	}
	for _, req := range f.Require {
		if req.Mod.Path == path {
			return req.Mod.Version, nil
		}
	}
	return "", fmt.Errorf("%s does not require %s", file, path)
}

// platformKey keeps binaries of different machines apart in a shared cache.
func platformKey() string { return runtime.GOOS + "-" + runtime.GOARCH }

// versionFlags are the linker's -X settings that make a Kubernetes binary
// report its real version; without them clients see v0.0.0-master.
func versionFlags(version string) string {
	parts := strings.SplitN(strings.TrimPrefix(version, "v"), ".", 3)
	if len(parts) < 3 {
		return ""
	}
	const pkg = "k8s.io/component-base/version"
	return fmt.Sprintf("-X %[1]s.gitVersion=%[2]s -X %[1]s.gitMajor=%[3]s -X %[1]s.gitMinor=%[4]s -X %[1]s.gitTreeState=archive",
		pkg, version, parts[0], parts[1])
}
