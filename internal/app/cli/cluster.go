package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"time"

	"github.com/go-logr/logr"
	"golang.org/x/term"
	"k8s.io/cli-runtime/pkg/genericclioptions"
	"k8s.io/client-go/rest"

	"github.com/kubereeve/reeve/internal/app/cli/output"
	"github.com/kubereeve/reeve/internal/app/cli/terminal"
	"github.com/kubereeve/reeve/internal/finding"
	"github.com/kubereeve/reeve/internal/kube"
	"github.com/kubereeve/reeve/internal/scan"
)

// judgeCluster judges what the cluster of the kubeconfig holds. Kinds that
// cannot be read are errors and do not stop the others.
func (a *audit) judgeCluster(ctx context.Context) error {
	config, err := a.restConfig()
	if err != nil {
		return err
	}
	config.QPS = 0 // the cluster has priority and fairness
	cluster, err := kube.NewCluster(config)
	if err != nil {
		return err
	}
	if err := a.exceptByCluster(ctx, cluster); err != nil {
		return err
	}
	shown := newProgress(a.streams.Err)
	pass, err := scan.New(scan.Options{
		Cluster:   cluster,
		Health:    cluster,
		Reviewer:  a.judging(),
		Kinds:     a.rules.Set.Kinds(),
		Needs:     a.rules.Set.Needs(),
		Inventory: a.inventory,
		Sink:      collector{a},
		Namespace: *a.kubeconfig.Namespace,
		Attempts:  attempts,
		Progress:  shown.show,
		Log:       logr.Discard(), // what fails is in the verdicts and in the pass
	}).Pass(ctx)
	shown.clear()
	if err != nil {
		return err
	}
	a.report.Resources = pass.Resources
	for _, kind := range slices.Sorted(maps.Keys(pass.Failed)) {
		a.report.Failures = append(a.report.Failures, output.Failure{Kind: kind, Message: pass.Failed[kind]})
	}
	return nil
}

// attempts is how often a request is tried: somebody is waiting.
const attempts = 3

// restConfig returns how to reach the cluster of the kubeconfig.
func (a *audit) restConfig() (*rest.Config, error) {
	config, current, err := clusterConfig(a.kubeconfig, "name manifests with -f, or a kubeconfig with --kubeconfig or $KUBECONFIG")
	if err != nil {
		return nil, err
	}
	a.report.Subject = clusterSubject(current, *a.kubeconfig.Context, *a.kubeconfig.Namespace)
	return config, nil
}

// clusterConfig returns how to reach the cluster of a kubeconfig, and the name of
// the file's current context. It fails with the remedy when there is none.
func clusterConfig(flags *genericclioptions.ConfigFlags, remedy string) (config *rest.Config, current string, err error) {
	raw, err := flags.ToRawKubeConfigLoader().RawConfig()
	if err != nil {
		return nil, "", fmt.Errorf("kubeconfig: %w", err)
	}
	// The library would fall back to a server on localhost:8080.
	if _, err := rest.InClusterConfig(); err != nil && len(raw.Clusters) == 0 {
		return nil, "", errors.New("no cluster to talk to: " + remedy)
	}
	if config, err = flags.ToRESTConfig(); err != nil {
		return nil, "", fmt.Errorf("kubeconfig: %w", err)
	}
	return config, raw.CurrentContext, nil
}

// clusterSubject says which cluster was judged, and how much of it.
func clusterSubject(current, chosen, namespace string) string {
	subject := "this cluster"
	if name := cmp.Or(chosen, current); name != "" {
		subject = "cluster of context " + name
	}
	if namespace != "" {
		subject += ", namespace " + namespace
	}
	return subject
}

// collector is the sink that keeps what a scan finds.
type collector struct{ audit *audit }

// Write adds the report's verdicts.
func (c collector) Write(_ context.Context, report finding.Report) error {
	for _, verdict := range report.Verdicts {
		c.audit.add(verdict)
	}
	return nil
}

// progress tells on standard error how far a scan is: in one line that changes
// on a terminal, and every few seconds in a line of its own elsewhere.
type progress struct {
	out        io.Writer
	isTerminal bool
	width      int
	last       time.Time
}

// plainInterval is how often progress is told where there is no terminal;
// terminalInterval where there is one.
const (
	plainInterval    = 10 * time.Second
	terminalInterval = 100 * time.Millisecond
)

func newProgress(w io.Writer) *progress {
	p := &progress{out: w, last: time.Now()}
	if file, ok := w.(*os.File); ok && term.IsTerminal(int(file.Fd())) && os.Getenv("TERM") != "dumb" {
		p.isTerminal = true
		p.width = terminal.NewLook(w, terminal.ColorNever, 0).Width
		p.last = time.Time{}
	}
	return p
}

// show is a scan's Progress.
func (p *progress) show(now scan.Progress) {
	interval := plainInterval
	if p.isTerminal {
		interval = terminalInterval
	}
	if time.Since(p.last) < interval || now.Done == now.Total {
		return
	}
	p.last = time.Now()
	text := fmt.Sprintf("kind %d of %d: %s; %s, %s", now.Done+1, now.Total, now.Kind, terminal.Count(now.Resources, "resource"), terminal.Count(now.Findings, "finding"))
	if !p.isTerminal {
		say(p.out, "%s\n", text)
		return
	}
	say(p.out, "\r\x1b[K%s", terminal.Cut(text, p.width-1))
}

// clear removes the line that changes.
func (p *progress) clear() {
	if p.isTerminal {
		say(p.out, "\r\x1b[K")
	}
}
