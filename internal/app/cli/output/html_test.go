package output_test

import (
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html"

	"github.com/kubereeve/reeve/internal/app/cli/output"
	"github.com/kubereeve/reeve/internal/finding"
)

// elements returns all elements of a page.
func elements(t *testing.T, text string) []*html.Node {
	t.Helper()
	root, err := html.Parse(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	var all []*html.Node
	for node := range root.Descendants() {
		if node.Type == html.ElementNode {
			all = append(all, node)
		}
	}
	return all
}

func attribute(node *html.Node, name string) string {
	for _, a := range node.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}

func TestThePageTakesNothingForMarkup(t *testing.T) {
	count := func(report *output.Report, options output.Options) map[string]int {
		options.Format = output.HTML
		counts := make(map[string]int)
		for _, node := range elements(t, written(t, report, options)) {
			counts[node.Data]++
			for _, a := range node.Attr {
				if strings.HasPrefix(a.Key, "on") || a.Key == "style" || a.Key == "src" || a.Key == "href" && !strings.HasPrefix(a.Val, "#") {
					t.Errorf("<%s %s=%q>", node.Data, a.Key, a.Val)
				}
			}
		}
		return counts
	}
	framework := output.NewFramework("cis", rules(t), hostile(t))
	for _, options := range []output.Options{{}, {Framework: framework}} {
		counts := count(hostile(t), options)
		if counts["script"] != 1 || counts["style"] != 1 || counts["img"] != 0 || counts["h1"] != 1 || counts["link"] != 0 {
			t.Errorf("elements %v", counts)
		}
		tables := 1
		if options.Framework != nil {
			tables = 2
		}
		if counts["table"] != tables {
			t.Errorf("%d tables, want %d", counts["table"], tables)
		}
	}
}

func TestThePolicyOfThePageAllowsItsOwnStyleAndScriptOnly(t *testing.T) {
	var policy string
	var inline []string
	for _, node := range elements(t, written(t, sample(t), output.Options{Format: output.HTML})) {
		switch {
		case attribute(node, "http-equiv") == "Content-Security-Policy":
			policy = attribute(node, "content")
		case node.Data == "style" || node.Data == "script":
			hash := sha256.Sum256([]byte(node.FirstChild.Data))
			inline = append(inline, fmt.Sprintf("%s-src 'sha256-%s'", node.Data, base64.StdEncoding.EncodeToString(hash[:])))
		}
	}
	want := fmt.Sprintf("default-src 'none'; %s; base-uri 'none'; form-action 'none'", strings.Join(inline, "; "))
	if policy != want {
		t.Errorf("policy %s, want %s", policy, want)
	}
}

func TestAPageOfManyFindingsIsFolded(t *testing.T) {
	report := &output.Report{Rules: rules(t), Resources: 5000}
	for i := range 5000 {
		report.Findings = append(report.Findings, finding.Finding{
			Rule: "privileged", Severity: finding.Critical, Resource: object("Pod", fmt.Sprintf("n%d", i%50), fmt.Sprintf("pod-%d", i)), Message: "m",
		})
	}
	begin := time.Now()
	text := written(t, report, output.Options{Format: output.HTML})
	t.Logf("%d bytes in %s", len(text), time.Since(begin))
	rows := 0
	for _, node := range elements(t, text) {
		if node.Data == "details" && attribute(node, "open") != "" {
			t.Error("a rule is unfolded")
		}
		if node.Data == "tr" {
			rows++
		}
	}
	if rows != 5001 {
		t.Errorf("%d rows", rows)
	}
	if len(text) > 4<<20 {
		t.Errorf("%d bytes", len(text))
	}
}

func TestThePageSaysWhenItWasMade(t *testing.T) {
	made := time.Date(2026, 11, 21, 9, 0, 0, 0, time.FixedZone("", 3600))
	text := written(t, sample(t), output.Options{Format: output.HTML, Time: made})
	if !strings.Contains(text, "Reeve v1.2.3, Sat, 21 Nov 2026 08:00:00 UTC") {
		t.Error("it does not say so")
	}
}
