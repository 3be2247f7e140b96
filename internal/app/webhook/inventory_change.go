package webhook

import (
	"context"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/kubereeve/reeve/internal/rule"
)

// forgetAfter is how long a kind that no rule needs any more is kept: requests
// that began under the rules before may still read it, and who mends a rule
// file often breaks it first.
const forgetAfter = time.Minute

// need begins to watch the kinds that new rules need and that are not watched
// yet, and waits until they are known, but not for ever: then the rules that need
// them cannot judge until they are, which is counted.
func (i *inventory) need(ctx context.Context, needs []rule.Need) {
	kinds := watchedKinds(needs)
	i.mu.Lock()
	var added []schema.GroupKind
	for _, kind := range kinds {
		i.wanted[kind] = true
		if i.followed[kind] != nil {
			continue
		}
		i.followed[kind] = &followed{settled: make(chan struct{})}
		if i.running != nil {
			i.begin(kind)
			added = append(added, kind)
		}
	}
	i.mu.Unlock()
	if !i.wait(ctx, added) && ctx.Err() == nil {
		i.log.Error(nil, "the inventory of new rules is not known in time; they cannot judge until it is", "kinds", added)
	}
}

// wait waits until kinds are known or failed. It returns false when that takes too
// long or ctx ends.
func (i *inventory) wait(ctx context.Context, kinds []schema.GroupKind) bool {
	patience := time.NewTimer(inventoryPatience)
	defer patience.Stop()
	for _, kind := range kinds {
		i.mu.Lock()
		f := i.followed[kind]
		i.mu.Unlock()
		if f == nil {
			continue
		}
		select {
		case <-f.settled:
		case <-patience.C:
			return false
		case <-ctx.Done():
			return false
		}
	}
	return true
}

// keep has all kinds forgotten, after a while, that the given needs do not name.
func (i *inventory) keep(needs []rule.Need) {
	i.mu.Lock()
	defer i.mu.Unlock()
	clear(i.wanted)
	for _, kind := range watchedKinds(needs) {
		i.wanted[kind] = true
	}
	if i.forgetting != nil {
		i.forgetting.Stop()
	}
	i.forgetting = time.AfterFunc(forgetAfter, i.forget)
}

// forget ends the watches on all kinds but those that are wanted, and frees their
// objects.
func (i *inventory) forget() {
	i.mu.Lock()
	defer i.mu.Unlock()
	for kind, f := range i.followed {
		if i.wanted[kind] || i.running == nil || i.running.Err() != nil {
			continue
		}
		f.stop()
		delete(i.followed, kind)
		i.known.Delete(kind)
		i.watched.Range(func(name, gvk any) bool {
			if gvk := gvk.(schema.GroupVersionKind); gvk.GroupKind() == kind {
				i.watched.Delete(name)
				i.end(gvk)
			}
			return true
		})
		i.objects.Fail(kind, "it is not watched, as no rule needed it")
		i.log.Info("a kind of the inventory is not needed any more", "kind", kind.String())
	}
}

// end removes the informer of a kind from the cache.
func (i *inventory) end(gvk schema.GroupVersionKind) {
	object := &unstructured.Unstructured{}
	object.SetGroupVersionKind(gvk)
	if err := i.cache.RemoveInformer(i.running, object); err != nil {
		i.log.Error(err, "a watch cannot be ended", "kind", gvk.Kind)
	}
}
