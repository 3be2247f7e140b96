package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strings"
)

// kubeletSysctls are the kernel settings that kubelet, kube-proxy or the CNI
// plugins may change. `down` puts back the values that `up` found.
func kubeletSysctls() []string {
	return []string{
		"net/ipv4/ip_forward",
		"net/ipv4/conf/all/route_localnet",
		"net/ipv6/conf/all/forwarding",
		"vm/overcommit_memory",
		"vm/panic_on_oom",
		"kernel/panic",
		"kernel/panic_on_oops",
		"kernel/keys/root_maxkeys",
		"kernel/keys/root_maxbytes",
	}
}

// fixedHostDirs are paths that containerd, CNI, the kubelet and umount use
// whatever their configuration says.
func fixedHostDirs() []string {
	return []string{
		"/run/containerd", "/var/lib/cni", "/var/lib/kubelet", "/var/log/containers",
		"/var/log/pods", "/opt/containerd", "/etc/cni", "/run/mount",
	}
}

// recordHost remembers what the machine looks like before anything changes.
func recordHost(s *state) error {
	s.Sysctls = map[string]string{}
	for _, name := range kubeletSysctls() {
		if data, err := os.ReadFile("/proc/sys/" + name); err == nil {
			s.Sysctls[name] = strings.TrimSpace(string(data))
		}
	}
	for _, dir := range fixedHostDirs() {
		if _, err := os.Lstat(dir); errors.Is(err, fs.ErrNotExist) {
			s.HostDirs = append(s.HostDirs, dir)
		}
	}
	return s.save()
}

func restoreSysctls(s *state) error {
	var errs []error
	for name, value := range s.Sysctls {
		file := "/proc/sys/" + name
		if now, err := os.ReadFile(file); err != nil || strings.TrimSpace(string(now)) == value {
			continue
		}
		errs = append(errs, os.WriteFile(file, []byte(value), 0o644))
	}
	return errors.Join(errs...)
}

// createBridge makes the bridge that carries the node's address. Its alias
// names the state directory, so that a stray one can be traced.
func createBridge(ctx context.Context, s *state) error {
	s.OwnsBridge = true
	if err := s.save(); err != nil {
		return err
	}
	for _, args := range [][]string{
		{"link", "add", s.bridge(), "type", "bridge"},
		{"link", "set", s.bridge(), "alias", bridgeAlias(s.dir)},
		{"addr", "add", nodeIP + "/24", "dev", s.bridge()},
		{"link", "set", s.bridge(), "up"},
	} {
		if _, err := run(ctx, "ip", args...); err != nil {
			return err
		}
	}
	return nil
}

func bridgeAlias(dir string) string { return "reeve cluster in " + dir }

// bridgeOwner tells whether the bridge exists and what its alias says.
func bridgeOwner(name string) (exists bool, alias string) {
	data, err := os.ReadFile(filepath.Join("/sys/class/net", name, "ifalias"))
	return err == nil, strings.TrimSpace(string(data))
}

func removeBridge(ctx context.Context, s *state) error {
	if exists, _ := bridgeOwner(s.bridge()); !exists {
		return nil
	}
	_, err := run(ctx, "ip", "link", "del", s.bridge())
	return err
}

// cgroupHierarchies lists the roots below which the cluster's cgroup lies: one
// on cgroup v2, one per controller on v1.
func cgroupHierarchies() (roots []string, v2 bool) {
	const base = "/sys/fs/cgroup"
	if _, err := os.Stat(filepath.Join(base, "cgroup.controllers")); err == nil {
		return []string{base}, true
	}
	entries, _ := os.ReadDir(base)
	for _, e := range entries {
		if e.IsDir() { // links such as cpu → cpu,cpuacct are not
			roots = append(roots, filepath.Join(base, e.Name()))
		}
	}
	return roots, false
}

func createCgroup(s *state) error {
	s.OwnsCgroup = true
	if err := s.save(); err != nil {
		return err
	}
	roots, v2 := cgroupHierarchies()
	for _, root := range roots {
		if v2 {
			delegateControllers(root)
		}
		dir := filepath.Join(root, s.cgroup())
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return fmt.Errorf("create cgroup: %w", err)
		}
		if err := inheritCpuset(root, dir); err != nil {
			return fmt.Errorf("create cgroup: %w", err)
		}
	}
	return nil
}

// delegateControllers makes every controller available to children, one by
// one, because one that is busy must not keep the others away. The kubelet
// reports what is missing.
func delegateControllers(root string) {
	data, _ := os.ReadFile(filepath.Join(root, "cgroup.controllers"))
	for c := range strings.FieldsSeq(string(data)) {
		_ = os.WriteFile(filepath.Join(root, "cgroup.subtree_control"), []byte("+"+c), 0o644)
	}
}

// inheritCpuset fills in what cgroup v1 leaves empty in a new cpuset; no
// process can enter it before.
func inheritCpuset(root, dir string) error {
	for _, name := range []string{"cpuset.cpus", "cpuset.mems"} {
		value, err := os.ReadFile(filepath.Join(root, name))
		if err != nil {
			continue // not the cpuset hierarchy, or cgroup v2
		}
		if err := os.WriteFile(filepath.Join(dir, name), value, 0o644); err != nil {
			return err
		}
	}
	return nil
}

// checkHostFree refuses to share what cannot be shared: one real node per
// machine.
func checkHostFree(ctx context.Context, s *state) error {
	if exists, alias := bridgeOwner(s.bridge()); exists {
		return fmt.Errorf("the network interface %s exists already and is not ours (alias %q); choose another --name", s.bridge(), alias)
	}
	if err := checkPodNetworkFree(); err != nil {
		return err
	}
	roots, _ := cgroupHierarchies()
	for _, root := range roots {
		if _, err := os.Stat(filepath.Join(root, s.cgroup())); err == nil {
			return fmt.Errorf("the cgroup %s exists already and is not ours; choose another --name", filepath.Join(root, s.cgroup()))
		}
	}
	foreign, err := foreignKubeChains(ctx)
	if err != nil {
		return err
	}
	if foreign {
		return errors.New("iptables holds KUBE- chains of another cluster on this machine; stop that cluster and remove its chains first")
	}
	return nil
}

func checkPodNetworkFree() error {
	_, pods, err := net.ParseCIDR(podCIDR)
	if err != nil {
		return err
	}
	addrs, err := net.InterfaceAddrs()
	if err != nil {
		return err
	}
	for _, a := range addrs {
		if ipnet, ok := a.(*net.IPNet); ok && pods.Contains(ipnet.IP) {
			return fmt.Errorf("this machine already has the address %s in the pods' network %s; is another tier 2 cluster up?", ipnet, podCIDR)
		}
	}
	return nil
}
