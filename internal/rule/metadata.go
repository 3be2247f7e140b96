package rule

import (
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/open-policy-agent/opa/v1/ast"

	"github.com/kubereeve/reeve/internal/finding"
)

// metadata is what a rule's METADATA block carries under custom.reeve.
type metadata struct {
	Severity    string               `json:"severity"`
	Kinds       []string             `json:"kinds"`
	Mode        string               `json:"mode"`
	Doors       []finding.Door       `json:"doors"`
	Remediation string               `json:"remediation"`
	Controls    map[string][]string  `json:"controls"`
	Aliases     []string             `json:"aliases"`
	Parameters  map[string]Parameter `json:"parameters"`
	Inventory   []struct {
		Kind     string `json:"kind"`
		Sample   int    `json:"sample"`
		Optional bool   `json:"optional"`
	} `json:"inventory"`
}

// MetadataKey is the key under custom that holds what Reeve reads.
const MetadataKey = "reeve"

// Annotation returns the METADATA block of a module's package, or nil.
func Annotation(module *ast.Module) *ast.Annotations {
	for _, annotation := range module.Annotations {
		if annotation.Scope == "package" {
			return annotation
		}
	}
	return nil
}

// FromAnnotation returns a rule with everything its METADATA block says: title,
// description and what stands under custom.reeve. Errors name the field and the
// remedy.
func FromAnnotation(annotation *ast.Annotations) (*Rule, error) {
	if annotation == nil {
		return nil, errors.New("the package has no METADATA block; write one above it with a title and, under custom.reeve, severity and kinds")
	}
	var m metadata
	raw, err := json.Marshal(annotation.Custom[MetadataKey])
	if err != nil {
		return nil, fmt.Errorf("METADATA custom.reeve: %w", err)
	}
	if err := json.Unmarshal(raw, &m, json.RejectUnknownMembers(true)); err != nil {
		return nil, fmt.Errorf("METADATA custom.reeve: %w", plainJSONError(err))
	}
	rule := &Rule{
		Title:       annotation.Title,
		Description: strings.TrimSpace(annotation.Description),
		Remediation: strings.TrimSpace(m.Remediation),
		Controls:    m.Controls,
		Aliases:     m.Aliases,
		Parameters:  m.Parameters,
		Doors:       m.Doors,
		Mode:        finding.Warn,
	}
	if rule.Title == "" {
		return nil, errors.New("METADATA title is missing; say in a few words what the rule finds")
	}
	if err := rule.readScales(m); err != nil {
		return nil, err
	}
	if err := rule.readKinds(m); err != nil {
		return nil, err
	}
	for _, name := range slices.Sorted(maps.Keys(m.Parameters)) {
		if err := m.Parameters[name].validate(); err != nil {
			return nil, fmt.Errorf("METADATA custom.reeve.parameters.%s: %w", name, err)
		}
	}
	return rule, nil
}

// readScales reads severity, mode and doors.
func (r *Rule) readScales(m metadata) (err error) {
	if m.Severity == "" {
		return errors.New("METADATA custom.reeve.severity is missing; use one of info, low, medium, high, critical")
	}
	if r.Severity, err = finding.ParseSeverity(m.Severity); err != nil {
		return fmt.Errorf("METADATA custom.reeve.severity: %w", err)
	}
	if m.Mode != "" {
		if r.Mode, err = finding.ParseMode(m.Mode); err != nil {
			return fmt.Errorf("METADATA custom.reeve.mode: %w", err)
		}
	}
	if len(r.Doors) == 0 {
		r.Doors = []finding.Door{finding.DoorAdmission, finding.DoorScan}
	}
	for _, door := range r.Doors {
		if door != finding.DoorAdmission && door != finding.DoorScan {
			return fmt.Errorf("METADATA custom.reeve.doors: %q is not a door; use admission or scan", door)
		}
	}
	return nil
}

// readKinds reads the kinds the rule judges and those it reads.
func (r *Rule) readKinds(m metadata) (err error) {
	if len(m.Kinds) == 0 {
		return errors.New("METADATA custom.reeve.kinds is missing; name the kinds the rule judges, as in [workload] or [Deployment.apps]")
	}
	if r.Kinds, r.Template, err = parseKinds(m.Kinds); err != nil {
		return fmt.Errorf("METADATA custom.reeve.kinds: %w", err)
	}
	for _, need := range m.Inventory {
		kinds, _, err := parseKinds([]string{need.Kind})
		if err != nil {
			return fmt.Errorf("METADATA custom.reeve.inventory: %w", err)
		}
		if need.Sample < 0 || need.Sample > 1 {
			return fmt.Errorf("METADATA custom.reeve.inventory: sample %d; the only sample size is 1", need.Sample)
		}
		if need.Sample == 1 && r.At(finding.DoorAdmission) {
			return errors.New("METADATA custom.reeve.inventory: a sample can be taken by a scan only; add doors: [scan]")
		}
		for _, kind := range kinds {
			r.Inventory = append(r.Inventory, Need{Kind: kind, Sample: need.Sample == 1, Optional: need.Optional})
		}
	}
	return nil
}

// plainJSONError puts the library's errors, which speak of Go types, in the
// words of METADATA.
func plainJSONError(err error) error {
	if semantic, ok := errors.AsType[*json.SemanticError](err); ok {
		field := strings.ReplaceAll(strings.TrimPrefix(string(semantic.JSONPointer), "/"), "/", ".")
		if errors.Is(err, json.ErrUnknownName) {
			return fmt.Errorf("unknown field %s", field)
		}
		if semantic.GoType == nil {
			return err
		}
		if field == "" {
			field = "the value"
		}
		return fmt.Errorf("%s is not %s", field, plainType(semantic.GoType))
	}
	return err
}

// plainType says what a Go type is in YAML.
func plainType(wanted reflect.Type) string {
	switch wanted.Kind() {
	case reflect.String:
		return "a string"
	case reflect.Int:
		return "an integer"
	case reflect.Slice:
		return "a list"
	}
	return "a mapping"
}
