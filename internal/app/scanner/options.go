// Package scanner wires the program that scans a cluster in steady cadence:
// rules, scanner, sinks, leader election, and the ports it is watched by.
package scanner

import (
	"errors"
	"fmt"
	"net"
	"time"

	"github.com/spf13/pflag"

	"github.com/kubereeve/reeve/internal/app"
	"github.com/kubereeve/reeve/internal/app/exception"
	"github.com/kubereeve/reeve/internal/app/follow"
	"github.com/kubereeve/reeve/internal/scan"
)

// Options are the scanner's flags.
type Options struct {
	Rules  app.RuleOptions
	Follow follow.Options
	Log    app.LogOptions

	Kubeconfig    string
	Namespace     string
	Webhook       string
	Interval      time.Duration
	Once          bool
	PageSize      int64
	Strict        bool
	MetricsListen string
	HealthListen  string

	LeaderElect          bool
	LeaderElectNamespace string

	Events          bool
	EventsPerSecond float64
	EventBurst      int
	ReportLog       string
	ExceptionLimit  int
}

// AddFlags adds the options' flags, with their defaults.
func (o *Options) AddFlags(flags *pflag.FlagSet) {
	o.Rules.AddFlags(flags)
	o.Follow.AddFlags(flags)
	o.Log.AddFlags(flags)
	flags.StringVar(&o.Kubeconfig, "kubeconfig", "", "kubeconfig file (default: $KUBECONFIG, the pod's service account, or ~/.kube/config)")
	flags.StringVar(&o.Namespace, "namespace", "", "scan this namespace only (default: the whole cluster)")
	flags.StringVar(&o.Webhook, "webhook-address", "", "host:port of Reeve's own webhook, to watch when its certificate expires; empty for none")
	flags.DurationVar(&o.Interval, "interval", 10*time.Minute, "time from the start of one scan to the start of the next")
	flags.BoolVar(&o.Once, "once", false, "scan once, without leader election, and exit: 0, or 1 when something could not be scanned")
	flags.Int64Var(&o.PageSize, "page-size", scan.DefaultPageSize, "objects read at once; memory grows with it")
	flags.BoolVar(&o.Strict, "strict", false, "do not start when a rule file has a problem (default: leave the file out)")
	flags.StringVar(&o.MetricsListen, "metrics-listen", ":8080", "address of /metrics; empty for none")
	flags.StringVar(&o.HealthListen, "health-listen", ":8081", "address of /healthz and /readyz; empty for none")
	flags.BoolVar(&o.LeaderElect, "leader-elect", true, "scan only while this replica holds the lease")
	flags.StringVar(&o.LeaderElectNamespace, "leader-elect-namespace", "reeve-system", "namespace of the lease")
	flags.BoolVar(&o.Events, "events", true, "write Kubernetes Events on the objects that violate rules")
	flags.Float64Var(&o.EventsPerSecond, "events-per-second", 20, "Events written per second; the next scan writes what was held back")
	flags.IntVar(&o.EventBurst, "event-burst", 200, "Events written at once before the rate counts")
	flags.IntVar(&o.ExceptionLimit, "exception-limit", exception.DefaultLimit, "RuleExceptions to heed; the oldest where there are more")
	flags.StringVar(&o.ReportLog, "report-log", "", "stdout writes each finding as a line of JSON; empty writes none")
}

// validate says which flag is wrong.
func (o *Options) validate() error {
	switch {
	case o.Interval < time.Second:
		return fmt.Errorf("--interval: %s is less than a second", o.Interval)
	case o.Webhook != "" && !isAddress(o.Webhook):
		return fmt.Errorf("--webhook-address: %q is not host:port, as in reeve-webhook.reeve-system.svc:443", o.Webhook)
	case o.PageSize < 1:
		return fmt.Errorf("--page-size: %d is less than one object", o.PageSize)
	case o.EventsPerSecond <= 0 || o.EventBurst < 1:
		return errors.New("--events-per-second and --event-burst must be above zero; to write no Events use --events=false")
	case o.ExceptionLimit < 1:
		return fmt.Errorf("--exception-limit: %d is less than one exception", o.ExceptionLimit)
	case o.ReportLog != "" && o.ReportLog != "stdout":
		return fmt.Errorf("--report-log: %q is not a place; use stdout, or leave it empty", o.ReportLog)
	}
	return o.Follow.Validate()
}

// isAddress tells whether a text is host:port.
func isAddress(text string) bool {
	host, port, err := net.SplitHostPort(text)
	return err == nil && host != "" && port != ""
}
