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
	"github.com/kubereeve/reeve/internal/rule/dialect"
	"github.com/kubereeve/reeve/internal/rule/source"
	"github.com/kubereeve/reeve/internal/rule/source/bundle"
	"github.com/kubereeve/reeve/internal/rule/source/oci"
)

// FetchTimeout bounds one look at a registry, with its retries, where nobody waits
// for it but people.
const FetchTimeout = time.Minute

// Artifacts hold what was fetched from registries, by reference. The last tree
// that was good stays when the registry cannot be reached. They are safe for
// concurrent use; the zero value is empty.
type Artifacts struct {
	mu          sync.Mutex
	byReference map[string]artifact
}

// artifact is what a reference meant last.
type artifact struct {
	oci.Artifact
	err error // of the last attempt
}

func (a *Artifacts) get(reference string) artifact {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.byReference[reference]
}

// Known tells whether an artifact was fetched, or that was tried.
func (a *Artifacts) Known(reference string) bool {
	known := a.get(reference)
	return known.FS != nil || known.err != nil
}

// State returns the digest that a reference meant last, empty where it was never
// fetched, and why it could not be fetched the last time.
func (a *Artifacts) State(reference string) (digest string, problem error) {
	known := a.get(reference)
	return known.Digest, known.err
}

// Fetch gets the artifact of a reference if it is not what is known already, and
// tells whether something has changed: the artifact, or why there is none. It
// waits no longer than the timeout.
func (a *Artifacts) Fetch(ctx context.Context, reference string, insecureRegistries []string, timeout time.Duration) bool {
	before := a.get(reference)
	bounded, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	now := fetch(bounded, reference, insecureRegistries, before)
	if ctx.Err() != nil { // the program ends; nothing is known of the registry
		return false
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.byReference == nil {
		a.byReference = make(map[string]artifact)
	}
	a.byReference[reference] = now
	return now.Digest != before.Digest || fmt.Sprint(now.err) != fmt.Sprint(before.err)
}

// fetch returns what a reference means now, given what it meant before.
func fetch(ctx context.Context, text string, insecureRegistries []string, before artifact) artifact {
	options := oci.Options{Insecure: insecureRegistries}
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

// source returns the rules of an artifact as it was fetched. What is wrong with it
// is a problem; there may be a source all the same.
func (a *Artifacts) source(name string) (*source.Source, *rule.Problem) {
	if a == nil {
		return nil, &rule.Problem{File: name, Message: "the artifact has not been fetched"}
	}
	known := a.get(name)
	reason := ""
	if known.err != nil {
		reason = strings.TrimPrefix(known.err.Error(), name+": ")
	}
	switch {
	case known.FS == nil && reason == "":
		return nil, &rule.Problem{File: name, Message: "the artifact has not been fetched"}
	case known.FS == nil:
		return nil, &rule.Problem{File: name, Message: reason}
	case reason != "":
		return &source.Source{FS: known.FS, Name: name, Bundled: true}, &rule.Problem{File: name,
			Message: fmt.Sprintf("the registry cannot tell whether there is something newer than %s, which stays: %s", known.Digest, reason)}
	}
	return &source.Source{FS: known.FS, Name: name, Bundled: true}, nil
}

// References returns the OCI references among what the rules come from.
func (o *RuleOptions) References() []string {
	var references []string
	for _, text := range o.Dirs {
		if oci.IsReference(text) {
			references = append(references, text)
		}
	}
	return references
}

// Local returns the files and directories on this machine that configuration, rules
// and their data are read from.
func (o *RuleOptions) Local() []string {
	var local []string
	if o.Config != "" {
		local = append(local, o.Config)
	}
	for _, name := range o.Dirs {
		if !oci.IsReference(name) {
			local = append(local, name)
		}
	}
	for _, name := range o.conftestData() {
		local = append(local, dialect.DataFile(name))
	}
	return local
}

// Fetch reads the configuration file and gets the artifacts that rules come from,
// for a program that loads its rules once. What cannot be fetched is a problem of
// Load, which itself never waits for a registry; so is a bad configuration.
func (o *RuleOptions) Fetch(ctx context.Context) {
	configured := *o
	if configured.Configure() != nil {
		return // Load says why
	}
	if o.Artifacts == nil {
		o.Artifacts = &Artifacts{}
	}
	for _, reference := range configured.References() {
		o.Artifacts.Fetch(ctx, reference, o.InsecureRegistries, FetchTimeout)
	}
}

// source returns what --rules names: a directory, an archive or an artifact. What
// is wrong with it as a whole is a problem; there may be a source all the same.
func (o *RuleOptions) source(name string) (*source.Source, *rule.Problem) {
	found, problem := o.open(name)
	if found != nil {
		found.Trusted = o.Trusted[name]
	}
	return found, problem
}

func (o *RuleOptions) open(name string) (*source.Source, *rule.Problem) {
	switch {
	case oci.IsReference(name):
		return o.Artifacts.source(name)
	case bundle.IsArchive(name) && !isDirectory(name):
		tree, err := bundle.Open(name, bundle.DefaultLimits())
		if err != nil {
			if pathError, ok := errors.AsType[*fs.PathError](err); ok {
				err = pathError.Err // the path stands in front already
			}
			return nil, &rule.Problem{File: name, Message: err.Error()}
		}
		return &source.Source{FS: tree, Name: name, Bundled: true}, nil
	}
	info, err := os.Stat(name)
	switch {
	case name == "":
		return nil, &rule.Problem{File: "--rules", Message: "it names nothing; name a directory, a bundle (.tar.gz) or an artifact (oci://)"}
	case errors.Is(err, fs.ErrNotExist):
		return nil, &rule.Problem{File: name, Message: "no such file or directory; make it, or correct the name"}
	case err == nil && !info.IsDir():
		return nil, &rule.Problem{File: name, Message: "this is no directory; name the one it is in, a bundle (.tar.gz) or an artifact (oci://)"}
	}
	directory := source.Directory(name)
	return &directory, nil
}

func isDirectory(name string) bool {
	info, err := os.Stat(name)
	return err == nil && info.IsDir()
}
