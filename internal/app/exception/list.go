package exception

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/kubereeve/reeve/api/v1alpha1"
)

// Cluster is what List asks; package kube has the one there is.
type Cluster interface {
	Discover(ctx context.Context, kinds []schema.GroupKind) (map[schema.GroupKind]*meta.RESTMapping, map[schema.GroupKind]error, error)
	List(ctx context.Context, mapping *meta.RESTMapping, namespace string, options metav1.ListOptions) (io.ReadCloser, error)
}

// Listed is what a cluster has of exceptions at one moment.
type Listed struct {
	// Exceptions are those that count, the oldest first.
	Exceptions []*v1alpha1.RuleException
	// LeftOut is how many do not count because there are too many.
	LeftOut int
	// Unreadable are those that could not be read; they count for nothing.
	Unreadable []error
}

// maxListings is how often a listing is begun that took too long to end.
const maxListings = 3

// List reads the exceptions of a namespace, or of all where it is empty, once. A
// cluster that knows no RuleExceptions has none. Where there are more than limit
// (0 means DefaultLimit), the oldest of what was listed count.
func List(ctx context.Context, cluster Cluster, namespace string, limit int) (Listed, error) {
	if limit == 0 {
		limit = DefaultLimit
	}
	kind := v1alpha1.RuleExceptionKind().GroupKind()
	found, failed, err := cluster.Discover(ctx, []schema.GroupKind{kind})
	if err == nil {
		err = failed[kind]
	}
	if err != nil {
		return Listed{}, fmt.Errorf("exceptions: %w", err)
	}
	mapping := found[kind]
	if mapping == nil {
		return Listed{}, nil
	}
	for range maxListings {
		var listed Listed
		if listed, err = listAll(ctx, cluster, mapping, namespace); err == nil {
			listed.Exceptions, listed.LeftOut = Oldest(listed.Exceptions, limit)
			return listed, nil
		}
		if !apierrors.IsResourceExpired(err) {
			break
		}
	}
	return Listed{}, fmt.Errorf("exceptions cannot be listed; allow list on ruleexceptions.%s: %w", v1alpha1.Group, err)
}

// listAll reads all pages.
func listAll(ctx context.Context, cluster Cluster, mapping *meta.RESTMapping, namespace string) (Listed, error) {
	var listed Listed
	options := metav1.ListOptions{Limit: pageSize}
	for {
		body, err := cluster.List(ctx, mapping, namespace, options)
		if err != nil {
			return Listed{}, err
		}
		var page struct {
			Metadata metav1.ListMeta   `json:"metadata"`
			Items    []json.RawMessage `json:"items"`
		}
		err = json.NewDecoder(body).Decode(&page)
		if err := errors.Join(err, body.Close()); err != nil {
			return Listed{}, err
		}
		for _, raw := range page.Items {
			e, err := Read(raw)
			if err != nil {
				listed.Unreadable = append(listed.Unreadable, err)
				continue
			}
			listed.Exceptions = append(listed.Exceptions, e)
		}
		if options.Continue = page.Metadata.Continue; options.Continue == "" {
			return listed, nil
		}
	}
}
