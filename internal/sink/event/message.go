package event

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/kubereeve/reeve/internal/finding"
)

// What all Events have in common.
const (
	// Reason is the reason of every Event.
	Reason = "PolicyViolation"
	// Controller is the reporting controller of every Event.
	Controller = "kubereeve.io/scanner"

	component = "reeve-scanner"
	action    = "Scan"
)

// digest identifies an object's findings. It leaves messages out, which may
// count restarts.
type digest [sha256.Size]byte

func digestOf(findings []finding.Finding) digest {
	prints := make([]string, len(findings))
	for i, f := range findings {
		prints[i] = f.Fingerprint()
	}
	slices.Sort(prints)
	return sha256.Sum256([]byte(strings.Join(prints, "\x00")))
}

// event returns the Event on an object's findings. Its name follows from the
// object's UID, which is part of the findings' digest, and the findings. It is
// of the old form, without eventTime: kubectl shows both, but counts and ages
// only of these.
func (s *Sink) event(verdict finding.Verdict, findings digest) *corev1.Event {
	object := verdict.Resource
	namespace := object.Identity.Namespace
	if namespace == "" {
		namespace = metav1.NamespaceDefault // the only place for Events on cluster-scoped objects
	}
	now := metav1.NewTime(time.Now())
	return &corev1.Event{
		ObjectMeta: metav1.ObjectMeta{
			Name:      "reeve-" + hex.EncodeToString(findings[:16]),
			Namespace: namespace,
		},
		InvolvedObject: corev1.ObjectReference{
			APIVersion:      object.APIVersion,
			Kind:            object.Kind,
			Namespace:       object.Identity.Namespace,
			Name:            object.Name,
			UID:             types.UID(object.UID),
			ResourceVersion: object.ResourceVersion,
		},
		Type:                corev1.EventTypeWarning,
		Reason:              Reason,
		Action:              action,
		Message:             message(verdict.Findings),
		Source:              corev1.EventSource{Component: component},
		ReportingController: Controller,
		ReportingInstance:   s.options.Instance,
		FirstTimestamp:      now,
		LastTimestamp:       now,
		Count:               1,
	}
}

// maxMessage is the longest message, in bytes, that Events may have.
const maxMessage = 1024

// message lists findings in reading order, as many as fit, and says how many do
// not.
func message(findings []finding.Finding) string {
	var text strings.Builder
	for i, f := range findings {
		line := f.Severity.String() + ": " + f.Line()
		rest := len(findings) - i
		more := fmt.Sprintf(" | and %d more", rest)
		if i == 0 {
			text.WriteString(cut(line, maxMessage-len(more)))
			continue
		}
		if text.Len()+len(" | ")+len(line) > maxMessage-len(more) {
			text.WriteString(more)
			break
		}
		text.WriteString(" | " + line)
	}
	return text.String()
}

// cut shortens a text to a number of bytes without splitting a character.
func cut(text string, size int) string {
	if len(text) <= size {
		return text
	}
	const ellipsis = "..."
	size -= len(ellipsis)
	for !utf8.RuneStart(text[size]) {
		size--
	}
	return text[:size] + ellipsis
}
