package doors

import (
	"regexp"
	"slices"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/kubereeve/reeve/internal/finding"
	"github.com/kubereeve/reeve/internal/resource"
	"github.com/kubereeve/reeve/internal/review"
)

// The plain resolver: it reads the configuration as people do, from the first
// entry to the last, and shares nothing with what it checks.

// fits tells whether a pattern matches a name.
func fits(pattern, name string) bool {
	translated := regexp.QuoteMeta(pattern)
	for from, to := range map[string]string{`\*`: ".*", `\?`: ".", `\[`: "[", `\]`: "]"} {
		translated = strings.ReplaceAll(translated, from, to)
	}
	return regexp.MustCompile("^(?s:" + translated + ")$").MatchString(name)
}

func anyFits(patterns []string, name string) bool {
	return slices.ContainsFunc(patterns, func(pattern string) bool { return fits(pattern, name) })
}

// means tells whether the terms of a selector mean a rule.
func means(terms []string, r int) bool {
	for _, term := range terms {
		kind, value, has := strings.Cut(term, ":")
		switch {
		case !has && fits(term, known[r].id),
			kind == "category" && value == known[r].category,
			kind == "severity" && value == known[r].severity,
			kind == "framework" && value == known[r].framework:
			return true
		}
	}
	return false
}

// isKind tells whether any pattern means a kind.
func isKind(patterns []string, kind schema.GroupKind) bool {
	for _, pattern := range patterns {
		name, group, has := strings.Cut(pattern, ".")
		if fits(name, kind.Kind) && (!has || fits(group, kind.Group)) {
			return true
		}
	}
	return false
}

// within tells whether an entry is about a request.
func (w *world) within(e entry, o *object, operation resource.Operation, by *resource.User) bool {
	place := o.namespace
	if o.kind == namespace {
		place = o.name
	}
	if len(e.namespaces) > 0 && (place == "" || !anyFits(e.namespaces, place)) {
		return false
	}
	if e.labelKey != "" && (place == "" || w.namespaces[place][e.labelKey] != e.labelValue) {
		return false
	}
	if len(e.kinds) > 0 && !isKind(e.kinds, o.kind) {
		return false
	}
	if len(e.operations) > 0 && !slices.Contains(e.operations, operation) {
		return false
	}
	if len(e.users) > 0 {
		matched := false
		for _, pattern := range e.users {
			group, isGroup := strings.CutPrefix(pattern, "group:")
			if by != nil && !isGroup && fits(pattern, by.Name) {
				matched = true
			}
			if by != nil && isGroup && slices.ContainsFunc(by.Groups, func(name string) bool { return fits(group, name) }) {
				matched = true
			}
		}
		return matched
	}
	return true
}

// mode returns the mode of a rule's findings on an object, before exceptions.
func (w *world) mode(r int, o *object, operation resource.Operation, by *resource.User) finding.Mode {
	mode := known[r].mode
	for _, e := range w.entries {
		if e.mode != nil && (len(e.rules) == 0 || means(e.rules, r)) && !w.now.Before(e.from) && w.within(e, o, operation, by) {
			mode = *e.mode
		}
	}
	place := o.namespace
	if o.kind == namespace {
		place = o.name
	}
	if w.options.NamespaceLabel && place != "" {
		switch w.namespaces[place][review.ModeLabel] {
		case "warn":
			mode = min(mode, finding.Warn)
		case "audit":
			mode = min(mode, finding.Audit)
		case "off":
			mode = finding.Off
		}
	}
	return mode
}

// covering returns the exceptions that cover a finding, in the order in which
// they are asked, and which of them have expired.
func (w *world) covering(r int, o *object, container string) (names []string, expired []bool) {
	protected := append([]string{"kube-system", "kube-public", "kube-node-lease", "reeve-system"}, w.options.Protected...)
	excepted, never := w.options.Excepted.String(), w.options.NeverExcepted.String()
	if o.namespace == "" || anyFits(protected, o.namespace) ||
		excepted != "" && !means(strings.Split(excepted, ", "), r) || never != "" && means(strings.Split(never, ", "), r) {
		return nil, nil
	}
	for _, literally := range []bool{true, false} {
		for _, e := range w.exceptions { // ordered by name as they are
			if e.namespace != o.namespace || slices.Contains(e.rules, known[r].id) != literally || !anyFits(e.rules, known[r].id) ||
				len(e.kinds) > 0 && !isKind(e.kinds, o.kind) ||
				len(e.names) > 0 && !anyFits(e.names, o.name) ||
				e.label != "" && o.labels["app"] != e.label ||
				len(e.containers) > 0 && (container == "" || !anyFits(e.containers, container)) {
				continue
			}
			end := e.expires
			if limit := w.options.MaxExcepted; limit > 0 && !e.created.IsZero() {
				if last := e.created.Add(limit); end.IsZero() || last.Before(end) {
					end = last
				}
			}
			names, expired = append(names, e.name), append(expired, end != time.Time{} && w.now.Compare(end) >= 0)
		}
	}
	return names, expired
}

// expect returns what is to be told of an object at a door.
func (w *world) expect(o *object, operation resource.Operation, by *resource.User) []string {
	var out []string
	for r := range known {
		if !judges(r, o.kind) {
			continue
		}
		blamed := []string{""}
		if known[r].body == onContainers {
			blamed = o.containers
		}
		for _, container := range blamed {
			mode := w.mode(r, o, operation, by)
			if mode == finding.Off {
				continue
			}
			out = append(out, known[r].id+" "+container+": "+w.outcome(r, o, operation, container, mode))
		}
	}
	slices.Sort(out)
	return out
}

// outcome words what a finding does.
func (w *world) outcome(r int, o *object, operation resource.Operation, container string, mode finding.Mode) string {
	names, expired := w.covering(r, o, container)
	if i := slices.Index(expired, false); i >= 0 {
		return "hidden by " + names[i]
	}
	text := mode.String()
	if operation == resource.Update && mode == finding.Deny {
		switch {
		case o.dying && slices.Equal(o.before, o.containers):
			text = "warn"
		case w.options.ExistingViolations && (container == "" || slices.Contains(o.before, container)):
			text = "warn existing"
		}
	}
	if len(names) > 0 {
		text += " expired " + names[0]
	}
	return text
}

// judges tells whether a rule judges a kind.
func judges(r int, kind schema.GroupKind) bool {
	if strings.Contains(known[r].kinds, "workload") && (kind == pod || kind == deployment) {
		return true
	}
	return strings.Contains(known[r].kinds, kind.Kind)
}
