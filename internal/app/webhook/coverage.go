package webhook

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/go-logr/logr"
	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	admissionregistrationclient "k8s.io/client-go/kubernetes/typed/admissionregistration/v1"
	"k8s.io/client-go/rest"

	"github.com/kubereeve/reeve/internal/app"
	"github.com/kubereeve/reeve/internal/app/status"
	"github.com/kubereeve/reeve/internal/rule"
)

// coverageInterval is how often the webhook configuration is looked at besides
// whenever the rules change.
const coverageInterval = 10 * time.Minute

// coveragePart is what reeve status calls a configuration that does not send
// everything.
const coveragePart = "webhook configuration"

// coverage compares the kinds that the rules judge with those that the
// ValidatingWebhookConfiguration sends: rules on others would be silent. Where the
// configuration may not be read, nothing is said. It runs as a Runnable of the
// manager.
type coverage struct {
	name     string // of the configuration; empty switches it off
	client   admissionregistrationclient.ValidatingWebhookConfigurationInterface
	mapper   meta.RESTMapper
	live     *app.Live
	registry *status.Registry
	log      logr.Logger

	changed chan struct{}
	told    string
}

// newCoverage returns the comparison of a state's rules with the configuration of
// a name. Its mapper is filled in before it starts.
func newCoverage(config *rest.Config, name string, live *app.Live, registry *status.Registry, log logr.Logger) (*coverage, error) {
	client, err := admissionregistrationclient.NewForConfig(config)
	if err != nil {
		return nil, fmt.Errorf("webhook configuration: %w", err)
	}
	c := &coverage{name: name, client: client.ValidatingWebhookConfigurations(), live: live, registry: registry, log: log, changed: make(chan struct{}, 1)}
	live.Observe(func(reload app.Reload) {
		if reload.Result == app.ReloadSwapped {
			select {
			case c.changed <- struct{}{}:
			default: // it will be made anyway
			}
		}
	})
	return c, nil
}

// Start compares until ctx ends. It never fails.
func (c *coverage) Start(ctx context.Context) error {
	tick := time.NewTicker(coverageInterval)
	defer tick.Stop()
	for c.name != "" {
		c.check(ctx)
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		case <-c.changed:
		}
	}
	<-ctx.Done()
	return nil
}

// NeedLeaderElection is false: every replica has rules of its own.
func (c *coverage) NeedLeaderElection() bool { return false }

// check compares once, and tells when the outcome is another than before.
func (c *coverage) check(ctx context.Context) {
	configuration, err := c.client.Get(ctx, c.name, metav1.GetOptions{})
	switch {
	case ctx.Err() != nil:
		return
	case apierrors.IsNotFound(err), apierrors.IsForbidden(err), apierrors.IsUnauthorized(err):
		c.log.V(1).Info("it is not known what the webhook is sent", "configuration", c.name, "reason", err.Error())
		c.registry.SetProblem(coveragePart, nil)
		return
	case err != nil:
		c.log.V(1).Info("the webhook configuration cannot be read", "configuration", c.name, "reason", err.Error())
		return
	}
	missing := c.missing(configuration, admissionRules(c.live.Current()).Rules())
	var problem error
	if len(missing) > 0 {
		problem = fmt.Errorf("ValidatingWebhookConfiguration %s does not send what some rules judge at admission: %s; add them to its rules", c.name, strings.Join(missing, "; "))
	}
	c.registry.SetProblem(coveragePart, problem)
	told := strings.Join(missing, "; ")
	if told != c.told && problem != nil {
		c.log.Error(problem, "some rules are never asked")
	}
	c.told = told
}

// missing returns the resources that rules judge and the configuration does not
// send, each with its rules.
func (c *coverage) missing(configuration *admissionregistrationv1.ValidatingWebhookConfiguration, rules []*rule.Rule) []string {
	judging := make(map[schema.GroupKind][]string)
	for _, r := range rules {
		for _, kind := range r.Kinds {
			if kind.Group != rule.Any && kind.Kind != rule.Any {
				judging[kind] = append(judging[kind], r.ID)
			}
		}
	}
	resources := make(map[string][]string)
	for kind, ids := range judging {
		mapping, err := c.mapper.RESTMapping(kind)
		if err != nil || sends(configuration, mapping.Resource) {
			continue // nobody can make an object of a kind that is not known
		}
		resources[mapping.Resource.GroupResource().String()] = ids
	}
	missing := make([]string, 0, len(resources))
	for _, resource := range slices.Sorted(maps.Keys(resources)) {
		ids := slices.Compact(slices.Sorted(slices.Values(resources[resource])))
		more := ""
		if len(ids) > 3 {
			more = fmt.Sprintf(" and %d more", len(ids)-3)
			ids = ids[:3]
		}
		missing = append(missing, fmt.Sprintf("%s (%s%s)", resource, strings.Join(ids, ", "), more))
	}
	return missing
}

// sends tells whether a configuration sends what is made of a resource.
func sends(configuration *admissionregistrationv1.ValidatingWebhookConfiguration, resource schema.GroupVersionResource) bool {
	has := func(list []string, names ...string) bool {
		return slices.ContainsFunc(names, func(name string) bool { return slices.Contains(list, name) })
	}
	for _, webhook := range configuration.Webhooks {
		for _, r := range webhook.Rules {
			if has(r.APIGroups, resource.Group, "*") && has(r.Resources, resource.Resource, "*", "*/*") {
				return true
			}
		}
	}
	return false
}
