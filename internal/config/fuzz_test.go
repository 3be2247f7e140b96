package config_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kubereeve/reeve/internal/config"
)

// FuzzDecode checks that no text makes the decoder panic, that every refusal has
// a reason, and that what is accepted stays the same when it is written and read
// again.
func FuzzDecode(f *testing.F) {
	f.Add(full(f))
	f.Add([]byte(head))
	f.Add([]byte(head + "modes: [{rules: [a], parameters: {a: [1, 1e300, x, null, {b: \"\\u2028\"}]}}]"))
	f.Add([]byte(head + "modes: &a [{rules: *b, mode: no}]"))
	f.Add([]byte(head + "rollouts: [{name: \"a: b\", rules: ['*'], stages: [{mode: off, from: 0001-01-01T00:00:00-23:59}]}]"))
	f.Fuzz(func(t *testing.T, text []byte) {
		document, err := config.Decode("reeve.yaml", text)
		if err != nil {
			if err.Error() == "" {
				t.Fatal("refused without a reason")
			}
			return
		}
		written, err := config.Encode(document.Config)
		if err != nil {
			t.Fatal(err)
		}
		again, err := config.Decode("written.yaml", written)
		if err != nil {
			t.Fatalf("what was accepted is refused when it is written: %v\n%s", err, written)
		}
		if diff := cmp.Diff(document.Complete(), again.Complete()); diff != "" {
			t.Fatalf("it is another when it is written (-before +after):\n%s\n%s", diff, written)
		}
		if document.Revision() == "" || document.Revision() != again.Revision() {
			t.Fatalf("revision %q, and %q when it is written", document.Revision(), again.Revision())
		}
	})
}
