package config

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/distribution/reference"
	"k8s.io/apimachinery/pkg/util/validation"

	"github.com/kubereeve/reeve/internal/config/v1alpha1"
)

// minPollInterval keeps replicas from troubling a registry.
const minPollInterval = 10 * time.Second

// maxBudget is about what the API server waits for a webhook at most.
const maxBudget = 30 * time.Second

// cloudProviders are the clouds that rules for Kubescape ask for.
var cloudProviders = []string{"eks", "aks", "gke"}

var digest = regexp.MustCompile(`^sha256:[0-9a-f]{64}$`)

// sources checks where rules come from.
func (v *validator) sources(rules v1alpha1.Rules) {
	paths := make(map[string]int)
	for i, directory := range rules.Directories {
		at := fmt.Sprintf("rules.directories[%d]", i)
		first, twice := paths[directory.Path]
		switch {
		case directory.Path == "" && !v.given(at+".path"):
			v.add(at, "has no path; write the directory that holds the rules")
		case directory.Path == "":
			v.add(at+".path", "is empty; write the directory that holds the rules")
		case twice:
			v.add(at+".path", "%q is in rules.directories[%d] already; remove one of them", directory.Path, first)
		default:
			paths[directory.Path] = i
		}
		v.trusted(at+".trusted", directory.Trusted)
	}
	for i, namespace := range rules.ConfigMaps.Namespaces {
		if messages := validation.IsDNS1123Label(namespace); len(messages) > 0 {
			v.add(fmt.Sprintf("rules.configMaps.namespaces[%d]", i), "%q is not the name of a namespace: %s", namespace, messages[0])
		}
	}
	for i, bundle := range rules.Bundles {
		v.bundle(fmt.Sprintf("rules.bundles[%d]", i), bundle)
	}
	if cloud := rules.Kubescape.CloudProvider; cloud != "" && !slices.Contains(cloudProviders, cloud) {
		v.add("rules.kubescape.cloudProvider", "%q is unknown; use one of %s", cloud, strings.Join(cloudProviders, ", "))
	}
	v.positive("rules.budget", rules.Budget)
	if rules.Budget != nil && time.Duration(*rules.Budget) > maxBudget {
		v.add("rules.budget", "%s is longer than the API server waits; use at most %s", rules.Budget, v1alpha1.Duration(maxBudget))
	}
}

func (v *validator) trusted(at string, trusted *v1alpha1.Trusted) {
	if trusted == nil {
		return
	}
	mayAsk := false
	for i, builtin := range trusted.Builtins {
		if strings.TrimSpace(builtin) != builtin || builtin == "" {
			v.add(fmt.Sprintf("%s.builtins[%d]", at, i), "%q is not the name of a function, as in http.send", builtin)
		}
		mayAsk = mayAsk || builtin == "http.send"
	}
	for i, host := range trusted.HTTPHosts {
		at := fmt.Sprintf("%s.httpHosts[%d]", at, i)
		if strings.Contains(host, "://") || strings.ContainsAny(host, "/*:") {
			v.add(at, "%q is not a host; write its name alone, as in api.example.com", host)
		} else if len(validation.IsDNS1123Subdomain(host)) > 0 {
			v.add(at, "%q is not the name of a host, as in api.example.com", host)
		}
	}
	if len(trusted.HTTPHosts) > 0 && !mayAsk {
		v.add(at+".httpHosts", "has no effect while builtins lack http.send; add it, or remove the hosts")
	}
}

func (v *validator) bundle(at string, bundle v1alpha1.Bundle) {
	switch _, err := reference.ParseNormalizedNamed(bundle.Reference); {
	case bundle.Reference == "" && !v.given(at+".reference"):
		v.add(at, "has no reference; write where the bundle is, as in ghcr.io/example/rules:v1")
	case err != nil:
		v.add(at+".reference", "%q is not the reference of an artefact, as in ghcr.io/example/rules:v1: %s", bundle.Reference, err)
	}
	if bundle.Digest != "" && !digest.MatchString(bundle.Digest) {
		v.add(at+".digest", "%q is not a digest; write sha256: and 64 hexadecimal digits", bundle.Digest)
	}
	if interval := bundle.PollInterval; interval != nil && time.Duration(*interval) < minPollInterval {
		v.add(at+".pollInterval", "%s is less than %s", interval, v1alpha1.Duration(minPollInterval))
	}
	if bundle.PollInterval != nil && bundle.Digest != "" {
		v.add(at+".pollInterval", "is of no use beside a digest, which never means anything else; remove one of them")
	}
}
