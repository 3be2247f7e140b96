package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// lifecycleVariable switches on the tests that start real clusters. They build
// Kubernetes when it is not in the cache, which a plain `go test` must not.
const lifecycleVariable = "REEVE_CLUSTER_LIFECYCLE"

// testCluster is a cluster in a directory of its own that ends with the test.
type testCluster struct {
	t     *testing.T
	dir   string
	state *state
}

func startCluster(t *testing.T, flags ...string) *testCluster {
	t.Helper()
	if os.Getenv(lifecycleVariable) == "" {
		t.Skip("starts a real cluster; set " + lifecycleVariable + "=1 to run")
	}
	// Not t.TempDir, whose long path does not fit into a socket's.
	dir, err := os.MkdirTemp("", "reeve-cluster-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	args := append([]string{"--dir", dir, "--name", "reevetest"}, flags...)
	err = runUp(t.Context(), args)
	if e, ok := errors.AsType[*exitError](err); ok && e.code == exitPrerequisites {
		t.Skip("NOT TESTED: ", err)
	}
	c := &testCluster{t: t, dir: dir}
	t.Cleanup(c.down)
	if err != nil {
		t.Fatal(err)
	}
	if c.state, err = loadState(dir); err != nil {
		t.Fatal(err)
	}
	return c
}

// down may run twice: the second time there is nothing to do.
func (c *testCluster) down() {
	// Not the test's context, which has ended when cleanups run.
	if err := runDown(context.Background(), []string{"--dir", c.dir}); err != nil {
		c.t.Error(err)
	}
}

func (c *testCluster) kubectl(args ...string) (string, error) {
	cmd := exec.Command(c.state.binary("kubectl"), append([]string{"--kubeconfig", c.state.kubeconfig()}, args...)...)
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// eventually repeats a kubectl command until its output contains want.
func (c *testCluster) eventually(want string, args ...string) {
	c.t.Helper()
	var out string
	for deadline := time.Now().Add(90 * time.Second); time.Now().Before(deadline); time.Sleep(500 * time.Millisecond) {
		if out, _ = c.kubectl(args...); strings.Contains(out, want) {
			return
		}
	}
	c.t.Errorf("kubectl %s: no %q in:\n%s", strings.Join(args, " "), want, out)
}

func (c *testCluster) runPod(name string, args ...string) {
	c.t.Helper()
	args = append([]string{"run", name, "--image", testloadImage, "--restart=Always", "--"}, args...)
	if out, err := c.kubectl(args...); err != nil {
		c.t.Fatalf("%v: %s", err, out)
	}
}

func TestATierOneClusterAnswersAndGoesAwayWhole(t *testing.T) {
	c := startCluster(t)
	c.eventually("kube-system", "get", "namespaces")
	if err := runUp(t.Context(), []string{"--dir", c.dir, "--name", "reevetest"}); err != nil {
		t.Errorf("up is not idempotent: %v", err)
	}
	c.down()
	if left := markedProcesses(c.state.ID); len(left) > 0 {
		t.Errorf("processes are left: %+v", left)
	}
}

func TestATierTwoClusterRunsCrashesAndServesPods(t *testing.T) {
	c := startCluster(t, "--tier", "2")
	c.runPod("sleeper", "sleep")
	c.runPod("crasher", "crash", "3", "10")
	c.runPod("web", "http", ":8080")
	if out, err := c.kubectl("run", "nopull", "--image", "reeve.invalid/x:1"); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	if out, err := c.kubectl("expose", "pod", "web", "--port", "80", "--target-port", "8080"); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	c.eventually("Running", "get", "pod", "sleeper")
	c.eventually("sleeping", "logs", "sleeper")
	c.eventually("ImagePull", "get", "pod", "nopull")
	c.eventually("crashing as asked", "logs", "crasher")
	c.eventually("CrashLoopBackOff", "get", "pod", "crasher")
	ip, err := c.kubectl("get", "service", "web", "--output", "jsonpath={.spec.clusterIP}")
	if err != nil {
		t.Fatalf("%v: %s", err, ip)
	}
	c.eventually("testload: ok", "exec", "sleeper", "--", "/testload", "get", "http://"+ip)
	c.eventually("testload: ok", "get", "--raw", "/api/v1/namespaces/default/services/web:80/proxy/")
	c.down() // with pods still running
	c.assertNothingLeft()
}

// A job's end may kill everything at once, and leave nobody to take the rest
// down; the next one, from another directory, must not fail for it.
func TestTheRemainsOfAKilledTierTwoClusterDoNotKeepTheNextFromStarting(t *testing.T) {
	for _, directoryGone := range []bool{false, true} {
		c := startCluster(t, "--tier", "2")
		c.runPod("sleeper", "sleep")
		c.eventually("Running", "get", "pod", "sleeper")
		if err := runUp(t.Context(), []string{"--dir", c.dir + "-next", "--tier", "2", "--name", "reevenext"}); err == nil || !strings.Contains(err.Error(), c.dir) {
			t.Errorf("up beside a cluster that runs: %v, want an error that names %s", err, c.dir)
		}
		c.killAll()
		if directoryGone {
			if err := errors.Join(c.state.unmountAll(t.Context()), os.RemoveAll(c.dir)); err != nil {
				t.Fatal(err)
			}
		}
		next := startCluster(t, "--tier", "2", "--name", "reevenext")
		next.runPod("sleeper", "sleep")
		next.eventually("Running", "get", "pod", "sleeper")
		next.down()
		if directoryGone { // and with it the knowledge which sockets of containerd's are its own
			c.state.removeHostDirs()
		}
		c.assertNothingLeft()
		next.assertNothingLeft()
	}
}

// killAll ends every process of the cluster, containers too, as a job's end
// does.
func (c *testCluster) killAll() {
	c.t.Helper()
	for len(markedProcesses(c.state.ID)) > 0 {
		for _, id := range markedProcesses(c.state.ID) {
			_ = syscall.Kill(id.pid, syscall.SIGKILL)
		}
	}
	if err := killCgroup(c.state); err != nil {
		c.t.Fatal(err)
	}
}

// A daemon that was killed cannot help to clean up behind itself.
func TestATierTwoClusterGoesAwayAfterItsDaemonsWereKilled(t *testing.T) {
	c := startCluster(t, "--tier", "2", "--fast-crash")
	c.runPod("sleeper", "sleep")
	c.runPod("crasher", "crash")
	c.eventually("4", "get", "pod", "crasher", "--output", "jsonpath={.status.containerStatuses[0].restartCount}")
	c.eventually("Running", "get", "pod", "sleeper")
	procs, err := c.state.processes()
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"kubelet", "containerd", "kube-apiserver"} {
		if _, err := run(t.Context(), "kill", "-9", fmt.Sprint(procs[name].pid)); err != nil {
			t.Fatal(err)
		}
	}
	c.down()
	c.assertNothingLeft()
}

func (c *testCluster) assertNothingLeft() {
	c.t.Helper()
	if left := markedProcesses(c.state.ID); len(left) > 0 {
		c.t.Errorf("processes are left: %+v", left)
	}
	if dirs := cgroupDirs(c.state); len(dirs) > 0 {
		c.t.Errorf("cgroups are left: %v", dirs)
	}
	if exists, _ := bridgeOwner(c.state.bridge()); exists {
		c.t.Errorf("the bridge %s is left", c.state.bridge())
	}
	if foreign, err := foreignKubeChains(c.t.Context()); foreign || err != nil {
		c.t.Errorf("iptables chains are left: %v, %v", foreign, err)
	}
	mountinfo, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		c.t.Fatal(err)
	}
	if mounts := mountsBelow(string(mountinfo), c.dir); len(mounts) > 0 {
		c.t.Errorf("mounts are left: %v", mounts)
	}
	for _, dir := range c.state.HostDirs {
		if _, err := os.Stat(dir); err == nil {
			files, _ := filepath.Glob(dir + "/*")
			c.t.Errorf("%s is left with %v", dir, files)
		}
	}
}
