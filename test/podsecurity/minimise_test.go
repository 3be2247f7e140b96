package podsecurity_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"sigs.k8s.io/yaml"
)

// minimise drops whatever can be dropped from a pod while the two sides go on
// disagreeing, and returns what is left.
func (j *judge) minimise(raw []byte, kind string, found *disagreement) ([]byte, *disagreement) {
	var pod map[string]any
	decoder := json.NewDecoder(bytes.NewReader(raw))
	decoder.UseNumber()
	if err := decoder.Decode(&pod); err != nil {
		panic(err) // it has been judged before
	}
	holds := func() bool {
		smaller, err := json.Marshal(pod)
		if err != nil {
			panic(err)
		}
		_, d := j.compare(smaller, kind)
		if d != nil {
			raw, found = smaller, d
		}
		return d != nil
	}
	for dropOne(pod, func(any) {}, holds) {
	}
	return raw, found
}

// dropOne removes every member of an object or array whose absence holds, and
// tells whether there was any. set puts a changed array in its place.
func dropOne(value any, set func(any), holds func() bool) bool {
	dropped := false
	switch value := value.(type) {
	case map[string]any:
		for _, key := range slices.Sorted(maps.Keys(value)) {
			before := value[key]
			if !framework[key] {
				delete(value, key)
				if holds() {
					dropped = true
					continue
				}
				value[key] = before
			}
			dropped = dropOne(before, func(v any) { value[key] = v }, holds) || dropped
		}
	case []any:
		for i := len(value) - 1; i >= 0; i-- {
			shorter := slices.Delete(slices.Clone(value), i, i+1)
			set(shorter)
			if holds() {
				value, dropped = shorter, true
				continue
			}
			set(value)
			dropped = dropOne(value[i], func(v any) { value[i] = v }, holds) || dropped
		}
	}
	return dropped
}

// describe returns a disagreement as people read it.
func describe(raw []byte, d *disagreement) string {
	verdicts, err := yaml.Marshal(d)
	if err != nil {
		panic(err)
	}
	pod, err := yaml.JSONToYAML(raw)
	if err != nil {
		panic(err)
	}
	return fmt.Sprintf("%s---\n%s", verdicts, pod)
}
