package status

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/kubereeve/reeve/internal/finding"
	"github.com/kubereeve/reeve/internal/resource"
	"github.com/kubereeve/reeve/internal/sink/recent"
)

// newRing returns a ring with an admission at each age, named after it.
func newRing(t *testing.T, ages ...time.Duration) *recent.Ring {
	t.Helper()
	ring := recent.New(recent.Options{})
	for _, age := range ages {
		report := finding.Report{Door: finding.DoorAdmission, Time: time.Now().Add(-age), Verdicts: []finding.Verdict{{
			Resource: &resource.Resource{Identity: resource.Identity{Kind: "Pod", Name: age.String()}},
			Findings: []finding.Finding{{Rule: "host-pid"}},
		}}}
		if err := ring.Write(context.Background(), report); err != nil {
			t.Fatal(err)
		}
	}
	return ring
}

func TestHandler(t *testing.T) {
	handler := NewHandler(NewRegistry("webhook"), newRing(t, 3*time.Hour, 90*time.Minute, time.Minute))
	get := func(method, target string) (int, string) {
		answer := httptest.NewRecorder()
		handler.ServeHTTP(answer, httptest.NewRequest(method, target, nil))
		return answer.Code, answer.Body.String()
	}
	for _, test := range []struct {
		name, query string
		want        []string
	}{
		{"everything", "", []string{"1m0s", "1h30m0s", "3h0m0s"}},
		{"since a while ago", "?since=2h", []string{"1m0s", "1h30m0s"}},
		{"since a time", "?since=" + time.Now().Add(-time.Hour).UTC().Format(time.RFC3339), []string{"1m0s"}},
		{"of a rule", "?rule=host-*&limit=1", []string{"1m0s"}},
		{"of another rule", "?rule=other", []string{}},
	} {
		t.Run(test.name, func(t *testing.T) {
			code, body := get(http.MethodGet, RecentPath+test.query)
			var answer Recent
			if err := json.Unmarshal([]byte(body), &answer); code != http.StatusOK || err != nil || answer.Replica == "" {
				t.Fatal(code, body, err)
			}
			names := []string{}
			for _, entry := range answer.Entries {
				names = append(names, entry.Resource.Name)
			}
			if diff := cmp.Diff(test.want, names); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
	for query, want := range map[string]string{
		"?since=yesterday": `since: "yesterday" is neither a time`,
		"?since=-1h":       `since: "-1h" is neither a time`,
		"?limit=many":      `limit: "many" is not a number`,
		"?limit=-1":        "limit -1 is below zero",
		"?rule=host-[":     `rule "host-[": the glob is malformed`,
		"?rules=host":      `there is no parameter "rules"`,
	} {
		if code, body := get(http.MethodGet, RecentPath+query); code != http.StatusBadRequest || !strings.Contains(body, want) {
			t.Errorf("%s: %d %s", query, code, body)
		}
	}
	if code, _ := get(http.MethodPost, StatePath); code != http.StatusMethodNotAllowed {
		t.Errorf("POST: %d", code)
	}
	if code, _ := get(http.MethodGet, "/"); code != http.StatusNotFound {
		t.Errorf("another path: %d", code)
	}
	if code, body := get(http.MethodGet, StatePath); code != http.StatusOK || !strings.Contains(body, `"program":"webhook"`) {
		t.Errorf("state: %d %s", code, body)
	}
}

func TestFewRequestsAtATime(t *testing.T) {
	entered, leave := make(chan struct{}), make(chan struct{})
	handler := Protect(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		entered <- struct{}{}
		<-leave
	}))
	ask := func() int {
		answer := httptest.NewRecorder()
		handler.ServeHTTP(answer, httptest.NewRequest(http.MethodGet, StatePath, nil))
		return answer.Code
	}
	var group sync.WaitGroup
	for range maxInFlight {
		group.Go(func() { ask() })
		<-entered
	}
	if code := ask(); code != http.StatusTooManyRequests {
		t.Errorf("one too many got %s", fmt.Sprint(code))
	}
	close(leave)
	group.Wait()
}
