package kubescape

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/open-policy-agent/opa/v1/ast"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/yaml"

	"github.com/kubereeve/reeve/internal/resource"
	"github.com/kubereeve/reeve/internal/rule"
)

// Metadata is what rule.metadata.json says of a rule.
type Metadata struct {
	Name         string                    `json:"name"`
	Attributes   map[string]jsontext.Value `json:"attributes"`
	RuleLanguage string                    `json:"ruleLanguage"`
	Match        []Match                   `json:"match"`
	DynamicMatch []Match                   `json:"dynamicMatch"`
	Description  string                    `json:"description"`
	Remediation  string                    `json:"remediation"`
}

// Match names kinds. What it calls resources are kinds, as in Pod; see kindOfMatch.
type Match struct {
	APIGroups []string `json:"apiGroups"`
	Resources []string `json:"resources"`
}

// readJSON reads a JSON document, whose fields may be written in capital letters
// and may hold more than is asked for. Commas after the last element are taken, as
// YAML does: some files of the library have them.
func readJSON(content []byte, into any) error {
	lenient := json.JoinOptions(json.MatchCaseInsensitiveNames(true), jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))
	err := json.Unmarshal(content, into, lenient)
	if err == nil {
		return nil
	}
	if relaxed, yamlErr := yaml.YAMLToJSON(content); yamlErr == nil {
		return json.Unmarshal(relaxed, into, lenient)
	}
	return err
}

// ReadMetadata reads rule.metadata.json. It fails when that is no JSON, or names no
// rule.
func ReadMetadata(content []byte) (*Metadata, error) {
	var metadata Metadata
	if err := readJSON(content, &metadata); err != nil {
		return nil, fmt.Errorf("rule.metadata.json cannot be read: %w", err)
	}
	if strings.TrimSpace(metadata.Name) == "" {
		return nil, fmt.Errorf("rule.metadata.json has no name; write the rule's name there")
	}
	return &metadata, nil
}

// attribute returns a text attribute, "" when there is none.
func (m *Metadata) attribute(name string) string {
	var text string
	if err := json.Unmarshal(m.Attributes[name], &text); err != nil {
		return "" // attributes are for many readers, and need not be texts
	}
	return text
}

// passedOver tells whether Kubescape of today does not ask a rule: because another
// takes its place, or because it works within the service of Kubescape's makers
// alone.
func (m *Metadata) passedOver() bool {
	until := m.Attributes["useUntilKubescapeVersion"]
	service, _ := strconv.ParseBool(strings.Trim(string(m.Attributes["armoOpa"]), `"`))
	return service || until != nil && until.Kind() != 'n'
}

// kinds returns what a rule is about: kinds of the cluster, and those of which
// Kubescape makes objects, as KubeletInfo.
func (m *Metadata) kinds() kinds {
	var found kinds
	for _, match := range slices.Concat(m.Match, m.DynamicMatch) {
		groups := match.APIGroups
		if len(groups) == 0 { // rules on Pods leave it out
			groups = []string{""}
		}
		for _, group := range groups {
			for _, kind := range match.Resources {
				if kind != "" {
					found = append(found, kindOfMatch(group, kind))
				}
			}
		}
	}
	slices.SortFunc(found, func(a, b schema.GroupKind) int { return strings.Compare(a.String(), b.String()) })
	return slices.Compact(found)
}

// aggregator is the attribute that says what Kubescape makes of the objects
// before a rule sees them.
const aggregator = "resourcesAggregator"

// The values of aggregator.
const (
	bySubjects  = "subject-role-rolebinding"
	byAPIServer = "apiserver-pod"
)

// onTemplates tells whether a rule judges whatever runs pods, and so need not
// judge again what these have created.
func (k kinds) onTemplates() bool {
	return !slices.ContainsFunc(resource.WorkloadKinds(), func(kind schema.GroupKind) bool {
		return !k.has(kind) && kind.Kind != "ReplicationController" && kind.Kind != "PodTemplate"
	})
}

// everywhere tells whether a kind is among them that every cluster has.
func (k kinds) everywhere() bool {
	return slices.ContainsFunc(k, func(kind schema.GroupKind) bool { return kind.Group == rule.Any || isBuiltin(kind.Group) })
}

// needs returns the kinds that a rule compares with. Those that come with
// Kubernetes it cannot do without; others may not be there. Of every kind, they are
// those of Kubernetes that its Rego names: nobody reads a whole cluster for one rule.
func (k kinds) needs(module *ast.Module) []rule.Need {
	wanted := slices.Clone(k)
	if k.has(schema.GroupKind{Group: rule.Any, Kind: rule.Any}) {
		wanted = append(wanted, kindsNamed(module)...)
	}
	var needs []rule.Need
	for _, pattern := range wanted {
		if pattern.Kind == rule.Any {
			continue
		}
		for _, kind := range rule.Expand(pattern) {
			need := rule.Need{Kind: kind, Optional: !isBuiltin(kind.Group)}
			if !slices.Contains(needs, need) {
				needs = append(needs, need)
			}
		}
	}
	return needs
}

// isBuiltin tells whether a group comes with Kubernetes.
func isBuiltin(group string) bool {
	return !strings.Contains(group, ".") || strings.HasSuffix(group, ".k8s.io") && strings.Count(group, ".") == 2
}
