package selfcheck

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"

	admissionv1 "k8s.io/api/admission/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
)

// The names of canaries, which say what must become of them.
const (
	mustDeny = "deny"
	mustPass = "pass"
)

// maxAnswer bounds what is read of an answer, in bytes.
const maxAnswer = 64 << 10

// errBusy says that the webhook has refused the canary because it has too much to
// do, which says nothing about whether it works.
var errBusy = errors.New("the webhook is busy")

// ask sends a canary and returns what is wrong with the answer.
func (c *Checker) ask(ctx context.Context, name, nonce string) error {
	body, err := review(name, nonce)
	if err != nil {
		return err
	}
	address := "https://localhost" + c.Path + "?timeout=" + c.Timeout.String()
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, address, bytes.NewReader(body))
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", "application/json")
	response, err := c.client.Do(request)
	if err != nil {
		return fmt.Errorf("the canary that must %s got no answer: %w", name, err)
	}
	text, err := io.ReadAll(io.LimitReader(response.Body, maxAnswer))
	if err = errors.Join(err, response.Body.Close()); err != nil {
		return fmt.Errorf("the answer to the canary that must %s cannot be read: %w", name, err)
	}
	switch response.StatusCode {
	case http.StatusOK:
		return judge(name, nonce, text)
	case http.StatusServiceUnavailable:
		return errBusy
	}
	var said metav1.Status
	if err := json.Unmarshal(text, &said); err != nil || said.Message == "" {
		said.Message = strings.TrimSpace(string(text))
	}
	return fmt.Errorf("the canary that must %s got status %d: %.200s", name, response.StatusCode, said.Message)
}

// review returns the AdmissionReview of a canary.
func review(name, nonce string) ([]byte, error) {
	object, err := json.Marshal(map[string]any{
		"apiVersion": kind.GroupVersion().String(),
		"kind":       kind.Kind,
		"metadata":   map[string]any{"name": name},
		"spec":       map[string]any{"nonce": nonce},
	})
	if err != nil {
		return nil, err
	}
	return json.Marshal(admissionv1.AdmissionReview{
		TypeMeta: metav1.TypeMeta{APIVersion: admissionv1.SchemeGroupVersion.String(), Kind: "AdmissionReview"},
		Request: &admissionv1.AdmissionRequest{
			UID:       types.UID(nonce),
			Kind:      metav1.GroupVersionKind(kind),
			Resource:  metav1.GroupVersionResource{Group: kind.Group, Version: kind.Version, Resource: "canaries"},
			Name:      name,
			Operation: admissionv1.Create,
			Object:    runtime.RawExtension{Raw: object},
		},
	})
}

// judge says what is wrong with the answer to a canary.
func judge(name, nonce string, text []byte) error {
	var review admissionv1.AdmissionReview
	if err := json.Unmarshal(text, &review); err != nil {
		return fmt.Errorf("the answer to the canary that must %s is no AdmissionReview: %w", name, err)
	}
	response := review.Response
	if response == nil || string(response.UID) != nonce {
		return fmt.Errorf("the answer to the canary that must %s is not about it", name)
	}
	message := ""
	if response.Result != nil {
		message = response.Result.Message
	}
	switch {
	case len(response.Warnings) > 0:
		return fmt.Errorf("the canary that must %s was answered with a warning: %s", name, response.Warnings[0])
	case name == mustDeny && response.Allowed:
		return errors.New("the canary that must be denied has passed: the rules do not judge")
	case name == mustDeny && !strings.Contains(message, nonce):
		return fmt.Errorf("the canary that must be denied was denied for another reason: %.200s", message)
	case name == mustPass && !response.Allowed:
		return fmt.Errorf("the canary that must pass was denied: %.200s", message)
	}
	return nil
}
