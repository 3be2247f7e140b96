// Package recent remembers the last admissions that rules found something on, so
// that a rollout can be previewed by what people really did. What it holds is
// bounded in number and in bytes, and contains no objects.
package recent

import (
	"context"
	"fmt"
	"path"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/kubereeve/reeve/internal/finding"
)

// The defaults of Options.
const (
	DefaultEntries = 1000
	DefaultBytes   = 4 << 20
)

// Options bound a ring. Zero values mean the defaults.
type Options struct {
	Entries int
	// Bytes bounds what the entries take together, by estimate.
	Bytes int
}

// Ring is a sink that keeps the newest admissions with findings or with rules
// that could not judge, dry runs left out. It is safe for concurrent use.
type Ring struct {
	options Options

	mu      sync.Mutex
	entries []Entry // oldest first, from first on, in a circle
	first   int
	count   int
	bytes   int
	dropped int64 // entries that had to make room
}

// New returns an empty ring.
func New(options Options) *Ring {
	if options.Entries <= 0 {
		options.Entries = DefaultEntries
	}
	if options.Bytes <= 0 {
		options.Bytes = DefaultBytes
	}
	return &Ring{options: options, entries: make([]Entry, options.Entries)}
}

// Write keeps what a report on an admission tells. It never fails and never
// waits; reports of scans are none of its business.
func (r *Ring) Write(_ context.Context, report finding.Report) error {
	if report.Door != finding.DoorAdmission {
		return nil
	}
	for _, verdict := range report.Verdicts {
		if verdict.Resource == nil || verdict.Resource.DryRun {
			continue
		}
		r.add(newEntry(report, verdict))
	}
	return nil
}

// add keeps an entry, and lets go of the oldest ones as long as there is no room
// for it.
func (r *Ring) add(entry Entry) {
	size := entry.size()
	r.mu.Lock()
	defer r.mu.Unlock()
	for r.count > 0 && (r.count == len(r.entries) || r.bytes+size > r.options.Bytes) {
		oldest := &r.entries[r.first]
		r.bytes -= oldest.size()
		*oldest = Entry{}
		r.first = (r.first + 1) % len(r.entries)
		r.count--
		r.dropped++
	}
	if size > r.options.Bytes {
		r.dropped++
		return
	}
	r.entries[(r.first+r.count)%len(r.entries)] = entry
	r.count++
	r.bytes += size
}

// Query chooses entries.
type Query struct {
	// Rule is an id or a path.Match glob of ids; entries without a finding, excepted
	// or not, or an error of such a rule are left out. Empty: any. An asterisk matches slashes
	// as well.
	Rule string
	// Since leaves out what is older. Zero: nothing.
	Since time.Time
	// Limit bounds how many entries are returned; 0 means all.
	Limit int
}

// Page is what a ring answers to a query.
type Page struct {
	// Entries are the newest that the query chooses, newest first.
	Entries []Entry `json:"entries"`
	// Oldest is the time of the oldest entry that is kept, chosen or not: nobody
	// knows what was before, if Dropped is not zero. Zero when there is none.
	Oldest time.Time `json:"oldest,omitzero"`
	// Dropped counts the entries that made room for newer ones since the start.
	Dropped int64 `json:"dropped"`
	// More tells that Limit has left out older entries.
	More bool `json:"more"`
}

// Read returns the entries that a query chooses. They are the caller's, except
// for what their slices point to, which nobody may change.
func (r *Ring) Read(query Query) Page {
	r.mu.Lock()
	defer r.mu.Unlock()
	page := Page{Entries: []Entry{}, Dropped: r.dropped}
	if r.count > 0 {
		page.Oldest = r.entries[r.first].Time
	}
	for i := r.count - 1; i >= 0; i-- {
		entry := &r.entries[(r.first+i)%len(r.entries)]
		if !query.chooses(entry) {
			continue
		}
		if query.Limit > 0 && len(page.Entries) == query.Limit {
			page.More = true
			break
		}
		page.Entries = append(page.Entries, *entry)
	}
	return page
}

// chooses tells whether a query is about an entry.
func (q Query) chooses(entry *Entry) bool {
	if entry.Time.Before(q.Since) {
		return false
	}
	return q.Rule == "" ||
		slices.ContainsFunc(entry.Findings, func(f Finding) bool { return matches(q.Rule, f.Rule) }) ||
		slices.ContainsFunc(entry.Excepted, func(e Excepted) bool { return matches(q.Rule, e.Rule) }) ||
		slices.ContainsFunc(entry.Errors, func(e RuleError) bool { return matches(q.Rule, e.Rule) })
}

// matches tells whether a glob matches an id. Slashes are letters as all others:
// the ids of foreign rules have some.
func matches(glob, id string) bool {
	const letter = "\x00"
	matched, _ := path.Match(strings.ReplaceAll(glob, "/", letter), strings.ReplaceAll(id, "/", letter)) // checked by Validate
	return matched
}

// Validate says what is wrong with a query.
func (q Query) Validate() error {
	if _, err := path.Match(q.Rule, ""); err != nil {
		return fmt.Errorf("rule %q: the glob is malformed", q.Rule)
	}
	if q.Limit < 0 {
		return fmt.Errorf("limit %d is below zero", q.Limit)
	}
	return nil
}
