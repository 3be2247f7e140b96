package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// cniResults is where the CNI library writes, whatever its configuration says.
const cniResults = "/var/lib/cni/results"

// restoreHost gives the machine back as `up` found it.
func (s *state) restoreHost(ctx context.Context) error {
	errs := []error{s.removeShimSockets(), s.unmountAll(ctx)}
	if s.OwnsCgroup {
		errs = append(errs, removeCgroup(s))
	}
	if s.OwnsBridge {
		errs = append(errs, removeBridge(ctx, s))
	}
	if s.OwnsIPTables {
		errs = append(errs, removeKubeChains(ctx))
	}
	errs = append(errs, restoreSysctls(s), s.removeLogLinks(), s.removeCNIResults())
	s.removeHostDirs()
	return errors.Join(errs...)
}

// removeShimSockets drops the sockets of killed shims. containerd keeps them
// all in /run/containerd/s; each shim's address file says which is its own.
func (s *state) removeShimSockets() error {
	files, _ := filepath.Glob(s.path("run", "containerd", "io.containerd.runtime.v2.task", "*", "*", "address"))
	var errs []error
	for _, f := range files {
		data, err := os.ReadFile(f)
		socket, ok := strings.CutPrefix(strings.TrimSpace(string(data)), "unix://")
		if err != nil || !ok {
			continue
		}
		if err := os.Remove(socket); err != nil && !errors.Is(err, fs.ErrNotExist) {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

// unmountAll detaches every mount below the state directory: volumes, root
// file systems, network namespaces.
func (s *state) unmountAll(ctx context.Context) error {
	data, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		return err
	}
	var errs []error
	for _, m := range mountsBelow(string(data), s.dir) {
		_, err := run(ctx, "umount", "--lazy", m)
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

// mountsBelow lists mount points under dir, the latest first, because later
// mounts lie on top of earlier ones.
func mountsBelow(mountinfo, dir string) []string {
	unescape := strings.NewReplacer(`\040`, " ", `\011`, "\t", `\012`, "\n", `\134`, `\`)
	var found []string
	for line := range strings.SplitSeq(mountinfo, "\n") {
		fields := strings.Fields(line)
		if len(fields) < 5 {
			continue
		}
		if point := unescape.Replace(fields[4]); strings.HasPrefix(point, dir+"/") {
			found = append(found, point)
		}
	}
	slices.Reverse(found)
	return found
}

// removeCgroup retries, because a cgroup stays busy for a moment after its
// last process has gone.
func removeCgroup(s *state) error {
	var err error
	for range 50 {
		err = nil
		for _, dir := range cgroupDirs(s) {
			if e := os.Remove(dir); e != nil && !errors.Is(e, fs.ErrNotExist) {
				err = e
			}
		}
		if err == nil {
			return nil
		}
		time.Sleep(100 * time.Millisecond)
	}
	return fmt.Errorf("remove cgroup: %w", err)
}

// removeLogLinks drops the links that the kubelet makes in a fixed place for
// log collectors.
func (s *state) removeLogLinks() error {
	links, _ := filepath.Glob("/var/log/containers/*.log")
	var errs []error
	for _, l := range links {
		if target, err := os.Readlink(l); err == nil && strings.HasPrefix(target, s.dir+"/") {
			errs = append(errs, os.Remove(l))
		}
	}
	return errors.Join(errs...)
}

// removeCNIResults drops what the CNI library noted, in a fixed place, about
// each pod sandbox: one file per network, and every sandbox is on the loopback
// as well as on the cluster's.
func (s *state) removeCNIResults() error {
	prefix := filepath.Join(cniResults, s.Name+"-")
	files, _ := filepath.Glob(prefix + "*-eth0")
	var errs []error
	for _, f := range files {
		sandbox := strings.TrimSuffix(strings.TrimPrefix(f, prefix), "-eth0")
		all, _ := filepath.Glob(filepath.Join(cniResults, "*-"+sandbox+"-*"))
		for _, f := range all {
			errs = append(errs, os.Remove(f))
		}
	}
	return errors.Join(errs...)
}

// removeHostDirs removes the directories that were not there before, with the
// sockets of our daemons in them. What holds any other file is somebody's and
// stays.
func (s *state) removeHostDirs() {
	for _, top := range s.HostDirs {
		var paths []string
		_ = filepath.WalkDir(top, func(path string, d fs.DirEntry, err error) error {
			if err == nil && (d.IsDir() || d.Type() == fs.ModeSocket) {
				paths = append(paths, path)
			}
			return nil
		})
		for _, p := range slices.Backward(paths) {
			_ = os.Remove(p)
		}
	}
}
