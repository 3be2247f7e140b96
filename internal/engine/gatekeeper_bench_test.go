package engine_test

import (
	"context"
	"fmt"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/kubereeve/reeve/internal/engine"
	"github.com/kubereeve/reeve/internal/rule"
)

// gatekeeperPolicy is the Rego of a template, and its constraint's parameters.
type gatekeeperPolicy struct{ rego, parameters string }

// gatekeeperPolicies are 26 templates written as most are: they gather the
// containers in a set, leave out those whose image a library exempts, and put
// together a message.
var gatekeeperPolicies = func() []gatekeeperPolicy {
	const each = "container := containers[_]\n  not exempt.is_exempt(container)\n  "
	say := func(what string) string { return `msg := sprintf("container %v: ` + what + `", [container.name])` }
	bodies := []gatekeeperPolicy{
		{each + "container.securityContext.privileged\n  " + say("privileged"), ""},
		{each + "not container.securityContext.allowPrivilegeEscalation == false\n  " + say("privilege escalation"), ""},
		{each + "not container.securityContext.readOnlyRootFilesystem\n  " + say("writable root"), ""},
		{each + "added := object.get(container.securityContext, [\"capabilities\", \"add\"], [])\n  wrong := {c | c := added[_]} - {c | c := input.parameters.names[_]}\n  count(wrong) > 0\n  " + say("capabilities"), "names: [NET_BIND_SERVICE]"},
		{each + "dropped := {c | c := container.securityContext.capabilities.drop[_]}\n  wanted := {c | c := input.parameters.names[_]}\n  count(wanted - dropped) > 0\n  " + say("not dropped"), "names: [ALL]"},
		{each + "not container.resources.limits.memory\n  " + say("no memory limit"), ""},
		{each + "not container.resources.requests.cpu\n  " + say("no cpu request"), ""},
		{each + "limit := container.resources.limits.memory\n  quantity(limit) > quantity(input.parameters.limit)\n  " + say("memory limit"), `limit: 64Gi`},
		{each + "limit := container.resources.limits.cpu\n  cpu(limit) > cpu(input.parameters.limit)\n  " + say("cpu limit"), `limit: "64"`},
		{each + "allowed := [good | repo := input.parameters.names[_]; good := startswith(container.image, repo)]\n  not any(allowed)\n  " + say("repository"), `names: ["registry.example.com/", "docker.io/"]`},
		{each + "bad := input.parameters.names[_]\n  startswith(container.image, bad)\n  " + say("repository"), `names: ["k8s.gcr.io/", "quay.example.com/"]`},
		{each + "not re_match(\"@[a-z0-9]+([+._-][a-z0-9]+)*:[a-zA-Z0-9=_-]+\", container.image)\n  " + say("no digest"), ""},
		{each + "tags := {tag | tag := input.parameters.names[_]; endswith(container.image, concat(\":\", [\"\", tag]))}\n  count(tags) > 0\n  " + say("tag"), "names: [latest, testing]"},
		{each + "probe := input.parameters.names[_]\n  not container[probe]\n  " + say("no probe"), "names: [readinessProbe, livenessProbe]"},
		{each + "port := container.ports[_].hostPort\n  port < input.parameters.min\n  " + say("host port"), "min: 1024"},
		{each + "user := object.get(container.securityContext, \"runAsUser\", object.get(input.review.object.spec.securityContext, \"runAsUser\", null))\n  user == 0\n  " + say("runs as root"), ""},
		{each + "profile := object.get(container.securityContext, [\"seccompProfile\", \"type\"], object.get(input.review.object.spec, [\"securityContext\", \"seccompProfile\", \"type\"], \"none\"))\n  not allowed(profile)\n  " + say("seccomp"), "names: [RuntimeDefault, Localhost]"},
		{each + "type := container.securityContext.procMount\n  not allowed(type)\n  " + say("proc mount"), "names: [Default]"},
		{"input.review.object.spec.hostNetwork\n  msg := \"host network\"", ""},
		{"field := {\"hostPID\", \"hostIPC\"}[_]\n  input.review.object.spec[field]\n  msg := sprintf(\"%v is set\", [field])", ""},
		{"volume := input.review.object.spec.volumes[_]\n  path := volume.hostPath.path\n  not allowed(path)\n  msg := sprintf(\"volume %v\", [volume.name])", `names: ["/var/log"]`},
		{"types := {type | input.review.object.spec.volumes[_][type]; type != \"name\"}\n  type := types[_]\n  not allowed(type)\n  msg := sprintf(\"volume of type %v\", [type])", "names: [configMap, secret, emptyDir, projected, downwardAPI, persistentVolumeClaim, hostPath, csi]"},
		{"sysctl := input.review.object.spec.securityContext.sysctls[_].name\n  not allowed(sysctl)\n  msg := sprintf(\"sysctl %v\", [sysctl])", "names: [net.core.somaxconn]"},
		{"provided := {label | input.review.object.metadata.labels[label]}\n  required := {label | label := input.parameters.names[_]}\n  missing := required - provided\n  count(missing) > 0\n  msg := sprintf(\"labels %v\", [missing])", "names: [app]"},
		{"value := input.review.object.metadata.annotations[key]\n  expected := input.parameters.annotations[_]\n  expected.key == key\n  not re_match(expected.allowedRegex, value)\n  msg := sprintf(\"annotation %v\", [key])", `annotations: [{key: owner, allowedRegex: "^[a-z]+$"}]`},
		{"not input.review.object.spec.automountServiceAccountToken == false\n  volume := input.review.object.spec.containers[_].volumeMounts[_]\n  volume.mountPath == \"/var/run/secrets/kubernetes.io/serviceaccount\"\n  input.parameters.names[_] == input.review.namespace\n  msg := \"token\"", "names: [strict]"},
	}
	for i := range bodies {
		bodies[i].rego = "violation[{\"msg\": msg, \"details\": {}}] {\n  " + bodies[i].rego + "\n}\n" + gatekeeperHelpers
	}
	return bodies
}()

