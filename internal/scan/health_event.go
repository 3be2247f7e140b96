package scan

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	corev1 "k8s.io/api/core/v1"
)

// DefaultEventGroups is enough for a large cluster in trouble, at some 1.5 KB
// each.
const DefaultEventGroups = 5000

// ourController begins the reporting controller of Events that Reeve writes: to
// find fault with them would make more of them.
const ourController = "kubereeve.io/"

// event is what is read of an Event. Old ones have firstTimestamp, lastTimestamp
// and count, new ones eventTime and series.
type event struct {
	Metadata struct {
		CreationTimestamp *time.Time `json:"creationTimestamp"`
	} `json:"metadata"`
	InvolvedObject      involvedObject `json:"involvedObject"`
	Reason              string         `json:"reason"`
	Message             string         `json:"message"`
	Type                string         `json:"type"`
	ReportingController string         `json:"reportingComponent"`
	FirstTimestamp      *time.Time     `json:"firstTimestamp"`
	LastTimestamp       *time.Time     `json:"lastTimestamp"`
	Count               int            `json:"count"`
	EventTime           *time.Time     `json:"eventTime"`
	Series              struct {
		Count            int        `json:"count"`
		LastObservedTime *time.Time `json:"lastObservedTime"`
	} `json:"series"`
}

// involvedObject is what an Event is about.
type involvedObject struct {
	APIVersion string `json:"apiVersion,omitzero"`
	Kind       string `json:"kind"`
	Namespace  string `json:"namespace,omitzero"`
	Name       string `json:"name"`
}

// span returns when what the Event tells of began and was last seen; zero when
// the Event does not say.
func (e *event) span() (first, last time.Time) {
	for _, at := range []*time.Time{e.FirstTimestamp, e.LastTimestamp, e.EventTime, e.Series.LastObservedTime} {
		if at == nil || at.IsZero() {
			continue
		}
		if first.IsZero() || at.Before(first) {
			first = *at
		}
		if at.After(last) {
			last = *at
		}
	}
	if created := e.Metadata.CreationTimestamp; last.IsZero() && created != nil {
		return *created, *created
	}
	return first, last
}

// times returns how often it happened.
func (e *event) times() int { return max(e.Count, e.Series.Count, 1) }

// groupKey is what Events are grouped by. The uid is not part of it: the next
// pod of a name has the same trouble.
type groupKey struct{ kind, namespace, name, reason string }

func keyOf(involved involvedObject, reason string) groupKey {
	return groupKey{involved.Kind, involved.Namespace, involved.Name, reason}
}

// eventGroup sums up the Events of one object with one reason. The message is
// that of the last.
type eventGroup struct {
	involved    involvedObject
	reason      string
	message     string
	count       int
	first, last time.Time
}

// eventGroups groups Events in memory that does not grow with their number.
type eventGroups struct {
	limit   int
	groups  map[groupKey]*eventGroup
	dropped int // Events of groups that were dropped, the longest unseen first
}

func newEventGroups(limit int) *eventGroups {
	return &eventGroups{limit: limit, groups: make(map[groupKey]*eventGroup)}
}

// add adds an Event to its group.
func (g *eventGroups) add(e *event) {
	key := keyOf(e.InvolvedObject, e.Reason)
	group := g.groups[key]
	if group == nil {
		if len(g.groups) >= 2*g.limit {
			g.prune()
		}
		group = &eventGroup{involved: e.InvolvedObject, reason: e.Reason}
		g.groups[key] = group
	}
	first, last := e.span()
	group.count += e.times()
	if group.first.IsZero() || first.Before(group.first) {
		group.first = first
	}
	if group.message == "" || last.After(group.last) {
		group.message = e.Message
	}
	if last.After(group.last) {
		group.last = last
	}
}

// prune drops the groups beyond the limit that were not seen for longest.
func (g *eventGroups) prune() {
	for _, group := range g.newestFirst()[min(g.limit, len(g.groups)):] {
		delete(g.groups, keyOf(group.involved, group.reason))
		g.dropped += group.count
	}
}

// newestFirst returns the groups, the last seen first.
func (g *eventGroups) newestFirst() []*eventGroup {
	return slices.SortedFunc(maps.Values(g.groups), func(a, b *eventGroup) int { return b.last.Compare(a.last) })
}

// resource returns the EventGroup. Its identity is as near to that of the
// involved object as can be.
func (g *eventGroup) resource() (jsontext.Value, error) {
	type spec struct {
		InvolvedObject involvedObject `json:"involvedObject"`
		Reason         string         `json:"reason"`
	}
	type status struct {
		Count     int    `json:"count"`
		FirstSeen string `json:"firstSeen"`
		LastSeen  string `json:"lastSeen"`
		Message   string `json:"message"`
	}
	return newMade(eventGroupKind, madeMetadata{Name: g.involved.Name, Namespace: g.involved.Namespace},
		spec{g.involved, g.reason}, status{g.count, timeText(g.first), timeText(g.last), g.message})
}

// eventGroups makes a resource of the Warning Events of each object and reason.
func (p *pass) eventGroups(ctx context.Context) ([]jsontext.Value, error) {
	mapping, err := p.mapping(eventKind)
	if err != nil {
		return nil, err
	}
	reader := p.reader(mapping)
	reader.fieldSelector = "type=" + corev1.EventTypeWarning
	groups := newEventGroups(p.EventGroups)
	err = each(ctx, reader, func(raw jsontext.Value) (bool, error) {
		var e event
		if err := json.Unmarshal(raw, &e); err != nil {
			return false, fmt.Errorf("event: %w", err)
		}
		if p.counts(&e) {
			groups.add(&e)
		}
		return true, nil
	})
	groups.prune()
	var items []jsontext.Value
	for _, group := range groups.newestFirst() {
		item, err := group.resource()
		if err != nil {
			return nil, err
		}
		items = append(items, item)
	}
	if err == nil && groups.dropped > 0 {
		err = fmt.Errorf("there are too many Warning Events: %d are left out, those of the %d last seen objects and reasons are judged", groups.dropped, p.EventGroups)
	}
	return items, err
}

// counts tells whether an Event is a warning by somebody else about something
// within the namespace that is scanned.
func (p *pass) counts(e *event) bool {
	return e.Type == corev1.EventTypeWarning && !strings.HasPrefix(e.ReportingController, ourController) &&
		(p.Namespace == "" || e.InvolvedObject.Namespace == p.Namespace)
}
