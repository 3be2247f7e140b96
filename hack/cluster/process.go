package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// procID names one process for good. A pid alone is reused, so the kernel's
// start time goes with it, and the boot id because start times begin anew.
type procID struct {
	pid   int
	start uint64 // clock ticks since boot
	boot  string
}

func (id procID) String() string { return fmt.Sprintf("%d %d %s\n", id.pid, id.start, id.boot) }

func parseProcID(s string) (procID, error) {
	var id procID
	if _, err := fmt.Sscanf(s, "%d %d %s", &id.pid, &id.start, &id.boot); err != nil {
		return procID{}, fmt.Errorf("pid record %q: %w", strings.TrimSpace(s), err)
	}
	if id.pid <= 1 {
		return procID{}, fmt.Errorf("pid record %q names pid %d", strings.TrimSpace(s), id.pid)
	}
	return id, nil
}

// identify reads who pid is right now.
func identify(pid int) (procID, error) {
	stat, err := readProcStat(pid)
	if err != nil {
		return procID{}, err
	}
	boot, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	if err != nil {
		return procID{}, err
	}
	return procID{pid: pid, start: stat.start, boot: strings.TrimSpace(string(boot))}, nil
}

// alive reports whether the very process that was recorded still runs.
func (id procID) alive() bool {
	now, err := identify(id.pid)
	if err != nil || now != id {
		return false
	}
	stat, err := readProcStat(id.pid)
	return err == nil && stat.state != 'Z' && stat.state != 'X'
}

// stop asks, waits, and then insists. Stopping what is gone is no error.
func (id procID) stop(grace time.Duration) error {
	for _, sig := range []syscall.Signal{syscall.SIGTERM, syscall.SIGKILL} {
		if !id.alive() {
			return nil
		}
		if err := syscall.Kill(id.pid, sig); err != nil && !errors.Is(err, syscall.ESRCH) {
			return fmt.Errorf("signal %d: %w", id.pid, err)
		}
		for deadline := time.Now().Add(grace); time.Now().Before(deadline) && id.alive(); {
			time.Sleep(20 * time.Millisecond)
		}
	}
	if id.alive() {
		return fmt.Errorf("pid %d does not end even on SIGKILL", id.pid)
	}
	return nil
}

type procStat struct {
	state byte
	start uint64
}

func readProcStat(pid int) (procStat, error) {
	data, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return procStat{}, err
	}
	return parseProcStat(string(data))
}

// parseProcStat starts after the last parenthesis, because the command name in
// field 2 may itself hold spaces and parentheses.
func parseProcStat(s string) (procStat, error) {
	end := strings.LastIndexByte(s, ')')
	if end < 0 {
		return procStat{}, fmt.Errorf("malformed stat %q", s)
	}
	fields := strings.Fields(s[end+1:])
	const state, startTime = 3 - 3, 22 - 3 // field numbers of proc(5), less pid and name
	if len(fields) <= startTime {
		return procStat{}, fmt.Errorf("malformed stat %q", s)
	}
	start, err := strconv.ParseUint(fields[startTime], 10, 64)
	if err != nil {
		return procStat{}, err
	}
	return procStat{state: fields[state][0], start: start}, nil
}

// markerVariable is set on everything that `up` starts and inherited by its
// children (containerd's shims, CNI plugins), so that `down` finds what no pid
// file names: a kill may strike between a fork and the writing of its record.
const markerVariable = "REEVE_CLUSTER_ID"

// markedProcesses finds the live processes that carry a cluster's id.
func markedProcesses(clusterID string) []procID {
	if clusterID == "" {
		return nil
	}
	return processesWith(func(variable string) bool { return variable == markerVariable+"="+clusterID })
}

// allMarkedProcesses finds the live processes of all clusters on this machine.
func allMarkedProcesses() []procID {
	return processesWith(func(variable string) bool { return strings.HasPrefix(variable, markerVariable+"=") })
}

// processesWith finds the live processes, this one aside, that have a variable
// in their environment that matches.
func processesWith(matches func(variable string) bool) []procID {
	files, _ := filepath.Glob("/proc/[0-9]*/environ")
	var found []procID
	for _, f := range files {
		environ, err := os.ReadFile(f)
		if err != nil || !slices.ContainsFunc(strings.Split(string(environ), "\x00"), matches) {
			continue
		}
		pid, err := strconv.Atoi(filepath.Base(filepath.Dir(f)))
		if err != nil || pid == os.Getpid() {
			continue
		}
		if id, err := identify(pid); err == nil && id.alive() {
			found = append(found, id)
		}
	}
	return found
}

// process is one daemon to start.
type process struct {
	name string
	path string
	args []string
}

// start runs p in a session of its own, so that it outlives this program and
// does not see the terminal's Ctrl-C.
func (p process) start(s *state) error {
	logFile, err := os.Create(s.logFile(p.name))
	if err != nil {
		return err
	}
	defer logFile.Close()
	cmd := exec.Command(p.path, p.args...)
	cmd.Stdout, cmd.Stderr = logFile, logFile
	cmd.Dir = s.dir
	cmd.Env = append(os.Environ(), markerVariable+"="+s.ID, "PATH="+systemPath())
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("start %s: %w", p.name, err)
	}
	id, err := identify(cmd.Process.Pid)
	if err != nil {
		return fmt.Errorf("start %s: %w", p.name, err)
	}
	go func() { _ = cmd.Wait() }() // reaps it, so that an early death shows
	return writeFileAtomic(s.pidFile(p.name), []byte(id.String()))
}

// systemPath adds the sbin directories that a plain user's PATH lacks.
func systemPath() string {
	return os.Getenv("PATH") + ":/usr/local/sbin:/usr/sbin:/sbin"
}

// run executes a short command and puts its output into the error.
func run(ctx context.Context, name string, args ...string) (string, error) {
	return runInput(ctx, "", name, args...)
}

func runInput(ctx context.Context, input, name string, args ...string) (string, error) {
	path, err := lookTool(name)
	if err != nil {
		return "", err
	}
	cmd := exec.CommandContext(ctx, path, args...)
	cmd.Env = append(os.Environ(), "PATH="+systemPath())
	cmd.Stdin = strings.NewReader(input)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		return stdout.String(), fmt.Errorf("%s %s: %w: %s", name, strings.Join(args, " "), err, strings.TrimSpace(stderr.String()))
	}
	return stdout.String(), nil
}

// lookTool finds a program on PATH or in the sbin directories.
func lookTool(name string) (string, error) {
	for _, dir := range filepath.SplitList(systemPath()) {
		path := filepath.Join(dir, name)
		if info, err := os.Stat(path); err == nil && info.Mode().IsRegular() && info.Mode()&0o111 != 0 {
			return path, nil
		}
	}
	return "", fmt.Errorf("%s: %w", name, exec.ErrNotFound)
}
