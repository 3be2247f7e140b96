package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// clearRemains takes down every tier 2 cluster of this machine whose processes
// are all gone: a job that was killed leaves bridge, cgroup and iptables chains
// behind, and nobody to take them down. One that still runs, even in part, is
// somebody's and an error.
func clearRemains(ctx context.Context) error {
	files, _ := filepath.Glob("/sys/class/net/*" + bridgeSuffix + "/ifalias")
	for _, f := range files {
		bridge := filepath.Base(filepath.Dir(f))
		_, alias := bridgeOwner(bridge)
		dir, ours := strings.CutPrefix(alias, bridgeAlias(""))
		if !ours {
			continue
		}
		if err := clearWreck(ctx, dir, strings.TrimSuffix(bridge, bridgeSuffix)); err != nil {
			return err
		}
	}
	return nil
}

func clearWreck(ctx context.Context, dir, name string) error {
	wreck, err := loadState(dir)
	if err != nil {
		return err
	}
	if wreck == nil {
		return clearOrphan(ctx, dir, name)
	}
	lock, err := lockDir(dir)
	if err != nil {
		return err
	}
	defer lock.unlock()
	if err := refuseLiving(dir, markedProcesses(wreck.ID)); err != nil {
		return err
	}
	return wreck.tearDown(ctx)
}

// clearOrphan removes what any tier 2 cluster of that name owns, when somebody
// has removed its directory under it. Whose processes are whose cannot be told
// then, so there must be none of any cluster; and the directory, should there
// be one again, is not the cluster's to empty.
func clearOrphan(ctx context.Context, dir, name string) error {
	if err := refuseLiving(dir, allMarkedProcesses()); err != nil {
		return err
	}
	orphan := &state{dir: dir, Name: name, Tier: 2, OwnsBridge: true, OwnsCgroup: true, OwnsIPTables: true}
	return orphan.undo(ctx)
}

func refuseLiving(dir string, living []procID) error {
	if len(living) > 0 {
		return fmt.Errorf("a cluster in %s is up (%d processes, one of them %d), and one real node fits on a machine; remove it first:\n  %s",
			dir, len(living), living[0].pid, downCommand(dir))
	}
	fmt.Fprintf(os.Stderr, "a cluster in %s was killed: removing what is left of it\n", dir)
	return nil
}
