package scan

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// component is one thing that somebody says of the health of a component of the
// control plane.
type component struct {
	name      string // of the resource, as in readyz/etcd
	component string // as its program is called
	source    string // who says it
	check     string
	healthy   bool
	message   string
}

// apiServer is the component that answers by itself.
const apiServer = "kube-apiserver"

// componentHealth makes a resource of everything that is said of the health of
// the control plane. What cannot be asked does not keep the others from it.
func (p *pass) componentHealth(ctx context.Context) ([]jsontext.Value, error) {
	var all []component
	errs := make([]error, 0, len(healthPaths)+2)
	for _, path := range healthPaths {
		checks, err := p.healthChecks(ctx, path)
		all, errs = append(all, checks...), append(errs, err)
	}
	pods, err := p.mirrorPods(ctx)
	all, errs = append(all, pods...), append(errs, err)
	statuses, err := p.componentStatuses(ctx)
	all, errs = append(all, withoutOutvoted(statuses, pods)...), append(errs, err)
	items := make([]jsontext.Value, 0, len(all))
	for _, c := range all {
		item, err := c.resource()
		if err != nil {
			return nil, err
		}
		items = append(items, item)
	}
	return items, inOneLine(errs)
}

// resource returns the ComponentHealth.
func (c component) resource() (jsontext.Value, error) {
	type spec struct {
		Component string `json:"component"`
		Source    string `json:"source"`
		Check     string `json:"check"`
	}
	type status struct {
		Healthy bool   `json:"healthy"`
		Message string `json:"message,omitzero"`
	}
	return newMade(componentHealthKind, madeMetadata{Name: c.name}, spec{c.component, c.source, c.check}, status{c.healthy, c.message})
}

// healthChecks returns the checks of one of the API server's health endpoints;
// none where an old server does not have it.
func (p *pass) healthChecks(ctx context.Context, path string) ([]component, error) {
	var text string
	var passed bool
	err := p.retry.do(ctx, "get "+path, func(ctx context.Context) (err error) {
		text, passed, err = p.Health.Health(ctx, path)
		return err
	})
	if apierrors.IsNotFound(err) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return parseChecks(path, text, passed), nil
}

// parseChecks reads the verbose answer of a health endpoint:
//
//	[+]ping ok
//	[-]etcd failed: reason withheld
//	readyz check failed
//
// An answer that names no check is one of its own, and so is one that says no
// although all the checks that it names pass.
func parseChecks(path, text string, passed bool) []component {
	endpoint := strings.TrimPrefix(path, "/")
	var checks []component
	allPass := true
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		healthy := strings.HasPrefix(line, "[+]")
		if !healthy && !strings.HasPrefix(line, "[-]") {
			continue
		}
		name, message, _ := strings.Cut(line[len("[+]"):], " ")
		if healthy {
			message = "" // ok, or that it was left out
		}
		allPass = allPass && healthy
		checks = append(checks, component{
			name: endpoint + "/" + name, component: checkedComponent(name), source: path, check: name,
			healthy: healthy, message: strings.TrimPrefix(message, "failed: "),
		})
	}
	if len(checks) == 0 || allPass != passed {
		checks = append(checks, component{name: endpoint, component: apiServer, source: path, check: endpoint, healthy: passed})
	}
	return checks
}

// checkedComponent returns the component that a check of the API server is
// about: etcd, etcd-readiness and the like, or the API server itself.
func checkedComponent(check string) string {
	if check == "etcd" || strings.HasPrefix(check, "etcd-") {
		return "etcd"
	}
	return apiServer
}

// mirrorPods returns how the control plane's own pods are, where kubelets show
// them in kube-system.
func (p *pass) mirrorPods(ctx context.Context) ([]component, error) {
	mapping, err := p.mapping(podKind)
	if err != nil {
		return nil, err
	}
	reader := p.reader(mapping)
	reader.namespace = metav1.NamespaceSystem
	var found []component
	err = each(ctx, reader, func(raw jsontext.Value) (bool, error) {
		var pod mirrorPod
		if err := json.Unmarshal(raw, &pod); err != nil {
			return false, fmt.Errorf("pod: %w", err)
		}
		if c, ok := mirrored(&pod); ok {
			found = append(found, c)
		}
		return true, nil
	})
	if err != nil {
		return found, fmt.Errorf("pods in %s: %w", metav1.NamespaceSystem, err)
	}
	return found, nil
}

