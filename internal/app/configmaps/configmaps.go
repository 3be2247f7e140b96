// Package configmaps reads rules from ConfigMaps: those that bear the label
// kubereeve.io/rules=true, in namespaces that are allowed by name. Each key is a
// file. Nothing else is read or kept.
package configmaps

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"slices"
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
)

// DefaultPatience is how long the programs wait for the ConfigMaps when they start.
const DefaultPatience = 10 * time.Second

// Label marks the ConfigMaps that hold rules; its value is true.
const Label = "kubereeve.io/rules"

// Watcher keeps the labelled ConfigMaps of some namespaces by a watch on each
// namespace. It is safe for concurrent use.
type Watcher struct {
	running context.Context
	config  *rest.Config
	changed func(reason string)
	log     logr.Logger

	mu         sync.Mutex
	namespaces map[string]*namespace
	known      map[string]*corev1.ConfigMap // by namespace/name
}

// namespace is one that is watched.
type namespace struct {
	stop    context.CancelFunc
	settled chan struct{} // closed once its ConfigMaps are known, or cannot be
	settle  func()
	read    bool    // it has been read once
	problem problem // why it cannot be read
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

// New returns a watcher that watches nothing yet, and nothing any more when ctx
// has ended. Changed is told why the rules should be loaded anew; it must not
// wait.
func New(ctx context.Context, config *rest.Config, changed func(reason string), log logr.Logger) *Watcher {
	return &Watcher{running: ctx, config: config, changed: changed, log: log,
		namespaces: make(map[string]*namespace), known: make(map[string]*corev1.ConfigMap)}
}

// Use makes the given namespaces those that are watched, and waits until their
// ConfigMaps are known, but no longer than patience. Namespaces that cannot be
// read are problems of Sources and are tried again. It fails when ctx ends, and
// when a watch cannot even be set up.
func (w *Watcher) Use(ctx context.Context, names []string, patience time.Duration) error {
	w.mu.Lock()
	for name, watched := range w.namespaces {
		if !slices.Contains(names, name) {
			watched.stop()
			delete(w.namespaces, name)
			maps.DeleteFunc(w.known, func(_ string, configMap *corev1.ConfigMap) bool { return configMap.Namespace == name })
		}
	}
	var added []*namespace
	for _, name := range names {
		if w.namespaces[name] != nil {
			continue
		}
		settled := make(chan struct{})
		ctx, stop := context.WithCancel(w.running)
		watched := &namespace{stop: stop, settled: settled, settle: sync.OnceFunc(func() { close(settled) }),
			problem: problem{"the ConfigMaps have not been read yet", time.Now()}}
		if err := w.follow(ctx, name, watched); err != nil {
			stop()
			w.mu.Unlock()
			return fmt.Errorf("ConfigMaps of namespace %s: %w", name, err)
		}
		w.namespaces[name] = watched
		added = append(added, watched)
	}
	w.mu.Unlock()
	enough := time.NewTimer(patience)
	defer enough.Stop()
	for _, watched := range added {
		select {
		case <-watched.settled:
		case <-enough.C:
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}

// follow watches one namespace, in a cache of its own: a namespace that cannot be
// read holds up no other.
func (w *Watcher) follow(ctx context.Context, name string, watched *namespace) error {
	kept, err := cache.New(w.config, cache.Options{
		Scheme:               clientgoscheme.Scheme,
		Mapper:               mapper(),
		DefaultNamespaces:    map[string]cache.Config{name: {}},
		DefaultLabelSelector: labels.SelectorFromSet(labels.Set{Label: "true"}),
		DefaultTransform:     slim,
		DefaultWatchErrorHandler: func(_ context.Context, _ *toolscache.Reflector, err error) {
			refused := apierrors.IsForbidden(err) || apierrors.IsUnauthorized(err)
			w.fail(ctx, name, watched, err, refused)
			if refused { // waiting will not help
				watched.settle()
			}
		},
	})
	if err != nil {
		return err
	}
	informer, err := kept.GetInformer(ctx, &corev1.ConfigMap{}, cache.BlockUntilSynced(false))
	if err != nil {
		return err
	}
	registration, err := informer.AddEventHandler(toolscache.ResourceEventHandlerFuncs{
		AddFunc:    func(object any) { w.put(ctx, object) },
		UpdateFunc: func(_, object any) { w.put(ctx, object) },
		DeleteFunc: func(object any) { w.remove(ctx, object) },
	})
	if err != nil {
		return err
	}
	go func() {
		if err := kept.Start(ctx); err != nil {
			w.fail(ctx, name, watched, err, true)
		}
	}()
	go func() {
		if toolscache.WaitForCacheSync(ctx.Done(), registration.HasSynced) {
			w.succeed(ctx, name, watched)
		}
		watched.settle()
		w.expire(ctx, name, watched)
	}()
	return nil
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
			BinaryData: configMap.BinaryData,
		}, nil
	}
	return object, nil
}

// fail records why a namespace cannot be read. A watch that merely ended is no
// problem once the namespace is known.
func (w *Watcher) fail(ctx context.Context, name string, watched *namespace, err error, refused bool) {
	if ctx.Err() != nil {
		return
	}
	w.mu.Lock()
	before := watched.problem.text
	if refused || !watched.read {
		text := fmt.Sprintf("the ConfigMaps cannot be read: %s", err)
		if refused {
			text += "; allow get, list and watch on configmaps in namespace " + name
		}
		watched.problem = problem{text, time.Now()}
	}
	same := watched.problem.text == before
	w.mu.Unlock()
	if !same {
		w.log.Error(err, "the ConfigMaps with rules cannot be read", "namespace", name)
		w.changed("the ConfigMaps of namespace " + name + " cannot be read")
	}
}

// succeed records that a namespace has been read.
func (w *Watcher) succeed(ctx context.Context, name string, watched *namespace) {
	if ctx.Err() != nil {
		return
	}
	w.mu.Lock()
	watched.read, watched.problem = true, problem{}
	w.mu.Unlock()
	w.log.Info("the ConfigMaps with rules are known", "namespace", name)
	w.changed("the ConfigMaps of namespace " + name + " are known")
}

// expire forgets a problem that has not come again, until ctx ends.
func (w *Watcher) expire(ctx context.Context, name string, watched *namespace) {
	tick := time.NewTicker(problemInterval)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case now := <-tick.C:
			w.mu.Lock()
			over := watched.problem.text != "" && now.Sub(watched.problem.at) > problemOver
			w.mu.Unlock()
			if over {
				w.succeed(ctx, name, watched)
			}
		}
	}
}

// put keeps a ConfigMap.
func (w *Watcher) put(ctx context.Context, object any) {
	configMap, ok := object.(*corev1.ConfigMap)
	if !ok {
		return
	}
	name := configMap.Namespace + "/" + configMap.Name
	w.mu.Lock()
	if ctx.Err() != nil { // what comes late must not come back
		w.mu.Unlock()
		return
	}
	before := w.known[name]
	w.known[name] = configMap
	w.mu.Unlock()
	if before == nil || !maps.EqualFunc(contents(before), contents(configMap), bytes.Equal) {
		w.changed("configmap:" + name + " changed")
	}
}

// remove forgets a ConfigMap that is gone or has lost its label.
func (w *Watcher) remove(ctx context.Context, object any) {
	if unknown, ok := object.(toolscache.DeletedFinalStateUnknown); ok {
		object = unknown.Obj
	}
	configMap, ok := object.(*corev1.ConfigMap)
	if !ok || ctx.Err() != nil {
		return
	}
	name := configMap.Namespace + "/" + configMap.Name
	w.mu.Lock()
	delete(w.known, name)
	w.mu.Unlock()
	w.changed("configmap:" + name + " is gone")
}
