package main

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"time"
)

func runBuild(ctx context.Context, args []string) error {
	fs := flag.NewFlagSet("build", flag.ContinueOnError)
	only := fs.String("only", "", "comma-separated `names` of the binaries to build (default: all)")
	if err := parseFlags(fs, args, 0); err != nil {
		return err
	}
	wanted := components()
	if *only != "" {
		var err error
		if wanted, err = selectComponents(strings.Split(*only, ",")); err != nil {
			return err
		}
	}
	c, err := ensureBuilt(ctx, wanted)
	if err != nil {
		return err
	}
	fmt.Println(c.binDir())
	return nil
}

func runBinDir(ctx context.Context, args []string) error {
	fs := flag.NewFlagSet("bin-dir", flag.ContinueOnError)
	if err := parseFlags(fs, args, 0); err != nil {
		return err
	}
	wanted, err := selectComponents(componentNames(1))
	if err != nil {
		return err
	}
	c, err := ensureBuilt(ctx, wanted)
	if err != nil {
		return err
	}
	fmt.Println(c.binDir())
	return nil
}

// ensureBuilt builds what is missing and links everything into one directory.
// When nothing is missing it takes no lock and returns at once.
func ensureBuilt(ctx context.Context, wanted []component) (cache, error) {
	r, err := findRepo()
	if err != nil {
		return cache{}, err
	}
	c, err := openCache(r)
	if err != nil {
		return cache{}, err
	}
	if len(missing(c, wanted)) == 0 {
		return c, c.linkAll()
	}
	lock, err := waitForLock(ctx, filepath.Join(c.dir, "build.lock"), os.Stderr)
	if err != nil {
		return cache{}, err
	}
	defer lock.unlock()
	if err := removeStaleTemps(c.dir, time.Hour); err != nil {
		return cache{}, err
	}
	// Asked again under the lock: another process may have built it meanwhile.
	todo := missing(c, wanted)
	for i, comp := range todo {
		if err := buildOne(ctx, r, c, comp, fmt.Sprintf("%d of %d", i+1, len(todo))); err != nil {
			return cache{}, err
		}
		if err := c.linkAll(); err != nil {
			return cache{}, err
		}
	}
	return c, c.linkAll()
}

func missing(c cache, wanted []component) []component {
	var todo []component
	for _, comp := range wanted {
		if !c.has(comp) {
			todo = append(todo, comp)
		}
	}
	return todo
}

// waitForLock polls, because a blocking flock could not be interrupted.
func waitForLock(ctx context.Context, path string, out io.Writer) (*fileLock, error) {
	for said := false; ; {
		lock, held, err := tryLock(path)
		if err != nil {
			return nil, err
		}
		if !held {
			return lock, nil
		}
		if !said {
			fmt.Fprintf(out, "another build is running (it holds %s); waiting for it\n", path)
			said = true
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(500 * time.Millisecond):
		}
	}
}

// buildOne compiles under a temporary name and renames, so that a kill at any
// moment leaves either no binary or a whole one.
func buildOne(ctx context.Context, r repo, c cache, comp component, count string) error {
	final := c.binary(comp)
	dir := filepath.Dir(final)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	tmp := filepath.Join(dir, fmt.Sprintf(".tmp-%s-%d", comp.binary, os.Getpid()))
	defer os.Remove(tmp) // gone already when the rename worked

	version := c.versions[comp.module.name]
	p := startProgress(os.Stderr, fmt.Sprintf("building %s %s (%s; a first build takes about %s on 2 cores)",
		comp.binary, version, count, comp.cold))
	err := goBuild(ctx, r.wrapper(comp.module.name), comp, version, tmp)
	p.stop(err)
	if err != nil {
		return fmt.Errorf("build %s: %w", comp.binary, err)
	}
	return os.Rename(tmp, final)
}

func goBuild(ctx context.Context, dir string, comp component, version, out string) error {
	ldflags := "-s -w"
	if comp.module.name == "kubernetes" {
		ldflags += " " + versionFlags(version)
	}
	return runGo(ctx, dir, "build", "-mod=readonly", "-buildvcs=false", "-trimpath", "-ldflags", ldflags, "-o", out, comp.pkg)
}

// runGo runs the go command for static binaries of this machine. GOWORK is
// off because the wrapper modules must see their own pins and nothing else.
func runGo(ctx context.Context, dir string, args ...string) error {
	var output bytes.Buffer
	cmd := exec.CommandContext(ctx, "go", args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOWORK=off",
		"GOOS="+runtime.GOOS, "GOARCH="+runtime.GOARCH)
	cmd.Stdout, cmd.Stderr = &output, &output
	// The go command cleans up after itself when interrupted, not when killed.
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = 10 * time.Second
	err := cmd.Run()
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if _, ok := errors.AsType[*exec.ExitError](err); ok {
		return fmt.Errorf("go %s failed in %s:\n%s", args[0], dir, strings.TrimSpace(output.String()))
	}
	return err
}