// controlPlane are the components whose mirror pods are looked at. Some
// distributions run several of one, as in etcd-events.
var controlPlane = []string{apiServer, "kube-controller-manager", "kube-scheduler", "etcd"}

// condition is a condition of any object.
type condition struct {
	Type    string `json:"type"`
	Status  string `json:"status"`
	Reason  string `json:"reason"`
	Message string `json:"message"`
	Error   string `json:"error"` // of component statuses only
}

// mirrorPod is what is read of a pod.
type mirrorPod struct {
	Metadata struct {
		Name        string            `json:"name"`
		Annotations map[string]string `json:"annotations"`
	} `json:"metadata"`
	Spec struct {
		NodeName string `json:"nodeName"`
	} `json:"spec"`
	Status struct {
		Phase      string      `json:"phase"`
		Conditions []condition `json:"conditions"`
	} `json:"status"`
}

// mirrored returns the health of a component of the control plane that runs as a
// static pod; ok is false for other pods.
func mirrored(pod *mirrorPod) (c component, ok bool) {
	if _, mirror := pod.Metadata.Annotations[corev1.MirrorPodAnnotationKey]; !mirror {
		return c, false
	}
	name := strings.TrimSuffix(pod.Metadata.Name, "-"+pod.Spec.NodeName) // kubelets append it
	i := slices.IndexFunc(controlPlane, func(c string) bool { return name == c || strings.HasPrefix(name, c+"-") })
	if i < 0 {
		return c, false
	}
	c = component{name: "pods/" + pod.Metadata.Name, component: controlPlane[i], source: "its pod", check: pod.Metadata.Name}
	c.message = "phase " + pod.Status.Phase
	for _, condition := range pod.Status.Conditions {
		if condition.Type == string(corev1.PodReady) {
			c.healthy = condition.Status == string(corev1.ConditionTrue)
			c.message = strings.TrimSpace(condition.Reason + " " + condition.Message)
		}
	}
	return c, true
}

// componentStatuses returns the component statuses, where they are served.
func (p *pass) componentStatuses(ctx context.Context) ([]component, error) {
	mapping := p.mappings[componentStatusKind]
	if mapping == nil {
		return nil, nil
	}
	var found []component
	err := each(ctx, p.reader(mapping), func(raw jsontext.Value) (bool, error) {
		var status componentStatus
		if err := json.Unmarshal(raw, &status); err != nil {
			return false, err
		}
		if c, ok := fromStatus(&status); ok {
			found = append(found, c)
		}
		return true, nil
	})
	if err != nil {
		return found, fmt.Errorf("componentstatuses: %w", err)
	}
	return found, nil
}

// componentStatus is what is read of a component status.
type componentStatus struct {
	Metadata struct {
		Name string `json:"name"`
	} `json:"metadata"`
	Conditions []condition `json:"conditions"`
}

// fromStatus returns what a component status says; ok is false when it says
// nothing of health.
func fromStatus(status *componentStatus) (c component, ok bool) {
	name := status.Metadata.Name
	c = component{name: "componentstatuses/" + name, component: name, source: "componentstatuses", check: name}
	switch {
	case name == "scheduler" || name == "controller-manager":
		c.component = "kube-" + name
	case strings.HasPrefix(name, "etcd"):
		c.component = "etcd"
	}
	for _, condition := range status.Conditions {
		if condition.Type == string(corev1.ComponentHealthy) {
			c.healthy = condition.Status == string(corev1.ConditionTrue)
			c.message = condition.Message
			if condition.Error != "" {
				c.message = condition.Error
			}
			return c, true
		}
	}
	return c, false
}

// withoutOutvoted leaves out component statuses of a scheduler or controller
// manager that does not answer although a pod of it is ready: the API server
// asks for them on its own host only, where they need not run.
func withoutOutvoted(statuses, pods []component) []component {
	return slices.DeleteFunc(statuses, func(status component) bool {
		return !status.healthy && status.component != "etcd" && slices.ContainsFunc(pods, func(pod component) bool {
			return pod.component == status.component && pod.healthy
		})
	})
}
