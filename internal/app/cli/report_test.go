package cli

import (
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kubereeve/reeve/internal/app/cli/output"
	"github.com/kubereeve/reeve/internal/resource"
)

func TestReports(t *testing.T) {
	tests := []struct{ name, flags string }{
		{"audit-wide.txt", "-o wide"},
		{"audit.yaml", "-o yaml"},
		{"audit.csv", "-o csv"},
		{"audit.md", "-o markdown"},
		{"audit-junit.xml", "-o junit"},
		{"audit-kubeeye.txt", "--view kubeeye"},
		{"audit-kubeeye-wide.txt", "--view kubeeye -o wide"},
		{"audit-leak-detector.txt", "--view leak-detector"},
		{"audit-framework.txt", "--framework pss"},
		{"audit-framework.json", "--framework pss -o json"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got := reeve(t, "", "audit -f testdata/manifests "+test.flags+ours)
			if got.code != 2 {
				t.Errorf("exit code %d; standard error: %s", got.code, got.err)
			}
			golden(t, test.name, got.out)
		})
	}
}

func TestReportFlagsThatDoNotGoTogether(t *testing.T) {
	tests := []struct{ flags, want string }{
		{"--view kubeye", `--view: "kubeye" is unknown; use kubeeye or leak-detector`},
		{"--view kubeeye -o json", "--output: the kubeeye view is not written as json; use table or wide"},
		{"--view kubeeye --framework pss", "--view and --framework exclude each other"},
		{"--framework pss -o sarif", "--output: a report by framework is not written as sarif; use table, json, yaml, markdown or html"},
		{"--framework soc2", `--framework: no rule serves "soc2"; use cis, nsa or pss`},
		{"--framework=", "--framework: the name is empty"},
		{"--output-file=", "--output-file: the name is empty"},
	}
	for _, test := range tests {
		got := reeve(t, "", "audit -f testdata/manifests "+test.flags)
		if got.code != 64 || got.out != "" || !strings.Contains(got.err, "error: "+test.want+"\n") {
			t.Errorf("%s: exit code %d, standard error %s, want %s", test.flags, got.code, got.err, test.want)
		}
	}
}

func TestTheReportByFrameworkAsksItsRulesOnly(t *testing.T) {
	manifests := "-f testdata/manifests/web.yaml --framework pss -o json"
	var document struct {
		Score    *int
		Controls []struct {
			ID, Status, Reason string
			Rules              []struct{ Asked bool }
		}
		Summary struct{ NotAssessed int }
	}
	got := reeve(t, "", "audit "+manifests)
	if err := json.Unmarshal([]byte(got.out), &document); err != nil {
		t.Fatalf("%v; standard error: %s", err, got.err)
	}
	if document.Score == nil || len(document.Controls) < 5 || strings.Contains(got.out, "network-policy-missing") {
		t.Errorf("output %s", got.out)
	}
	got = reeve(t, "", "audit "+manifests+" --select privileged-container")
	if err := json.Unmarshal([]byte(got.out), &document); err != nil {
		t.Fatal(err)
	}
	for _, control := range document.Controls {
		if assessed := control.Status != string(output.NotAssessed); assessed != (control.ID == "baseline/privileged") {
			t.Errorf("%s: %s (%s)", control.ID, control.Status, control.Reason)
		}
	}
}

func TestTheReportGoesToAFileAndTheTableToStandardOutput(t *testing.T) {
	file := filepath.Join(t.TempDir(), "report.json")
	got := reeve(t, "", "audit -f testdata/manifests -o json --output-file "+file+ours)
	written, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	direct := reeve(t, "", "audit -f testdata/manifests -o json"+ours)
	if string(written) != direct.out || got.code != 2 {
		t.Errorf("exit code %d, file %s", got.code, written)
	}
	if table := reeve(t, "", "audit -f testdata/manifests"+ours); got.out != table.out {
		t.Errorf("standard output %s", got.out)
	}
	got = reeve(t, "", "audit -f testdata/manifests --output-file "+filepath.Join(t.TempDir(), "none", "x")+ours)
	if got.code != 1 || !strings.Contains(got.err, "--output-file: ") {
		t.Errorf("exit code %d, standard error %s", got.code, got.err)
	}
}

