package cli

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// failing is a directory with one of everything that fails, and passing one in
// which all is well; solid makes its warnings failures.
const (
	failing = "testdata/tested/failing"
	passing = "testdata/tested/passing"
	erring  = "testdata/tested/erring"
	suites  = "testdata/gator"
)

// durations are the only thing in the output that changes from run to run.
var (
	durations = regexp.MustCompile(`"milliseconds": [0-9.e-]+`)
	seconds   = regexp.MustCompile(`[0-9]+\.[0-9]{3}s`)
)

func TestTestOutput(t *testing.T) {
	for _, test := range []struct{ name, line string }{
		{"test-failing.txt", "test " + failing},
		{"test-failing-80.txt", "test --width 80 --color always " + failing},
		{"test-passing.txt", "test -v --strict --coverage-min 100 " + passing},
		{"test-failing.json", "test -o json " + failing},
		{"test-run.txt", "test -v --run ^label/deny " + passing},
		{"test-gatekeeper-passing.txt", "test --gatekeeper -v " + suites + "/passing"},
		{"test-gatekeeper-failing.txt", "test --gatekeeper --color always " + suites},
		{"test-gatekeeper.json", "test --gatekeeper -o json " + suites},
	} {
		t.Run(test.name, func(t *testing.T) {
			got := reeve(t, "", test.line)
			golden(t, test.name, seconds.ReplaceAllString(durations.ReplaceAllString(got.out, `"milliseconds": 0`), "0.000s"))
		})
	}
}

func TestTestJSONHasNoNulls(t *testing.T) {
	for _, dir := range []string{failing, passing, erring, "testdata/nowhere"} {
		got := reeve(t, "", "test -o json "+dir)
		if !json.Valid([]byte(got.out)) {
			t.Fatalf("%s: no JSON: %s", dir, got.out)
		}
		for line := range strings.Lines(got.out) {
			if strings.Contains(line, ": null") && !strings.Contains(line, `"coverage"`) {
				t.Errorf("%s: %s", dir, line)
			}
		}
	}
}

func TestTestExitCodes(t *testing.T) {
	empty := t.TempDir()
	for _, test := range []struct {
		name, line string
		want       int
		err        string
	}{
		{name: "all passed", line: "test " + passing},
		{name: "failures", line: "test " + failing, want: 2},
		{name: "the failures that are chosen", line: "test --run test_fails " + failing, want: 2},
		{name: "what passes among what fails", line: "test --run allow.right " + failing},
		{name: "warnings", line: "test testdata/rules"},
		{name: "warnings, strictly", line: "test --strict testdata/rules", want: 2},
		{name: "too little is covered", line: "test --coverage-min 100 testdata/rules", want: 2},
		{name: "errors beside failures", line: "test " + erring + " " + failing, want: 1, err: "error: testdata/tested/erring/syntax.rego:4: rego_parse_error"},
		{name: "rules that do not compile", line: "test testdata/broken-rules", want: 1, err: "not everything could be tested"},
		{name: "no such directory", line: "test testdata/nowhere", want: 1, err: "error: testdata/nowhere: no such file or directory\n1 error: not everything could be tested\n"},
		{name: "no such library", line: "test --library testdata/nowhere " + passing, want: 1, err: "testdata/nowhere: no such file"},
		{name: "no such data", line: "test --conftest-data testdata/nowhere " + passing, want: 1, err: "error: testdata/nowhere: the data for conftest rules cannot be read"},
		{name: "suites have no data of conftest's", line: "test --gatekeeper --conftest-data x " + suites, want: 64, err: "leave out --library"},
		{name: "a file", line: "test testdata/rules/role.rego", want: 1, err: "not a directory"},
		{name: "an empty directory", line: "test " + empty, want: 1, err: "there is no rule here"},
		{name: "nothing is chosen", line: "test --run nowhere " + passing, want: 1, err: "no fixture and no test matches nowhere"},
		{name: "nothing of Reeve's own", line: "test " + suites + "/passing", want: 1, err: "there is nothing to test in testdata/gator/passing; suites of Gatekeeper's gator run with --gatekeeper"},
		{name: "suites that pass", line: "test --gatekeeper " + suites + "/passing"},
		{name: "suites that fail", line: "test --gatekeeper " + suites + "/failing", want: 2},
		{name: "the cases that pass", line: "test --gatekeeper --run owners//^good$ " + suites + "/failing"},
		{name: "suites that cannot be read, beside those that fail", line: "test --gatekeeper " + suites, want: 1},
		{name: "a suite itself", line: "test --gatekeeper " + suites + "/passing/suite.yaml"},
		{name: "no such suite", line: "test --gatekeeper testdata/nowhere", want: 1},
		{name: "no case is chosen", line: "test --gatekeeper --run nothing " + suites + "/passing", want: 1, err: "--run: no case matches nothing"},
		{name: "too much of an expression", line: "test --gatekeeper --run a//b//c " + suites, want: 64, err: "has more than one //"},
		{name: "suites have no coverage", line: "test --gatekeeper --coverage-min 1 " + suites, want: 64, err: "leave out --library"},
		{name: "suites in another format", line: "test --gatekeeper -o xml " + suites, want: 64},
		{name: "no directory", line: "test", want: 64, err: "name the directories of the rules, as in reeve test rules/"},
		{name: "no expression", line: "test --run ( " + passing, want: 64, err: "--run: "},
		{name: "more than everything", line: "test --coverage-min 101 " + passing, want: 64, err: "is not between 0 and 100"},
		{name: "not a number", line: "test --coverage-min NaN " + passing, want: 64, err: "is not between 0 and 100"},
		{name: "coverage of some tests", line: "test --coverage-min 1 --run x " + passing, want: 64, err: "leave out --run"},
		{name: "unknown output", line: "test -o xml " + passing, want: 64},
		{name: "unknown colour", line: "test --color red " + passing, want: 64},
		{name: "negative width", line: "test --width -1 " + passing, want: 64},
	} {
		t.Run(test.name, func(t *testing.T) {
			got := reeve(t, "", test.line)
			if got.code != test.want || !strings.Contains(got.err, test.err) {
				t.Errorf("exit code %d, want %d; standard error: %s\n%s", got.code, test.want, got.err, got.out)
			}
		})
	}
}

