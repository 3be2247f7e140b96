package kube

import (
	"context"
	"fmt"
	"slices"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/discovery"
)

// Discover asks the API server which of the given kinds can be listed, and how:
// found holds each in its group's preferred version, or in the one version that
// serves it. A kind in failed belongs to a group whose server does not answer,
// so nobody knows. Kinds in neither do not exist there. Discover fails when the
// API server itself does not answer.
func (c *Cluster) Discover(ctx context.Context, kinds []schema.GroupKind) (found map[schema.GroupKind]*meta.RESTMapping, failed map[schema.GroupKind]error, err error) {
	lists, err := c.discovery.ServerPreferredResourcesWithContext(ctx)
	broken, partial := discovery.GroupDiscoveryFailedErrorGroups(err)
	if err != nil && !partial {
		return nil, nil, err
	}
	found = make(map[schema.GroupKind]*meta.RESTMapping)
	for _, list := range lists {
		if err := addMappings(found, list, kinds); err != nil {
			return nil, nil, err
		}
	}
	failed = make(map[schema.GroupKind]error)
	for groupVersion, err := range broken {
		for _, kind := range kinds {
			if kind.Group == groupVersion.Group && found[kind] == nil {
				failed[kind] = fmt.Errorf("discovery of %s: %w", groupVersion, err)
			}
		}
	}
	return found, failed, nil
}

// addMappings adds those of a group version's resources that are wanted.
func addMappings(found map[schema.GroupKind]*meta.RESTMapping, list *metav1.APIResourceList, kinds []schema.GroupKind) error {
	groupVersion, err := schema.ParseGroupVersion(list.GroupVersion)
	if err != nil {
		return fmt.Errorf("discovery: %w", err)
	}
	for _, resource := range list.APIResources {
		gvk := groupVersion.WithKind(resource.Kind)
		if !slices.Contains(kinds, gvk.GroupKind()) || !slices.Contains(resource.Verbs, "list") || found[gvk.GroupKind()] != nil {
			continue
		}
		scope := meta.RESTScopeRoot
		if resource.Namespaced {
			scope = meta.RESTScopeNamespace
		}
		found[gvk.GroupKind()] = &meta.RESTMapping{
			Resource:         groupVersion.WithResource(resource.Name),
			GroupVersionKind: gvk,
			Scope:            scope,
		}
	}
	return nil
}
