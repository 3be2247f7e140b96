package cli

import (
	"strings"
	"testing"
	"time"
)

func TestAuditOfFilesHeedsTheExceptionsAmongThem(t *testing.T) {
	const pods = `
apiVersion: v1
kind: Pod
metadata: {name: web, namespace: shop}
spec: {containers: [{name: web, image: registry.example/web:1.2, securityContext: {privileged: true}}]}
---
apiVersion: v1
kind: Pod
metadata: {name: db}
spec: {containers: [{name: db, image: registry.example/db:1.2, securityContext: {privileged: true}}]}
---
`
	exception := func(namespace, name, spec string) string {
		return "apiVersion: kubereeve.io/v1alpha1\nkind: RuleException\nmetadata: {name: " + name + namespace + "}\nspec: {" + spec + "}\n---\n"
	}
	const inShop = ", namespace: shop"
	later, before := time.Now().Add(time.Hour).UTC().Format(time.RFC3339), time.Now().Add(-time.Hour).UTC().Format(time.RFC3339)
	for _, test := range []struct {
		name       string
		exceptions string
		findings   int
		err        string // on standard error
		code       int
	}{
		{name: "none", findings: 2, code: 2},
		{name: "of its own namespace", exceptions: exception(inShop, "a", "rules: ['priv*'], reason: x"), findings: 1, err: "1 finding hidden by 1 exception (-v lists them)\n", code: 2},
		{name: "without a namespace, as the pod", exceptions: exception("", "a", "rules: [privileged], reason: x, expiresAt: '"+later+"'"), findings: 1, err: "1 finding hidden by 1 exception (-v lists them)\n", code: 2},
		{name: "of all that is there", exceptions: exception(inShop, "a", "rules: [privileged], reason: x") + exception("", "b", "rules: [privileged], reason: x"), err: "2 findings hidden by 2 exceptions (-v lists them)\n"},
		{name: "that has expired", exceptions: exception(inShop, "a", "rules: [privileged], reason: x, expiresAt: '"+before+"'"), findings: 2, code: 2},
		{name: "of another container", exceptions: exception(inShop, "a", "rules: [privileged], reason: x, match: {containers: [sidecar]}"), findings: 2, code: 2},
		{name: "without a reason", exceptions: exception(inShop, "a", "rules: [privileged]"), findings: 2, err: "error: <stdin>:12: RuleException shop/a counts for nothing: spec.reason is missing", code: 1},
		{name: "of another version", exceptions: strings.Replace(exception(inShop, "a", "rules: [privileged], reason: x"), "v1alpha1", "v2", 1), findings: 2, err: "is not a RuleException of kubereeve.io/v1alpha1", code: 1},
	} {
		t.Run(test.name, func(t *testing.T) {
			got := reeve(t, pods+test.exceptions, "audit -f - -o csv --select privileged"+ours)
			if n := strings.Count(got.out, "privileged is true"); n != test.findings || got.code != test.code {
				t.Errorf("%d findings, exit code %d; want %d and %d\n%s%s", n, got.code, test.findings, test.code, got.out, got.err)
			}
			if !strings.Contains(got.err, test.err) || test.err == "" && got.err != "" {
				t.Errorf("it says %q, want %q", got.err, test.err)
			}
		})
	}
	got := reeve(t, pods+exception(inShop, "a", "rules: [privileged], reason: x"), "audit -f - -v -o csv --select privileged"+ours)
	if want := "1 finding hidden by the exception shop/a\n"; got.err != want {
		t.Errorf("-v says %q, want %q", got.err, want)
	}
}