func TestAFileIsWrittenAsAWholeOrNotAtAll(t *testing.T) {
	dir := t.TempDir()
	name, link := filepath.Join(dir, "report"), filepath.Join(dir, "link")
	write := func(name, text string, failure error) error {
		return writeFile(name, func(w io.Writer) error {
			if _, err := io.WriteString(w, text); err != nil {
				return err
			}
			return failure
		})
	}
	if err := write(name, "first", nil); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(name, 0o640); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("report", link); err != nil {
		t.Fatal(err)
	}
	broken := errors.New("broken")
	if err := write(name, "half", broken); !errors.Is(err, broken) {
		t.Errorf("error %v", err)
	}
	if text, err := os.ReadFile(name); err != nil || string(text) != "first" {
		t.Errorf("%q is there, error %v", text, err)
	}
	if err := write(link, "second", nil); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(name)
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(name)
	if err != nil || string(text) != "second" || info.Mode().Perm() != 0o640 {
		t.Errorf("%q is there with mode %s, error %v", text, info.Mode(), err)
	}
	if target, err := os.Readlink(link); err != nil || target != "report" {
		t.Errorf("the link has gone: %v", err)
	}
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 2 {
		t.Errorf("left behind: %v, error %v", entries, err)
	}
	if err := write("/dev/null", "x", nil); err != nil {
		t.Error(err)
	}
}

func TestImagesAreThoseOfTheTemplate(t *testing.T) {
	tests := []struct {
		name, kind, object string
		want               map[string]string
	}{
		{"a pod", "v1 Pod", `{"spec":{"containers":[{"name":"a","image":"x:1"}],"initContainers":[{"name":"b","image":"y"}],"ephemeralContainers":[{"name":"c"}]}}`,
			map[string]string{"a": "x:1", "b": "y", "c": ""}},
		{"a cron job", "batch/v1 CronJob", `{"spec":{"jobTemplate":{"spec":{"template":{"spec":{"containers":[{"name":"a","image":"x"}]}}}}}}`, map[string]string{"a": "x"}},
		{"wrong types", "v1 Pod", `{"spec":{"containers":{"a":1},"initContainers":["x",{"name":1,"image":2}]}}`, map[string]string{"": ""}},
		{"no spec", "apps/v1 Deployment", `{"spec":null}`, map[string]string{}},
		{"no object", "v1 Pod", `null`, map[string]string{}},
		{"no JSON", "v1 Pod", `{`, nil},
		{"no workload", "v1 Secret", `{"spec":{"containers":[]}}`, nil},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			version, kind, _ := strings.Cut(test.kind, " ")
			res := &resource.Resource{Identity: resource.Identity{APIVersion: version, Kind: kind}, Object: []byte(test.object)}
			if diff := cmp.Diff(test.want, imagesOf(res)); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

func TestReportFlagsAreCompleted(t *testing.T) {
	tests := []struct {
		line string
		want []string
	}{
		{"audit --output ", output.Formats()},
		{"audit --view ", output.Views()},
		{"audit --framework ", []string{"cis", "nsa", "pss"}},
	}
	for _, test := range tests {
		got := reeveWith(t, "", append([]string{"__complete"}, append(strings.Fields(test.line), "")...)...)
		lines := strings.Split(strings.TrimSpace(got.out), "\n")
		if diff := cmp.Diff(test.want, lines[:len(lines)-1]); diff != "" {
			t.Errorf("%s (-want +got)\n%s", test.line, diff)
		}
	}
}

// TestTheBinaryWritesEveryFormat runs the program itself with the built-in
// rules, and reads what it wrote where a reader is at hand.
func TestTheBinaryWritesEveryFormat(t *testing.T) {
	program, _ := build(t)
	for _, format := range output.Formats() {
		t.Run(format, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "report")
			out, code := runBinary(t, program, "audit", "-f", "testdata/manifests", "-o", format, "--output-file", file)
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if code != 2 || !strings.Contains(out, "findings (") || !strings.Contains(string(text), "privileged-container") {
				t.Errorf("exit code %d, standard output %s, file %s", code, out, text)
			}
		})
	}
	for _, flags := range []string{"--view kubeeye", "--view kubeeye -o wide", "--view leak-detector", "--framework pss", "--framework nsa -o json", "--framework cis -o html"} {
		if out, code := runBinary(t, program, strings.Fields("audit -f testdata/manifests "+flags)...); code != 2 || out == "" {
			t.Errorf("%s: exit code %d, standard output %s", flags, code, out)
		}
	}
}

func runBinary(t *testing.T, program string, arguments ...string) (out string, code int) {
	t.Helper()
	command := exec.Command(program, arguments...)
	text, err := command.Output()
	if err != nil && command.ProcessState == nil {
		t.Fatal(err)
	}
	return string(text), command.ProcessState.ExitCode()
}
