// Command benchrules turns the output of BenchmarkRule, on standard input, into
// a table of the most expensive rules. What judging a pod takes without any rule
// is subtracted already.
package main

import (
	"bufio"
	"cmp"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"
)

// The table.
const (
	shown = 10   // rules
	limit = 30.0 // µs: what one rule should stay below
)

func main() {
	if err := run(os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(1)
	}
}

func run(in io.Reader, out io.Writer) error {
	runs, err := read(in)
	if err != nil {
		return err
	}
	return write(out, runs)
}

// The metrics of a benchmark.
const (
	ruleMetric     = "rule-ns/op"
	baselineMetric = "baseline-ns/op"
	allocsMetric   = "rule-allocs/op"
)

// metrics are the values of every run of one benchmark, by metric.
type metrics map[string][]float64

// median returns the middle one of a metric's values: runs that something
// disturbed do not count.
func (m metrics) median(metric string) float64 {
	values := slices.Sorted(slices.Values(m[metric]))
	if len(values) == 0 {
		return 0
	}
	return values[len(values)/2]
}

// read returns the metrics of each rule. It fails when the benchmarks failed, and
// then tells what they said.
func read(in io.Reader) (map[string]metrics, error) {
	rules := make(map[string]metrics)
	var said strings.Builder
	failed := false
	scanner := bufio.NewScanner(in)
	for scanner.Scan() {
		line := scanner.Text()
		said.WriteString(line + "\n")
		failed = failed || strings.HasPrefix(line, "FAIL") || strings.HasPrefix(line, "--- FAIL")
		fields := strings.Fields(line)
		if len(fields) == 0 || !strings.HasPrefix(fields[0], "BenchmarkRule/") {
			continue
		}
		name := strings.TrimPrefix(fields[0], "BenchmarkRule/")
		if rules[name] == nil {
			rules[name] = make(metrics)
		}
		for i := 2; i+1 < len(fields); i += 2 { // behind the name and the number of iterations
			if value, err := strconv.ParseFloat(fields[i], 64); err == nil {
				rules[name][fields[i+1]] = append(rules[name][fields[i+1]], value)
			}
		}
	}
	if err := scanner.Err(); err != nil {
		return nil, err
	}
	if failed || len(rules) == 0 {
		return nil, fmt.Errorf("the benchmarks did not run:\n%s", said.String())
	}
	return rules, nil
}

// cost is what a rule adds to an evaluation.
type cost struct {
	name                      string
	microseconds, allocations float64
}

func write(out io.Writer, rules map[string]metrics) error {
	costs := make([]cost, 0, len(rules))
	baselines := make(metrics)
	sum, above, width := 0.0, 0, len("RULE")
	for name, m := range rules {
		// Noise can make nothing less than nothing.
		one := cost{name, max(0, m.median(ruleMetric)/1000), max(0, m.median(allocsMetric))}
		costs = append(costs, one)
		baselines[baselineMetric] = append(baselines[baselineMetric], m[baselineMetric]...)
		sum += one.microseconds
		width = max(width, len(name))
		if one.microseconds > limit {
			above++
		}
	}
	slices.SortFunc(costs, func(a, b cost) int {
		return cmp.Or(cmp.Compare(b.microseconds, a.microseconds), cmp.Compare(a.name, b.name))
	})
	var text strings.Builder
	fmt.Fprintf(&text, "%-*s  %6s  %11s\n", width, "RULE", "µs", "allocations")
	for _, one := range costs[:min(shown, len(costs))] {
		fmt.Fprintf(&text, "%-*s  %6.1f  %11.0f\n", width, one.name, one.microseconds, one.allocations)
	}
	fmt.Fprintf(&text, "\n%d rules judge the typical pod; each alone adds what is shown, %.0f µs together. Above %.0f µs: %d.\n", len(costs), sum, limit, above)
	fmt.Fprintf(&text, "Without any rule the pod takes %.0f µs (to decode it and to build its workload).\n", baselines.median(baselineMetric)/1000)
	_, err := io.WriteString(out, text.String())
	return err
}
