package scan_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/kubereeve/reeve/internal/scan"
)

// warning returns a Warning Event of the old form on a pod, with more fields.
func warning(namespace, pod, reason, more string) string {
	return fmt.Sprintf(`{"metadata":{"name":"%s.%s.%d","namespace":%q,"creationTimestamp":"2026-08-01T00:00:00Z"},"type":"Warning","reason":%q,
		"involvedObject":{"apiVersion":"v1","kind":"Pod","namespace":%q,"name":%q,"uid":"u"},"eventTime":null%s}`,
		pod, strings.ToLower(reason), len(more), namespace, reason, namespace, pod, more)
}

func seen(first, last string, count int, message string) string {
	return fmt.Sprintf(`,"firstTimestamp":"2026-08-01T%sZ","lastTimestamp":"2026-08-01T%sZ","count":%d,"message":%q`, first, last, count, message)
}

// groupLines returns one line for each EventGroup.
func groupLines(objects []map[string]any) []string {
	var all []string
	for _, object := range objects {
		metadata, spec, status := object["metadata"].(map[string]any), object["spec"].(map[string]any), object["status"].(map[string]any)
		involved := spec["involvedObject"].(map[string]any)
		if involved["name"] != metadata["name"] || involved["namespace"] != metadata["namespace"] {
			all = append(all, fmt.Sprintf("%v is not about %v", metadata, involved))
		}
		all = append(all, fmt.Sprintf("%v %v/%v %v: %v from %v to %v: %v", involved["kind"], metadata["namespace"], metadata["name"], spec["reason"],
			status["count"], status["firstSeen"], status["lastSeen"], status["message"]))
	}
	slices.Sort(all)
	return all
}

func TestEventGroups(t *testing.T) {
	for _, test := range []struct {
		name      string
		events    []string
		namespace string
		want      []string
	}{
		{
			name: "sums up an object's Events of one reason, with the newest message",
			events: []string{
				warning("shop", "web", "BackOff", seen("10:00:00", "12:00:00", 7, "newest")),
				warning("shop", "web", "BackOff", seen("09:00:00", "11:00:00", 2, "older one")),
				warning("shop", "web", "FailedMount", seen("09:00:00", "09:00:00", 1, "other")),
				warning("shop", "db", "BackOff", seen("09:00:00", "09:00:00", 1, "other")),
				warning("blog", "web", "BackOff", seen("09:00:00", "09:00:00", 1, "other")),
			},
			want: []string{
				"Pod blog/web BackOff: 1 from 2026-08-01T09:00:00Z to 2026-08-01T09:00:00Z: other",
				"Pod shop/db BackOff: 1 from 2026-08-01T09:00:00Z to 2026-08-01T09:00:00Z: other",
				"Pod shop/web BackOff: 9 from 2026-08-01T09:00:00Z to 2026-08-01T12:00:00Z: newest",
				"Pod shop/web FailedMount: 1 from 2026-08-01T09:00:00Z to 2026-08-01T09:00:00Z: other",
			},
		},
		{
			name: "reads Events of the new form, and such as say no time",
			events: []string{
				strings.Replace(warning("shop", "web", "FailedScheduling", `,"series":{"count":5,"lastObservedTime":"2026-08-01T12:00:00.654321Z"},"message":"m"`),
					`"eventTime":null`, `"eventTime":"2026-08-01T11:00:00.123456Z"`, 1),
				warning("shop", "db", "Odd", `,"firstTimestamp":null,"lastTimestamp":null,"series":null,"message":"m"`),
			},
			want: []string{
				"Pod shop/db Odd: 1 from 2026-08-01T00:00:00Z to 2026-08-01T00:00:00Z: m",
				"Pod shop/web FailedScheduling: 5 from 2026-08-01T11:00:00Z to 2026-08-01T12:00:00Z: m",
			},
		},
		{
			name: "leaves out what is no warning or written by Reeve itself",
			events: []string{
				strings.Replace(warning("shop", "web", "Pulled", seen("09:00:00", "09:00:00", 1, "")), "Warning", "Normal", 1),
				warning("shop", "web", "PolicyViolation", seen("09:00:00", "09:00:00", 1, "ours")+`,"reportingComponent":"kubereeve.io/scanner"`),
				warning("shop", "web", "PolicyViolation", seen("09:00:00", "09:00:00", 1, "another's")+`,"reportingComponent":"kyverno-admission"`),
			},
			want: []string{"Pod shop/web PolicyViolation: 1 from 2026-08-01T09:00:00Z to 2026-08-01T09:00:00Z: another's"},
		},
		{
			name:      "keeps to the scanned namespace",
			namespace: "default",
			events: []string{
				warning("default", "web", "BackOff", seen("09:00:00", "09:00:00", 1, "m")),
				strings.Replace(strings.Replace(warning("default", "n1", "Rebooted", seen("09:00:00", "09:00:00", 1, "m")), `"namespace":"default","name":"n1"`, `"name":"n1"`, 1), "Pod", "Node", 1),
			},
			want: []string{"Pod default/web BackOff: 1 from 2026-08-01T09:00:00Z to 2026-08-01T09:00:00Z: m"},
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			c := &cluster{objects: map[schema.GroupKind][]string{namespaces: {object("", "default")}, events: test.events}}
			objects, pass := made(t, c, scan.Options{Namespace: test.namespace}, eventGroup)
			if diff := cmp.Diff(test.want, groupLines(objects)); diff != "" {
				t.Errorf("judged (-want +got):\n%s", diff)
			}
			if len(pass.Failed) != 0 {
				t.Errorf("failed: %v", pass.Failed)
			}
		})
	}
}

func TestEventGroupsBeyondTheLimitAreCountedAndSaid(t *testing.T) {
	c := &cluster{objects: map[schema.GroupKind][]string{namespaces: {}, events: nil}}
	for i := range 100 { // the newest come first, as their order must not matter
		at := fmt.Sprintf("%02d:%02d:00", 23-i/60, 59-i%60)
		c.objects[events] = append(c.objects[events], warning("shop", fmt.Sprintf("pod-%03d", i), "BackOff", seen(at, at, 2, "m")))
	}
	objects, pass := made(t, c, scan.Options{EventGroups: 3}, eventGroup)
	names := groupLines(objects)
	if len(names) != 3 || !strings.HasPrefix(names[0], "Pod shop/pod-000 ") || !strings.HasPrefix(names[2], "Pod shop/pod-002 ") {
		t.Errorf("judged %v, want those that were seen last", names)
	}
	if reason := pass.Failed[eventGroup.String()]; !strings.Contains(reason, " 194 are left out") {
		t.Errorf("failed: %v", pass.Failed)
	}
}

func TestEventsThatCannotBeReadAreSaid(t *testing.T) {
	for name, c := range map[string]*cluster{
		"no such kind": {objects: map[schema.GroupKind][]string{namespaces: {}}},
		"forbidden":    {objects: map[schema.GroupKind][]string{namespaces: {}, events: {}}, misbehave: times(9, "Event", forbidden(events))},
		"malformed":    {objects: map[schema.GroupKind][]string{namespaces: {}, events: {`{"metadata":{"name":"e"},"count":"many"}`}}},
	} {
		t.Run(name, func(t *testing.T) {
			objects, pass := made(t, c, scan.Options{}, eventGroup)
			if len(objects) != 0 || pass.Failed[eventGroup.String()] == "" {
				t.Errorf("judged %v, failed %v", objects, pass.Failed)
			}
		})
	}
}
