package client

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"os"
	"strings"

	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	authenticationv1 "k8s.io/api/authentication/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// readerAccount is the service account that may read the status.
const readerAccount = "reeve-status-reader"

// tokenSeconds is how long a token is good for that is asked for: the least there
// is.
const tokenSeconds = 600

// credentials are what a replica is shown, and what it is trusted by.
type credentials struct {
	token      string
	roots      *x509.CertPool
	serverName string
}

// login returns the credentials, which it gets once. A token of the user's own is
// never sent to a pod: it would say far too much.
func (c *Client) login(ctx context.Context) (*credentials, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.credentials != nil {
		return c.credentials, nil
	}
	token, err := c.token(ctx)
	if err != nil {
		return nil, err
	}
	found := &credentials{token: token, serverName: c.options.ServerName}
	var bundle []byte
	from := c.options.CAFile
	if from != "" {
		if bundle, err = os.ReadFile(from); err != nil {
			return nil, fmt.Errorf("certificates to trust: %w", err)
		}
	}
	if c.kubernetes != nil && (bundle == nil || found.serverName == "") {
		configuration, err := c.readConfiguration(ctx)
		switch {
		case err == nil:
			found.serverName = orElse(found.serverName, configuration.serverName)
			if bundle == nil {
				bundle, from = configuration.caBundle, "the caBundle of ValidatingWebhookConfiguration "+c.options.Configuration
			}
		case bundle == nil:
			return nil, fmt.Errorf("what the replicas' certificates are trusted by cannot be read (name a file of certificates instead): %w", err)
		}
	}
	found.serverName = orElse(found.serverName, "reeve-webhook."+c.options.Namespace+".svc")
	found.roots = x509.NewCertPool()
	if !found.roots.AppendCertsFromPEM(bundle) {
		return nil, fmt.Errorf("there is no certificate in %s, so the replicas cannot be trusted", from)
	}
	c.credentials = found
	return found, nil
}

func orElse(text, other string) string {
	if text == "" {
		return other
	}
	return text
}

// token returns the token of the file, or one that the API server issues.
func (c *Client) token(ctx context.Context) (string, error) {
	if c.options.TokenFile != "" {
		text, err := os.ReadFile(c.options.TokenFile)
		if err != nil {
			return "", fmt.Errorf("token: %w", err)
		}
		token := strings.TrimSpace(string(text))
		if token == "" || strings.ContainsAny(token, " \n\r") {
			return "", fmt.Errorf("%s does not hold one token", c.options.TokenFile)
		}
		return token, nil
	}
	seconds := int64(tokenSeconds)
	request, err := c.kubernetes.CoreV1().ServiceAccounts(c.options.Namespace).CreateToken(ctx, readerAccount,
		&authenticationv1.TokenRequest{Spec: authenticationv1.TokenRequestSpec{ExpirationSeconds: &seconds}}, metav1.CreateOptions{})
	switch {
	case apierrors.IsNotFound(err):
		return "", fmt.Errorf("there is no service account %s in namespace %s; apply config/webhook/status.yaml, or name the namespace that Reeve runs in: %w", readerAccount, c.options.Namespace, err)
	case apierrors.IsForbidden(err):
		return "", fmt.Errorf("a token for the service account %s is not to be had; bind yourself to the Role reeve-status, or name a token file: %w", readerAccount, err)
	case err != nil:
		return "", fmt.Errorf("token for the service account %s: %w", readerAccount, err)
	}
	return request.Status.Token, nil
}

// Configuration is what the API server knows of the webhook.
type Configuration struct {
	Name string `json:"name"`
	// FailurePolicies and TimeoutSeconds are those of its webhooks, in order.
	FailurePolicies []string `json:"failurePolicies"`
	TimeoutSeconds  []int32  `json:"timeoutSeconds"`

	caBundle   []byte
	serverName string
}

// ErrNoConfiguration says that the API server does not send anything to the
// webhook.
var ErrNoConfiguration = errors.New("there is no such ValidatingWebhookConfiguration, so nothing is sent to the webhook")

// Configuration returns what the API server knows of the webhook: nil without a
// cluster. It fails with ErrNoConfiguration when it knows nothing.
func (c *Client) Configuration(ctx context.Context) (*Configuration, error) {
	if c.kubernetes == nil {
		return nil, nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.readConfiguration(ctx)
}

// readConfiguration reads the configuration once. The lock is held.
func (c *Client) readConfiguration(ctx context.Context) (*Configuration, error) {
	if c.configuration != nil {
		return c.configuration, nil
	}
	ctx, cancel := context.WithTimeout(ctx, c.options.Timeout)
	defer cancel()
	name := c.options.Configuration
	object, err := c.kubernetes.AdmissionregistrationV1().ValidatingWebhookConfigurations().Get(ctx, name, metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		return nil, fmt.Errorf("%s: %w", name, ErrNoConfiguration)
	}
	if err != nil {
		return nil, fmt.Errorf("ValidatingWebhookConfiguration %s: %w", name, err)
	}
	found := &Configuration{Name: name}
	for i := range object.Webhooks {
		webhook := &object.Webhooks[i]
		policy := admissionregistrationv1.Fail
		if webhook.FailurePolicy != nil {
			policy = *webhook.FailurePolicy
		}
		found.FailurePolicies = append(found.FailurePolicies, string(policy))
		if webhook.TimeoutSeconds != nil {
			found.TimeoutSeconds = append(found.TimeoutSeconds, *webhook.TimeoutSeconds)
		}
		if found.caBundle == nil {
			found.caBundle = webhook.ClientConfig.CABundle
		}
		if service := webhook.ClientConfig.Service; service != nil && found.serverName == "" {
			found.serverName = service.Name + "." + service.Namespace + ".svc"
		}
	}
	c.configuration = found
	return found, nil
}
