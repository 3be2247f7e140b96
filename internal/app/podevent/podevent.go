// Package podevent writes Kubernetes Events on the pod that a program runs in, so
// that kubectl describe tells what is wrong with its rules. Outside of a pod it
// does nothing.
package podevent

import (
	"context"
	"fmt"
	"os"
	"strings"

	"github.com/go-logr/logr"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	typedcorev1 "k8s.io/client-go/kubernetes/typed/core/v1"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/record"
)

// The variables by which a Deployment tells a program which pod it runs in.
const (
	nameVariable      = "POD_NAME"
	namespaceVariable = "POD_NAMESPACE"
	uidVariable       = "POD_UID"
)

// maxMessage is what the API server takes of a message.
const maxMessage = 1024

// Recorder writes Events on one pod, not too many of one sort: the same again is
// counted. A nil Recorder writes nothing. It is safe for concurrent use, and a
// Runnable that every replica runs.
type Recorder struct {
	broadcaster record.EventBroadcaster
	recorder    record.EventRecorder
	pod         *corev1.ObjectReference
	slow        slowRules
}

// New returns the recorder of the program's own pod, which POD_NAME, POD_NAMESPACE
// and POD_UID name; nil where they do not. It fails when no client can be made of
// config.
func New(config *rest.Config, program string, log logr.Logger) (*Recorder, error) {
	pod := &corev1.ObjectReference{APIVersion: "v1", Kind: "Pod",
		Name: os.Getenv(nameVariable), Namespace: os.Getenv(namespaceVariable), UID: types.UID(os.Getenv(uidVariable))}
	if pod.Name == "" || pod.Namespace == "" {
		log.V(1).Info("no Events are written about the rules: this is no pod, or POD_NAME and POD_NAMESPACE are not set")
		return nil, nil
	}
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return nil, fmt.Errorf("events: %w", err)
	}
	broadcaster := record.NewBroadcaster()
	broadcaster.StartRecordingToSink(&typedcorev1.EventSinkImpl{Interface: client.CoreV1().Events(pod.Namespace)})
	return &Recorder{
		broadcaster: broadcaster,
		recorder:    broadcaster.NewRecorder(clientgoscheme.Scheme, corev1.EventSource{Component: "kubereeve.io/" + program, Host: pod.Name}),
		pod:         pod,
	}, nil
}

// Warning says that something is wrong. The reason is one word in CamelCase.
func (r *Recorder) Warning(reason, message string) { r.write(corev1.EventTypeWarning, reason, message) }

// Normal says that something is well, or well again.
func (r *Recorder) Normal(reason, message string) { r.write(corev1.EventTypeNormal, reason, message) }

func (r *Recorder) write(kind, reason, message string) {
	if r == nil {
		return
	}
	if len(message) > maxMessage {
		message = strings.ToValidUTF8(message[:maxMessage-3], "") + "..."
	}
	r.recorder.Event(r.pod, kind, reason, message)
}

// Start waits for ctx to end, and then lets go of what is not written yet.
func (r *Recorder) Start(ctx context.Context) error {
	<-ctx.Done()
	if r != nil {
		r.broadcaster.Shutdown()
	}
	return nil
}

// NeedLeaderElection is false: every replica has a pod of its own.
func (r *Recorder) NeedLeaderElection() bool { return false }
