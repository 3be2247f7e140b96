// Package selfcheck proves every minute that the webhook really works: each
// replica sends itself two canaries, one that must be denied and one that must
// pass, by the way that the API server takes: TLS, endpoint, handler, reviewer
// and engine, with the rules of the moment.
package selfcheck

import (
	"context"
	"embed"
	"fmt"
	"slices"

	admissionv1 "k8s.io/api/admission/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/kubereeve/reeve/internal/admission"
	"github.com/kubereeve/reeve/internal/finding"
	"github.com/kubereeve/reeve/internal/resource"
	"github.com/kubereeve/reeve/internal/rule"
	"github.com/kubereeve/reeve/internal/rule/dialect"
	"github.com/kubereeve/reeve/internal/rule/source"
)

// RuleID is the id of the rule that judges canaries.
const RuleID = "reeve-selfcheck-canary"

// kind is what canaries are. No cluster has any.
var kind = schema.GroupVersionKind{Group: "selfcheck.kubereeve.io", Version: "v1", Kind: "Canary"}

//go:embed canary.rego
var files embed.FS

// Rule returns the file of the rule that judges canaries. It is compiled into the
// engine of the other rules, so that a canary asks what everybody asks, and stands
// apart from them: it is in no list and not part of the revision.
func Rule() (rule.File, error) {
	set, problems := source.Load(dialect.All(), source.Source{FS: files, Name: "self-check", Builtin: true})
	if len(problems) > 0 {
		return rule.File{}, fmt.Errorf("self-check: %w", problems[0])
	}
	file := set.Files()[0]
	file.Apart = true
	return file, nil
}

// Canary tells whether an admission request is a canary, which leaves no trace.
func Canary(request *admissionv1.AdmissionRequest) bool {
	return request.Kind.Group == kind.Group && request.Kind.Kind == kind.Kind
}

// Guard is a reviewer that judges canaries by the canary's rule alone: rules of
// users may be about every kind there is.
type Guard struct{ admission.Reviewer }

// Review returns what the reviewer behind it finds, and on canaries only what is
// about canaries.
func (g Guard) Review(ctx context.Context, res *resource.Resource) (finding.Verdict, error) {
	verdict, err := g.Reviewer.Review(ctx, res)
	if err != nil || res.GroupKind() != kind.GroupKind() {
		return verdict, err
	}
	verdict.Findings = slices.DeleteFunc(verdict.Findings, func(f finding.Finding) bool { return f.Rule != RuleID })
	verdict.Errors = slices.DeleteFunc(slices.Clone(verdict.Errors), func(e finding.RuleError) bool { return e.Rule != RuleID })
	return verdict, nil
}
