package main

import (
	"os"
	"os/exec"
	"runtime"
	"testing"
	"time"
)

func TestTheStartTimeIsFoundWhateverTheCommandIsCalled(t *testing.T) {
	const rest = " S 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 4242 20 21"
	for name, stat := range map[string]string{
		"plain":            "77 (sleep)" + rest,
		"spaces":           "77 (a b c)" + rest,
		"parentheses":      "77 (a) S 1 (b))" + rest,
		"an empty command": "77 ()" + rest,
	} {
		got, err := parseProcStat(stat)
		if err != nil || got.start != 4242 || got.state != 'S' {
			t.Errorf("%s: got %+v, %v", name, got, err)
		}
	}
}

func TestMalformedProcStatIsAnError(t *testing.T) {
	for _, stat := range []string{"", "77 sleep S", "77 (sleep) S 1 2"} {
		if _, err := parseProcStat(stat); err == nil {
			t.Errorf("%q was accepted", stat)
		}
	}
}

func TestAPidRecordSurvivesWritingAndReading(t *testing.T) {
	want := procID{pid: 42, start: 1234567, boot: "0b6f-11"}
	got, err := parseProcID(want.String())
	if err != nil || got != want {
		t.Errorf("got %+v, %v", got, err)
	}
}

func TestADamagedPidRecordIsNeverAPid(t *testing.T) {
	for _, s := range []string{"", "abc", "42", "42 7", "0 1 boot", "1 1 boot", "-1 1 boot"} {
		if id, err := parseProcID(s); err == nil {
			t.Errorf("%q became %+v", s, id)
		}
	}
}

func startSleep(t *testing.T, env ...string) *exec.Cmd {
	t.Helper()
	if runtime.GOOS != "linux" {
		t.Skip("reads /proc")
	}
	cmd := exec.Command("sleep", "60")
	cmd.Env = append(os.Environ(), env...)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	return cmd
}

func TestARunningProcessIsAliveUntilItIsStopped(t *testing.T) {
	cmd := startSleep(t)
	id, err := identify(cmd.Process.Pid)
	if err != nil {
		t.Fatal(err)
	}
	if !id.alive() {
		t.Fatal("a fresh process counts as dead")
	}
	// Nobody has waited for it yet, so it stays as a zombie: that is dead.
	if err := id.stop(5 * time.Second); err != nil {
		t.Fatal(err)
	}
	if id.alive() {
		t.Error("a zombie counts as alive")
	}
}

func TestAReusedPidIsNotOurProcess(t *testing.T) {
	cmd := startSleep(t)
	real, err := identify(cmd.Process.Pid)
	if err != nil {
		t.Fatal(err)
	}
	for name, other := range map[string]procID{
		"another start time": {pid: real.pid, start: real.start + 1, boot: real.boot},
		"another boot":       {pid: real.pid, start: real.start, boot: "earlier"},
	} {
		if other.alive() {
			t.Errorf("%s: counts as alive", name)
		}
		if err := other.stop(time.Second); err != nil {
			t.Error(err)
		}
	}
	if !real.alive() {
		t.Error("stopping somebody else's record killed the process")
	}
}

func TestOnlyProcessesWithTheClustersMarkerAreFound(t *testing.T) {
	ours := startSleep(t, markerVariable+"=test-cluster-a")
	startSleep(t, markerVariable+"=test-cluster-ab")
	startSleep(t)
	// A child shows its parent's environment until it has executed.
	deadline := time.Now().Add(5 * time.Second)
	var found []procID
	for time.Now().Before(deadline) && len(found) == 0 {
		found = markedProcesses("test-cluster-a")
	}
	if len(found) != 1 || found[0].pid != ours.Process.Pid {
		t.Errorf("found %+v, want only pid %d", found, ours.Process.Pid)
	}
	if got := markedProcesses(""); got != nil {
		t.Errorf("no marker found %+v", got)
	}
}
