package kubescape

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"

	"github.com/kubereeve/reeve/internal/finding"
	"github.com/kubereeve/reeve/internal/resource"
	"github.com/kubereeve/reeve/internal/rule"
)

// pathFields are where a response names fields of the object, the first that
// names any counts.
var pathFields = []string{"failedPaths", "reviewPaths", "deletePaths"}

// Violation reads one response. A response is about the object to judge when its
// alertObject says so; of one object alone, every response is.
func (d *Dialect) Violation(subject *rule.Subject, value ast.Value) (rule.Violation, bool, error) {
	response, ok := value.(ast.Object)
	if !ok {
		return rule.Violation{}, false, fmt.Errorf("a response must be an object with alertMessage, not %s", value)
	}
	prefix, ours := d.about(subject, response)
	if !ours {
		return rule.Violation{}, false, nil
	}
	violation := rule.Violation{Message: messageOf(response), Path: pathOf(response, prefix)}
	fix := fixOf(response)
	if violation.Path == "" {
		violation.Path = fix.path
	}
	if violation.Message == "" {
		return violation, false, errors.New("a response has no alertMessage, or it is not a string")
	}
	if words := fix.words(); words != "" && (fix.path == "" || !strings.Contains(violation.Message, fix.path)) {
		violation.Message += "; " + words
	}
	violation.Container = containerOf(subject.Object, violation.Path)
	if !d.rated {
		violation.Severity = severityOfAlert(fieldOf(response, "alertScore"))
	}
	return violation, true, nil
}

// severityOfAlert returns the severity of an alertScore, from 0 to 10; nil where
// a response has none.
func severityOfAlert(score *ast.Term) *finding.Severity {
	if score == nil {
		return nil
	}
	number, ok := score.Value.(ast.Number)
	if !ok {
		return nil
	}
	points, ok := number.Float64()
	if !ok || points <= 0 {
		return nil
	}
	severity := severityOf(points)
	return &severity
}

// severityOf returns the severity of a score from 0 to 10, as Kubescape does.
func severityOf(score float64) finding.Severity {
	switch {
	case score >= 9:
		return finding.Critical
	case score >= 7:
		return finding.High
	case score >= 4:
		return finding.Medium
	case score >= 1:
		return finding.Low
	}
	return finding.Medium // it has none
}

// longMessage is where messages are cut off: some rules put whole objects there.
const longMessage = 500

// messageOf returns the message of a response, "" where it has none.
func messageOf(response ast.Object) string {
	message := strings.TrimSpace(textOf(response, "alertMessage"))
	if message == "" {
		message = strings.TrimSpace(textOf(response, "msg"))
	}
	if runes := []rune(message); len(runes) > longMessage {
		message = string(runes[:longMessage]) + "…"
	}
	return message
}

// relatedPrefix is what paths to fields of related objects begin with.
const relatedPrefix = "relatedObjects["

// pathOf returns the first field of the object to judge that a response names.
// Those of related objects are told apart by a prefix.
func pathOf(response ast.Object, prefix string) string {
	for _, field := range pathFields {
		for _, path := range stringsOf(fieldOf(response, field)) {
			if path == "" || prefix != "" && strings.HasPrefix(path, relatedPrefix) && !strings.HasPrefix(path, prefix) {
				continue
			}
			return strings.TrimPrefix(path, prefix)
		}
	}
	return ""
}

// fix is what a response proposes.
type fix struct{ path, value, command string }

// fixOf returns the first proposal of a response.
func fixOf(response ast.Object) fix {
	f := fix{command: strings.TrimSpace(textOf(response, "fixCommand"))}
	for _, term := range elementsOf(fieldOf(response, "fixPaths")) {
		if object, ok := term.Value.(ast.Object); ok {
			f.path = textOf(object, "path")
			f.value = scalar(fieldOf(object, "value"))
			break
		}
	}
	return f
}

// placeholder is what rules propose where only the user knows the value.
const placeholder = "YOUR_VALUE"

