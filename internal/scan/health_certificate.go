package scan

import (
	"context"
	"crypto/x509"
	"time"

	"github.com/go-json-experiment/json/jsontext"
)

// webhookServer is the name of the resource of our own webhook's certificate.
const webhookServer = "reeve-webhook"

// servingCertificates makes a resource of the API server's certificate, and of
// our webhook's where its address is known.
func (p *pass) servingCertificates(ctx context.Context) ([]jsontext.Value, error) {
	servers := []struct{ name, address string }{{apiServer, ""}}
	if p.WebhookAddress != "" {
		servers = append(servers, struct{ name, address string }{webhookServer, p.WebhookAddress})
	}
	var items []jsontext.Value
	var errs []error
	for _, server := range servers {
		var certificate *x509.Certificate
		err := p.retry.do(ctx, "handshake with "+server.name, func(ctx context.Context) (err error) {
			certificate, err = p.Health.ServingCertificate(ctx, server.address)
			return err
		})
		errs = append(errs, err)
		if err != nil || certificate == nil {
			continue
		}
		item, err := certificateResource(server.name, server.address, certificate)
		if err != nil {
			return nil, err
		}
		items = append(items, item)
	}
	return items, inOneLine(errs)
}

// certificateResource returns the ServingCertificate.
func certificateResource(server, address string, certificate *x509.Certificate) (jsontext.Value, error) {
	type spec struct {
		Server  string `json:"server"`
		Address string `json:"address,omitzero"`
	}
	type status struct {
		Subject     string   `json:"subject"`
		Issuer      string   `json:"issuer"`
		DNSNames    []string `json:"dnsNames"`
		IPAddresses []string `json:"ipAddresses"`
		NotBefore   string   `json:"notBefore"`
		NotAfter    string   `json:"notAfter"`
	}
	addresses := make([]string, 0, len(certificate.IPAddresses))
	for _, ip := range certificate.IPAddresses {
		addresses = append(addresses, ip.String())
	}
	return newMade(servingCertificateKind, madeMetadata{Name: server}, spec{server, address}, status{
		Subject:     certificate.Subject.String(),
		Issuer:      certificate.Issuer.String(),
		DNSNames:    append([]string{}, certificate.DNSNames...),
		IPAddresses: addresses,
		NotBefore:   timeText(certificate.NotBefore),
		NotAfter:    timeText(certificate.NotAfter),
	})
}

// timeText writes a time as Kubernetes does: in UTC, to the second.
func timeText(t time.Time) string { return t.UTC().Format(time.RFC3339) }
