package main

import (
	"context"
	"encoding/pem"
	"flag"
	"os"
	"path/filepath"
)

// runCertificate makes a serving certificate for a webhook, from an authority
// of its own: the file names are those of a Kubernetes TLS Secret as
// cert-manager fills it, so that what is tested is what is deployed.
func runCertificate(_ context.Context, args []string) error {
	fs := flag.NewFlagSet("certificate", flag.ContinueOnError)
	out := fs.String("out", "", "`directory` to write tls.crt, tls.key and ca.crt to")
	var hosts stringList
	fs.Var(&hosts, "host", "DNS `name` or IP address to serve; repeatable, the first is the certificate's name")
	if err := parseFlags(fs, args, 0); err != nil {
		return err
	}
	if *out == "" || len(hosts) == 0 {
		return usageErrorf("certificate: --out and --host are required")
	}
	r, err := findRepo()
	if err != nil {
		return err
	}
	return writeServingCertificate(r.abs(*out), hosts)
}

func writeServingCertificate(dir string, hosts []string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	ca, err := newAuthority("reeve-webhook-ca")
	if err != nil {
		return err
	}
	authority := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: ca.cert.Raw})
	if err := os.WriteFile(filepath.Join(dir, "ca.crt"), authority, 0o644); err != nil {
		return err
	}
	return pki{dir: dir}.issueTo(ca, "tls", identity{name: hosts[0], server: true, hosts: hosts})
}
