package exception

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kubereeve/reeve/api/v1alpha1"
)

// status returns what an exception's status is to be, and whether that differs
// from what it is.
func (s *Sink) status(e *v1alpha1.RuleException, complete bool) (v1alpha1.RuleExceptionStatus, bool) {
	now := s.options.Clock()
	status := *e.Status.DeepCopy()
	status.ObservedGeneration = e.Generation
	end := s.options.End(e)
	status.Expired = !end.IsZero() && !now.Before(end)
	if complete {
		status.Hidden = s.hidden[name{e.Namespace, e.Name}]
	}
	reason, message := s.options.Effect(e)
	condition := metav1.Condition{
		Type:               v1alpha1.ConditionEffective,
		Status:             metav1.ConditionFalse,
		ObservedGeneration: e.Generation,
		LastTransitionTime: metav1.NewTime(now.Truncate(time.Second)),
		Reason:             reason,
		Message:            message,
	}
	if reason == v1alpha1.ReasonInForce {
		condition.Status = metav1.ConditionTrue
	}
	meta.SetStatusCondition(&status.Conditions, condition)
	if equality.Semantic.DeepEqual(status, e.Status) {
		return status, false
	}
	if complete {
		started := metav1.NewTime(s.pass.Truncate(time.Second))
		status.LastScanTime = &started
	}
	return status, true
}

// statusPatch returns the server-side apply of a status. It counts only for the
// very object that was seen: a uid alone would be passed over here.
func statusPatch(e *v1alpha1.RuleException, status v1alpha1.RuleExceptionStatus) ([]byte, error) {
	// Conditions of others are theirs.
	status.Conditions = slices.DeleteFunc(slices.Clone(status.Conditions), func(c metav1.Condition) bool { return c.Type != v1alpha1.ConditionEffective })
	return json.Marshal(map[string]any{
		"apiVersion": v1alpha1.GroupVersion().String(),
		"kind":       v1alpha1.RuleExceptionKind().Kind,
		"metadata":   map[string]any{"name": e.Name, "namespace": e.Namespace, "resourceVersion": e.ResourceVersion},
		"status":     status,
	})
}

// What the Events on exceptions have in common.
const (
	// ReasonExpired is the reason of the Event on an exception that has expired.
	ReasonExpired = "ExceptionExpired"

	controller = "kubereeve.io/scanner"
	component  = "reeve-scanner"
)

// expired returns the Event that says that an exception counts no longer. Its
// name follows from the exception and the moment, so that it is written once.
func (s *Sink) expired(e *v1alpha1.RuleException) *corev1.Event {
	at := s.options.End(e).UTC().Format(time.RFC3339)
	digest := sha256.Sum256([]byte(string(e.UID) + "|" + at))
	now := metav1.NewTime(s.options.Clock())
	return &corev1.Event{
		ObjectMeta: metav1.ObjectMeta{Name: "reeve-" + hex.EncodeToString(digest[:16]), Namespace: e.Namespace},
		InvolvedObject: corev1.ObjectReference{
			APIVersion:      v1alpha1.GroupVersion().String(),
			Kind:            v1alpha1.RuleExceptionKind().Kind,
			Namespace:       e.Namespace,
			Name:            e.Name,
			UID:             e.UID,
			ResourceVersion: e.ResourceVersion,
		},
		Type:                corev1.EventTypeWarning,
		Reason:              ReasonExpired,
		Action:              "Scan",
		Message:             fmt.Sprintf("expired at %s: what it hid is found again; mend that and delete the exception, or set spec.expiresAt anew", at),
		Source:              corev1.EventSource{Component: component},
		ReportingController: controller,
		ReportingInstance:   s.options.Instance,
		FirstTimestamp:      now,
		LastTimestamp:       now,
		Count:               1,
	}
}
