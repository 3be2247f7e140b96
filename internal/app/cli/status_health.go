package cli

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/kubereeve/reeve/internal/app/cli/terminal"
	"github.com/kubereeve/reeve/internal/app/status"
	"github.com/kubereeve/reeve/internal/app/status/client"
)

// From when on something is wrong.
const (
	certificateMargin = 7 * 24 * time.Hour // before the end of a certificate
	selfCheckAge      = 3 * time.Minute    // since a self-check passed; there is one a minute
	recently          = time.Hour          // since something passed unjudged, or took too long
	scanMargin        = 2 * time.Minute    // beyond two intervals and the scan's duration
)

// diagnose says what is wrong, what is not known and what is good to know.
func (r *statusReport) diagnose(now time.Time) {
	said := &sayings{}
	r.diagnoseConfiguration(said)
	if len(r.Replicas) == 0 {
		said.problem("", "there are no pods of the webhook in namespace %s (label app.kubernetes.io/name=reeve-webhook); see --reeve-namespace", r.namespace)
	}
	for i := range r.Replicas {
		switch replica := &r.Replicas[i]; {
		case replica.Pod != "":
			said.problem(replica.Name, "the pod does not run: %s", replica.Pod)
		case replica.State == nil:
			said.unknown(replica.Name, "no answer: %s", replica.Error)
		default:
			diagnoseReplica(said, replica.Name, replica.State)
		}
	}
	agree(said, "rules", r.Replicas, func(state *status.State) string { return state.Rules.Revision })
	agree(said, "configurations", r.Replicas, func(state *status.State) string { return orNone(state.Configuration.Revision) })
	if !r.withoutScanners {
		r.diagnoseScanners(said, now)
	}
	r.Problems, r.Unknown, r.Notes = said.texts(problems), said.texts(unknowns), said.texts(notes)
	r.Healthy = len(r.Problems) == 0 && len(r.Unknown) == 0
}

func orNone(revision string) string {
	if revision == "" {
		return "none"
	}
	return revision
}

func (r *statusReport) diagnoseConfiguration(said *sayings) {
	switch {
	case errors.Is(r.configurationErr, client.ErrNoConfiguration):
		said.problem("", "ValidatingWebhookConfiguration %s", r.configurationErr)
	case r.configurationErr != nil:
		said.unknown("", "whether anything is sent to the webhook: %s", r.configurationErr)
	case r.Configuration != nil && len(r.Configuration.FailurePolicies) == 0:
		said.problem("", "ValidatingWebhookConfiguration %s has no webhooks, so nothing is sent to the webhook", r.Configuration.Name)
	case r.Configuration != nil && slices.Contains(r.Configuration.FailurePolicies, "Ignore"):
		said.note("", "failurePolicy is Ignore: requests pass while no webhook answers")
	}
}

// diagnoseReplica says what is wrong with one replica. Times are compared by its
// own clock.
func diagnoseReplica(said *sayings, name string, state *status.State) {
	if state.NotReady != "" {
		said.problem(name, "not ready: %s", state.NotReady)
	}
	for _, file := range state.Rules.LeftOut {
		place := file.File
		if file.Line > 0 {
			place = fmt.Sprintf("%s:%d", file.File, file.Line)
		}
		said.problem(name, "rule file left out: %s: %s", place, file.Reason)
	}
	if more := state.Rules.LeftOutTotal - len(state.Rules.LeftOut); more > 0 {
		said.problem(name, "and %s more left out", terminal.Count(more, "rule file"))
	}
	for _, id := range slices.Sorted(maps.Keys(state.Rules.OverBudget)) {
		slow := state.Rules.OverBudget[id]
		if state.Time.Sub(slow.Last) <= recently {
			said.problem(name, "rule %s took longer than its budget %s, up to %.3g s, the last time %s ago", id, terminal.Count(int(slow.Total), "time"), slow.LongestSeconds, ago(state.Time, slow.Last))
		}
	}
	if state.Rules.Problem != "" {
		said.problem(name, "the rules from before stay, as newer ones could not be loaded: %s", state.Rules.Problem)
	}
	if state.Configuration.Problem != "" {
		said.problem(name, "the configuration from before stays, as a newer one is refused: %s", state.Configuration.Problem)
	}
	diagnoseCertificate(said, name, state)
	switch check := state.SelfCheck; {
	case check.Failures > 0:
		said.problem(name, "the self-check has failed %s: %s", terminal.Count(check.Failures, "time"), check.Problem)
	case state.Time.Sub(check.LastSuccess) > selfCheckAge && !check.LastSuccess.IsZero():
		said.problem(name, "no self-check has passed for %s", ago(state.Time, check.LastSuccess))
	}
	for _, cause := range slices.Sorted(maps.Keys(state.FailOpen)) {
		count := state.FailOpen[cause]
		if state.Time.Sub(count.Last) <= recently {
			said.problem(name, "%s passed unjudged because of %s, the last %s ago", terminal.Count(int(count.Total), "request"), cause, ago(state.Time, count.Last))
		}
	}
	diagnoseExceptions(said, name, state)
	for _, part := range slices.Sorted(maps.Keys(state.Problems)) {
		said.problem(name, "%s: %s", part, state.Problems[part])
	}
}

