package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// kube-proxy's own chains all begin like this, on every machine.
const kubeChainPrefix = "KUBE-"

func iptablesFamilies() []string { return []string{"iptables", "ip6tables"} }

// foreignKubeChains reports whether another kube-proxy or kubelet has left or
// keeps chains here. Packet filtering is global to a machine, so two would
// overwrite each other, and `down` could not tell whose a chain is.
func foreignKubeChains(ctx context.Context) (bool, error) {
	for _, family := range iptablesFamilies() {
		rules, err := run(ctx, family+"-save")
		if err != nil {
			return false, err
		}
		if strings.Contains(rules, "\n:"+kubeChainPrefix) {
			return true, nil
		}
	}
	return false, nil
}

// removeKubeChains undoes everything that kube-proxy put into the tables. It
// does not use `kube-proxy --cleanup`, which leaves KUBE-FIREWALL behind.
func removeKubeChains(ctx context.Context) error {
	var errs []error
	for _, family := range iptablesFamilies() {
		rules, err := run(ctx, family+"-save")
		if err != nil {
			errs = append(errs, err)
			continue
		}
		if script := chainRemoval(rules); script != "" {
			_, err := runInput(ctx, script, family+"-restore", "--noflush", "--wait", "10")
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

// chainRemoval turns the output of iptables-save into the input of
// iptables-restore --noflush that removes the KUBE- chains and the jumps to
// them, and touches nothing else.
func chainRemoval(save string) string {
	var script strings.Builder
	var table string
	var chains, jumps []string
	for line := range strings.SplitSeq(save, "\n") {
		fields := strings.Fields(line)
		switch {
		case strings.HasPrefix(line, "*"):
			table, chains, jumps = line, nil, nil
		case strings.HasPrefix(line, ":"+kubeChainPrefix):
			chains = append(chains, strings.TrimPrefix(fields[0], ":"))
		case strings.HasPrefix(line, "-A ") && !strings.HasPrefix(line, "-A "+kubeChainPrefix) && jumpsToKube(fields):
			jumps = append(jumps, strings.Replace(line, "-A", "-D", 1))
		case line == "COMMIT" && len(chains) > 0:
			// A chain can go only when nothing refers to it any more, hence:
			// jumps from built-in chains, then all contents, then the chains.
			fmt.Fprintln(&script, table)
			for _, l := range slices.Concat(jumps, prefixed("-F ", chains), prefixed("-X ", chains), []string{"COMMIT"}) {
				fmt.Fprintln(&script, l)
			}
		}
	}
	return script.String()
}

func jumpsToKube(fields []string) bool {
	for i := 1; i < len(fields); i++ {
		if (fields[i-1] == "-j" || fields[i-1] == "-g") && strings.HasPrefix(fields[i], kubeChainPrefix) {
			return true
		}
	}
	return false
}

func prefixed(prefix string, list []string) []string {
	out := make([]string, len(list))
	for i, s := range list {
		out[i] = prefix + s
	}
	return out
}
