package webhook

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"sync/atomic"
	"time"

	"github.com/go-logr/logr"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	toolscache "k8s.io/client-go/tools/cache"
	"sigs.k8s.io/controller-runtime/pkg/cache"

	"github.com/kubereeve/reeve/internal/resource"
)

// namespacesPatience is how long the webhook waits for the namespaces before it
// serves without them.
const namespacesPatience = 10 * time.Second

// namespacesRetry is how long it waits before it asks again for what the API
// server did not answer.
const namespacesRetry = 5 * time.Second

// namespaces keeps the cluster's namespaces as rules see them, by a watch on
// their metadata. Where they may not be watched, it knows none. It runs as a
// Runnable of the manager.
type namespaces struct {
	cache  cache.Cache
	report func(problem error) // what is wrong, nil when nothing is
	log    logr.Logger

	known   sync.Map    // name to *resource.Namespace
	settled atomic.Bool // they are known, or waiting for them has ended
	failure atomic.Bool // the last word was a failure
}

func newNamespaces(report func(problem error), log logr.Logger) *namespaces {
	return &namespaces{report: report, log: log}
}

// Namespace returns a namespace, or nil when it is not known.
func (n *namespaces) Namespace(name string) *resource.Namespace {
	if known, ok := n.known.Load(name); ok {
		return known.(*resource.Namespace)
	}
	return nil
}

// Start watches the namespaces until ctx ends. It never fails: rules that read
// input.namespace are few, and the others are to be judged all the same.
func (n *namespaces) Start(ctx context.Context) error {
	patience := time.AfterFunc(namespacesPatience, func() {
		if !n.settled.Swap(true) {
			n.log.Error(nil, "the namespaces are not known in time; serving without input.namespace until they are")
		}
	})
	defer patience.Stop()
	for {
		registration, err := n.watch(ctx)
		if err == nil {
			if toolscache.WaitForCacheSync(ctx.Done(), registration.HasSynced) {
				n.settled.Store(true)
				n.log.Info("the namespaces are known")
			}
			<-ctx.Done()
			return nil
		}
		n.fail(err)
		if !wait(ctx, namespacesRetry) {
			return nil
		}
	}
}

// NeedLeaderElection is false: every replica needs the namespaces.
func (n *namespaces) NeedLeaderElection() bool { return false }

// watch begins to follow the namespaces.
func (n *namespaces) watch(ctx context.Context) (toolscache.ResourceEventHandlerRegistration, error) {
	object := &metav1.PartialObjectMetadata{}
	object.SetGroupVersionKind(schema.GroupVersionKind{Version: "v1", Kind: "Namespace"})
	informer, err := n.cache.GetInformer(ctx, object, cache.BlockUntilSynced(false))
	if err != nil {
		return nil, fmt.Errorf("watch namespaces: %w", err)
	}
	return informer.AddEventHandler(toolscache.ResourceEventHandlerFuncs{
		AddFunc:    n.put,
		UpdateFunc: func(_, object any) { n.put(object) },
		DeleteFunc: n.remove,
	})
}

// watchFailed is told why the watch has ended. The informer tries again by
// itself.
func (n *namespaces) watchFailed(err error) {
	if !transient(err) {
		n.fail(err)
	}
}

// transient tells whether a watch was merely closed or is too old, which is
// nothing to report.
func transient(err error) bool {
	return apierrors.IsResourceExpired(err) || apierrors.IsGone(err) || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF)
}

// fail records that the namespaces cannot be read, and logs it once.
func (n *namespaces) fail(err error) {
	n.settled.Store(true)
	n.report(fmt.Errorf("they cannot be watched, so rules see what was last known of them: %w", err))
	if !n.failure.Swap(true) {
		n.log.Error(err, "the namespaces cannot be watched; rules see no input.namespace, or what was last known of it. Allow get, list and watch on namespaces")
	}
}

// ready says that the namespaces are still waited for, or returns nil.
func (n *namespaces) ready() error {
	if !n.settled.Load() {
		return errors.New("the namespaces are being read")
	}
	return nil
}

func (n *namespaces) put(object any) {
	if n.failure.Swap(false) {
		n.report(nil)
	}
	if namespace, ok := object.(*metav1.PartialObjectMetadata); ok {
		n.known.Store(namespace.Name, &resource.Namespace{
			Name:        namespace.Name,
			Labels:      namespace.Labels,
			Annotations: namespace.Annotations,
		})
	}
}

func (n *namespaces) remove(object any) {
	if unknown, ok := object.(toolscache.DeletedFinalStateUnknown); ok {
		object = unknown.Obj
	}
	if namespace, ok := object.(*metav1.PartialObjectMetadata); ok {
		n.known.Delete(namespace.Name)
	}
}
