package webhook

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/go-logr/logr"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	toolscache "k8s.io/client-go/tools/cache"
	"sigs.k8s.io/controller-runtime/pkg/cache"

	"github.com/kubereeve/reeve/internal/engine"
	"github.com/kubereeve/reeve/internal/resource"
	"github.com/kubereeve/reeve/internal/rule"
)

const (
	// inventoryPatience is how long the webhook waits for the inventory before
	// it serves without; rules that need it say then that they cannot judge.
	inventoryPatience = 10 * time.Second
	// kindRetry is how long it waits before it asks again for a kind that the
	// API server does not have or did not answer for.
	kindRetry = 30 * time.Second
)

// inventory keeps the cluster objects that rules read, by a watch on each kind.
// It runs as a Runnable of the manager.
type inventory struct {
	cache   cache.Cache
	mapper  meta.RESTMapper
	objects *engine.Inventory
	log     logr.Logger

	kinds   []schema.GroupKind
	pending sync.WaitGroup // kinds that are waited for
	settled atomic.Bool
	watched sync.Map // schema.GroupKind by GroupVersionKind in words
	known   sync.Map // schema.GroupKind of the kinds that were read once
}

func newInventory(needs []rule.Need, objects *engine.Inventory, log logr.Logger) *inventory {
	i := &inventory{objects: objects, log: log}
	for _, need := range needs {
		if !need.Optional { // not worth the memory: the scanner judges better
			i.kinds = append(i.kinds, need.Kind)
		}
	}
	return i
}

// Start watches the kinds until ctx ends. It never fails: rules whose inventory
// is not known do not judge, and are counted; the others go on.
func (i *inventory) Start(ctx context.Context) error {
	var watches sync.WaitGroup
	for _, kind := range i.kinds {
		i.pending.Add(1)
		watches.Go(func() { i.follow(ctx, kind) })
	}
	go func() {
		i.pending.Wait()
		i.settled.Store(true)
	}()
	patience := time.AfterFunc(inventoryPatience, func() {
		if !i.settled.Swap(true) {
			i.log.Error(nil, "the inventory is not known in time; rules that need it cannot judge until it is")
		}
	})
	defer patience.Stop()
	watches.Wait()
	<-ctx.Done()
	return nil
}

// NeedLeaderElection is false: every replica needs the inventory.
func (i *inventory) NeedLeaderElection() bool { return false }

// ready says that the inventory is still waited for, or returns nil.
func (i *inventory) ready() error {
	if !i.settled.Load() {
		return fmt.Errorf("the inventory of %v is being read", i.kinds)
	}
	return nil
}

// follow keeps one kind up to date until ctx ends.
func (i *inventory) follow(ctx context.Context, kind schema.GroupKind) {
	settle := sync.OnceFunc(i.pending.Done)
	defer settle()
	for {
		mapping, err := i.mapper.RESTMapping(kind)
		if err == nil {
			err = i.watch(ctx, mapping.GroupVersionKind, settle)
		}
		switch {
		case ctx.Err() != nil:
			return
		case meta.IsNoMatchError(err):
			// What the API server does not have, nobody has made any of.
			i.objects.Complete(kind)
		case err != nil:
			i.fail(kind, err)
		}
		settle()
		if !wait(ctx, kindRetry) {
			return
		}
	}
}

// watch follows the objects of a kind until ctx ends. It fails when the watch
// cannot begin; what goes wrong later, watchFailed is told.
func (i *inventory) watch(ctx context.Context, gvk schema.GroupVersionKind, settle func()) error {
	i.watched.Store(gvk.String(), gvk.GroupKind())
	object := &unstructured.Unstructured{}
	object.SetGroupVersionKind(gvk)
	informer, err := i.cache.GetInformer(ctx, object, cache.BlockUntilSynced(false))
	if err != nil {
		return err
	}
	registration, err := informer.AddEventHandler(toolscache.ResourceEventHandlerFuncs{
		AddFunc:    i.put,
		UpdateFunc: func(_, object any) { i.put(object) },
		DeleteFunc: i.remove,
	})
	if err != nil {
		return err
	}
	if toolscache.WaitForCacheSync(ctx.Done(), registration.HasSynced) {
		i.known.Store(gvk.GroupKind(), true)
		i.objects.Complete(gvk.GroupKind())
		settle()
		i.log.Info("a kind of the inventory is known", "kind", gvk.GroupKind().String())
	}
	<-ctx.Done()
	return nil
}

// watchFailed is told why the watch of a kind has ended. The informer tries again
// by itself; what was known before stays so.
func (i *inventory) watchFailed(description string, err error) {
	if kind, ok := i.watched.Load(description); ok && !transient(err) {
		i.fail(kind.(schema.GroupKind), err)
	}
}

func (i *inventory) fail(kind schema.GroupKind, err error) {
	if _, known := i.known.Load(kind); !known {
		i.objects.Fail(kind, err.Error())
	}
	i.log.Error(err, "a kind of the inventory cannot be read; allow get, list and watch on it, or skip the rules that need it", "kind", kind.String())
}

func (i *inventory) put(object any) {
	res, err := inventoryResource(object)
	if err == nil {
		err = i.objects.Put(res)
	}
	if err != nil {
		i.log.Error(err, "an object of the inventory cannot be read")
	}
}

func (i *inventory) remove(object any) {
	if unknown, ok := object.(toolscache.DeletedFinalStateUnknown); ok {
		object = unknown.Obj
	}
	if res, err := inventoryResource(object); err == nil {
		i.objects.Delete(res)
	}
}

// inventoryResource returns the resource of an informer's object.
func inventoryResource(object any) (*resource.Resource, error) {
	u, ok := object.(*unstructured.Unstructured)
	if !ok {
		return nil, fmt.Errorf("a %T instead of an object", object)
	}
	raw, err := u.MarshalJSON()
	if err != nil {
		return nil, err
	}
	return resource.FromObject(raw, u.GroupVersionKind())
}