func diagnoseCertificate(said *sayings, name string, state *status.State) {
	from, to := state.Certificate.NotBefore, state.Certificate.NotAfter
	left := to.Sub(state.Time)
	switch {
	case to.IsZero(): // not ready says so
	case left <= 0:
		said.problem(name, "the certificate has expired %s ago", ago(state.Time, to))
	case left < min(certificateMargin, to.Sub(from)/6): // those that live shortly are renewed late
		said.problem(name, "the certificate expires in %s and was not renewed", ago(to, state.Time))
	}
}

func diagnoseExceptions(said *sayings, name string, state *status.State) {
	exceptions := state.Exceptions
	if exceptions == nil {
		return
	}
	switch {
	case exceptions.Problem == "": // one that does not know them yet is not ready
	case exceptions.StaleSince.IsZero():
		said.problem(name, "exceptions: %s", exceptions.Problem)
	case exceptions.Synced:
		said.problem(name, "the exceptions are those of %s ago: %s", ago(state.Time, exceptions.StaleSince), exceptions.Problem)
	default:
		said.problem(name, "the exceptions are not known for %s: %s", ago(state.Time, exceptions.StaleSince), exceptions.Problem)
	}
	if exceptions.Expired > 0 {
		said.note(name, "%s expired", terminal.Count(exceptions.Expired, "exception"))
	}
}

// agree says that replicas judge by different things.
func agree(said *sayings, what string, replicas []replicaStatus, revision func(*status.State) string) {
	names := make(map[string][]string)
	for i := range replicas {
		if state := replicas[i].State; state != nil {
			names[revision(state)] = append(names[revision(state)], replicas[i].Name)
		}
	}
	if len(names) < 2 {
		return
	}
	var parts []string
	for _, revision := range slices.Sorted(maps.Keys(names)) {
		parts = append(parts, revision+" at "+strings.Join(names[revision], ", "))
	}
	said.problem("", "the replicas judge by different %s: %s", what, strings.Join(parts, "; "))
}

func (r *statusReport) diagnoseScanners(said *sayings, now time.Time) {
	if r.scannersErr != nil {
		said.unknown("", "when the cluster was scanned: %s", r.scannersErr)
		return
	}
	if len(r.Scanners) == 0 {
		said.note("", "there is no scanner in namespace %s", r.namespace)
		return
	}
	last, unknown := r.latestScanner(said)
	switch {
	case last == nil || unknown && last.LastEnd.IsZero():
		return
	case last.LastEnd.IsZero():
		said.problem("", "no scan has ended yet")
		return
	}
	if age := now.Sub(last.LastEnd); last.Interval > 0 && age > 2*last.Interval+last.Took+scanMargin {
		said.problem(last.Name, "the last scan ended %s ago, and there should be one every %s", ago(now, last.LastEnd), last.Interval)
	}
	if last.LeftOut > 0 {
		said.problem(last.Name, "%s left out", terminal.Count(last.LeftOut, "rule file"))
	}
	for i := range r.Replicas {
		if state := r.Replicas[i].State; state != nil && last.Revision != "" && state.Rules.Revision != last.Revision {
			said.note(last.Name, "the scanner judges by other rules (%s) than the webhook (%s)", last.Revision, state.Rules.Revision)
			break
		}
	}
}

// latestScanner returns the scanner that scanned last, nil when none answers, and
// whether there is one whose state is not known.
func (r *statusReport) latestScanner(said *sayings) (last *scannerStatus, unknown bool) {
	for i := range r.Scanners {
		scanner := &r.Scanners[i]
		switch {
		case scanner.Pod != "":
			said.problem(scanner.Name, "the pod does not run: %s", scanner.Pod)
		case scanner.Error != "":
			said.unknown(scanner.Name, "no answer: %s", scanner.Error)
			unknown = true
		case last == nil || scanner.LastEnd.After(last.LastEnd):
			last = scanner
		}
	}
	return last, unknown
}

// ago words the time between two moments in one or two units.
func ago(later, earlier time.Time) string {
	switch d := later.Sub(earlier); {
	case d < 2*time.Minute:
		return fmt.Sprintf("%ds", int(d.Seconds()))
	case d < 2*time.Hour:
		return fmt.Sprintf("%dm", int(d.Minutes()))
	case d < 48*time.Hour:
		return fmt.Sprintf("%dh", int(d.Hours()))
	default:
		return terminal.Count(int(d.Hours()/24), "day")
	}
}