// words says in words what to do, "" where nothing is proposed.
func (f fix) words() string {
	switch {
	case f.path != "" && f.value != "" && f.value != placeholder:
		return "set " + f.path + " to " + f.value
	case f.path != "":
		return "set " + f.path
	case f.command != "":
		return "run " + f.command
	}
	return ""
}

// scalar returns a value as text, "" for what is not one word.
func scalar(term *ast.Term) string {
	if term == nil {
		return ""
	}
	switch value := term.Value.(type) {
	case ast.String:
		return string(value)
	case ast.Boolean, ast.Number:
		return value.String()
	}
	return ""
}

// containerLists are the lists that hold containers.
var containerLists = []string{"initContainers", "ephemeralContainers", "containers"}

// containerOf returns the name of the container that a path leads to, as in
// spec.template.spec.containers[0].image; "" where it leads to none.
func containerOf(object ast.Object, path string) string {
	for _, list := range containerLists {
		before, after, found := strings.Cut("."+path, "."+list+"[")
		digits, _, closed := strings.Cut(after, "]")
		if !found || !closed {
			continue
		}
		at, err := strconv.Atoi(digits)
		if err != nil {
			continue
		}
		current := ast.NewTerm(object)
		for _, step := range append(strings.FieldsFunc(before, func(r rune) bool { return r == '.' }), list) {
			within, _ := value[ast.Object](current)
			if within == nil {
				return ""
			}
			if current = within.Get(rule.Name(step)); current == nil {
				return ""
			}
		}
		containers := elementsOf(current)
		if at < 0 || at >= len(containers) {
			return ""
		}
		container, _ := value[ast.Object](containers[at])
		if container == nil {
			return ""
		}
		return textOf(container, "name")
	}
	return ""
}

// about tells whether a response is about the object to judge. One that names no
// object, as "please check by hand" does, is about none. The prefix is what
// paths to its fields begin with, where the response is about several objects.
func (d *Dialect) about(subject *rule.Subject, response ast.Object) (prefix string, ours bool) {
	alert, ok := value[ast.Object](fieldOf(response, "alertObject"))
	if !ok {
		return "", d.judges // it does not say, so it is about what was judged
	}
	objects := elementsOf(fieldOf(alert, "k8sApiObjects"))
	if d.shape == single {
		return "", len(objects) > 0 || externalOf(alert) != nil
	}
	for _, object := range objects {
		if isOf(object, subject.Resource.Identity, subject.Resource.EffectiveNamespace()) {
			return "", true
		}
	}
	external := externalOf(alert)
	if external == nil {
		return "", false
	}
	externals := []*ast.Term{external}
	if _, list := external.Value.(*ast.Array); list {
		externals = elementsOf(external)
	}
	for _, object := range externals {
		if prefix, ours = d.aboutExternal(subject, object); ours {
			return prefix, true
		}
	}
	return "", false
}

// aboutExternal tells whether an external object means the object to judge. It
// may be the object itself. A user or a group is no object: what is found about
// it is about the binding among its related objects, or the first of these.
func (d *Dialect) aboutExternal(subject *rule.Subject, external *ast.Term) (prefix string, ours bool) {
	object, ok := value[ast.Object](external)
	if !ok {
		return "", false
	}
	identity, namespace := subject.Resource.Identity, subject.Resource.EffectiveNamespace()
	if isOf(external, identity, namespace) {
		return "", true
	}
	if d.kinds.named(textOf(object, "kind")) {
		return "", false // it is found where that object is judged
	}
	related := fieldOf(object, "relatedObjects")
	list := elementsOf(related)
	if _, single := value[ast.Object](related); single {
		list = []*ast.Term{related}
	}
	chosen := 0
	for i, term := range list {
		if object, ok := term.Value.(ast.Object); ok && strings.HasSuffix(textOf(object, "kind"), "Binding") {
			chosen = i
			break
		}
	}
	for i, term := range list {
		// In a scan each finding comes once. At admission it is also about a role
		// that gives somebody more than it did.
		if (i == chosen || subject.Resource.Operation != resource.Scan) && isOf(term, identity, namespace) {
			return fmt.Sprintf("%s%d].", relatedPrefix, i), true
		}
	}
	return "", false
}
