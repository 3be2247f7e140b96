package scan

import (
	"context"
	"errors"
	"fmt"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/kubereeve/reeve/internal/resource"
)

var namespaceKind = schema.GroupKind{Kind: "Namespace"}

// loadNamespaces reads what rules see of the objects' namespaces. Without the
// right to, they see nothing.
func (p *pass) loadNamespaces(ctx context.Context) {
	namespaces := make(map[string]*resource.Namespace)
	err := p.eachNamespace(ctx, func(raw jsontext.Value) error {
		namespace, err := readNamespace(raw)
		if err != nil {
			return err
		}
		namespaces[namespace.Name] = namespace
		return nil
	})
	if err != nil {
		if ctx.Err() == nil {
			p.Log.Info("rules see no labels of namespaces in this pass; the scanner needs the right to list namespaces", "error", err.Error())
		}
		return
	}
	p.namespaces = namespaces
}

// eachNamespace calls visit with the scanned namespace, or with all.
func (p *pass) eachNamespace(ctx context.Context, visit func(jsontext.Value) error) error {
	if p.Namespace != "" {
		raw, err := p.getNamespace(ctx)
		if err != nil {
			return err
		}
		return visit(raw)
	}
	mapping, err := p.namespaceMapping()
	if err != nil {
		return err
	}
	return each(ctx, p.metadataReader(mapping), func(raw jsontext.Value) (bool, error) { return true, visit(raw) })
}

// getNamespace reads the scanned namespace.
func (p *pass) getNamespace(ctx context.Context) (raw jsontext.Value, err error) {
	mapping, err := p.namespaceMapping()
	if err != nil {
		return nil, err
	}
	err = p.retry.do(ctx, "get namespace", func(ctx context.Context) (err error) {
		raw, err = p.Cluster.Get(ctx, mapping, "", p.Namespace)
		return err
	})
	return raw, err
}

func (p *pass) namespaceMapping() (*meta.RESTMapping, error) {
	if mapping := p.mappings[namespaceKind]; mapping != nil {
		return mapping, nil
	}
	return nil, errors.New("the API server has no namespaces")
}

// readNamespace reads what rules see of a namespace. As with every object, they
// do not see kubectl's copy of it.
func readNamespace(raw jsontext.Value) (*resource.Namespace, error) {
	var namespace struct {
		Metadata struct {
			Name        string            `json:"name"`
			Labels      map[string]string `json:"labels"`
			Annotations map[string]string `json:"annotations"`
		} `json:"metadata"`
	}
	if err := json.Unmarshal(raw, &namespace); err != nil {
		return nil, fmt.Errorf("namespace: %w", err)
	}
	delete(namespace.Metadata.Annotations, corev1.LastAppliedConfigAnnotation)
	return (*resource.Namespace)(&namespace.Metadata), nil
}