func TestScaffoldIDs(t *testing.T) {
	t.Chdir(t.TempDir())
	if err := os.MkdirAll("rules/acme/foreign", 0o755); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		name, line string
		want       int
		err        string
	}{
		{name: "kebab case", line: "acme/image-not-ours"},
		{name: "snake case", line: "acme/image_from_elsewhere"},
		{name: "one of Rego's own words", line: "acme/default"},
		{name: "the id of a rule that comes with Reeve", line: "acme/privileged-container", want: 1, err: "the rule id privileged-container is taken by builtin/workloads/privileged_container/privileged_container.rego; choose another"},
		{name: "an id that is there", line: "other/image-not-ours", want: 1, err: "is taken by rules/acme/image_not_ours/image_not_ours.rego"},
		{name: "a directory that is there", line: "acme/foreign", want: 1, err: "rules/acme/foreign exists; nothing is overwritten"},
		{name: "no category", line: "image-not-ours", want: 64, err: `"image-not-ours" is not CATEGORY/ID`},
		{name: "capital letters", line: "acme/ImageNotOurs", want: 64, err: "small letters"},
		{name: "a way out", line: "../x", want: 64, err: "small letters"},
		{name: "three parts", line: "a/b/c", want: 64, err: "small letters"},
		{name: "an end that is for tests", line: "acme/load-test", want: 64, err: "_test.rego"},
		{name: "the category of libraries", line: "lib/x", want: 64, err: "lib is for libraries"},
		{name: "the directory of fixtures", line: "acme/testdata", want: 64, err: "testdata for fixtures"},
		{name: "a name that is too long", line: "acme/" + strings.Repeat("a", 101), want: 64, err: "at most 100"},
		{name: "an unknown severity", line: "acme/x --severity severe", want: 64, err: "--severity: "},
		{name: "a kind in small letters", line: "acme/x --kind pods", want: 64, err: `--kind: "pods" is not a kind`},
		{name: "no directory", line: "acme/x --dir=", want: 64, err: "--dir: the name is empty"},
		{name: "no rule", line: "", want: 64, err: "name one rule"},
	} {
		t.Run(test.name, func(t *testing.T) {
			got := reeve(t, "", "rules new "+test.line)
			if got.code != test.want || !strings.Contains(got.err, test.err) {
				t.Errorf("exit code %d, want %d; standard error: %s", got.code, test.want, got.err)
			}
		})
	}
	left, err := filepath.Glob("rules/*/.new-rule-*")
	if err != nil || len(left) > 0 {
		t.Errorf("left behind: %v %v", left, err)
	}
}

func TestScaffoldsPassAtOnce(t *testing.T) {
	for _, flags := range []string{
		"", "--severity critical", "--kind Pod", "--kind Namespace", "--kind Deployment.apps,workload", "--kind ClusterRole.rbac.authorization.k8s.io",
		"--kind Certificate.cert-manager.io --kind CronJob.batch", "--kind Ingress.networking.k8s.io",
	} {
		t.Run(flags, func(t *testing.T) {
			t.Chdir(t.TempDir())
			if got := reeve(t, "", "rules new acme-team/label_missing "+flags); got.code != 0 || !strings.Contains(got.out, "wrote rules/acme_team/label_missing/label_missing.rego\n") ||
				!strings.Contains(got.out, "reeve test rules --run '^label-missing/' -v") {
				t.Fatalf("exit code %d: %s%s", got.code, got.out, got.err)
			}
			if got := reeve(t, "", "test rules --strict --coverage-min 100"); got.code != 0 {
				t.Errorf("exit code %d: %s%s", got.code, got.out, got.err)
			}
		})
	}
}

func TestScaffoldFiles(t *testing.T) {
	for _, kinds := range [][]string{{"workload"}, {"Deployment.apps", "Namespace"}} {
		s := &scaffold{category: "acme", name: "label_missing", id: "label-missing", severity: "high", kinds: kinds}
		var all strings.Builder
		for _, file := range s.files() {
			all.WriteString("==> " + file.name + "\n" + file.text)
		}
		golden(t, "scaffold-"+strings.ToLower(kinds[0])+".txt", all.String())
	}
}

func TestTestBinary(t *testing.T) {
	program, _ := build(t)
	for _, test := range []struct {
		arguments []string
		want      int
	}{
		{[]string{"test", passing}, 0},
		{[]string{"test", failing}, 2},
		{[]string{"test", erring}, 1},
		{[]string{"test"}, 64},
		{[]string{"rules", "new", "acme/x", "--dir", t.TempDir()}, 0},
		{[]string{"rules", "new", "acme"}, 64},
	} {
		command := exec.Command(program, test.arguments...)
		out, _ := command.CombinedOutput()
		if got := command.ProcessState.ExitCode(); got != test.want {
			t.Errorf("%v: exit code %d, want %d: %s", test.arguments, got, test.want, out)
		}
	}
}
