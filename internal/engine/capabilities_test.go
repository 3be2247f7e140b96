package engine_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"testing/fstest"
	"time"

	"github.com/open-policy-agent/opa/v1/ast"

	"github.com/kubereeve/reeve/internal/engine"
	"github.com/kubereeve/reeve/internal/finding"
	"github.com/kubereeve/reeve/internal/rule"
	"github.com/kubereeve/reeve/internal/rule/dialect"
	"github.com/kubereeve/reeve/internal/rule/source"
)

func TestTrustedRulesReachTheirHostsAndNoOthers(t *testing.T) {
	var requests atomic.Int32
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		requests.Add(1)
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write([]byte(`{"banned": true}`))
	}))
	defer server.Close()
	tree := fstest.MapFS{
		"asks.rego": {Data: []byte(ruleText("asks", "", `violation contains {"msg": "banned"} if http.send({"method": "GET", "url": "`+server.URL+`"}).body.banned`))},
		"strays.rego": {Data: []byte(ruleText("strays", "",
			`violation contains {"msg": "banned"} if http.send({"method": "GET", "url": "`+strings.Replace(server.URL, "127.0.0.1", "localhost", 1)+`"}).body.banned`))},
	}
	set, problems := source.Load(dialect.All(), source.Source{FS: tree, Name: "rules", Trusted: &rule.Trusted{Builtins: []string{"http.send"}, HTTPHosts: []string{"127.0.0.1"}}})
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	e := newEngine(t, set, engine.Options{})
	for range 2 { // what the network answers is never cached
		matches, failures, err := e.Evaluate(context.Background(), pod(t, plainPod), engine.Admission)
		if err != nil || len(matches) != 1 || matches[0].Rule.ID != "asks" {
			t.Errorf("matches %v, error %v, want one of the rule that may ask", matches, err)
		}
		if len(failures) != 1 || failures[0].Rule != "strays" || !strings.Contains(failures[0].Message, "host") {
			t.Errorf("failures %v, want one of the rule that asks another host", failures)
		}
	}
	if requests.Load() < 2 {
		t.Errorf("%d requests, want one for each evaluation at least", requests.Load())
	}
}

func TestTheDeadlineEndsWaitingForTheNetwork(t *testing.T) {
	gone := make(chan struct{}, 10)
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		<-r.Context().Done() // the rule would wait for an hour
		gone <- struct{}{}
	}))
	defer server.Close()
	tree := fstest.MapFS{
		"waits.rego": {Data: []byte(ruleText("waits", "", `violation contains {"msg": "x"} if http.send({"method": "GET", "timeout": "1h", "url": "`+server.URL+`"}).body`))},
		"good.rego":  {Data: []byte(ruleText("good", "", goodRule))},
	}
	set, problems := source.Load(dialect.All(), source.Source{FS: tree, Name: "rules", Trusted: &rule.Trusted{Builtins: []string{"http.send"}, HTTPHosts: []string{"127.0.0.1"}}})
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	e := newEngine(t, set, engine.Options{Deadline: 500 * time.Millisecond})
	matches, failures, err := e.Evaluate(context.Background(), pod(t, plainPod), engine.Admission)
	if err != nil || len(matches) != 1 || matches[0].Rule.ID != "good" {
		t.Errorf("matches %v, error %v, want one of the rule that does not ask", matches, err)
	}
	if len(failures) != 1 || failures[0].Rule != "waits" || failures[0].Cause != finding.CauseDeadline {
		t.Errorf("failures %v, want one of the rule that waits, for the deadline", failures)
	}
	select {
	case <-gone:
	case <-time.After(10 * time.Second):
		t.Fatal("the rule's request still waits")
	}
}

func TestAFileThatWasNotCheckedCannotReachOut(t *testing.T) {
	for _, name := range rule.RestrictedBuiltins() {
		builtin := ast.BuiltinMap[name]
		if builtin == nil {
			t.Errorf("OPA has no builtin %s; take it off the list", name)
			continue
		}
		arguments := strings.TrimSuffix(strings.Repeat("{}, ", len(builtin.Decl.FuncArgs().Args)), ", ")
		text := "package reeve.test.x\nviolation contains \"x\" if " + name + "(" + arguments + ")"
		module, err := ast.ParseModuleWithOpts("x.rego", text, ast.ParserOptions{RegoVersion: ast.RegoV1})
		if err != nil {
			t.Fatal(err)
		}
		set, _ := rule.NewSet([]rule.File{{Name: "x.rego", Source: []byte(text), Module: module}})
		_, problems, err := engine.New(set, engine.Options{})
		if err != nil || len(problems) != 1 || !strings.Contains(problems[0].Message, "undefined function "+name) {
			t.Errorf("%s: problems %v, error %v, want an undefined function", name, problems, err)
		}
	}
}
