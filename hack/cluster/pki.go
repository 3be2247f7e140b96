package main

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"time"
)

// certValidity outlives any test cluster without being forever.
const certValidity = 365 * 24 * time.Hour

// authority signs certificates.
type authority struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

// identity is what a certificate says about its holder. For a client the API
// server reads name as the user and organizations as the groups.
type identity struct {
	name          string
	organizations []string
	server        bool
	hosts         []string // DNS names and IP addresses of a server
}

func newAuthority(name string) (*authority, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	tmpl, err := certTemplate(pkix.Name{CommonName: name})
	if err != nil {
		return nil, err
	}
	tmpl.IsCA = true
	tmpl.BasicConstraintsValid = true
	tmpl.KeyUsage = x509.KeyUsageCertSign | x509.KeyUsageCRLSign | x509.KeyUsageDigitalSignature
	der, err := x509.CreateCertificate(rand.Reader, tmpl, tmpl, key.Public(), key)
	if err != nil {
		return nil, err
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, err
	}
	return &authority{cert: cert, key: key}, nil
}

func certTemplate(subject pkix.Name) (*x509.Certificate, error) {
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120))
	if err != nil {
		return nil, err
	}
	return &x509.Certificate{
		SerialNumber: serial,
		Subject:      subject,
		// A little in the past: a virtual machine's clock may step back.
		NotBefore: time.Now().Add(-5 * time.Minute),
		NotAfter:  time.Now().Add(certValidity),
	}, nil
}

// issue signs a new key for an identity.
func (a *authority) issue(id identity) (certDER []byte, key *ecdsa.PrivateKey, err error) {
	key, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, nil, err
	}
	tmpl, err := certTemplate(pkix.Name{CommonName: id.name, Organization: id.organizations})
	if err != nil {
		return nil, nil, err
	}
	tmpl.KeyUsage = x509.KeyUsageDigitalSignature
	tmpl.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}
	if id.server {
		// etcd dials itself with its serving certificate, hence both usages.
		tmpl.ExtKeyUsage = append(tmpl.ExtKeyUsage, x509.ExtKeyUsageServerAuth)
	}
	for _, h := range id.hosts {
		if ip := net.ParseIP(h); ip != nil {
			tmpl.IPAddresses = append(tmpl.IPAddresses, ip)
		} else {
			tmpl.DNSNames = append(tmpl.DNSNames, h)
		}
	}
	certDER, err = x509.CreateCertificate(rand.Reader, tmpl, a.cert, key.Public(), a.key)
	return certDER, key, err
}

// pki writes certificates into one directory as <name>.crt and <name>.key.
type pki struct{ dir string }

func (p pki) crt(name string) string { return filepath.Join(p.dir, name+".crt") }
func (p pki) key(name string) string { return filepath.Join(p.dir, name+".key") }

// create makes the authorities and every certificate of a cluster.
func (p pki) create(nodeName, nodeIP string) error {
	if err := os.MkdirAll(p.dir, 0o700); err != nil {
		return err
	}
	ca, err := p.createAuthority("ca")
	if err != nil {
		return err
	}
	// The aggregation layer trusts whoever this authority signs as a proxy
	// for any user, so it must not be the one that signs clients.
	frontProxy, err := p.createAuthority("front-proxy-ca")
	if err != nil {
		return err
	}
	for name, id := range clusterIdentities(nodeName, nodeIP) {
		if err := p.issueTo(ca, name, id); err != nil {
			return err
		}
	}
	if err := p.issueTo(frontProxy, "front-proxy-client", identity{name: "front-proxy-client"}); err != nil {
		return err
	}
	return p.createServiceAccountKey()
}

// clusterIdentities maps file names to who they are for.
func clusterIdentities(nodeName, nodeIP string) map[string]identity {
	masters := []string{"system:masters"}
	return map[string]identity{
		"apiserver": {name: "kube-apiserver", server: true, hosts: []string{
			"localhost", "kubernetes", "kubernetes.default", "kubernetes.default.svc",
			"kubernetes.default.svc.cluster.local", "127.0.0.1", serviceIP, nodeIP,
		}},
		"etcd":               {name: "etcd", server: true, hosts: []string{"localhost", "127.0.0.1"}},
		"etcd-client":        {name: "kube-apiserver-etcd-client"},
		"kubelet-client":     {name: "kube-apiserver-kubelet-client", organizations: masters},
		"admin":              {name: "admin", organizations: masters},
		"controller-manager": {name: "system:kube-controller-manager"},
		"scheduler":          {name: "system:kube-scheduler"},
		"proxy":              {name: "system:kube-proxy"},
		"node":               {name: "system:node:" + nodeName, organizations: []string{"system:nodes"}},
		"kubelet":            {name: nodeName, server: true, hosts: []string{nodeName, "127.0.0.1", nodeIP}},
	}
}

func (p pki) createAuthority(name string) (*authority, error) {
	a, err := newAuthority("reeve-" + name)
	if err != nil {
		return nil, fmt.Errorf("create authority %s: %w", name, err)
	}
	return a, p.write(name, a.cert.Raw, a.key)
}

func (p pki) issueTo(a *authority, name string, id identity) error {
	der, key, err := a.issue(id)
	if err != nil {
		return fmt.Errorf("issue certificate %s: %w", name, err)
	}
	return p.write(name, der, key)
}

// createServiceAccountKey uses RSA, because RS256 is the one algorithm that
// every token verifier supports.
func (p pki) createServiceAccountKey() error {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return err
	}
	return writeKey(p.key("service-account"), key)
}

func (p pki) write(name string, certDER []byte, key crypto.PrivateKey) error {
	if err := writeKey(p.key(name), key); err != nil {
		return err
	}
	block := &pem.Block{Type: "CERTIFICATE", Bytes: certDER}
	return os.WriteFile(p.crt(name), pem.EncodeToMemory(block), 0o644)
}

func writeKey(path string, key crypto.PrivateKey) error {
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return err
	}
	block := &pem.Block{Type: "PRIVATE KEY", Bytes: der}
	return os.WriteFile(path, pem.EncodeToMemory(block), 0o600)
}
