// Package output writes what an audit found, in every format of reeve audit:
// one file per format. A format reads a Report and writes to an io.Writer; what
// stands in the report may come from a stranger's manifests, so each format
// escapes it for those who will read it.
package output

import (
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/kubereeve/reeve/internal/app/cli/terminal"
)

// The formats.
const (
	Table    = "table"
	Wide     = "wide"
	JSON     = "json"
	YAML     = "yaml"
	CSV      = "csv"
	Markdown = "markdown"
	SARIF    = "sarif"
	JUnit    = "junit"
	HTML     = "html"
)

// Formats returns the names of all formats.
func Formats() []string {
	return []string{Table, Wide, JSON, YAML, CSV, Markdown, SARIF, JUnit, HTML}
}

// The views: a report as the users of other tools know it.
const (
	ViewKubeEye      = "kubeeye"
	ViewLeakDetector = "leak-detector"
)

// Views returns the names of all views.
func Views() []string { return []string{ViewKubeEye, ViewLeakDetector} }

// Options say how a report is written.
type Options struct {
	// Format is one of Formats.
	Format string
	// View is one of Views, or empty for a report of the usual form.
	View string
	// Framework, where not nil, is the report by framework to write instead of
	// the usual one.
	Framework *Framework
	// Look is how formats for terminals appear.
	Look terminal.Look
	// Directory is the absolute path that file names are relative to.
	Directory string
	// Version is Reeve's; Time is when it judged, or zero where reports must
	// not differ from run to run.
	Version string
	Time    time.Time
}

type writer func(io.Writer, *Report, Options) error

// Write writes a report. It fails when the options do not go together, see
// Check, or when w fails.
func Write(w io.Writer, report *Report, options Options) error {
	write, err := choose(options)
	if err != nil {
		return err
	}
	return write(w, report, options)
}

// Check finds options that do not go together; the error names the ones that do.
func Check(options Options) error {
	_, err := choose(options)
	return err
}

func choose(options Options) (writer, error) {
	name, of := "a report", map[string]writer{
		Table: writeTable, Wide: writeWide, JSON: writeJSON, YAML: writeYAML, CSV: writeCSV, Markdown: writeMarkdown,
		SARIF: writeSARIF, JUnit: writeJUnit, HTML: writeHTML,
	}
	switch {
	case options.View == ViewKubeEye:
		name, of = "the kubeeye view", map[string]writer{Table: writeKubeEye, Wide: writeKubeEyeWide}
	case options.View == ViewLeakDetector:
		name, of = "the leak-detector view", map[string]writer{Table: writeLeakDetector}
	case options.View != "":
		return nil, fmt.Errorf("%q is not a view", options.View)
	case options.Framework != nil:
		name, of = "a report by framework", map[string]writer{
			Table: writeFrameworkTable, JSON: writeFrameworkJSON, YAML: writeFrameworkYAML,
			Markdown: writeFrameworkMarkdown, HTML: writeFrameworkHTML,
		}
	}
	if write, ok := of[options.Format]; ok {
		return write, nil
	}
	var formats []string
	for _, format := range Formats() {
		if of[format] != nil {
			formats = append(formats, format)
		}
	}
	if !slices.Contains(Formats(), options.Format) {
		return nil, fmt.Errorf("%q is unknown; use %s", options.Format, terminal.Either(formats))
	}
	return nil, fmt.Errorf("%s is not written as %s; use %s", name, options.Format, terminal.Either(formats))
}
