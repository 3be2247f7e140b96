package cli

import (
	"context"
	"maps"
	"slices"

	"github.com/kubereeve/reeve/internal/app/cli/output"
	"github.com/kubereeve/reeve/internal/app/cli/terminal"
	"github.com/kubereeve/reeve/internal/app/exception"
	"github.com/kubereeve/reeve/internal/kube"
	"github.com/kubereeve/reeve/internal/resource"
)

// exceptByFiles heeds the RuleExceptions among the objects of files, which are
// the whole cluster.
func (a *audit) exceptByFiles(resources []*resource.Resource) {
	given, problems := exception.Given(resources)
	for _, problem := range problems {
		failure := output.Failure{Message: problem.Message}
		if problem.Source != nil {
			failure.File, failure.Line = problem.Source.File, problem.Source.Line
		}
		a.report.Failures = append(a.report.Failures, failure)
	}
	a.reviewer = a.reviewer.Excepting(given)
}

// exceptByCluster heeds the RuleExceptions of the cluster, those of one namespace
// where only that is judged. That they cannot be read is a failure: what they
// hide is reported then.
func (a *audit) exceptByCluster(ctx context.Context, cluster *kube.Cluster) error {
	fail := func(message string) {
		a.report.Failures = append(a.report.Failures, output.Failure{Kind: "RuleException", Message: message})
	}
	listed, err := exception.List(ctx, cluster, *a.kubeconfig.Namespace, 0)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if err != nil {
		fail(err.Error())
		return nil
	}
	for _, problem := range listed.Unreadable {
		fail(problem.Error())
	}
	if listed.LeftOut > 0 {
		fail(terminal.Count(listed.LeftOut, "exception") + " left out: there are more than are heeded")
	}
	compiled, refused := new(exception.Compiler).Compile(listed.Exceptions)
	for _, e := range listed.Exceptions {
		if err := refused[e]; err != nil {
			fail(e.Namespace + "/" + e.Name + " counts for nothing: " + err.Error())
		}
	}
	a.reviewer = a.reviewer.Excepting(compiled)
	return nil
}

// sayExcepted says how many findings exceptions hide, so that nobody takes what is
// accepted for what is not there.
func (a *audit) sayExcepted() {
	hidden := 0
	for _, n := range a.excepted {
		hidden += n
	}
	if hidden == 0 {
		return
	}
	if !a.verbose {
		say(a.streams.Err, "%s hidden by %s (-v lists them)\n", terminal.Count(hidden, "finding"), terminal.Count(len(a.excepted), "exception"))
		return
	}
	for _, name := range slices.Sorted(maps.Keys(a.excepted)) {
		say(a.streams.Err, "%s hidden by the exception %s\n", terminal.Count(a.excepted[name], "finding"), terminal.Clean(name))
	}
}
