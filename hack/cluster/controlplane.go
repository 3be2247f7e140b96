package main

import (
	"fmt"
	"path/filepath"
)

// Addresses inside the cluster. The node's address is the bridge's own and
// also the pods' gateway, so nothing depends on the machine's real network.
const (
	serviceCIDR = "10.96.0.0/16"
	serviceIP   = "10.96.0.1" // of the Service "kubernetes"
	dnsIP       = "10.96.0.10"
	podCIDR     = "10.244.0.0/24"
	podStart    = "10.244.0.10"
	nodeIP      = "10.244.0.1"
)

func (s *state) binary(name string) string { return filepath.Join(s.BinDir, name) }

func etcdProcess(s *state) process {
	client := fmt.Sprintf("https://127.0.0.1:%d", s.Ports["etcd"])
	peer := fmt.Sprintf("http://127.0.0.1:%d", s.Ports["etcd-peer"])
	return process{name: "etcd", path: s.binary("etcd"), args: []string{
		"--name", s.Name,
		"--data-dir", s.path("etcd"),
		"--listen-client-urls", client,
		"--advertise-client-urls", client,
		"--listen-peer-urls", peer,
		"--initial-advertise-peer-urls", peer,
		"--initial-cluster", s.Name + "=" + peer,
		"--cert-file", s.pki().crt("etcd"),
		"--key-file", s.pki().key("etcd"),
		"--client-cert-auth",
		"--trusted-ca-file", s.pki().crt("ca"),
		"--unsafe-no-fsync", // the data need not survive a power cut
		"--log-level", "warn",
	}}
}

func apiserverProcess(s *state) process {
	p := s.pki()
	args := []string{
		"--etcd-servers", fmt.Sprintf("https://127.0.0.1:%d", s.Ports["etcd"]),
		"--etcd-cafile", p.crt("ca"),
		"--etcd-certfile", p.crt("etcd-client"),
		"--etcd-keyfile", p.key("etcd-client"),
		"--bind-address", s.apiHost(),
		"--advertise-address", s.apiHost(),
		"--secure-port", fmt.Sprint(s.Ports["apiserver"]),
		"--tls-cert-file", p.crt("apiserver"),
		"--tls-private-key-file", p.key("apiserver"),
		"--client-ca-file", p.crt("ca"),
		"--authorization-mode", "Node,RBAC",
		"--service-cluster-ip-range", serviceCIDR,
		"--service-account-issuer", "https://kubernetes.default.svc",
		"--service-account-key-file", p.key("service-account"),
		"--service-account-signing-key-file", p.key("service-account"),
		"--requestheader-client-ca-file", p.crt("front-proxy-ca"),
		"--requestheader-allowed-names", "front-proxy-client",
		"--requestheader-extra-headers-prefix", "X-Remote-Extra-",
		"--requestheader-group-headers", "X-Remote-Group",
		"--requestheader-username-headers", "X-Remote-User",
		"--proxy-client-cert-file", p.crt("front-proxy-client"),
		"--proxy-client-key-file", p.key("front-proxy-client"),
		"--allow-privileged=true",
		"--event-ttl", "2h",
		"--max-requests-inflight", "2000",
		"--max-mutating-requests-inflight", "1000",
	}
	if s.Tier == 1 {
		// Nobody creates the default service accounts here, and a loopback
		// address must not become the endpoint of the Service "kubernetes".
		args = append(args,
			"--disable-admission-plugins", "ServiceAccount",
			"--endpoint-reconciler-type", "none")
	} else {
		args = append(args,
			"--enable-admission-plugins", "NodeRestriction",
			// Webhooks behind a Service are dialled at their pods, because
			// the API server itself has no use for a ClusterIP.
			"--enable-aggregator-routing=true",
			"--kubelet-client-certificate", p.crt("kubelet-client"),
			"--kubelet-client-key", p.key("kubelet-client"),
			"--kubelet-certificate-authority", p.crt("ca"),
			"--kubelet-preferred-address-types", "InternalIP,Hostname")
	}
	return process{name: "kube-apiserver", path: s.binary("kube-apiserver"), args: args}
}

func controllerManagerProcess(s *state) process {
	p, kubeconfig := s.pki(), s.path("controller-manager.kubeconfig")
	return process{name: "kube-controller-manager", path: s.binary("kube-controller-manager"), args: []string{
		"--kubeconfig", kubeconfig,
		"--authentication-kubeconfig", kubeconfig,
		"--authorization-kubeconfig", kubeconfig,
		"--bind-address", "127.0.0.1",
		"--secure-port", fmt.Sprint(s.Ports["controller-manager"]),
		"--root-ca-file", p.crt("ca"),
		"--service-account-private-key-file", p.key("service-account"),
		"--use-service-account-credentials",
		"--cluster-signing-cert-file", p.crt("ca"),
		"--cluster-signing-key-file", p.key("ca"),
		"--service-cluster-ip-range", serviceCIDR,
		"--leader-elect=false",
		"--kube-api-qps", "500",
		"--kube-api-burst", "1000",
	}}
}

func schedulerProcess(s *state) process {
	kubeconfig := s.path("scheduler.kubeconfig")
	return process{name: "kube-scheduler", path: s.binary("kube-scheduler"), args: []string{
		"--kubeconfig", kubeconfig,
		"--authentication-kubeconfig", kubeconfig,
		"--authorization-kubeconfig", kubeconfig,
		"--bind-address", "127.0.0.1",
		"--secure-port", fmt.Sprint(s.Ports["scheduler"]),
		"--leader-elect=false",
		"--kube-api-qps", "500",
		"--kube-api-burst", "1000",
	}}
}
