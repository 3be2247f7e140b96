package admission

import (
	"errors"
	"fmt"
	"net/http"
	"runtime"
	"strings"

	admissionv1 "k8s.io/api/admission/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/webhook/admission"

	"github.com/kubereeve/reeve/internal/finding"
)

// The bounds of an answer. Those of warnings are the API server's: it cuts or
// drops what exceeds them.
const (
	maxDenials      = 20   // lines of a refusal after the first
	lineRunes       = 512  // of one line of a refusal
	warningRunes    = 256  // of one warning
	warningsBytes   = 4096 // of all warnings
	annotationRunes = 1024 // of one audit annotation
	maxAnnotations  = 64
	annotationKey   = 63 // characters of a key
)

// answer is a verdict in the words of an admission response.
type answer struct {
	denials     []string // lines of the refusal; none when the request passes
	warnings    []string
	annotations map[string]string
}

// newAnswer words a verdict.
func newAnswer(verdict finding.Verdict) answer {
	var refusing, passing []finding.RuleError
	for _, failure := range verdict.Errors {
		if failure.Deny {
			refusing = append(refusing, failure)
		} else {
			passing = append(passing, failure)
		}
	}
	return answer{
		denials:     denials(verdict, refusing),
		warnings:    warnings(verdict, passing),
		annotations: annotations(verdict),
	}
}

// count returns how many findings have a mode.
func count(verdict finding.Verdict, mode finding.Mode) int {
	n := 0
	for i := range verdict.Findings {
		if verdict.Findings[i].Mode == mode {
			n++
		}
	}
	return n
}

// decision returns what the answer counts as.
func (a answer) decision() string {
	switch {
	case len(a.denials) > 0:
		return DecisionDeny
	case len(a.warnings) > 0:
		return DecisionWarn
	}
	return DecisionAllow
}

// response returns the answer as controller-runtime sends it.
func (a answer) response() admission.Response {
	response := allowed()
	if len(a.denials) > 0 {
		response = failed(http.StatusForbidden, metav1.StatusReasonForbidden, strings.Join(a.denials, "\n"))
	}
	response.Warnings = a.warnings
	response.AuditAnnotations = a.annotations
	return response
}

// denials returns the lines of a refusal: a heading and one line for each reason.
func denials(verdict finding.Verdict, failures []finding.RuleError) []string {
	violations := count(verdict, finding.Deny)
	reasons := violations + len(failures)
	if reasons == 0 {
		return nil
	}
	lines := make([]string, 0, 2+min(reasons, maxDenials))
	lines = append(lines, heading(verdict.Resource.String(), violations))
	for i := range verdict.Findings {
		if f := &verdict.Findings[i]; f.Mode == finding.Deny && len(lines) <= maxDenials {
			lines = append(lines, "- ["+f.Severity.String()+"] "+cutLine(f, lineRunes))
		}
	}
	for _, failure := range failures {
		if len(lines) <= maxDenials {
			lines = append(lines, "- "+unjudged(failure, "what cannot be judged is refused", lineRunes))
		}
	}
	if reasons > maxDenials {
		lines = append(lines, fmt.Sprintf("- and %d more", reasons-maxDenials))
	}
	return lines
}

// unjudged says that a rule could not judge, and what follows from it.
func unjudged(failure finding.RuleError, outcome string, limit int) string {
	return cut("rule "+clean(failure.Rule)+" could not judge this object ("+failure.Cause+"); "+outcome, limit)
}

func heading(object string, violations int) string {
	switch violations {
	case 0:
		return object + " could not be judged:"
	case 1:
		return "1 policy violation in " + object + ":"
	}
	return fmt.Sprintf("%d policy violations in %s:", violations, object)
}

// warnings returns one warning per finding and per rule that could not judge,
// as many as the API server passes on.
func warnings(verdict finding.Verdict, failures []finding.RuleError) []string {
	total := count(verdict, finding.Warn) + len(failures)
	if total == 0 {
		return nil
	}
	lines := make([]string, 0, total)
	for i := range verdict.Findings {
		if f := &verdict.Findings[i]; f.Mode == finding.Warn {
			lines = append(lines, cutLine(f, warningRunes))
		}
	}
	for _, failure := range failures {
		if failure.Before {
			lines = append(lines, cut("rule "+clean(failure.Rule)+" could not judge this object as it was before the update ("+failure.Cause+"); what it finds counts as new", warningRunes))
			continue
		}
		lines = append(lines, unjudged(failure, "the request passed unjudged by it", warningRunes))
	}
	return fit(lines, warningsBytes)
}

// fit returns the first lines that together have at most limit bytes. When not
// all fit, the last line says how many are missing.
func fit(lines []string, limit int) []string {
	const rest = "and %d more; reeve audit shows all of them"
	total := 0
	for _, line := range lines {
		total += len(line)
	}
	if total <= limit {
		return lines
	}
	kept := len(lines)
	for total > limit-len(rest)-10 && kept > 0 {
		kept--
		total -= len(lines[kept])
	}
	return append(lines[:kept:kept], fmt.Sprintf(rest, len(lines)-kept))
}

// annotations returns one audit annotation per rule. The API server puts the
// webhook's name before each key.
func annotations(verdict finding.Verdict) map[string]string {
	var values map[string]string
	for i := range verdict.Findings {
		f := &verdict.Findings[i]
		if f.Mode != finding.Audit {
			continue
		}
		if values == nil {
			values = make(map[string]string)
		}
		key := auditKey(f.Rule)
		value, known := values[key]
		switch {
		case !known && len(values) >= maxAnnotations:
			continue
		case known:
			value += "; "
		}
		values[key] = cut(value+clean(f.Message), annotationRunes)
	}
	return values
}

// auditKey returns a rule's id as the name part of a qualified name, which is all
// that the API server takes for a key.
func auditKey(id string) string {
	key := strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9', r == '-', r == '_', r == '.':
			return r
		}
		return '-'
	}, id)
	if len(key) > annotationKey {
		key = key[:annotationKey]
	}
	if key = strings.Trim(key, "-_."); key == "" {
		return "rule"
	}
	return key
}

// allowed returns the response to a request that passes.
func allowed() admission.Response {
	return admission.Response{AdmissionResponse: admissionv1.AdmissionResponse{
		Allowed: true,
		Result:  &metav1.Status{Code: http.StatusOK},
	}}
}

// failed returns the response to a request that does not pass.
func failed(code int32, reason metav1.StatusReason, message string) admission.Response {
	return admission.Response{AdmissionResponse: admissionv1.AdmissionResponse{
		Result: &metav1.Status{Status: metav1.StatusFailure, Code: code, Reason: reason, Message: message},
	}}
}

// runtimeError returns a panic's value as an error, and only its type unless the
// Go runtime has raised it.
func runtimeError(cause any) error {
	if err, ok := cause.(runtime.Error); ok {
		return err
	}
	if err, ok := cause.(error); ok {
		if inner, ok := errors.AsType[runtime.Error](err); ok {
			return inner
		}
	}
	return fmt.Errorf("panic of type %T", cause)
}
