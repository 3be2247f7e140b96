package main

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestTheMostExpensiveRulesStandFirst(t *testing.T) {
	const in = `goos: linux
pkg: github.com/kubereeve/reeve/internal/engine
BenchmarkRule/host-ipc 	 500	 90000 baseline-ns/op	 1000 rule-ns/op	 3.000 rule-allocs/op
BenchmarkRule/image-tag 	 500	 90000 baseline-ns/op	 31000 rule-ns/op	 40 rule-allocs/op
BenchmarkRule/host-ipc 	 500	 91000 baseline-ns/op	 900000 rule-ns/op	 3.000 rule-allocs/op
BenchmarkRule/image-tag 	 500	 90000 baseline-ns/op	 32000 rule-ns/op	 40 rule-allocs/op
BenchmarkRule/host-ipc 	 500	 900000 baseline-ns/op	 1200 rule-ns/op	 3.000 rule-allocs/op
BenchmarkRule/off 	 500	 90000 baseline-ns/op	 -90000 rule-ns/op	 -40 rule-allocs/op
PASS
ok  	github.com/kubereeve/reeve/internal/engine	1.0s
`
	const want = `RULE           µs  allocations
image-tag    32.0           40
host-ipc      1.2            3
off           0.0            0

3 rules judge the typical pod; each alone adds what is shown, 33 µs together. Above 30 µs: 1.
Without any rule the pod takes 90 µs (to decode it and to build its workload).
`
	var out strings.Builder
	if err := run(strings.NewReader(in), &out); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, out.String()); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func TestBenchmarksThatDidNotRunAreAnError(t *testing.T) {
	for _, in := range []string{"", "FAIL\tgithub.com/kubereeve/reeve/internal/engine [build failed]\n", "BenchmarkRule/a 1 2 rule-ns/op\n--- FAIL: BenchmarkRule/b\n"} {
		var out strings.Builder
		if err := run(strings.NewReader(in), &out); err == nil || !strings.Contains(err.Error(), in) || out.Len() > 0 {
			t.Errorf("%q: error %v, output %q", in, err, out.String())
		}
	}
}
