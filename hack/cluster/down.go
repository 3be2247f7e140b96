package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

func runDown(ctx context.Context, args []string) error {
	fs := newStateFlags("down")
	if err := parseFlags(fs.FlagSet, args, 0); err != nil {
		return err
	}
	_, dir, err := fs.resolve()
	if err != nil {
		return err
	}
	// Looked at before the lock too, which would leave a file in a directory
	// that is none of ours.
	if s, err := loadState(dir); s == nil && err == nil {
		fmt.Fprintln(os.Stderr, "nothing to do: no cluster in", dir)
		return nil
	}
	lock, err := lockDir(dir)
	if err != nil {
		return err
	}
	defer lock.unlock()
	s, err := loadState(dir)
	if err != nil {
		return err
	}
	if s == nil {
		fmt.Fprintln(os.Stderr, "nothing to do: no cluster in", dir)
		return nil
	}
	if s.Tier == 2 && os.Geteuid() != 0 {
		return &exitError{code: exitPrerequisites, err: errors.New("taking down a tier 2 cluster needs root")}
	}
	return s.tearDown(ctx)
}

// tearDown undoes an `up` of which any part may be missing. It keeps the state
// as long as something is left, and can be repeated.
func (s *state) tearDown(ctx context.Context) error {
	if err := s.undo(ctx); err != nil {
		return err
	}
	if err := s.clear(); err != nil {
		return err
	}
	fmt.Fprintln(os.Stderr, "down; the logs stay in", s.path("log"))
	return nil
}

// undo stops the processes and gives the machine back. It goes on after an
// error and never needs the API server: after a crash there is none.
func (s *state) undo(ctx context.Context) error {
	t := steps{started: time.Now()}
	errs := []error{s.stopAll(ctx)}
	t.done("processes stopped")
	if s.Tier == 2 {
		errs = append(errs, s.restoreHost(ctx))
		t.done("mounts, cgroup, bridge and iptables chains removed")
	}
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("not everything could be removed; running down again may help:\n%w", err)
	}
	return nil
}

// stopAll ends the daemons. The kubelet goes before the containers, or it
// would restart them; containerd goes after, because it cleans up behind them.
func (s *state) stopAll(ctx context.Context) error {
	procs, err := s.processes()
	if err != nil {
		return err
	}
	var errs []error
	stop := func(name string) {
		if id, ok := procs[name]; ok {
			errs = append(errs, id.stop(10*time.Second))
		}
	}
	for _, name := range []string{"kubelet", "kube-proxy", "kube-scheduler", "kube-controller-manager"} {
		stop(name)
	}
	if s.OwnsCgroup {
		errs = append(errs, killCgroup(s))
	}
	if procs["containerd"].alive() {
		s.removeTasks(ctx)
	}
	for _, name := range []string{"containerd", "kube-apiserver", "etcd"} {
		stop(name)
	}
	// Shims, and whatever was started but not recorded.
	for _, id := range markedProcesses(s.ID) {
		errs = append(errs, id.stop(time.Second))
	}
	if s.OwnsCgroup { // a shim may have started something in between
		errs = append(errs, killCgroup(s))
	}
	return errors.Join(errs...)
}

// removeTasks lets containerd end its shims itself, which also removes their
// sockets. Failures do not matter: a shim that stays is found by its marker.
func (s *state) removeTasks(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	out, err := s.ctr(ctx, "tasks", "list", "--quiet")
	if err != nil {
		return
	}
	if ids := strings.Fields(out); len(ids) > 0 {
		_, _ = s.ctr(ctx, append([]string{"tasks", "delete", "--force"}, ids...)...)
	}
}

// killCgroup kills all containers. Everything below the cluster's own cgroup
// is a container of it.
func killCgroup(s *state) error {
	var pids []int
	for range 100 {
		if pids = cgroupPIDs(s); len(pids) == 0 {
			return nil
		}
		for _, pid := range pids {
			_ = syscall.Kill(pid, syscall.SIGKILL)
		}
		time.Sleep(20 * time.Millisecond)
	}
	return fmt.Errorf("processes %v in cgroup %s do not end", pids, s.cgroup())
}

func cgroupPIDs(s *state) []int {
	var pids []int
	for _, dir := range cgroupDirs(s) {
		data, err := os.ReadFile(filepath.Join(dir, "cgroup.procs"))
		if err != nil {
			continue
		}
		for field := range strings.FieldsSeq(string(data)) {
			// 0 stands for a process of another pid namespace, which no
			// signal of ours could reach.
			if pid, err := strconv.Atoi(field); err == nil && pid > 1 {
				pids = append(pids, pid)
			}
		}
	}
	slices.Sort(pids)
	return slices.Compact(pids)
}

// cgroupDirs lists the cluster's cgroups, children before parents.
func cgroupDirs(s *state) []string {
	var dirs []string
	roots, _ := cgroupHierarchies()
	for _, root := range roots {
		_ = filepath.WalkDir(filepath.Join(root, s.cgroup()), func(path string, d os.DirEntry, err error) error {
			if err == nil && d.IsDir() {
				dirs = append(dirs, path)
			}
			return nil
		})
	}
	slices.Reverse(dirs)
	return dirs
}
