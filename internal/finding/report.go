package finding

import (
	"time"

	"k8s.io/apimachinery/pkg/runtime/schema"
)

// Door is where a report comes from.
type Door string

// The doors.
const (
	DoorAdmission Door = "admission"
	DoorScan      Door = "scan"
)

// Report carries findings to sinks.
//
// An admission is one report. A scan is a series of reports on each kind, a
// page of objects each, so that its memory does not grow with the cluster; the
// last one on a kind has Complete set, and the last of the pass has Pass set.
// What was reported on the kind before this pass and did not come again has
// gone once Complete is seen; an admission never closes anything.
type Report struct {
	Door     Door
	Revision string    // of the rule set
	Time     time.Time // of the admission, or of the start of the pass
	// Kind is the kind that was scanned; zero for admissions, and for the report
	// that does nothing but end a pass.
	Kind     schema.GroupKind
	Complete bool
	Verdicts []Verdict // only those with findings or errors
	// Pass is the summary of a pass that has ended, on its last report only.
	Pass *Pass
}

// Pass sums up one scan of the cluster.
type Pass struct {
	Duration  time.Duration
	Resources int
	Findings  int
	// Errors counts the resources that some rule could not judge.
	Errors int
	// Failed names the kinds that could not be read whole, with the reason.
	Failed map[string]string
}
