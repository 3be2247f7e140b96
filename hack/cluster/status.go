package main

import (
	"context"
	"fmt"
	"os"
	"text/tabwriter"
	"time"
)

func runStatus(ctx context.Context, args []string) error {
	fs := newStateFlags("status")
	if err := parseFlags(fs.FlagSet, args, 0); err != nil {
		return err
	}
	_, dir, err := fs.resolve()
	if err != nil {
		return err
	}
	s, err := loadState(dir)
	if err != nil {
		return err
	}
	if s == nil {
		return &exitError{code: exitNotUp, err: fmt.Errorf("no cluster in %s", dir)}
	}
	dead, err := s.printStatus(ctx)
	if err != nil {
		return err
	}
	switch {
	case len(dead) > 0:
		return &exitError{code: exitNotUp, err: fmt.Errorf("not running: %v", dead)}
	case !s.Complete:
		return &exitError{code: exitNotUp, err: fmt.Errorf("the start is not finished (or was interrupted)")}
	}
	return nil
}

func (s *state) printStatus(ctx context.Context) (dead []string, err error) {
	procs, err := s.processes()
	if err != nil {
		return nil, err
	}
	if dead, err = s.dead(); err != nil {
		return nil, err
	}
	out := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintf(out, "cluster\t%s, tier %d\n", s.Name, s.Tier)
	fmt.Fprintf(out, "kubeconfig\t%s\n", s.kubeconfig())
	fmt.Fprintf(out, "API server\t%s\t%s\n", s.apiURL(), s.apiHealth(ctx))
	for _, name := range processNames(s.Tier) {
		word := "dead"
		if procs[name].alive() {
			word = "running"
		}
		fmt.Fprintf(out, "%s\t%s, pid %d\t%s\n", name, word, procs[name].pid, s.logFile(name))
	}
	return dead, out.Flush()
}

func (s *state) apiHealth(ctx context.Context) string {
	w, err := newWaiter(s)
	if err != nil {
		return err.Error()
	}
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	if err := w.get(ctx, "/readyz", nil); err != nil {
		return "not ready: " + err.Error()
	}
	return "ready"
}
