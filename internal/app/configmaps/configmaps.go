// Package configmaps reads rules from ConfigMaps: those that bear the label
// kubereeve.io/rules=true, in namespaces that are allowed by name. Each key is a
// file. Nothing else is read or kept.
package configmaps

import (
	"context"
	"fmt"
	"maps"
	"sync"
	"time"

	"github.com/go-logr/logr"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime/schema"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"
	toolscache "k8s.io/client-go/tools/cache"
	"sigs.k8s.io/controller-runtime/pkg/cache"

	"github.com/kubereeve/reeve/internal/app"
)

// DefaultPatience is how long the programs wait for the ConfigMaps when they start.
const DefaultPatience = 10 * time.Second

// Watcher keeps the labelled ConfigMaps of some namespaces by a watch on each
// namespace. It is safe for concurrent use.
type Watcher struct {
	namespaces []string
	log        logr.Logger

	mu       sync.Mutex
	changed  func(reason string) // nil until Tell
	known    map[string]*corev1.ConfigMap
	read     map[string]bool    // the namespaces that have been read once
	problems map[string]problem // why a namespace cannot be read
}

// problem is why a namespace cannot be read, and when that was last found.
type problem struct {
	text string
	at   time.Time
}

// A watch that fails is begun again after half a minute at the latest, and nobody
// is told when it works again: so a problem that does not come again is over.
const (
	problemInterval = 30 * time.Second
	problemOver     = 2 * time.Minute
)

