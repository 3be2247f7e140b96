package oci

import (
	"errors"
	"strings"
	"testing"
)

func TestPlainHTTPIsForThisMachineAndForWhatIsAllowed(t *testing.T) {
	t.Setenv("DOCKER_CONFIG", t.TempDir())
	for _, test := range []struct {
		host     string
		insecure []string
		plain    bool
	}{
		{host: "localhost:5000", plain: true},
		{host: "127.0.0.1:5000", plain: true},
		{host: "127.1.2.3", plain: true},
		{host: "[::1]:5000", plain: true},
		{host: "ghcr.io"},
		{host: "localhost.example.com"},
		{host: "127.0.0.1.example.com"},
		{host: "10.0.0.1:5000"},
		{host: "registry.lan:5000", insecure: []string{"registry.lan:5000"}, plain: true},
		{host: "registry.lan:5000", insecure: []string{"registry.lan"}, plain: true},
		{host: "registry.lan:5000", insecure: []string{"registry.lan:5001", "lan", "other"}},
	} {
		t.Run(test.host+" "+strings.Join(test.insecure, ","), func(t *testing.T) {
			reference, err := ParseReference("oci://" + test.host + "/rules:v1")
			if err != nil {
				t.Fatal(err)
			}
			repository, err := newRepository(reference, Options{Insecure: test.insecure})
			if err != nil || repository.PlainHTTP != test.plain {
				t.Errorf("plain HTTP: %v, error %v, want %v", repository.PlainHTTP, err, test.plain)
			}
		})
	}
}

func TestARegistryOfPlainHTTPIsNamedWithItsFlag(t *testing.T) {
	reference, err := ParseReference("oci://registry.lan:5000/rules:v1")
	if err != nil {
		t.Fatal(err)
	}
	err = explain(reference, errors.New("http: server gave HTTP response to HTTPS client"))
	if !strings.Contains(err.Error(), "--insecure-registry registry.lan:5000") {
		t.Errorf("error %v does not name the flag", err)
	}
}
