package podsecurity_test

import (
	"bytes"
	"encoding/json"
	"maps"
	"slices"
	"strings"
)

// spell writes a pod's JSON in another way that Kubernetes reads as well, or
// nearly: with null and empty values, fields nobody knows, fields in other
// letter case, other numbers. Manifests come like that; the API server sends
// pods in one spelling only.
func spell(e entropy, raw []byte) []byte {
	var pod map[string]any
	decoder := json.NewDecoder(bytes.NewReader(raw))
	decoder.UseNumber()
	if err := decoder.Decode(&pod); err != nil {
		panic(err) // it comes from json.Marshal
	}
	for range pick(e, 1, 2, 3, 4) {
		respell(e, objects("", pod))
	}
	spelt, err := json.Marshal(pod)
	if err != nil {
		panic(err)
	}
	return spelt
}

// named is an object within a pod and the field it is found in; an item of a
// list is found in the list's.
type named struct {
	field  string
	object map[string]any
}

func objects(field string, value any) []named {
	var all []named
	switch value := value.(type) {
	case map[string]any:
		all = append(all, named{field, value})
		for _, key := range slices.Sorted(maps.Keys(value)) {
			all = append(all, objects(key, value[key])...)
		}
	case []any:
		for _, item := range value {
			all = append(all, objects(field, item)...)
		}
	}
	return all
}

// known are the fields that controls look at, by the field their object is
// found in.
var known = map[string][]string{
	"":                    {"metadata"},
	"metadata":            {"annotations"},
	"annotations":         annotationNames,
	"spec":                {"securityContext", "hostNetwork", "hostPID", "hostIPC", "hostUsers", "os", "volumes", "containers", "initContainers", "ephemeralContainers"},
	"os":                  {"name"},
	"volumes":             {"hostPath", "emptyDir", "configMap", "nfs", "name"},
	"containers":          containerFields,
	"initContainers":      containerFields,
	"ephemeralContainers": containerFields,
	"securityContext": {
		"runAsNonRoot", "runAsUser", "seccompProfile", "appArmorProfile", "seLinuxOptions", "windowsOptions", "privileged",
		"allowPrivilegeEscalation", "capabilities", "procMount", "sysctls",
	},
	"seccompProfile":  {"type"},
	"appArmorProfile": {"type"},
	"seLinuxOptions":  {"type", "user", "role"},
	"windowsOptions":  {"hostProcess"},
	"capabilities":    {"add", "drop"},
	"sysctls":         {"name"},
	"ports":           {"hostPort"},
	"livenessProbe":   {"httpGet", "tcpSocket"},
	"readinessProbe":  {"httpGet", "tcpSocket"},
	"startupProbe":    {"httpGet", "tcpSocket"},
	"lifecycle":       {"postStart", "preStop"},
	"postStart":       {"httpGet", "tcpSocket"},
	"preStop":         {"httpGet", "tcpSocket"},
	"httpGet":         {"host"},
	"tcpSocket":       {"host"},
}

var containerFields = []string{"name", "securityContext", "ports", "livenessProbe", "readinessProbe", "startupProbe", "lifecycle"}

func respell(e entropy, all []named) {
	at := pick(e, all...)
	object := at.object
	keys := slices.Concat(known[at.field], slices.Sorted(maps.Keys(object)))
	if len(keys) == 0 {
		return
	}
	key := pick(e, keys...)
	if key == "" || framework[key] {
		return
	}
	switch e.n(8) {
	case 0, 1:
		object[key] = nil
	case 2:
		object[key] = ""
	case 3:
		object[key] = pick[any](e, map[string]any{}, []any{})
	case 4:
		object[key] = pick[any](e, json.Number("-0"), json.Number("0"), json.Number("0.0"), json.Number("1"), true, false, "Default")
	case 5:
		if value, ok := object[key]; ok {
			delete(object, key)
			object[strings.ToUpper(key[:1])+key[1:]] = value
		}
	case 6:
		object["x-"+key] = object[key]
	default:
		delete(object, key)
	}
}

// framework are the fields without which nothing is a pod: Kubernetes refuses
// it, and Reeve does not see a workload in it.
var framework = map[string]bool{"apiVersion": true, "kind": true, "spec": true}
