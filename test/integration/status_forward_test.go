package integration_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"
	"k8s.io/cri-streaming/pkg/streaming/portforward"

	"github.com/kubereeve/reeve/test/envtest"
	"github.com/kubereeve/reeve/test/program"
)

// loopback is how a node reaches the ports of pods that all run on its host.
type loopback struct{}

// PortForward copies between a stream and a port.
func (loopback) PortForward(ctx context.Context, _, _ string, port int32, stream io.ReadWriteCloser) error {
	connection, err := new(net.Dialer).DialContext(ctx, "tcp", fmt.Sprintf("127.0.0.1:%d", port))
	if err != nil {
		return err
	}
	done := make(chan error, 2)
	go func() {
		_, err := io.Copy(connection, stream)
		done <- errors.Join(err, connection.(*net.TCPConn).CloseWrite())
	}()
	go func() {
		_, err := io.Copy(stream, connection)
		done <- err
	}()
	<-done //nolint:errcheck // whichever side ended
	return connection.Close()
}

// startNode makes a node that can do nothing but forward ports, as a kubelet does.
func startNode(t *testing.T, cluster *envtest.Cluster, name string) {
	t.Helper()
	mux := http.NewServeMux()
	mux.HandleFunc("/portForward/{namespace}/{pod}", func(w http.ResponseWriter, r *http.Request) {
		portforward.ServePortForward(w, r, loopback{}, r.PathValue("pod"), "", &portforward.V4Options{}, time.Minute, 10*time.Second, portforward.SupportedProtocols)
	})
	kubelet := httptest.NewTLSServer(mux)
	t.Cleanup(func() {
		kubelet.CloseClientConnections()
		kubelet.Close()
	})
	nodes := clientset(t, cluster.Config).CoreV1().Nodes()
	node, err := nodes.Create(t.Context(), &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: name}}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := nodes.Delete(context.Background(), name, metav1.DeleteOptions{}); err != nil {
			t.Error(err)
		}
	})
	node.Status.Addresses = []corev1.NodeAddress{{Type: corev1.NodeInternalIP, Address: "127.0.0.1"}}
	node.Status.DaemonEndpoints.KubeletEndpoint.Port = portNumber(t, kubelet.Listener.Addr().String())
	if _, err := nodes.UpdateStatus(t.Context(), node, metav1.UpdateOptions{}); err != nil {
		t.Fatal(err)
	}
}

func portNumber(t *testing.T, address string) int32 {
	t.Helper()
	_, text, err := net.SplitHostPort(address)
	if err != nil {
		t.Fatal(err)
	}
	port, err := strconv.Atoi(text)
	if err != nil {
		t.Fatal(err)
	}
	return int32(port)
}

// runPod makes a pod of a process that runs already, by its address.
func runPod(t *testing.T, config *rest.Config, node, name, program, portName, address string) {
	t.Helper()
	pods := clientset(t, config).CoreV1().Pods("reeve-system")
	pod := &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Name: name, Labels: map[string]string{"app.kubernetes.io/name": program}},
		Spec: corev1.PodSpec{ServiceAccountName: "reeve-webhook", NodeName: node, Containers: []corev1.Container{{
			Name: "main", Image: program, Ports: []corev1.ContainerPort{{Name: portName, ContainerPort: portNumber(t, address)}},
		}}},
	}
	secure(pod)
	made, err := pods.Create(t.Context(), pod, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := pods.Delete(context.Background(), name, *metav1.NewDeleteOptions(0)); err != nil {
			t.Error(err)
		}
	})
	made.Status.Phase = corev1.PodRunning
	if _, err := pods.UpdateStatus(t.Context(), made, metav1.UpdateOptions{}); err != nil {
		t.Fatal(err)
	}
}

// TestStatusByPortForward asks pods by the way that people have: the API server,
// the node, and a token that is asked for.
func TestStatusByPortForward(t *testing.T) {
	cluster := envtest.Start(t)
	statusTokens(t, cluster)
	startNode(t, cluster, "here")
	only := []string{"--mode-for", "*=off", "--mode-for", "privileged-container=deny"}
	a := startWebhook(t, cluster.Kubeconfig, only...).serveLong(t)
	b := startWebhook(t, cluster.Kubeconfig, only...)
	b.authority = a.authority
	b.serveLong(t)
	scanner := start(t, program.Path(t, "scanner"), cluster.Config, append(only, "--leader-elect=false", "--events=false", "--interval=10m")...)
	metrics := ""
	eventually(t, "the scanner has scanned", func() bool {
		for _, line := range scanner.logged("listening") {
			if line["flag"] == "--metrics-listen" {
				metrics, _ = line["address"].(string)
			}
		}
		for _, line := range scanner.logged("starting server") {
			if line["name"] == "metrics-listen" {
				metrics, _ = line["addr"].(string)
			}
		}
		return metrics != "" && len(scanner.logged("scan done")) > 0
	})
	namespace := watchNamespace(t, cluster, a, "forwarded")
	runPod(t, cluster.Config, "here", "reeve-webhook-a", "reeve-webhook", "status", a.status)
	runPod(t, cluster.Config, "here", "reeve-webhook-b", "reeve-webhook", "status", b.status)
	runPod(t, cluster.Config, "here", "reeve-scanner-s", "reeve-scanner", "metrics", metrics)

	// Somebody with the rights of the manifests, and no other.
	for _, arguments := range [][]string{
		{"create", "rolebinding", "ann-status", "-n", "reeve-system", "--role=reeve-status", "--user=ann"},
		{"create", "clusterrole", "ann-status", "--verb=get", "--resource=validatingwebhookconfigurations", "--resource-name=" + namespace},
		{"create", "clusterrolebinding", "ann-status", "--clusterrole=ann-status", "--user=ann"},
	} {
		if _, stderr, code := cluster.Kubectl(t, arguments...); code != 0 {
			t.Fatal(stderr)
		}
	}
	arguments := []string{"status", "--kubeconfig", cluster.UserKubeconfig(t, "ann"), "--webhook-configuration", namespace, "--server-name", "localhost"}
	text, code := reeve(t, arguments...)
	for _, part := range []string{"reeve-webhook-a", "reeve-webhook-b", "reeve-scanner-s", "All is well."} {
		if !strings.Contains(text, part) {
			t.Errorf("%q is not said", part)
		}
	}
	if code != 0 || strings.Contains(text, "other rules") {
		t.Errorf("exit code %d: %s", code, text)
	}
	b.end(t)
	if text, code := reeve(t, arguments...); code != 1 || !strings.Contains(text, "reeve-webhook-b: no answer: ") || !strings.Contains(text, "nothing listens at port") {
		t.Errorf("with one of them gone: exit code %d: %s", code, text)
	}
}
