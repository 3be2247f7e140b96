package source_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/kubereeve/reeve/internal/rule"
	"github.com/kubereeve/reeve/internal/rule/dialect"
	"github.com/kubereeve/reeve/internal/rule/source"
)

func TestBuiltinsThatReachOutAreRefusedByName(t *testing.T) {
	for _, test := range []struct {
		name, body, refused string
		line                int
	}{
		{name: "a call", body: "violation contains \"x\" if http.send({\"method\": \"get\", \"url\": \"http://x\"}).status_code == 200", refused: "http.send", line: 9},
		{name: "a call in a comprehension", body: "violation contains \"x\" if {\n\tcount([x | x := net.lookup_ip_addr(\"x\")[_]]) > 0\n}", refused: "net.lookup_ip_addr", line: 10},
		{name: "a call in a function", body: "f(x) := opa.runtime().env[x]\nviolation contains \"x\" if f(\"HOME\") != \"\"", refused: "opa.runtime", line: 9},
		{name: "parsing at run time", body: "violation contains \"x\" if rego.parse_module(\"a\", \"package a\")", refused: "rego.parse_module", line: 9},
		{name: "a query that recurses", body: "violation contains \"x\" if graphql.parse_query(input.object.spec.query)", refused: "graphql.parse_query", line: 9},
		{name: "signing for another service", body: "violation contains \"x\" if providers.aws.sign_req({}, {}, 1)", refused: "providers.aws.sign_req", line: 9},
		{name: "a schema that may name a file", body: "violation contains \"x\" if json.match_schema(input.object, {\"$ref\": \"file:///etc/passwd\"})[0]", refused: "json.match_schema", line: 9},
		{name: "a schema that is verified", body: "violation contains \"x\" if json.verify_schema(input.object.spec)[0]", refused: "json.verify_schema", line: 9},
		{name: "in place of another function", body: "violation contains \"x\" if count({\"url\": \"http://x\"}) == 1 with count as http.send", refused: "http.send", line: 9},
		{name: "behind an argument of its name", body: "http := 1\nf(http) := http.send({\"url\": \"http://x\"})\nviolation contains \"x\" if f(1)", refused: "http.send", line: 10},
		{name: "behind an import of its name", body: "import data.reeve.lib.http\nviolation contains \"x\" if http.send({})", refused: "http.send", line: 10},
		{name: "in the brackets of a name", body: "seen[http.send({\"url\": \"http://x\"}).body].at := 1\nviolation contains \"x\" if seen.x", refused: "http.send", line: 9},
		{name: "in a string", body: "violation contains \"http.send\" if input.object.kind == \"Pod\""},
		{name: "below the input", body: "violation contains \"x\" if input.object.http.send == 1"},
		{name: "the clock", body: "violation contains \"x\" if time.now_ns() > 0"},
		{name: "chance", body: "violation contains uuid.rfc4122(\"x\") if rand.intn(\"x\", 2) == 1"},
		{name: "reckoning with addresses", body: "violation contains \"x\" if net.cidr_contains(\"10.0.0.0/8\", \"10.0.0.1\")"},
		{name: "cryptography", body: "violation contains crypto.sha256(\"x\") if json.is_valid(\"{}\")"},
		{name: "tracing and printing", body: "violation contains \"x\" if { trace(\"x\"); print(\"x\"); walk(input.object, [_, _]) }"},
	} {
		t.Run(test.name, func(t *testing.T) {
			dir := directory(t, map[string]string{"mine.rego": metadata + "package acme.mine\n\n" + test.body + "\n"})
			ids, problems := load(dir)
			if test.refused == "" {
				if len(ids) != 1 || len(problems) > 0 {
					t.Errorf("rules %v, problems %v, want one rule", ids, problems)
				}
				return
			}
			want := fmt.Sprintf("DIR/mine.rego:%d: %s may not be called: ", test.line, test.refused)
			if len(ids) > 0 || len(problems) != 1 || !strings.HasPrefix(problems[0], want) {
				t.Errorf("rules %v, problems %v, want %s", ids, problems, want)
			}
		})
	}
}

func TestNamesOfTheCompilerAreRefused(t *testing.T) {
	for _, body := range []string{
		"violation contains __local0__ if {\n\tbits.and(7, 9, __local1__)\n\t__local0_r = __local1__\n}",
		"violation contains \"x\" if some __local3__ in input.object.list",
		"seen[__local0__].at := 1 if some __local0__ in input.list\nviolation contains \"x\" if seen.x",
		"f(__local0__) := 1\nviolation contains \"x\" if f(1)",
	} {
		ids, problems := load(directory(t, map[string]string{"mine.rego": metadata + "package acme.mine\n\n" + body + "\n"}))
		if len(ids) > 0 || len(problems) != 1 || !strings.Contains(problems[0], "DIR/mine.rego:9: the variable __local") {
			t.Errorf("%s: rules %v, problems %v", body, ids, problems)
		}
	}
}

func TestTrustIsForOneSourceOnly(t *testing.T) {
	calling := func(name string) string {
		return metadata + "package acme." + name + "\n\nviolation contains \"x\" if http.send({\"method\": \"get\", \"url\": \"http://x\"})\n"
	}
	trusted := source.Directory(directory(t, map[string]string{"a/trusted.rego": calling("trusted")}))
	trusted.Trusted = &rule.Trusted{Builtins: []string{"http.send"}, HTTPHosts: []string{"x"}}
	other := source.Directory(directory(t, map[string]string{"a/other.rego": calling("other")}))
	set, problems := source.Load(dialect.All(), trusted, other)
	if len(problems) != 1 || !strings.Contains(problems[0].Error(), "other.rego:9: http.send may not be called") {
		t.Errorf("problems %v, want one about the source that is not trusted", problems)
	}
	if len(set.Rules()) != 1 || set.Rules()[0].ID != "trusted" || set.Files()[0].Trusted != trusted.Trusted {
		t.Errorf("rules %v, want the trusted one, with its rights", set.Rules())
	}
	trusted.Trusted = &rule.Trusted{Builtins: []string{"opa.runtime"}}
	again, problems := source.Load(dialect.All(), trusted)
	if len(problems) != 1 || len(again.Rules()) > 0 {
		t.Errorf("problems %v of a source that is trusted with something else", problems)
	}
	trusted.Trusted = &rule.Trusted{Builtins: []string{"http.send"}, HTTPHosts: []string{"y"}}
	if again, _ = source.Load(dialect.All(), trusted); again.Revision() == set.Revision() {
		t.Error("other rights, but the same revision")
	}
}
