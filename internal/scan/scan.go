// Package scan is the second door: it reads every object of the kinds that the
// rules name from a live cluster, page by page, has each judged, and reports
// what was found. Memory is that of two pages, however many objects there are.
package scan

import (
	"context"
	"io"
	"runtime"
	"slices"

	"github.com/go-logr/logr"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/kubereeve/reeve/internal/engine"
	"github.com/kubereeve/reeve/internal/finding"
	"github.com/kubereeve/reeve/internal/resource"
	"github.com/kubereeve/reeve/internal/rule"
	"github.com/kubereeve/reeve/internal/sink"
)

// Cluster is the API server that a scan reads. Errors that the server sent are
// API statuses as package k8s.io/apimachinery/pkg/api/errors knows them. The
// scan does the retrying.
type Cluster interface {
	// Discover returns how each of the given kinds is listed; failed holds
	// those nobody knows about at the moment. Kinds in neither do not exist.
	Discover(ctx context.Context, kinds []schema.GroupKind) (found map[schema.GroupKind]*meta.RESTMapping, failed map[schema.GroupKind]error, err error)
	// List opens a page of objects as a JSON list, all namespaces' when
	// namespace is empty. Only options.Limit, options.Continue and
	// options.FieldSelector are set, the last for Events only, and it may be
	// disregarded.
	List(ctx context.Context, mapping *meta.RESTMapping, namespace string, options metav1.ListOptions) (io.ReadCloser, error)
	// ListMetadata is List for the objects' metadata; there may be more.
	ListMetadata(ctx context.Context, mapping *meta.RESTMapping, namespace string, options metav1.ListOptions) (io.ReadCloser, error)
	// Get returns one object as JSON.
	Get(ctx context.Context, mapping *meta.RESTMapping, namespace, name string) ([]byte, error)
}

// Reviewer judges resources; package review has the one there is.
type Reviewer interface {
	// Judges tells whether a resource of this kind could have findings.
	Judges(res *resource.Resource) bool
	// Review returns what is found on a resource.
	Review(ctx context.Context, res *resource.Resource) (finding.Verdict, error)
	// Revision identifies the rules.
	Revision() string
}

// Options configure a scanner. Cluster and Reviewer must be given.
type Options struct {
	Cluster  Cluster
	Reviewer Reviewer
	// Kinds are the kinds to judge. Those that the server does not know are
	// passed over.
	Kinds []schema.GroupKind
	// Needs are the kinds that rules read through Inventory, which each pass
	// fills anew before anything is judged. Inventory may be nil without Needs.
	Needs     []rule.Need
	Inventory *engine.Inventory
	// Health tells what kinds of HealthGroup are made of, except for
	// EventGroup. Nil leaves them out.
	Health Health
	// WebhookAddress is where our own webhook serves, as in host:port, so that
	// its certificate is judged too; empty leaves it out.
	WebhookAddress string
	// EventGroups is the greatest number of EventGroups that are judged; 0 means
	// DefaultEventGroups.
	EventGroups int
	// Sink takes the reports; nil drops them. An error is logged and does not
	// end the pass.
	Sink sink.Sink
	// Namespace restricts the scan to the objects of one namespace, and the
	// namespace itself; empty means the whole cluster.
	Namespace string
	// PageSize is the number of objects read at once; 0 means DefaultPageSize.
	PageSize int64
	// Workers is the number of objects judged at once; 0 means GOMAXPROCS.
	Workers int
	// Attempts is how often a request is tried before its kind is given up; 0
	// means DefaultAttempts.
	Attempts int
	// Progress is told how far the pass is, from one goroutine, before each kind,
	// after each page, and at the end. It may be nil and must not wait.
	Progress func(Progress)
	Log      logr.Logger
}

// The defaults of Options.
const (
	DefaultPageSize = 500
	DefaultAttempts = 5
)

// Progress says how far a pass is.
type Progress struct {
	// Kind is the kind that is being read.
	Kind schema.GroupKind
	// Done and Total count kinds.
	Done, Total int
	// Resources and Findings are those of the pass so far.
	Resources, Findings int
}

// Scanner scans a cluster. Its passes must not overlap, and Use comes between
// them.
type Scanner struct {
	Options
	retry retry
	// reported are the kinds reported on in an earlier pass: when one is gone
	// from the server, so are its findings.
	reported map[schema.GroupKind]bool
}

// New returns a scanner.
func New(options Options) *Scanner {
	if options.PageSize == 0 {
		options.PageSize = DefaultPageSize
	}
	if options.Workers == 0 {
		options.Workers = runtime.GOMAXPROCS(0)
	}
	if options.Attempts == 0 {
		options.Attempts = DefaultAttempts
	}
	if options.EventGroups == 0 {
		options.EventGroups = DefaultEventGroups
	}
	if options.Sink == nil {
		options.Sink = sink.Fanout{}
	}
	if options.Progress == nil {
		options.Progress = func(Progress) {}
	}
	return &Scanner{
		Options:  options,
		retry:    retry{attempts: options.Attempts, log: options.Log},
		reported: make(map[schema.GroupKind]bool),
	}
}

// Use makes the passes from now on judge by other rules: findings of kinds that
// these do not judge end with the next pass, and so does the inventory that they
// do not need.
func (s *Scanner) Use(reviewer Reviewer, kinds []schema.GroupKind, needs []rule.Need) {
	for _, before := range s.Needs {
		if !slices.ContainsFunc(needs, func(need rule.Need) bool { return need.Kind == before.Kind }) {
			s.Inventory.Fail(before.Kind, "no rule needs it")
		}
	}
	s.Reviewer, s.Kinds, s.Needs = reviewer, kinds, needs
}
