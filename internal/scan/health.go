package scan

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// HealthGroup is the API group of the resources that a scan makes itself from
// what no object tells: how the control plane is, how long its certificates are
// valid, and which Warning Events there were. Rules name them like other kinds.
const HealthGroup = "health.kubereeve.io"

const healthVersion = "v1alpha1"

// The kinds of HealthGroup.
var (
	componentHealthKind    = schema.GroupKind{Group: HealthGroup, Kind: "ComponentHealth"}
	servingCertificateKind = schema.GroupKind{Group: HealthGroup, Kind: "ServingCertificate"}
	eventGroupKind         = schema.GroupKind{Group: HealthGroup, Kind: "EventGroup"}
)

// The kinds that they are made of.
var (
	componentStatusKind = schema.GroupKind{Kind: "ComponentStatus"}
	eventKind           = schema.GroupKind{Kind: "Event"}
	podKind             = schema.GroupKind{Kind: "Pod"}
)

// healthPaths are the API server's health endpoints.
var healthPaths = []string{"/livez", "/readyz"}

// Health is what servers tell of themselves beside their objects.
type Health interface {
	// Health returns what the API server answers at a path such as /readyz, a
	// line per check, and whether all checks pass. Errors are those of Cluster.
	Health(ctx context.Context, path string) (text string, passed bool, err error)
	// ServingCertificate returns the certificate of the server at address, as
	// in host:port, or of the API server when address is empty; nil when it
	// has none.
	ServingCertificate(ctx context.Context, address string) (*x509.Certificate, error)
}

// Reads returns what a scan of the given kinds reads from the API server: the
// kinds that it lists, and the paths beside them that it gets. Kinds of
// HealthGroup stand for what they are made of.
func Reads(kinds []schema.GroupKind) (listed []schema.GroupKind, paths []string) {
	for _, kind := range kinds {
		switch kind {
		case componentHealthKind:
			listed = append(listed, componentStatusKind, podKind)
			paths = append(paths, healthPaths...)
		case eventGroupKind:
			listed = append(listed, eventKind)
		case servingCertificateKind:
		default:
			listed = append(listed, kind)
		}
	}
	return listed, paths
}

// maker makes the resources of one kind. With an error it may return those that
// could be made all the same.
type maker func(context.Context) ([]jsontext.Value, error)

// maker returns how resources of a kind are made, or nil when they are objects
// of the API server.
func (p *pass) maker(kind schema.GroupKind) maker {
	switch {
	case kind == eventGroupKind:
		return p.eventGroups
	case kind == componentHealthKind && p.Health != nil:
		return p.componentHealth
	case kind == servingCertificateKind && p.Health != nil:
		return p.servingCertificates
	}
	return nil
}

// addMade adds the kinds that are made here to those that the API server has.
func (p *pass) addMade() {
	for _, kind := range p.Kinds {
		if p.maker(kind) == nil {
			continue
		}
		scope := meta.RESTScopeRoot
		if kind == eventGroupKind {
			scope = meta.RESTScopeNamespace
		}
		p.mappings[kind] = &meta.RESTMapping{GroupVersionKind: kind.WithVersion(healthVersion), Scope: scope}
	}
}

// madePages returns the reader of what is made here, page by page. What could
// not be made fails after the last page.
func (p *pass) madePages(produce maker) func(context.Context) (page, error) {
	var items []jsontext.Value
	var failure error
	begun := false
	return func(ctx context.Context) (page, error) {
		if !begun {
			begun = true
			items, failure = produce(ctx)
		}
		if len(items) == 0 {
			return page{}, failure
		}
		count := min(len(items), int(p.PageSize))
		list := page{items: items[:count]}
		if items = items[count:]; len(items) > 0 || failure != nil {
			list.next = "more"
		}
		return list, nil
	}
}

// made is a resource of HealthGroup.
type made struct {
	APIVersion string       `json:"apiVersion"`
	Kind       string       `json:"kind"`
	Metadata   madeMetadata `json:"metadata"`
	Spec       any          `json:"spec"`
	Status     any          `json:"status"`
}

// madeMetadata has no uid, as there is no object: no Event is written on it.
type madeMetadata struct {
	Name      string `json:"name"`
	Namespace string `json:"namespace,omitzero"`
}

// newMade returns a resource of HealthGroup as JSON.
func newMade(kind schema.GroupKind, metadata madeMetadata, spec, status any) (jsontext.Value, error) {
	apiVersion, name := kind.WithVersion(healthVersion).ToAPIVersionAndKind()
	return json.Marshal(made{APIVersion: apiVersion, Kind: name, Metadata: metadata, Spec: spec, Status: status})
}

// inOneLine joins errors, each told once. It returns nil for none.
func inOneLine(errs []error) error {
	var texts []string
	for _, err := range errs {
		if err != nil && !slices.Contains(texts, err.Error()) {
			texts = append(texts, err.Error())
		}
	}
	if len(texts) == 0 {
		return nil
	}
	return errors.New(strings.Join(texts, "; "))
}

// mapping returns how a kind that something is made of is listed.
func (p *pass) mapping(kind schema.GroupKind) (*meta.RESTMapping, error) {
	if mapping := p.mappings[kind]; mapping != nil {
		return mapping, nil
	}
	return nil, fmt.Errorf("the API server has no %s", kind)
}
