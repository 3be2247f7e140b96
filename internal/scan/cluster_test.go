package scan_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"runtime"
	"strconv"
	"strings"
	"sync"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/kubereeve/reeve/internal/finding"
	"github.com/kubereeve/reeve/internal/resource"
)

var (
	pods         = schema.GroupKind{Kind: "Pod"}
	namespaces   = schema.GroupKind{Kind: "Namespace"}
	roles        = schema.GroupKind{Group: "rbac.authorization.k8s.io", Kind: "Role"}
	clusterRoles = schema.GroupKind{Group: "rbac.authorization.k8s.io", Kind: "ClusterRole"}
)

// cluster is an API server in memory: it pages as one does, and misbehaves on
// demand. Requests are named as in "Pod", "Pod?continue=500" and
// "Namespace/prod"; a request for metadata begins with "metadata of ".
type cluster struct {
	objects map[schema.GroupKind][]string
	unknown map[schema.GroupKind]error
	// misbehave answers instead of the server, unless it returns nil.
	misbehave func(request string) error

	mu       sync.Mutex
	requests []string
}

func (c *cluster) answer(request string) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.requests = append(c.requests, request)
	if c.misbehave != nil {
		return c.misbehave(request)
	}
	return nil
}

func (c *cluster) Discover(_ context.Context, kinds []schema.GroupKind) (map[schema.GroupKind]*meta.RESTMapping, map[schema.GroupKind]error, error) {
	if err := c.answer("discovery"); err != nil {
		return nil, nil, err
	}
	found := make(map[schema.GroupKind]*meta.RESTMapping)
	for _, kind := range kinds {
		if _, has := c.objects[kind]; !has {
			continue
		}
		scope := meta.RESTScopeNamespace
		if kind == namespaces || kind == clusterRoles {
			scope = meta.RESTScopeRoot
		}
		gvk := kind.WithVersion("v1")
		found[kind] = &meta.RESTMapping{GroupVersionKind: gvk, Scope: scope,
			Resource: gvk.GroupVersion().WithResource(strings.ToLower(kind.Kind) + "s")}
	}
	return found, c.unknown, nil
}

func (c *cluster) List(_ context.Context, mapping *meta.RESTMapping, namespace string, options metav1.ListOptions) (io.ReadCloser, error) {
	return c.list("", mapping, namespace, options)
}

func (c *cluster) ListMetadata(_ context.Context, mapping *meta.RESTMapping, namespace string, options metav1.ListOptions) (io.ReadCloser, error) {
	return c.list("metadata of ", mapping, namespace, options)
}

func (c *cluster) list(what string, mapping *meta.RESTMapping, namespace string, options metav1.ListOptions) (io.ReadCloser, error) {
	kind := mapping.GroupVersionKind.GroupKind()
	request := what + kind.Kind
	if namespace != "" {
		request += " in " + namespace
	}
	if options.Continue != "" {
		request += "?continue=" + options.Continue
	}
	if err := c.answer(request); err != nil {
		return nil, err
	}
	from, _ := strconv.Atoi(strings.TrimPrefix(options.Continue, "inconsistent-"))
	to := min(from+int(options.Limit), len(c.objects[kind]))
	next := ""
	if to < len(c.objects[kind]) {
		next = strconv.Itoa(to)
	}
	text := fmt.Sprintf(`{"metadata":{"continue":%q},"items":[%s]}`, next, strings.Join(c.objects[kind][from:to], ","))
	return io.NopCloser(strings.NewReader(text)), nil
}

func (c *cluster) Get(_ context.Context, mapping *meta.RESTMapping, _, name string) ([]byte, error) {
	kind := mapping.GroupVersionKind.GroupKind()
	if err := c.answer(kind.Kind + "/" + name); err != nil {
		return nil, err
	}
	for _, object := range c.objects[kind] {
		if strings.Contains(object, strconv.Quote(name)) {
			return []byte(object), nil
		}
	}
	return nil, apierrors.NewNotFound(mapping.Resource.GroupResource(), name)
}

// objects returns n objects of a namespace, as typed lists have them.
func objects(namespace string, n int) []string {
	list := make([]string, n)
	for i := range list {
		list[i] = object(namespace, fmt.Sprintf("object-%05d", i))
	}
	return list
}

func object(namespace, name string) string {
	if namespace == "" {
		return fmt.Sprintf(`{"metadata":{"name":%q,"uid":%q}}`, name, name)
	}
	return fmt.Sprintf(`{"metadata":{"name":%q,"namespace":%q,"uid":"%s-%s"}}`, name, namespace, namespace, name)
}

// reviewer finds fault with everything whose name does not begin with "good".
type reviewer struct {
	before func(*resource.Resource) // called before each review, if not nil
	never  schema.GroupKind         // a kind no rule is asked about

	mu       sync.Mutex
	reviewed []resource.Resource
}

func (r *reviewer) Judges(res *resource.Resource) bool { return res.GroupKind() != r.never }

func (r *reviewer) Revision() string { return "r1" }

var errUnparsable = errors.New("the object cannot be parsed")

func (r *reviewer) Review(_ context.Context, res *resource.Resource) (finding.Verdict, error) {
	if r.before != nil {
		r.before(res)
	}
	r.mu.Lock()
	r.reviewed = append(r.reviewed, *res)
	r.mu.Unlock()
	verdict := finding.Verdict{Resource: res}
	switch {
	case bytes.Contains(res.Object, []byte("unparsable")):
		return verdict, errUnparsable
	case strings.HasPrefix(res.Name, "failing"):
		verdict.Errors = []finding.RuleError{{Rule: "bad-rule", Cause: finding.CauseEval, Message: "it failed"}}
	case !strings.HasPrefix(res.Name, "good"):
		verdict.Findings = []finding.Finding{{Rule: "no-objects", Resource: res.Identity}}
	}
	return verdict, nil
}

// reports is a sink that keeps what it needs of each report.
type reports struct {
	all []report
	// onWrite is called with each report, if not nil.
	onWrite func(finding.Report)
}

type report struct {
	Kind     string
	Names    []string
	Complete bool
	Pass     bool
}

func (r *reports) Write(_ context.Context, written finding.Report) error {
	short := report{Kind: written.Kind.Kind, Complete: written.Complete, Pass: written.Pass != nil}
	for _, verdict := range written.Verdicts {
		short.Names = append(short.Names, verdict.Resource.Name)
	}
	r.all = append(r.all, short)
	if r.onWrite != nil {
		r.onWrite(written)
	}
	return nil
}

// names returns every name reported, in order.
func (r *reports) names() []string {
	var names []string
	for _, report := range r.all {
		names = append(names, report.Names...)
	}
	return names
}

func forbidden(kind schema.GroupKind) error {
	return apierrors.NewForbidden(schema.GroupResource{Group: kind.Group, Resource: strings.ToLower(kind.Kind) + "s"}, "",
		errors.New("the scanner may not"))
}

// expired is what API servers answer to an old token.
func expired(offered string) error {
	err := apierrors.NewResourceExpired("The provided continue parameter is too old")
	err.ErrStatus.Continue = offered
	return err
}

// counting is a reviewer that keeps nothing.
type counting struct{}

func (counting) Judges(*resource.Resource) bool { return true }
func (counting) Revision() string               { return "r1" }
func (counting) Review(_ context.Context, res *resource.Resource) (finding.Verdict, error) {
	return finding.Verdict{Resource: res}, nil
}

// liveHeap returns the bytes of all reachable objects.
func liveHeap() uint64 {
	runtime.GC()
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	return stats.HeapAlloc
}
