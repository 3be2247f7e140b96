package main

import (
	"crypto/tls"
	"crypto/x509"
	"net"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

func readCert(t *testing.T, p pki, name string) *x509.Certificate {
	t.Helper()
	pair, err := tls.LoadX509KeyPair(p.crt(name), p.key(name))
	if err != nil {
		t.Fatalf("certificate and key %s do not fit: %v", name, err)
	}
	return pair.Leaf
}

func TestEveryCertificateIsSignedByItsAuthority(t *testing.T) {
	p := pki{dir: filepath.Join(t.TempDir(), "pki")}
	if err := p.create("a-node", nodeIP); err != nil {
		t.Fatal(err)
	}
	signers := map[string]string{"front-proxy-client": "front-proxy-ca"}
	for name := range clusterIdentities("a-node", nodeIP) {
		signers[name] = "ca"
	}
	for name, ca := range signers {
		roots := x509.NewCertPool()
		roots.AddCert(readCert(t, p, ca))
		opts := x509.VerifyOptions{Roots: roots, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}}
		if _, err := readCert(t, p, name).Verify(opts); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestClientCertificatesNameTheUserAndGroups(t *testing.T) {
	p := pki{dir: filepath.Join(t.TempDir(), "pki")}
	if err := p.create("a-node", nodeIP); err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		file, user string
		groups     []string
	}{
		{"admin", "admin", []string{"system:masters"}},
		{"node", "system:node:a-node", []string{"system:nodes"}},
		{"scheduler", "system:kube-scheduler", nil},
	} {
		subject := readCert(t, p, tc.file).Subject
		if subject.CommonName != tc.user || !slices.Equal(subject.Organization, tc.groups) {
			t.Errorf("%s: got %s %v, want %s %v", tc.file, subject.CommonName, subject.Organization, tc.user, tc.groups)
		}
	}
}

func TestTheServerCertificateCoversEveryNameOfTheAPIServer(t *testing.T) {
	ca, err := newAuthority("test")
	if err != nil {
		t.Fatal(err)
	}
	der, _, err := ca.issue(clusterIdentities("a-node", nodeIP)["apiserver"])
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	for _, host := range []string{"localhost", "127.0.0.1", nodeIP, serviceIP, "kubernetes.default.svc"} {
		if err := cert.VerifyHostname(host); err != nil {
			t.Error(err)
		}
	}
	if err := cert.VerifyHostname("example.org"); err == nil {
		t.Error("the certificate is valid for a foreign name")
	}
	if net.ParseIP(serviceIP) == nil {
		t.Errorf("serviceIP %q is no address", serviceIP)
	}
}

func TestPrivateKeysAreReadableByTheOwnerOnly(t *testing.T) {
	p := pki{dir: filepath.Join(t.TempDir(), "pki")}
	if err := p.create("a-node", nodeIP); err != nil {
		t.Fatal(err)
	}
	keys, err := filepath.Glob(filepath.Join(p.dir, "*.key"))
	if err != nil || len(keys) == 0 {
		t.Fatalf("no keys: %v", err)
	}
	for _, k := range keys {
		info, err := os.Stat(k)
		if err != nil {
			t.Fatal(err)
		}
		if info.Mode().Perm() != 0o600 {
			t.Errorf("%s has mode %v", filepath.Base(k), info.Mode())
		}
	}
}

func TestAServingCertificateIsTrustedByTheAuthorityBesideIt(t *testing.T) {
	dir := t.TempDir()
	if err := writeServingCertificate(dir, []string{"reeve-webhook.reeve-system.svc", "127.0.0.1"}); err != nil {
		t.Fatal(err)
	}
	pair, err := tls.LoadX509KeyPair(filepath.Join(dir, "tls.crt"), filepath.Join(dir, "tls.key"))
	if err != nil {
		t.Fatal(err)
	}
	authority, err := os.ReadFile(filepath.Join(dir, "ca.crt"))
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(authority) {
		t.Fatal("ca.crt holds no certificate")
	}
	for _, host := range []string{"reeve-webhook.reeve-system.svc", "127.0.0.1"} {
		if _, err := pair.Leaf.Verify(x509.VerifyOptions{Roots: roots, DNSName: host}); err != nil {
			t.Errorf("%s: %v", host, err)
		}
	}
}