// Begin starts to watch the ConfigMaps of the namespaces, until ctx ends, and
// waits until they are known, but no longer than patience. Namespaces that cannot
// be read are problems of Sources and are tried again.
func Begin(ctx context.Context, config *rest.Config, namespaces []string, patience time.Duration, log logr.Logger) (*Watcher, error) {
	w := &Watcher{namespaces: namespaces, log: log, known: make(map[string]*corev1.ConfigMap), read: make(map[string]bool), problems: make(map[string]problem)}
	started := make([]<-chan struct{}, 0, len(namespaces))
	for _, namespace := range namespaces {
		w.problems[namespace] = problem{"the ConfigMaps have not been read yet", time.Now()}
		synced, err := w.follow(ctx, config, namespace)
		if err != nil {
			return nil, fmt.Errorf("ConfigMaps of namespace %s: %w", namespace, err)
		}
		started = append(started, synced)
	}
	go w.expire(ctx)
	enough := time.NewTimer(patience)
	defer enough.Stop()
	for _, synced := range started {
		select {
		case <-synced:
		case <-enough.C:
			return w, nil
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	return w, nil
}

// follow watches one namespace, in a cache of its own: a namespace that cannot be
// read holds up no other. The channel is closed once its ConfigMaps are known, or
// cannot be.
func (w *Watcher) follow(ctx context.Context, config *rest.Config, namespace string) (<-chan struct{}, error) {
	settled := make(chan struct{})
	settle := sync.OnceFunc(func() { close(settled) })
	selector := labels.SelectorFromSet(labels.Set{app.RulesLabel: "true"})
	kept, err := cache.New(config, cache.Options{
		Scheme:               clientgoscheme.Scheme,
		Mapper:               mapper(),
		DefaultNamespaces:    map[string]cache.Config{namespace: {}},
		DefaultLabelSelector: selector,
		DefaultTransform:     slim,
		DefaultWatchErrorHandler: func(_ context.Context, _ *toolscache.Reflector, err error) {
			refused := apierrors.IsForbidden(err) || apierrors.IsUnauthorized(err)
			w.fail(namespace, err, refused)
			if refused { // waiting will not help
				settle()
			}
		},
	})
	if err != nil {
		return nil, err
	}
	informer, err := kept.GetInformer(ctx, &corev1.ConfigMap{}, cache.BlockUntilSynced(false))
	if err != nil {
		return nil, err
	}
	registration, err := informer.AddEventHandler(toolscache.ResourceEventHandlerFuncs{
		AddFunc:    w.put,
		UpdateFunc: func(_, object any) { w.put(object) },
		DeleteFunc: w.remove,
	})
	if err != nil {
		return nil, err
	}
	go func() {
		if err := kept.Start(ctx); err != nil && ctx.Err() == nil {
			w.fail(namespace, err, true)
		}
	}()
	go func() {
		if toolscache.WaitForCacheSync(ctx.Done(), registration.HasSynced) {
			w.succeed(namespace)
		}
		settle()
	}()
	return settled, nil
}

// mapper knows ConfigMaps without asking an API server, which may not be there yet.
func mapper() meta.RESTMapper {
	mapper := meta.NewDefaultRESTMapper([]schema.GroupVersion{corev1.SchemeGroupVersion})
	mapper.Add(corev1.SchemeGroupVersion.WithKind("ConfigMap"), meta.RESTScopeNamespace)
	return mapper
}

// slim leaves of an object what is needed of it.
func slim(object any) (any, error) {
	if configMap, ok := object.(*corev1.ConfigMap); ok {
		return &corev1.ConfigMap{
			ObjectMeta: metav1.ObjectMeta{Namespace: configMap.Namespace, Name: configMap.Name, ResourceVersion: configMap.ResourceVersion, Labels: configMap.Labels},
			Data:       configMap.Data,
		}, nil
	}
	return object, nil
}

// Tell has changes told from now on. What has changed since Begin is told at once.
func (w *Watcher) Tell(changed func(reason string)) {
	w.mu.Lock()
	w.changed = changed
	w.mu.Unlock()
	changed("rules of ConfigMaps may have changed")
}

// tell tells of a change.
func (w *Watcher) tell(reason string) {
	w.mu.Lock()
	changed := w.changed
	w.mu.Unlock()
	if changed != nil {
		changed(reason)
	}
}

// fail records why a namespace cannot be read. A watch that merely ended is no
// problem once the namespace is known.
func (w *Watcher) fail(namespace string, err error, refused bool) {
	w.mu.Lock()
	before := w.problems[namespace].text
	now := before
	if refused || !w.read[namespace] {
		now = fmt.Sprintf("the ConfigMaps cannot be read: %s", err)
		if refused {
			now += "; allow get, list and watch on configmaps in namespace " + namespace
		}
		w.problems[namespace] = problem{now, time.Now()}
	}
	w.mu.Unlock()
	if now != before {
		w.log.Error(err, "the ConfigMaps with rules cannot be read", "namespace", namespace)
		w.tell("the ConfigMaps of namespace " + namespace + " cannot be read")
	}
}

// succeed records that a namespace has been read.
func (w *Watcher) succeed(namespace string) {
	w.mu.Lock()
	w.read[namespace] = true
	delete(w.problems, namespace)
	w.mu.Unlock()
	w.log.Info("the ConfigMaps with rules are known", "namespace", namespace)
	w.tell("the ConfigMaps of namespace " + namespace + " are known")
}

// expire forgets problems that have not come again, until ctx ends.
func (w *Watcher) expire(ctx context.Context) {
	tick := time.NewTicker(problemInterval)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case now := <-tick.C:
			for _, namespace := range w.expired(now) {
				w.succeed(namespace)
			}
		}
	}
}

// expired returns the namespaces whose problems are over.
func (w *Watcher) expired(now time.Time) []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	var namespaces []string
	for namespace, problem := range w.problems {
		if w.read[namespace] && now.Sub(problem.at) > problemOver {
			namespaces = append(namespaces, namespace)
		}
	}
	return namespaces
}

// put keeps a ConfigMap.
func (w *Watcher) put(object any) {
	configMap, ok := object.(*corev1.ConfigMap)
	if !ok {
		return
	}
	name := configMap.Namespace + "/" + configMap.Name
	w.mu.Lock()
	before := w.known[name]
	w.known[name] = configMap
	w.mu.Unlock()
	if before == nil || !maps.Equal(before.Data, configMap.Data) {
		w.tell("configmap:" + name + " changed")
	}
}

// remove forgets a ConfigMap that is gone or has lost its label.
func (w *Watcher) remove(object any) {
	if unknown, ok := object.(toolscache.DeletedFinalStateUnknown); ok {
		object = unknown.Obj
	}
	configMap, ok := object.(*corev1.ConfigMap)
	if !ok {
		return
	}
	name := configMap.Namespace + "/" + configMap.Name
	w.mu.Lock()
	delete(w.known, name)
	w.mu.Unlock()
	w.tell("configmap:" + name + " is gone")
}
