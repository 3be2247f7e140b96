package exception

import (
	"context"
	"fmt"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/tools/cache"

	"github.com/kubereeve/reeve/api/v1alpha1"
)

// pageSize is how many exceptions are read at once.
const pageSize = 500

// listWatch lists and watches the exceptions of all namespaces for a reflector.
// It keeps no more of each than is needed, and tells the Watcher how it went. One
// exception that cannot be read does not keep the others away.
type listWatch struct{ watcher *Watcher }

var _ cache.ListerWatcherWithContext = (*listWatch)(nil)

// IsWatchListSemanticsUnSupported makes the reflector list in pages before it
// watches, so that no more than one page of whole objects is held.
func (l *listWatch) IsWatchListSemanticsUnSupported() bool { return true }

// List is ListWithContext for callers without a context.
func (l *listWatch) List(options metav1.ListOptions) (runtime.Object, error) {
	return l.ListWithContext(context.Background(), options)
}

// ListWithContext returns one page of exceptions.
func (l *listWatch) ListWithContext(ctx context.Context, options metav1.ListOptions) (runtime.Object, error) {
	if options.ResourceVersion == "0" {
		options.ResourceVersion = "" // read in pages, and what is, not what was
	}
	list, err := l.watcher.client.List(ctx, options)
	if err != nil {
		l.told(ctx, err)
		return nil, err
	}
	l.watcher.watched()
	exceptions := &v1alpha1.RuleExceptionList{ListMeta: metav1.ListMeta{
		ResourceVersion: list.GetResourceVersion(), Continue: list.GetContinue(), RemainingItemCount: list.GetRemainingItemCount(),
	}}
	for i := range list.Items {
		exceptions.Items = append(exceptions.Items, *l.read(&list.Items[i]))
	}
	return exceptions, nil
}

// Watch is WatchWithContext for callers without a context.
func (l *listWatch) Watch(options metav1.ListOptions) (watch.Interface, error) {
	return l.WatchWithContext(context.Background(), options)
}

// WatchWithContext follows the exceptions from a resource version on.
func (l *listWatch) WatchWithContext(ctx context.Context, options metav1.ListOptions) (watch.Interface, error) {
	events, err := l.watcher.client.Watch(ctx, options)
	if err != nil {
		l.told(ctx, err)
		return nil, err
	}
	l.watcher.watched()
	return watch.Filter(events, func(event watch.Event) (watch.Event, bool) {
		if object, ok := event.Object.(*unstructured.Unstructured); ok {
			event.Object = l.read(object)
		}
		return event, true
	}), nil
}

func (l *listWatch) told(ctx context.Context, err error) {
	if ctx.Err() == nil && !transient(err) {
		l.watcher.failed(err)
	}
}

// read returns what is kept of an exception. One that cannot be read has no
// rules, and so can cover nothing.
func (l *listWatch) read(object *unstructured.Unstructured) *v1alpha1.RuleException {
	var e v1alpha1.RuleException
	if err := runtime.DefaultUnstructuredConverter.FromUnstructured(object.Object, &e); err != nil {
		l.watcher.options.Log.Error(err, "an exception cannot be read and counts for nothing", "namespace", object.GetNamespace(), "name", object.GetName())
		e = v1alpha1.RuleException{}
		e.Namespace, e.Name, e.UID = object.GetNamespace(), object.GetName(), object.GetUID()
		e.CreationTimestamp, e.Generation = object.GetCreationTimestamp(), object.GetGeneration()
		e.ResourceVersion = object.GetResourceVersion()
	}
	return slim(&e)
}

// Read returns the exception that a manifest or a list holds as JSON. It fails on
// what is no RuleException of the version that Reeve knows.
func Read(raw []byte) (*v1alpha1.RuleException, error) {
	var object unstructured.Unstructured
	if err := object.UnmarshalJSON(raw); err != nil {
		return nil, fmt.Errorf("RuleException: %w", err)
	}
	if kind := object.GroupVersionKind(); kind != v1alpha1.RuleExceptionKind() {
		return nil, fmt.Errorf("%s is not a RuleException of %s", kind, v1alpha1.GroupVersion())
	}
	var e v1alpha1.RuleException
	if err := runtime.DefaultUnstructuredConverter.FromUnstructured(object.Object, &e); err != nil {
		return nil, fmt.Errorf("RuleException %s/%s: %w", object.GetNamespace(), object.GetName(), err)
	}
	return slim(&e), nil
}
