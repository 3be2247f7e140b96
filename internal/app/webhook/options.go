package webhook

import (
	"errors"
	"fmt"
	"net"
	"path/filepath"
	"strconv"
	"time"

	"github.com/spf13/pflag"

	"github.com/kubereeve/reeve/internal/app"
	"github.com/kubereeve/reeve/internal/app/exception"
	"github.com/kubereeve/reeve/internal/app/follow"
	"github.com/kubereeve/reeve/internal/config/v1alpha1"
	"github.com/kubereeve/reeve/internal/engine"
)

// Options say how the webhook runs.
type Options struct {
	Rules      app.RuleOptions
	Follow     follow.Options
	Log        app.LogOptions
	Kubeconfig string

	// Listen, MetricsListen, HealthListen and StatusListen are addresses as host:port.
	Listen        string
	MetricsListen string // empty switches it off
	HealthListen  string
	StatusListen  string // empty switches it off

	// WebhookConfiguration is the name of the ValidatingWebhookConfiguration that
	// sends reviews here; empty when that is not to be looked at.
	WebhookConfiguration string

	CertDir        string
	Deadline       time.Duration
	DrainDelay     time.Duration
	MaxConcurrent  int
	CacheSize      int
	RecentEntries  int
	ExceptionLimit int
	OnError        string
	Strict         bool
}

// AddFlags adds the options' flags.
func (o *Options) AddFlags(flags *pflag.FlagSet) {
	o.Rules.AddFlags(flags)
	o.Follow.AddFlags(flags)
	o.Log.AddFlags(flags)
	flags.StringVar(&o.Kubeconfig, "kubeconfig", "", "kubeconfig file (default: $KUBECONFIG, the pod's service account, or ~/.kube/config)")
	flags.StringVar(&o.Listen, "listen", ":9443", "address for the API server, over TLS")
	flags.StringVar(&o.MetricsListen, "metrics-listen", ":8080", "address of /metrics; empty for none")
	flags.StringVar(&o.HealthListen, "health-listen", ":8081", "address of /healthz and /readyz")
	flags.StringVar(&o.StatusListen, "status-listen", ":8443", "address of the state and recent admissions for reeve status, over TLS, for whom the API server lets; empty for none")
	flags.StringVar(&o.CertDir, "cert-dir", "/etc/reeve/certificate", "directory of the serving certificate, tls.crt and tls.key; read again when it changes")
	flags.StringVar(&o.WebhookConfiguration, "webhook-configuration", "reeve", "name of the ValidatingWebhookConfiguration, to tell of rules on kinds that it does not send; empty for none")
	flags.DurationVar(&o.Deadline, "deadline", engine.DefaultDeadline, "longest time for one request; less when the API server waits less")
	flags.DurationVar(&o.DrainDelay, "drain-delay", 5*time.Second, "how long to go on serving after SIGTERM, until no new requests come")
	flags.IntVar(&o.MaxConcurrent, "max-concurrent", 64, "requests judged at a time; each 256 KiB of a request counts as one more")
	flags.IntVar(&o.CacheSize, "cache-size", engine.DefaultCacheSize, "verdicts to remember; negative for none")
	flags.IntVar(&o.RecentEntries, "recent-admissions", 0, "admissions with findings to remember, for reeve rollout preview (default: the configuration's, or 1000)")
	flags.IntVar(&o.ExceptionLimit, "exception-limit", exception.DefaultLimit, "RuleExceptions to heed; the oldest where there are more")
	flags.StringVar(&o.OnError, "on-error", "", "what happens to a request that a rule cannot judge: allow (with a warning) or deny (default: the configuration's, or allow)")
	flags.BoolVar(&o.Strict, "strict", false, "refuse to start when a rule file has an error")
}

// Validate returns what is wrong with the options, naming the flags.
func (o *Options) Validate() error {
	var errs []error
	for _, address := range []struct{ flag, value string }{
		{"--listen", o.Listen}, {"--metrics-listen", o.MetricsListen}, {"--health-listen", o.HealthListen}, {"--status-listen", o.StatusListen},
	} {
		if address.value == "" && (address.flag == "--metrics-listen" || address.flag == "--status-listen") {
			continue
		}
		if _, _, err := splitAddress(address.value); err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", address.flag, err))
		}
	}
	if onError := v1alpha1.OnError(o.OnError); onError != "" && onError != v1alpha1.AllowOnError && onError != v1alpha1.DenyOnError {
		errs = append(errs, fmt.Errorf("--on-error: %q is neither allow nor deny", o.OnError))
	}
	if err := o.Follow.Validate(); err != nil {
		errs = append(errs, err)
	}
	if o.Deadline <= 0 {
		errs = append(errs, errors.New("--deadline must be above zero"))
	}
	if o.DrainDelay < 0 {
		errs = append(errs, errors.New("--drain-delay must not be negative"))
	}
	if o.MaxConcurrent < 1 {
		errs = append(errs, errors.New("--max-concurrent must be at least 1"))
	}
	if o.RecentEntries < 0 {
		errs = append(errs, errors.New("--recent-admissions must not be negative"))
	}
	if o.ExceptionLimit < 1 {
		errs = append(errs, errors.New("--exception-limit must be at least 1"))
	}
	if o.CertDir == "" {
		errs = append(errs, errors.New("--cert-dir must name the directory of tls.crt and tls.key"))
	}
	return errors.Join(errs...)
}

// splitAddress returns the host and the port of host:port.
func splitAddress(address string) (string, int, error) {
	host, text, err := net.SplitHostPort(address)
	if err != nil {
		return "", 0, fmt.Errorf("%q is not host:port, as in :9443", address)
	}
	port, err := strconv.Atoi(text)
	if err != nil || port < 1 || port > 65535 {
		return "", 0, fmt.Errorf("%q: the port must be a number from 1 to 65535", address)
	}
	return host, port, nil
}

func (o *Options) certificateFile() string { return filepath.Join(o.CertDir, "tls.crt") }
func (o *Options) keyFile() string         { return filepath.Join(o.CertDir, "tls.key") }

// recentEntries returns how many admissions to remember: what the flag says, or
// else the configuration.
func (o *Options) recentEntries(configuration *app.Configuration) int {
	if o.RecentEntries > 0 {
		return o.RecentEntries
	}
	return *configuration.Complete.RecentAdmissions.Size
}
