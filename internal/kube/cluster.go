// Package kube talks to an API server: what kinds it serves, and their objects
// as raw pages of JSON. Nothing is decoded into Go types on the way, because
// rules read the JSON itself.
package kube

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strconv"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"

	"github.com/kubereeve/reeve/internal/version"
)

// Cluster reads from one API server. It is safe for concurrent use.
type Cluster struct {
	discovery discovery.DiscoveryInterfaceWithContext
	client    rest.Interface
	http      *http.Client
	config    *rest.Config
}

// The media types of what is read. Old aggregated API servers know only the
// plain one and answer with whole objects.
const (
	contentJSON     = "application/json"
	contentMetadata = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,application/json"
)

// NewCluster returns a client of the API server that config describes. Unless
// config sets its own, there is no rate limit on this side: pages are read one
// after the other, and the API server has priority and fairness.
func NewCluster(config *rest.Config) (*Cluster, error) {
	config = rest.CopyConfig(config)
	if config.QPS == 0 {
		config.QPS = -1
	}
	if config.UserAgent == "" {
		config.UserAgent = "reeve/" + version.String()
	}
	if config.WarningHandler == nil && config.WarningHandlerWithContext == nil {
		config.WarningHandler = rest.NoWarnings{} // of what is old: it is read all the same
	}
	config.ContentType = contentJSON
	config.AcceptContentTypes = contentJSON
	config.NegotiatedSerializer = scheme.Codecs.WithoutConversion() // for error statuses
	httpClient, err := rest.HTTPClientFor(config)
	if err != nil {
		return nil, fmt.Errorf("cluster: %w", err)
	}
	discoverer, err := discovery.NewDiscoveryClientForConfigAndClient(config, httpClient)
	if err != nil {
		return nil, fmt.Errorf("cluster: %w", err)
	}
	client, err := rest.UnversionedRESTClientForConfigAndClient(config, httpClient)
	if err != nil {
		return nil, fmt.Errorf("cluster: %w", err)
	}
	return &Cluster{discovery: discoverer, client: client, http: httpClient, config: config}, nil
}

// List opens one page of the objects of a kind, as options.Limit,
// options.Continue and options.FieldSelector say; other options are not read. An
// empty namespace means all. The caller closes what it gets. Errors that the
// server sent are *errors.StatusError; none is retried here.
func (c *Cluster) List(ctx context.Context, mapping *meta.RESTMapping, namespace string, options metav1.ListOptions) (io.ReadCloser, error) {
	return c.list(ctx, mapping, namespace, options, contentJSON)
}

// ListMetadata is List for the objects' metadata alone, where the server can
// leave the rest out.
func (c *Cluster) ListMetadata(ctx context.Context, mapping *meta.RESTMapping, namespace string, options metav1.ListOptions) (io.ReadCloser, error) {
	return c.list(ctx, mapping, namespace, options, contentMetadata)
}

func (c *Cluster) list(ctx context.Context, mapping *meta.RESTMapping, namespace string, options metav1.ListOptions, accept string) (io.ReadCloser, error) {
	request := c.get(mapping, namespace).SetHeader("Accept", accept)
	if options.Limit > 0 {
		request.Param("limit", strconv.FormatInt(options.Limit, 10))
	}
	if options.Continue != "" {
		request.Param("continue", options.Continue)
	}
	if options.FieldSelector != "" {
		request.Param("fieldSelector", options.FieldSelector)
	}
	return request.Stream(ctx)
}

// Get returns one object as JSON. Errors are those of List.
func (c *Cluster) Get(ctx context.Context, mapping *meta.RESTMapping, namespace, name string) ([]byte, error) {
	return c.get(mapping, namespace, name).SetHeader("Accept", contentJSON).DoRaw(ctx)
}

// get starts a request for the objects of a kind, or for the one of the given
// name.
func (c *Cluster) get(mapping *meta.RESTMapping, namespace string, name ...string) *rest.Request {
	path := []string{"apis", mapping.Resource.Group, mapping.Resource.Version}
	if mapping.Resource.Group == "" {
		path = []string{"api", mapping.Resource.Version}
	}
	if mapping.Scope.Name() == meta.RESTScopeNameNamespace && namespace != "" {
		path = append(path, "namespaces", namespace)
	}
	path = append(append(path, mapping.Resource.Resource), name...)
	return c.client.Get().AbsPath(path...).MaxRetries(0)
}
