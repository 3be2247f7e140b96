// Package jsonlog writes what a scan finds as lines of JSON, for log collectors
// to pick up.
package jsonlog

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/kubereeve/reeve/internal/finding"
	"github.com/kubereeve/reeve/internal/resource"
)

// Sink writes one line per finding, one per rule that could not judge an
// object, and one per pass. The member "record" tells them apart.
type Sink struct {
	mu sync.Mutex
	to io.Writer
}

// New returns a sink that writes to a writer.
func New(to io.Writer) *Sink { return &Sink{to: to} }

// The kinds of lines.
const (
	recordFinding = "finding"
	recordError   = "error"
	recordPass    = "pass"
)

// line is what every line begins with.
type line struct {
	Record   string       `json:"record"`
	Time     time.Time    `json:"time"`
	Door     finding.Door `json:"door"`
	Revision string       `json:"revision"`
}

type findingLine struct {
	line
	finding.Finding
}

type errorLine struct {
	line
	finding.RuleError
	Resource resource.Identity `json:"resource"`
}

type passLine struct {
	line
	DurationSeconds float64           `json:"durationSeconds"`
	Resources       int               `json:"resources"`
	Findings        int               `json:"findings"`
	Errors          int               `json:"errors"`
	Failed          map[string]string `json:"failed"`
}

// Write writes a report's lines in one piece, so that lines of several reports
// never mix.
func (s *Sink) Write(_ context.Context, report finding.Report) error {
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	for _, record := range records(report) {
		if err := encoder.Encode(record); err != nil {
			return fmt.Errorf("json log: %w", err)
		}
	}
	if text.Len() == 0 {
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, err := s.to.Write(text.Bytes()); err != nil {
		return fmt.Errorf("json log: %w", err)
	}
	return nil
}

// records returns what a report's lines hold.
func records(report finding.Report) []any {
	head := func(record string) line {
		return line{Record: record, Time: report.Time.UTC(), Door: report.Door, Revision: report.Revision}
	}
	var records []any
	for _, verdict := range report.Verdicts {
		for _, f := range verdict.Findings {
			records = append(records, findingLine{head(recordFinding), f})
		}
		for _, err := range verdict.Errors {
			records = append(records, errorLine{head(recordError), err, verdict.Resource.Identity})
		}
	}
	if pass := report.Pass; pass != nil {
		records = append(records, passLine{
			line:            head(recordPass),
			DurationSeconds: pass.Duration.Seconds(),
			Resources:       pass.Resources,
			Findings:        pass.Findings,
			Errors:          pass.Errors,
			Failed:          pass.Failed,
		})
	}
	return records
}
