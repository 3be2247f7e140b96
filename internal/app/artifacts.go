package app

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/kubereeve/reeve/internal/rule"
	"github.com/kubereeve/reeve/internal/rule/source"
	"github.com/kubereeve/reeve/internal/rule/source/bundle"
	"github.com/kubereeve/reeve/internal/rule/source/oci"
)

// fetchTimeout bounds one look at a registry, with its retries.
const fetchTimeout = time.Minute

// artifacts hold what was fetched from registries, by reference. The last tree
// that was good stays when the registry cannot be reached.
type artifacts struct {
	mu          sync.Mutex
	byReference map[string]artifact
}

type artifact struct {
	oci.Artifact
	err error // of the last attempt
}

// references returns the OCI references of --rules.
func (o *RuleOptions) references() []string {
	var references []string
	for _, text := range o.Dirs {
		if oci.IsReference(text) {
			references = append(references, text)
		}
	}
	return references
}

// Fetch gets the artifacts that --rules names, as far as they are not known, and
// returns those that are new or have changed. What cannot be fetched is a problem
// of the next Load. Load itself never waits for a registry.
func (o *RuleOptions) Fetch(ctx context.Context) []string {
	var changed []string
	for _, text := range o.references() {
		if o.artifacts == nil {
			o.artifacts = &artifacts{byReference: make(map[string]artifact)}
		}
		o.artifacts.mu.Lock()
		before := o.artifacts.byReference[text]
		o.artifacts.mu.Unlock()
		now := o.fetch(ctx, text, before)
		if ctx.Err() != nil {
			return nil
		}
		if now.Digest != before.Digest || fmt.Sprint(now.err) != fmt.Sprint(before.err) {
			changed = append(changed, text)
		}
		o.artifacts.mu.Lock()
		o.artifacts.byReference[text] = now
		o.artifacts.mu.Unlock()
	}
	return changed
}

// fetch returns what a reference means now, given what it meant before.
func (o *RuleOptions) fetch(ctx context.Context, text string, before artifact) artifact {
	ctx, cancel := context.WithTimeout(ctx, fetchTimeout)
	defer cancel()
	options := oci.Options{Insecure: o.InsecureRegistries}
	if directory, err := os.UserCacheDir(); err == nil {
		options.Cache = filepath.Join(directory, "reeve", "oci")
	}
	reference, err := oci.ParseReference(text)
	if err == nil && before.FS != nil {
		var digest string
		if digest, err = oci.Resolve(ctx, reference, options); err == nil && digest == before.Digest {
			return artifact{Artifact: before.Artifact}
		}
	}
	if err == nil {
		var fetched *oci.Artifact
		if fetched, err = oci.Fetch(ctx, reference, options); err == nil {
			return artifact{Artifact: *fetched}
		}
	}
	return artifact{Artifact: before.Artifact, err: err}
}

// source returns what --rules names: a directory, an archive or an artifact. What
// is wrong with it as a whole is a problem; there may be a source all the same.
func (o *RuleOptions) source(name string) (*source.Source, *rule.Problem) {
	switch {
	case oci.IsReference(name):
		return o.fetched(name)
	case bundle.IsArchive(name) && !isDirectory(name):
		tree, err := bundle.Open(name, bundle.DefaultLimits())
		if err != nil {
			if pathError, ok := errors.AsType[*fs.PathError](err); ok {
				err = pathError.Err // the path stands in front already
			}
			return nil, &rule.Problem{File: name, Message: err.Error()}
		}
		return &source.Source{FS: tree, Name: name}, nil
	}
	directory := source.Directory(name)
	return &directory, nil
}

// fetched returns the source of an artifact, as Fetch has left it.
func (o *RuleOptions) fetched(name string) (*source.Source, *rule.Problem) {
	var known artifact
	if o.artifacts != nil {
		o.artifacts.mu.Lock()
		known = o.artifacts.byReference[name]
		o.artifacts.mu.Unlock()
	}
	if known.FS == nil {
		message := "the artifact has not been fetched"
		if known.err != nil {
			message = strings.TrimPrefix(known.err.Error(), name+": ")
		}
		return nil, &rule.Problem{File: name, Message: message}
	}
	found := &source.Source{FS: known.FS, Name: name}
	if known.err != nil {
		return found, &rule.Problem{File: name, Message: fmt.Sprintf("the registry cannot tell whether there is something newer than %s, which stays: %s",
			known.Digest, strings.TrimPrefix(known.err.Error(), name+": "))}
	}
	return found, nil
}

func isDirectory(name string) bool {
	info, err := os.Stat(name)
	return err == nil && info.IsDir()
}
