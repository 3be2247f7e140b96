package app_test

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"

	"github.com/kubereeve/reeve/internal/app"
	"github.com/kubereeve/reeve/internal/engine"
)

// manyFiles writes n rules into as many directories.
func manyFiles(t testing.TB, n int) string {
	t.Helper()
	dir := t.TempDir()
	for i := range n {
		name := filepath.Join(dir, fmt.Sprintf("team_%02d", i%50), fmt.Sprintf("rule_%04d", i), "rule.rego")
		if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(strings.Replace(ownRule, "own_rule", fmt.Sprintf("rule_%04d", i), 1)), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// largeRule returns a rule file of at least size bytes: a table, as generated ones
// have.
func largeRule(size int) string {
	var table strings.Builder
	table.WriteString(ownRule + "\nallowed := {\n")
	for i := 0; table.Len() < size; i++ {
		fmt.Fprintf(&table, "\t\"registry.example/team-%d/image-%d\": {\"digest\": \"sha256:%064d\", \"tags\": [\"v1\", \"v2\"]},\n", i%97, i, i)
	}
	table.WriteString("}\n")
	return table.String()
}

// BenchmarkRules reports the time to read rules and to compile them, in seconds of
// one core, and the memory that they keep.
func BenchmarkRules(b *testing.B) {
	for _, bench := range []struct {
		name string
		dir  func() string
	}{
		{"builtin", nil},
		{"2000files", func() string { return manyFiles(b, 2000) }},
		{"5MBfile", func() string { return directory(b, map[string]string{"large.rego": largeRule(5 << 20)}) }},
	} {
		b.Run(bench.name, func(b *testing.B) {
			options := &app.RuleOptions{}
			if bench.dir != nil {
				options = &app.RuleOptions{NoBuiltin: true, Dirs: []string{bench.dir()}}
			}
			var kept []any
			reading, compiling, before := 0.0, 0.0, heap()
			for b.Loop() {
				start := processorTime(b)
				rules, err := options.Load()
				if err != nil || len(rules.Problems) > 0 {
					b.Fatal(err, rules)
				}
				read := processorTime(b)
				reviewer, err := rules.Reviewer(engine.Options{})
				if err != nil {
					b.Fatal(err)
				}
				reading, compiling = reading+read-start, compiling+processorTime(b)-read
				kept = append(kept, reviewer)
			}
			n := float64(len(kept))
			b.ReportMetric(reading/n, "s-reading")
			b.ReportMetric(compiling/n, "s-compiling")
			b.ReportMetric((heap()-before)/n, "MiB-kept")
			runtime.KeepAlive(kept)
		})
	}
}

// heap returns the MiB that are in use.
func heap() float64 {
	runtime.GC()
	var memory runtime.MemStats
	runtime.ReadMemStats(&memory)
	return float64(memory.HeapAlloc) / (1 << 20)
}

// processorTime returns the seconds that the process has spent on processors:
// unlike the clock it does not tell what others do.
func processorTime(b *testing.B) float64 {
	b.Helper()
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		b.Fatal(err)
	}
	return float64(usage.Utime.Nano()+usage.Stime.Nano()) / 1e9
}
