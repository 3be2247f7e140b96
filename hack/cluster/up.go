package main

import (
	"context"
	"crypto/rand"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"time"
)

// stateFlags are the flags of every command that works on a cluster.
type stateFlags struct {
	*flag.FlagSet
	dir *string
}

func newStateFlags(command string) stateFlags {
	fs := flag.NewFlagSet(command, flag.ContinueOnError)
	return stateFlags{FlagSet: fs, dir: fs.String("dir", ".cluster", "state `directory`; a relative one counts from the checkout's root")}
}

func (f stateFlags) resolve() (repo, string, error) {
	r, err := findRepo()
	return r, realPath(r.abs(*f.dir)), err
}

// realPath follows links as far as the path exists: the kernel lists mounts by
// their real place, and `down` must find them.
func realPath(path string) string {
	if real, err := filepath.EvalSymlinks(path); err == nil {
		return real
	}
	if path == filepath.Dir(path) {
		return path
	}
	return filepath.Join(realPath(filepath.Dir(path)), filepath.Base(path))
}

type upOptions struct {
	tier, port int
	name       string
	fastCrash  bool
}

// Linux allows 15 bytes for an interface name, and ours ends in "br0".
var validName = regexp.MustCompile(`^[a-z][a-z0-9-]{0,10}[a-z0-9]$`)

func (o upOptions) validate() error {
	if o.tier != 1 && o.tier != 2 {
		return usageErrorf("up: --tier is 1 or 2, not %d", o.tier)
	}
	if !validName.MatchString(o.name) {
		return usageErrorf("up: --name %q: want 2 to 12 lower-case letters, digits and dashes", o.name)
	}
	return nil
}

func runUp(ctx context.Context, args []string) error {
	fs := newStateFlags("up")
	var o upOptions
	fs.IntVar(&o.tier, "tier", 1, "1: etcd and API server; 2: a real node too (needs root)")
	fs.StringVar(&o.name, "name", "reeve", "`name` of the cluster, its bridge, its cgroup and its node")
	fs.IntVar(&o.port, "port", 0, "`port` of the API server (default: 26443, or a free one)")
	fs.BoolVar(&o.fastCrash, "fast-crash", false, "restart crashed containers within 2 s and keep 3 dead ones")
	if err := parseFlags(fs.FlagSet, args, 0); err != nil {
		return err
	}
	if err := o.validate(); err != nil {
		return err
	}
	r, dir, err := fs.resolve()
	if err != nil {
		return err
	}
	if err := machinePrerequisites().check(o.tier); err != nil {
		return err
	}
	if err := checkUnused(dir); err != nil {
		return err
	}
	if err := prepareDir(dir); err != nil {
		return err
	}
	lock, err := lockDir(dir)
	if err != nil {
		return err
	}
	defer lock.unlock()
	return up(ctx, r, dir, o)
}

func lockDir(dir string) (*fileLock, error) {
	lock, held, err := tryLock(filepath.Join(dir, "lock"))
	if held {
		return nil, fmt.Errorf("another up or down is at work in %s", dir)
	}
	return lock, err
}

func up(ctx context.Context, r repo, dir string, o upOptions) error {
	old, err := loadState(dir)
	if err != nil {
		return err
	}
	if old != nil {
		return alreadyUp(old, o)
	}
	if err := os.RemoveAll(filepath.Join(dir, "log")); err != nil { // of the cluster before
		return err
	}
	wanted, err := selectComponents(componentNames(o.tier))
	if err != nil {
		return err
	}
	c, err := ensureBuilt(ctx, wanted)
	if err != nil {
		return err
	}
	ports, err := choosePorts(o.port)
	if err != nil {
		return err
	}
	s := &state{dir: dir, ID: rand.Text(), Name: o.name, Tier: o.tier, BinDir: c.binDir(), FastCrash: o.fastCrash, Ports: ports}
	if o.tier == 2 {
		if err := clearRemains(ctx); err != nil {
			return err
		}
		if err := checkHostFree(ctx, s); err != nil {
			return err
		}
	}
	if err := s.bringUp(ctx, r); err != nil {
		return fmt.Errorf("%w\nwhat was started stays for a look; get rid of it with:\n  %s", err, downCommand(dir))
	}
	printReady(s)
	return nil
}

// alreadyUp makes `up` idempotent: asking for what runs is fine, asking for
// something else, or finding a wreck, is not.
func alreadyUp(s *state, o upOptions) error {
	dead, err := s.dead()
	if err != nil {
		return err
	}
	switch {
	case !s.Complete:
		return fmt.Errorf("%s holds a cluster whose start did not finish; remove it first:\n  %s", s.dir, downCommand(s.dir))
	case len(dead) > 0:
		return fmt.Errorf("%s holds a cluster of which %s died; remove it first:\n  %s",
			s.dir, strings.Join(dead, ", "), downCommand(s.dir))
	case s.Tier != o.tier || s.Name != o.name || s.FastCrash != o.fastCrash || (o.port != 0 && o.port != s.Ports["apiserver"]):
		return fmt.Errorf("%s holds a different cluster (--tier %d --name %s --fast-crash=%t --port %d); remove it first:\n  %s",
			s.dir, s.Tier, s.Name, s.FastCrash, s.Ports["apiserver"], downCommand(s.dir))
	}
	fmt.Fprintln(os.Stderr, "already up")
	printReady(s)
	return nil
}

// checkUnused protects a directory of the user's from `down`, which empties
// the state directory. One that holds a cluster, or did, is fine.
func checkUnused(dir string) error {
	entries, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	foreign := ""
	for _, e := range entries {
		switch {
		case e.Name() == "state.json":
			return nil
		case !kept(e.Name()):
			foreign = e.Name()
		}
	}
	if foreign != "" {
		return fmt.Errorf("%s is no state directory of a cluster: it holds %s; choose another --dir", dir, foreign)
	}
	return nil
}

func downCommand(dir string) string {
	return "go -C hack/cluster tool cluster down --dir " + dir
}

// printReady writes shell code to stdout, for eval "$(... up)".
func printReady(s *state) {
	fmt.Printf("export KUBECONFIG=%s\n", s.kubeconfig())
	fmt.Printf("export PATH=%s:$PATH\n", s.BinDir)
}

// steps prints how long each step took, so that a slow one shows.
type steps struct{ started time.Time }

func (t steps) done(what string) {
	fmt.Fprintf(os.Stderr, "[%6.2fs] %s\n", time.Since(t.started).Seconds(), what)
}
