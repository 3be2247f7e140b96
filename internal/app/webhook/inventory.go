package webhook

import (
	"context"
	"fmt"
	"maps"
	"slices"
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
// It runs as a Runnable of the manager. Which kinds there are may change with the
// rules.
type inventory struct {
	cache   cache.Cache
	mapper  meta.RESTMapper
	objects *engine.Inventory
	log     logr.Logger

	settled atomic.Bool
	watched sync.Map // schema.GroupVersionKind by itself in words
	known   sync.Map // schema.GroupKind of the kinds that were read once

	mu         sync.Mutex
	running    context.Context // that of Start; nil before
	watches    sync.WaitGroup
	followed   map[schema.GroupKind]*followed
	wanted     map[schema.GroupKind]bool // what rules need, or did a moment ago
	forgetting *time.Timer               // forgets what is followed and not wanted
}

// followed is a kind that is kept up to date.
type followed struct {
	stop    context.CancelFunc // nil before Start
	settled chan struct{}      // closed when waiting for it is over
}

// newInventory returns an inventory that watches what need asks for once it is
// started.
func newInventory(objects *engine.Inventory, log logr.Logger) *inventory {
	return &inventory{objects: objects, log: log, followed: make(map[schema.GroupKind]*followed), wanted: make(map[schema.GroupKind]bool)}
}

// watchedKinds returns the kinds of which the webhook keeps the objects.
func watchedKinds(needs []rule.Need) []schema.GroupKind {
	var kinds []schema.GroupKind
	for _, need := range needs {
		if !need.Optional { // not worth the memory: the scanner judges better
			kinds = append(kinds, need.Kind)
		}
	}
	return kinds
}

// Start watches the kinds until ctx ends. It never fails: rules whose inventory
// is not known do not judge, and are counted; the others go on.
func (i *inventory) Start(ctx context.Context) error {
	i.mu.Lock()
	i.running = ctx
	kinds := slices.Collect(maps.Keys(i.followed))
	for _, kind := range kinds {
		i.begin(kind)
	}
	i.mu.Unlock()
	if !i.wait(ctx, kinds) && ctx.Err() == nil {
		i.log.Error(nil, "the inventory is not known in time; rules that need it cannot judge until it is")
	}
	i.settled.Store(true)
	<-ctx.Done()
	i.watches.Wait()
	return nil
}

// begin starts to follow a kind. The caller holds the lock.
func (i *inventory) begin(kind schema.GroupKind) {
	f := i.followed[kind]
	ctx, stop := context.WithCancel(i.running)
	f.stop = stop
	i.watches.Go(func() { i.follow(ctx, kind, sync.OnceFunc(func() { close(f.settled) })) })
}

// NeedLeaderElection is false: every replica needs the inventory.
func (i *inventory) NeedLeaderElection() bool { return false }

// ready says that the inventory is still waited for, or returns nil.
func (i *inventory) ready() error {
	if i.settled.Load() {
		return nil
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	return fmt.Errorf("the inventory of %v is being read", slices.Collect(maps.Keys(i.followed)))
}

// follow keeps one kind up to date until ctx ends.
func (i *inventory) follow(ctx context.Context, kind schema.GroupKind, settle func()) {
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
	i.watched.Store(gvk.String(), gvk)
	object := &unstructured.Unstructured{}
	object.SetGroupVersionKind(gvk)
	informer, err := i.cache.GetInformer(ctx, object, cache.BlockUntilSynced(false))
	if err != nil {
		return err
	}
	put := func(object any) {
		if ctx.Err() == nil { // what comes late must not come back
			i.put(object)
		}
	}
	registration, err := informer.AddEventHandler(toolscache.ResourceEventHandlerFuncs{
		AddFunc:    put,
		UpdateFunc: func(_, object any) { put(object) },
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
	if gvk, ok := i.watched.Load(description); ok && !transient(err) {
		i.fail(gvk.(schema.GroupVersionKind).GroupKind(), err)
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