const gatekeeperHelpers = `
containers[container] { container := input.review.object.spec.containers[_] }
containers[container] { container := input.review.object.spec.initContainers[_] }
containers[container] { container := input.review.object.spec.ephemeralContainers[_] }
allowed(word) { input.parameters.names[_] == word }
quantity(text) = n { endswith(text, "Gi"); n := to_number(replace(text, "Gi", "")) * 1024 }
quantity(text) = n { endswith(text, "Mi"); n := to_number(replace(text, "Mi", "")) }
cpu(text) = n { endswith(text, "m"); n := to_number(replace(text, "m", "")) }
cpu(text) = n { not endswith(text, "m"); n := to_number(text) * 1000 }
`

const gatekeeperLibrary = `package lib.exempt
is_exempt(container) {
  images := object.get(object.get(input, "parameters", {}), "exemptImages", [])
  exemption := images[_]
  matches(container.image, exemption)
}
matches(image, exemption) { not endswith(exemption, "*"); exemption == image }
matches(image, exemption) { endswith(exemption, "*"); startswith(image, trim_suffix(exemption, "*")) }
`

// gatekeeperSet returns the policies, each with one constraint.
func gatekeeperSet(tb testing.TB) *rule.Set {
	tb.Helper()
	indent := func(text string, by int) string {
		return strings.ReplaceAll(strings.TrimSpace(text), "\n", "\n"+strings.Repeat(" ", by))
	}
	files := make(map[string]string)
	for i, policy := range gatekeeperPolicies {
		kind := fmt.Sprintf("Policy%02d", i)
		files[kind+".yaml"] = fmt.Sprintf(`apiVersion: templates.gatekeeper.sh/v1beta1
kind: ConstraintTemplate
metadata: {name: %s}
spec:
  crd: {spec: {names: {kind: %s}}}
  targets:
  - target: admission.k8s.gatekeeper.sh
    rego: |
      package policy
      import data.lib.exempt
      %s
    libs:
    - |
      %s
---
apiVersion: constraints.gatekeeper.sh/v1beta1
kind: %s
metadata: {name: example}
spec:
  match:
    kinds: [{apiGroups: [""], kinds: [Pod]}]
    excludedNamespaces: [kube-system]
  parameters:
    exemptImages: ["registry.example.com/trusted/*"]
    %s
`, strings.ToLower(kind), kind, indent(policy.rego, 6), indent(gatekeeperLibrary, 6), kind, policy.parameters)
	}
	set := load(tb, files)
	if len(set.Rules()) != len(gatekeeperPolicies) {
		tb.Fatalf("%d rules", len(set.Rules()))
	}
	return set
}

// BenchmarkGatekeeper judges one pod with 26 templates of Gatekeeper's.
func BenchmarkGatekeeper(b *testing.B) {
	set := gatekeeperSet(b)
	for _, size := range []string{"minimal", "typical", "large"} {
		for _, cache := range []struct {
			name string
			size int
		}{{"miss", -1}, {"hit", 0}} {
			b.Run(size+"/"+cache.name, func(b *testing.B) {
				e, problems, err := engine.New(set, engine.Options{CacheSize: cache.size, Deadline: time.Minute})
				if err != nil || len(problems) > 0 {
					b.Fatal(err, problems)
				}
				res := readPod(b, size)
				b.ReportAllocs()
				start := processorTime(b)
				for b.Loop() {
					if _, failures, err := e.Evaluate(context.Background(), res, engine.Admission); err != nil || len(failures) > 0 {
						b.Fatal(err, failures)
					}
				}
				b.ReportMetric(float64((processorTime(b)-start).Nanoseconds())/float64(b.N), "cpu-ns/op")
			})
		}
	}
}

// processorTime returns what the process has used of the processor, which tells
// more than the clock on a busy machine.
func processorTime(tb testing.TB) time.Duration {
	tb.Helper()
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		tb.Fatal(err)
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}
