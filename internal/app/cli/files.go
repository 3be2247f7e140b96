package cli

import (
	"context"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/kubereeve/reeve/internal/app/cli/output"
	"github.com/kubereeve/reeve/internal/app/cli/terminal"
	"github.com/kubereeve/reeve/internal/finding"
	"github.com/kubereeve/reeve/internal/manifest"
	"github.com/kubereeve/reeve/internal/resource"
)

// judgeFiles judges the manifests that -f names.
func (a *audit) judgeFiles(ctx context.Context) error {
	a.report.Subject = filesSubject(a.files)
	read, err := a.read(ctx)
	if err != nil {
		return err
	}
	for _, problem := range read.Problems {
		a.report.Failures = append(a.report.Failures, output.Failure{File: problem.File, Line: problem.Line, Message: problem.Message})
	}
	a.sayPassedOver(read.PassedOver)
	resources := manifest.Place(read.Objects)
	a.exceptByFiles(resources)
	if err := a.inventory.Fill(a.rules.Set.Needs(), resources); err != nil {
		a.report.Failures = append(a.report.Failures, output.Failure{Message: err.Error()})
	}
	verdicts := a.judge(ctx, resources)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	a.report.Resources = len(resources)
	a.report.Kinds = make(map[schema.GroupKind]bool)
	for _, res := range resources {
		a.report.Kinds[res.GroupKind()] = true
	}
	var locator manifest.Locator
	for i, verdict := range verdicts {
		for n, f := range verdict.Findings {
			line := locator.Line(read.Objects[i], f.Path)
			verdict.Findings[n].Source = &resource.Source{File: f.Source.File, Line: line}
		}
		a.add(verdict)
	}
	return nil
}

// filesSubject says which files were judged.
func filesSubject(files []string) string {
	names := slices.Clone(files)
	for i, name := range names {
		if name == "-" {
			names[i] = "standard input"
		}
	}
	return strings.Join(names, ", ")
}

// read reads the manifests. It does not wait for them once ctx has ended:
// nothing else ends the wait for standard input.
func (a *audit) read(ctx context.Context) (*manifest.Result, error) {
	done := make(chan *manifest.Result, 1)
	go func() {
		done <- manifest.Read(ctx, a.files, manifest.Options{Stdin: a.streams.In, Namespace: *a.kubeconfig.Namespace})
	}()
	select {
	case read := <-done:
		return read, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (a *audit) sayPassedOver(files []manifest.PassedOver) {
	if len(files) == 0 {
		return
	}
	if !a.verbose {
		say(a.streams.Err, "%s passed over: no Kubernetes manifests (-v lists them)\n", terminal.Count(len(files), "file"))
		return
	}
	for _, file := range files {
		say(a.streams.Err, "passed over %s: %s\n", terminal.Clean(file.File), terminal.Clean(file.Reason))
	}
}

// judge reviews resources on all processors. The verdicts are in the order of
// the resources.
func (a *audit) judge(ctx context.Context, resources []*resource.Resource) []finding.Verdict {
	verdicts := make([]finding.Verdict, len(resources))
	var taken atomic.Int64
	var workers sync.WaitGroup
	for range min(runtime.GOMAXPROCS(0), len(resources)) {
		workers.Go(func() {
			for ctx.Err() == nil {
				i := int(taken.Add(1)) - 1
				if i >= len(resources) {
					return
				}
				verdicts[i] = a.judgeOne(ctx, resources[i])
			}
		})
	}
	workers.Wait()
	return verdicts
}

// judgeOne reviews one resource. That it cannot be judged is in the verdict,
// whatever the reason: the others are judged all the same.
func (a *audit) judgeOne(ctx context.Context, res *resource.Resource) (verdict finding.Verdict) {
	unjudged := func(message string) finding.Verdict {
		return finding.Verdict{Resource: res, Errors: []finding.RuleError{{Cause: finding.CauseInput, Message: message}}}
	}
	defer func() {
		if cause := recover(); cause != nil {
			verdict = unjudged(fmt.Sprintf("judging it panicked, please report this: %v", cause))
		}
	}()
	verdict, err := a.judging().Review(ctx, res)
	if err != nil {
		return unjudged(err.Error())
	}
	return verdict
}
