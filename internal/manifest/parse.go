package manifest

import "bytes"

// Parse reads the objects of one file's text. What is no Kubernetes object is a
// problem only beside others, as in a file of a directory.
func Parse(name string, text []byte) *Result {
	r := &reader{result: &Result{}, seen: make(map[string]bool)}
	r.content(name, bytes.NewReader(text), false)
	return r.result
}
