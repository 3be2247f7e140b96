package client

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/httpstream" //nolint:staticcheck // as long as client-go returns its errors
	"k8s.io/client-go/tools/portforward"
	"k8s.io/client-go/transport/spdy"
)

// target is somebody to ask: a pod, or an address.
type target struct {
	name    string
	address string // empty for a pod
	scheme  string
	port    int32
	// idle says why a pod cannot be asked, as in Pending.
	idle string
}

// program is a kind of targets.
type program struct {
	label    string // app.kubernetes.io/name
	portName string
	port     int32 // where the pod names none
	scheme   string
}

var (
	webhooks = program{"reeve-webhook", "status", 8443, "https"}
	scanners = program{"reeve-scanner", "metrics", 8080, "http"}
)

// targets returns whom to ask: the addresses where there are some, and otherwise
// the pods of a program, by name.
func (c *Client) targets(ctx context.Context, p program, addresses []string) ([]target, error) {
	if len(addresses) > 0 {
		targets := make([]target, 0, len(addresses))
		for _, address := range addresses {
			targets = append(targets, target{name: address, address: address})
		}
		return targets, nil
	}
	if c.kubernetes == nil {
		return nil, nil
	}
	ctx, cancel := context.WithTimeout(ctx, c.options.Timeout)
	defer cancel()
	pods, err := c.kubernetes.CoreV1().Pods(c.options.Namespace).List(ctx, metav1.ListOptions{LabelSelector: "app.kubernetes.io/name=" + p.label})
	if err != nil {
		return nil, fmt.Errorf("list the pods of %s in namespace %s: %w", p.label, c.options.Namespace, err)
	}
	var targets []target
	for i := range pods.Items {
		pod := &pods.Items[i]
		// Those that go, or have gone, are replaced by others.
		if pod.DeletionTimestamp == nil && pod.Status.Phase != corev1.PodSucceeded && pod.Status.Phase != corev1.PodFailed {
			targets = append(targets, target{name: pod.Name, scheme: p.scheme, port: portOf(pod, p), idle: idle(pod)})
		}
	}
	slices.SortFunc(targets, func(a, b target) int { return cmp.Compare(a.name, b.name) })
	return targets, nil
}

// portOf returns the number of a program's port in a pod.
func portOf(pod *corev1.Pod, p program) int32 {
	for _, container := range pod.Spec.Containers {
		for _, port := range container.Ports {
			if port.Name == p.portName {
				return port.ContainerPort
			}
		}
	}
	return p.port
}

// idle says why a pod does not run, or returns nothing.
func idle(pod *corev1.Pod) string {
	for _, container := range pod.Status.ContainerStatuses {
		switch state := container.State; {
		case state.Waiting != nil && state.Waiting.Reason != "":
			return state.Waiting.Reason
		case state.Terminated != nil:
			return cmp.Or(state.Terminated.Reason, "Terminated")
		}
	}
	if pod.Status.Phase != corev1.PodRunning {
		return string(cmp.Or(pod.Status.Phase, corev1.PodPending))
	}
	return ""
}

// forward opens a way to a pod's port that ends with ctx, and returns its local
// address.
func (c *Client) forward(ctx context.Context, t target) (string, error) {
	address := c.kubernetes.CoreV1().RESTClient().Post().
		Resource("pods").Namespace(c.options.Namespace).Name(t.name).SubResource("portforward").URL()
	transport, upgrader, err := spdy.RoundTripperFor(c.options.Config)
	if err != nil {
		return "", err
	}
	tunnel, err := portforward.NewSPDYOverWebsocketDialer(address, c.options.Config)
	if err != nil {
		return "", err
	}
	// Older API servers and some proxies know SPDY only.
	dialer := portforward.NewFallbackDialer(tunnel, spdy.NewDialer(upgrader, &http.Client{Transport: transport}, http.MethodPost, address),
		func(err error) bool { return httpstream.IsUpgradeFailure(err) || httpstream.IsHTTPSProxyError(err) })
	ready := make(chan struct{})
	forwarder, err := portforward.NewOnAddressesWithContext(ctx, dialer, []string{"127.0.0.1"}, []string{fmt.Sprintf("0:%d", t.port)}, ready, io.Discard, io.Discard)
	if err != nil {
		return "", err
	}
	ended := make(chan error, 1)
	go func() { ended <- forwarder.ForwardPorts() }()
	select {
	case <-ready:
	case err := <-ended:
		return "", cmp.Or(err, errors.New("it has ended"))
	case <-ctx.Done():
		return "", ctx.Err()
	}
	ports, err := forwarder.GetPorts()
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("127.0.0.1:%d", ports[0].Local), nil
}
