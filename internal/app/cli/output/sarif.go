package output

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"maps"
	"net/url"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/kubereeve/reeve/internal/finding"
	"github.com/kubereeve/reeve/internal/rule"
)

const (
	sarifSchema    = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
	informationURI = "https://github.com/kubereeve/reeve"
)

// writeSARIF writes the report for code scanning services.
func writeSARIF(w io.Writer, r *Report, options Options) error {
	rules := r.Rules.Rules()
	indices := make(map[string]*int, len(rules))
	run := sarifRun{
		Tool: sarifTool{sarifDriver{
			Name: "Reeve", Version: options.Version, InformationURI: informationURI, Rules: make([]sarifRule, 0, len(rules)),
		}},
		ColumnKind: "unicodeCodePoints",
		Results:    make([]sarifResult, 0, len(r.Findings)),
	}
	for i, one := range rules {
		indices[one.ID] = &i
		run.Tool.Driver.Rules = append(run.Tool.Driver.Rules, newSARIFRule(one))
	}
	seen := make(map[string]int)
	for _, f := range r.Findings {
		mark := fingerprint(f)
		seen[mark]++
		run.Results = append(run.Results, sarifResult{
			RuleID: f.Rule, RuleIndex: indices[f.Rule], Level: sarifLevel(f.Severity),
			Message:   sarifText{Text: unlinked(f.Resource.String() + ": " + f.Message)},
			Locations: []sarifLocation{locationOf(f, options.Directory)},
			// What the same rule finds at the same place is told apart by its number.
			PartialFingerprints: map[string]string{"reeveFinding/v1": fmt.Sprintf("%s:%d", mark, seen[mark])},
		})
	}
	invocation := sarifInvocation{ExecutionSuccessful: len(r.Failures) == 0}
	for _, failure := range r.Failures {
		invocation.ToolExecutionNotifications = append(invocation.ToolExecutionNotifications, newNotification(failure, indices, options.Directory))
	}
	run.Invocations = []sarifInvocation{invocation}
	return EncodeJSON(w, sarifLog{Schema: sarifSchema, Version: "2.1.0", Runs: []sarifRun{run}})
}

func newSARIFRule(r *rule.Rule) sarifRule {
	out := sarifRule{
		ID: r.ID, Name: camelCase(r.ID), ShortDescription: sarifText{Text: r.Title},
		DefaultConfiguration: sarifConfiguration{sarifLevel(r.Severity)},
		Properties:           sarifProperties{Tags: []string{}, SecuritySeverity: securitySeverity(r.Severity)},
	}
	if r.Description != "" {
		out.FullDescription = &sarifText{Text: r.Description}
	}
	if help := strings.TrimSpace(r.Description + "\n\n" + r.Remediation); help != "" {
		out.Help = &sarifText{Text: help, Markdown: help}
	}
	tags := []string{"kubernetes", r.Category}
	if out.Properties.SecuritySeverity != "" {
		tags = append(tags, "security") // without it the number is not heeded
	}
	for _, framework := range slices.Sorted(maps.Keys(r.Controls)) {
		for _, control := range r.Controls[framework] {
			tags = append(tags, framework+"/"+control)
		}
	}
	for _, tag := range tags { // tags are a set
		if tag != "" && !slices.Contains(out.Properties.Tags, tag) {
			out.Properties.Tags = append(out.Properties.Tags, tag)
		}
	}
	return out
}

// camelCase writes a rule's id the way SARIF wants its readable name.
func camelCase(id string) string {
	var name strings.Builder
	for word := range strings.SplitSeq(id, "-") {
		if word != "" {
			name.WriteString(strings.ToUpper(word[:1]) + word[1:])
		}
	}
	return name.String()
}

func sarifLevel(severity finding.Severity) string {
	switch severity {
	case finding.Critical, finding.High:
		return "error"
	case finding.Medium:
		return "warning"
	}
	return "note"
}

// securitySeverity returns a number in the range that GitHub takes for the
// severity of the same name; none for info.
func securitySeverity(severity finding.Severity) string {
	switch severity {
	case finding.Critical:
		return "9.5"
	case finding.High:
		return "8.0"
	case finding.Medium:
		return "5.5"
	case finding.Low:
		return "2.0"
	}
	return ""
}

// unlinked returns text without what SARIF takes for a link in it.
func unlinked(text string) string {
	if !strings.Contains(text, "](") {
		return text
	}
	return strings.NewReplacer("[", `\[`, "]", `\]`).Replace(text)
}

// containerIndex is the number of a container in a path. It changes when a
// container is added before it.
var containerIndex = regexp.MustCompile(`([cC]ontainers)\[\d+\]`)

// fingerprint names what is violated where, the same way for as long as nobody
// mends it: without the version of the API, the object's UID and the line.
func fingerprint(f finding.Finding) string {
	path := f.Path
	if f.Container != "" {
		path = containerIndex.ReplaceAllString(path, "$1[]")
	}
	var parts strings.Builder
	for _, part := range []string{f.Rule, f.Resource.GroupKind().String(), f.Resource.Namespace, f.Resource.Name, f.Container, path} {
		fmt.Fprintf(&parts, "%d:%s", len(part), part)
	}
	hash := sha256.Sum256([]byte(parts.String()))
	return hex.EncodeToString(hash[:])
}

// locationOf returns where a finding is: the object, and the line of the file
// it was read from, if any.
func locationOf(f finding.Finding, directory string) sarifLocation {
	name := f.Resource.String()
	qualified := f.Resource.GroupKind().String() + "/"
	if f.Resource.Namespace != "" {
		qualified += f.Resource.Namespace + "/"
	}
	qualified += f.Resource.Name
	if f.Path != "" {
		qualified += "#" + f.Path
	}
	location := sarifLocation{LogicalLocations: []sarifLogical{{Name: name, FullyQualifiedName: qualified, Kind: "resource"}}}
	if f.Source != nil {
		location.PhysicalLocation = physical(f.Source.File, f.Source.Line, directory)
	}
	return location
}

// physical returns the place in a file; nil for standard input, which is none.
func physical(file string, line int, directory string) *sarifPhysical {
	if file == "" || strings.HasPrefix(file, "<") {
		return nil
	}
	place := &sarifPhysical{ArtifactLocation: sarifArtifact{fileURI(file, directory)}}
	if line > 0 {
		place.Region = &sarifRegion{line}
	}
	return place
}

// fileURI returns a file as a URI: relative where it lies below the directory,
// because services look for it in the repository that the directory stands for.
func fileURI(file, directory string) string {
	if !filepath.IsAbs(file) {
		file = filepath.Join(directory, file)
	}
	relative, err := filepath.Rel(directory, file)
	if err == nil && filepath.IsLocal(relative) {
		return (&url.URL{Path: filepath.ToSlash(relative)}).String()
	}
	return (&url.URL{Scheme: "file", Path: "/" + strings.TrimPrefix(filepath.ToSlash(file), "/")}).String()
}

func newNotification(failure Failure, indices map[string]*int, directory string) sarifNotification {
	out := sarifNotification{Level: "error", Message: sarifText{Text: unlinked(failure.Text())}}
	if failure.Rule != "" {
		out.AssociatedRule = &sarifRuleRef{ID: failure.Rule, Index: indices[failure.Rule]}
	}
	if place := physical(failure.File, failure.Line, directory); place != nil {
		out.Locations = []sarifLocation{{PhysicalLocation: place}}
	}
	return out
}
