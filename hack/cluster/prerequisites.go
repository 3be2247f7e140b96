package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
)

// prerequisites is what a machine must offer for a tier. The fields stand in
// for the machine in tests.
type prerequisites struct {
	goos   string
	uid    int
	tool   func(name string) error
	cniBin string // empty when the plugins were not found
}

// machinePrerequisites describes this machine.
func machinePrerequisites() prerequisites {
	return prerequisites{
		goos:   runtime.GOOS,
		uid:    os.Geteuid(),
		tool:   func(name string) error { _, err := lookTool(name); return err },
		cniBin: findCNIBin(),
	}
}

// toolPackages maps each needed program to the Debian package that has it.
func toolPackages() []struct{ tool, pkg string } {
	return []struct{ tool, pkg string }{
		{"containerd", "containerd"},
		{"containerd-shim-runc-v2", "containerd"},
		{"ctr", "containerd"},
		{"runc", "runc"},
		{"iptables", "iptables"},
		{"ip6tables", "iptables"},
		{"ip", "iproute2"},
		{"umount", "mount"},
	}
}

// check returns an error with exit code 3 that names everything that is
// missing and the command that installs it.
func (p prerequisites) check(tier int) error {
	var missing, packages []string
	if p.goos != "linux" {
		missing = append(missing, "Linux (this is "+p.goos+")")
	}
	if tier == 2 && p.goos == "linux" {
		if p.uid != 0 {
			missing = append(missing, "root (the kubelet makes cgroups, mounts and network interfaces)")
		}
		for _, t := range toolPackages() {
			if p.tool(t.tool) != nil {
				missing = append(missing, "the program "+t.tool)
				packages = append(packages, t.pkg)
			}
		}
		if p.cniBin == "" {
			missing = append(missing, "the CNI plugins "+strings.Join(cniPlugins(), ", "))
			packages = append(packages, "containernetworking-plugins")
		}
	}
	if len(missing) == 0 {
		return nil
	}
	msg := fmt.Sprintf("tier %d needs, and this machine lacks:\n  - %s", tier, strings.Join(missing, "\n  - "))
	if len(packages) > 0 {
		slices.Sort(packages)
		msg += "\ninstall them (Debian, Ubuntu) with:\n  apt-get install --no-install-recommends " +
			strings.Join(slices.Compact(packages), " ")
	}
	return &exitError{code: exitPrerequisites, err: errors.New(msg)}
}

func cniPlugins() []string { return []string{"bridge", "host-local", "loopback"} }

// findCNIBin looks where Debian and the upstream archives put the plugins.
func findCNIBin() string {
	dirs := []string{"/usr/lib/cni", "/opt/cni/bin", "/usr/libexec/cni"}
	if dir := os.Getenv("REEVE_CNI_BIN"); dir != "" {
		dirs = []string{dir}
	}
	for _, dir := range dirs {
		if !slices.ContainsFunc(cniPlugins(), func(plugin string) bool {
			_, err := os.Stat(filepath.Join(dir, plugin))
			return err != nil
		}) {
			return dir
		}
	}
	return ""
}
