package engine_test

import (
	"context"
	"fmt"
	"runtime"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/kubereeve/reeve/internal/engine"
	"github.com/kubereeve/reeve/internal/engine/enginetest"
	"github.com/kubereeve/reeve/internal/resource"
	"github.com/kubereeve/reeve/internal/rule"
	"github.com/kubereeve/reeve/internal/rule/dialect/kubescape"
	"github.com/kubereeve/reeve/internal/rule/source"
)

// kubescapeChecks are what the rules of the benchmark look for in a container.
var kubescapeChecks = []string{
	`not container.resources.limits.memory`,
	`container.securityContext.privileged == true`,
	`endswith(container.image, ":latest")`,
	`container.ports[_].hostPort`,
	`not container.livenessProbe`,
	`container.securityContext.capabilities.add[_] == data.postureControlInputs.insecureCapabilities[_]`,
	`startswith(image.parse_normalized_name(container.image), "docker.io/forbidden")`,
	`not container.securityContext.readOnlyRootFilesystem == true`,
}

// kubescapeLibrary returns 200 rules of three bodies each, as Kubescape's library
// has them, of which ten compare objects.
func kubescapeLibrary() fstest.MapFS {
	tree := fstest.MapFS{}
	for i := range 200 {
		var text strings.Builder
		text.WriteString("package armo_builtins\n")
		for _, form := range []struct{ match, path string }{
			{`wl.kind == "Pod"`, "spec"},
			{`kinds := {"Deployment", "ReplicaSet", "DaemonSet", "StatefulSet", "Job"}; kinds[wl.kind]`, "spec.template.spec"},
			{`wl.kind == "CronJob"`, "spec.jobTemplate.spec.template.spec"},
		} {
			more := ""
			if i%20 == 0 {
				more = "service := input[_]; service.kind == \"Service\"; service.spec.selector == wl.metadata.labels\n"
			}
			_, _ = fmt.Fprintf(&text, `deny[msga] {
	wl := input[_]
	%s
	container := wl.%s.containers[i]
	bad(container)
	%s
	path := sprintf("%s.containers[%%v]", [format_int(i, 10)])
	msga := {"alertMessage": sprintf("container %%v in %%v is bad", [container.name, wl.metadata.name]), "packagename": "armo_builtins", "alertScore": 7,
		"failedPaths": [path], "fixPaths": [], "alertObject": {"k8sApiObjects": [wl]}}
}
`, form.match, form.path, more, form.path)
		}
		_, _ = fmt.Fprintf(&text, "bad(container) { %s; container.name != \"n%d\" }\n", kubescapeChecks[i%len(kubescapeChecks)], i)
		directory := fmt.Sprintf("rules/rule-%d/", i)
		tree[directory+"raw.rego"] = &fstest.MapFile{Data: []byte(text.String())}
		tree[directory+"rule.metadata.json"] = &fstest.MapFile{Data: fmt.Appendf(nil,
			`{"name": "rule-%d", "match": [{"apiGroups": [""], "resources": ["Pod", "Service"]}, {"apiGroups": ["apps"], "resources": ["Deployment"]}, {"apiGroups": ["batch"], "resources": ["CronJob"]}]}`, i)}
	}
	return tree
}

// BenchmarkKubescape measures the judging of a pod by 200 rules, and reports what
// loading them takes.
func BenchmarkKubescape(b *testing.B) {
	before := memory()
	start := time.Now()
	set, problems := source.Load([]rule.Reader{kubescape.Reader{}}, source.Source{Name: "tree", FS: kubescapeLibrary()})
	for _, problem := range problems {
		b.Fatal(problem)
	}
	inventory := engine.NewInventory()
	e := newEngine(b, set, engine.Options{Inventory: inventory, CacheSize: -1, Deadline: time.Minute})
	loaded, used := time.Since(start), memory()-before
	var objects []*resource.Resource
	for i := range 50 {
		objects = append(objects, pod(b, fmt.Sprintf(`{"apiVersion":"v1","kind":"Service","metadata":{"name":"s%d","namespace":"shop"},"spec":{"selector":{"app":"s%[1]d"}}}`, i)))
	}
	if err := inventory.Fill(set.Needs(), objects); err != nil {
		b.Fatal(err)
	}
	for _, size := range []string{"minimal", "typical", "large"} {
		b.Run(size, func(b *testing.B) {
			res, err := resource.FromObject(enginetest.Pod(b, size), schema.GroupVersionKind{})
			if err != nil {
				b.Fatal(err)
			}
			b.ReportAllocs()
			for b.Loop() {
				_, failures, err := e.Evaluate(context.Background(), res, engine.Scan)
				if err != nil || len(failures) > 0 {
					b.Fatal(failures, err)
				}
			}
			b.ReportMetric(float64(loaded.Milliseconds()), "ms/load")
			b.ReportMetric(float64(used)/1e6, "MB/load")
		})
	}
}

// memory returns the bytes in use.
func memory() uint64 {
	runtime.GC()
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	return stats.HeapAlloc
}
