package client

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"time"

	"github.com/kubereeve/reeve/internal/app/status"
	"github.com/kubereeve/reeve/internal/sink/recent"
)

// Recent are the recent admissions of all replicas.
type Recent struct {
	// Entries are ordered from the newest to the oldest, each with its replica.
	Entries []recent.Entry
	// Replicas say how much each has told.
	Replicas []Coverage
}

// Coverage is how much a replica has told of recent admissions.
type Coverage struct {
	Name string
	// Oldest is the time of the oldest admission that the replica remembers; zero
	// when it remembers none. What was before is not known if Dropped is not zero.
	Oldest  time.Time
	Dropped int64
	// More says that the query's limit has left out older ones.
	More bool
	// Err says why the replica has told nothing.
	Err error
}

// Complete tells whether every replica has answered.
func (r Recent) Complete() bool {
	return len(r.Replicas) > 0 && !slices.ContainsFunc(r.Replicas, func(c Coverage) bool { return c.Err != nil })
}

// FetchRecent asks every replica for the recent admissions that a query chooses,
// and merges them. The query's limit is for each replica. It fails when nobody
// knows which replicas there are; a replica that does not answer is in Replicas.
func (c *Client) FetchRecent(ctx context.Context, query recent.Query) (Recent, error) {
	if err := query.Validate(); err != nil {
		return Recent{}, err
	}
	targets, err := c.targets(ctx, webhooks, c.options.Addresses)
	if err != nil {
		return Recent{}, err
	}
	if len(targets) == 0 {
		return Recent{}, fmt.Errorf("there are no pods of the webhook in namespace %s", c.options.Namespace)
	}
	answers, errs := make([]status.Recent, len(targets)), make([]error, len(targets))
	each(targets, func(i int, t target) {
		if t.idle != "" {
			errs[i] = errors.New("the pod does not run: " + t.idle)
			return
		}
		errs[i] = c.get(ctx, t, status.RecentPath+"?"+encode(query), &answers[i])
	})
	var merged Recent
	for i, t := range targets {
		answer := &answers[i]
		merged.Replicas = append(merged.Replicas, Coverage{Name: t.name, Oldest: answer.Oldest, Dropped: answer.Dropped, More: answer.More, Err: errs[i]})
		for _, entry := range answer.Entries {
			entry.Replica = t.name
			merged.Entries = append(merged.Entries, entry)
		}
	}
	slices.SortStableFunc(merged.Entries, func(a, b recent.Entry) int { return b.Time.Compare(a.Time) })
	return merged, nil
}

// encode returns a query as parameters.
func encode(query recent.Query) string {
	values := url.Values{}
	if query.Rule != "" {
		values.Set("rule", query.Rule)
	}
	if !query.Since.IsZero() {
		values.Set("since", query.Since.UTC().Format(time.RFC3339))
	}
	if query.Limit > 0 {
		values.Set("limit", strconv.Itoa(query.Limit))
	}
	return values.Encode()
}
