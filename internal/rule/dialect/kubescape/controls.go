package kubescape

import (
	"bytes"
	"slices"
	"strings"

	"github.com/kubereeve/reeve/internal/rule"
)

// control is a file of controls: what several rules serve, and how bad it is when
// they find something.
type control struct {
	ID          string   `json:"controlID"`
	Name        string   `json:"name"`
	Description string   `json:"description"`
	Remediation string   `json:"remediation"`
	BaseScore   float64  `json:"baseScore"`
	RulesNames  []string `json:"rulesNames"`
	Scope       struct {
		Matches any `json:"matches"` // a list, in some files one within another
	} `json:"scanningScope"`
}

// anyCloud is the scope of a control for the clusters of every cloud.
const anyCloud = "cloud"

// clouds are the scopes of controls for clusters of clouds alone.
var clouds = []string{anyCloud, "eks", "aks", "gke"}

// framework is a file of frameworks: a list of controls.
type framework struct {
	Name           string `json:"name"`
	ActiveControls []struct {
		ControlID string `json:"controlID"`
	} `json:"activeControls"`
}

// catalogue holds the controls and frameworks of a tree.
type catalogue struct {
	controls   map[string]control  // by id
	byRule     map[string][]string // the ids of the controls of a rule
	frameworks map[string][]string // by control id, what frameworks call for it
	problems   []*rule.Problem
}

func newCatalogue() *catalogue {
	return &catalogue{controls: make(map[string]control), byRule: make(map[string][]string), frameworks: make(map[string][]string)}
}

// read takes a document that is a control or a framework, and tells whether it
// was one.
func (c *catalogue) read(document *rule.Document) bool {
	switch {
	case bytes.Contains(document.Content, []byte(`"rulesNames"`)):
		var read control
		if err := readJSON(document.Content, &read); err != nil {
			c.problems = append(c.problems, rule.ProblemsIn(document.Name, err)...)
			return true
		}
		if read.ID == "" || c.controls[read.ID].ID != "" {
			return read.ID != ""
		}
		c.controls[read.ID] = read
		for _, name := range read.RulesNames {
			c.byRule[name] = append(c.byRule[name], read.ID)
		}
		return true
	case bytes.Contains(document.Content, []byte(`"activeControls"`)):
		var read framework
		if err := readJSON(document.Content, &read); err != nil {
			c.problems = append(c.problems, rule.ProblemsIn(document.Name, err)...)
			return true
		}
		for _, active := range read.ActiveControls {
			c.frameworks[active.ControlID] = append(c.frameworks[active.ControlID], name+"-"+strings.ToLower(read.Name))
		}
		return read.Name != ""
	}
	return false
}

// describe fills in what the controls of a rule say of it. It tells whether one
// says how severe its findings are: the most severe counts.
func (c *catalogue) describe(r *rule.Rule, ruleName string) (rated bool) {
	ids := slices.Clone(c.byRule[ruleName])
	slices.Sort(ids)
	if len(ids) == 0 {
		return false
	}
	r.Controls = map[string][]string{name: ids}
	score := 0.0
	for _, id := range ids {
		for _, framework := range c.frameworks[id] {
			if !slices.Contains(r.Controls[framework], id) {
				r.Controls[framework] = append(r.Controls[framework], id)
			}
		}
		found := c.controls[id]
		score = max(score, found.BaseScore)
		if r.Description == "" || len(ids) == 1 && found.Description != "" {
			r.Description = found.Description
		}
		if r.Remediation == "" {
			r.Remediation = found.Remediation
		}
	}
	if len(ids) == 1 {
		r.Title = c.controls[ids[0]].Name
	}
	r.Severity = severityOf(score)
	return score > 0
}

// fits tells whether a rule is meant for clusters of a cloud, "" for none: one of
// its controls is, or says nothing of that.
func (c *catalogue) fits(ruleName, cloud string) bool {
	ids := c.byRule[ruleName]
	return len(ids) == 0 || slices.ContainsFunc(ids, func(id string) bool {
		scope := textsIn(c.controls[id].Scope.Matches)
		return len(scope) == 0 || slices.ContainsFunc(scope, func(place string) bool {
			place = strings.ToLower(place)
			return !slices.Contains(clouds, place) || place == cloud || place == anyCloud && cloud != ""
		})
	})
}

// textsIn returns the texts of a list and of those within it.
func textsIn(value any) []string {
	switch value := value.(type) {
	case string:
		return []string{value}
	case []any:
		var texts []string
		for _, element := range value {
			texts = append(texts, textsIn(element)...)
		}
		return texts
	}
	return nil
}
