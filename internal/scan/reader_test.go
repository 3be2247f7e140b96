package scan_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-logr/logr/testr"
	"github.com/google/go-cmp/cmp"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/kubereeve/reeve/internal/finding"
	"github.com/kubereeve/reeve/internal/scan"
)

// times returns an error for the first n requests of a name.
func times(n int, name string, err error) func(string) error {
	return func(request string) error {
		if request == name && n > 0 {
			n--
			return err
		}
		return nil
	}
}

func TestExpiredTokens(t *testing.T) {
	shuffled := objects("a", 6)
	slices.Reverse(shuffled)
	for _, test := range []struct {
		name      string
		objects   []string
		misbehave func(string) error
		fails     bool
		requests  []string
	}{
		{
			name: "go on with the token that the server offers", objects: objects("a", 6),
			misbehave: times(1, "Pod?continue=4", expired("inconsistent-4")),
			requests:  []string{"Pod", "Pod?continue=2", "Pod?continue=4", "Pod?continue=inconsistent-4"},
		},
		{
			name: "make the kind start over where none is offered", objects: objects("a", 6),
			misbehave: times(1, "Pod?continue=4", expired("")),
			requests:  []string{"Pod", "Pod?continue=2", "Pod?continue=4", "Pod", "Pod?continue=2", "Pod?continue=4"},
		},
		{
			name: "make the kind start over across namespaces", objects: slices.Concat(objects("a-b", 1), objects("a", 2), objects("b", 2)),
			misbehave: times(1, "Pod?continue=4", expired("")), // "a-b/" comes before "a/"
		},
		{
			name: "fail the kind where pages come in no order", objects: shuffled,
			misbehave: times(1, "Pod?continue=4", expired("")),
			fails:     true,
		},
		{
			name: "fail the kind in the end", objects: objects("a", 6),
			misbehave: times(100, "Pod?continue=4", expired("")),
			fails:     true,
		},
		{
			name: "fail the kind in the end although new ones are offered", objects: objects("a", 6),
			misbehave: func(request string) error {
				if strings.Contains(request, "4") {
					return expired("inconsistent-4")
				}
				return nil
			},
			fails: true,
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			c := &cluster{objects: map[schema.GroupKind][]string{pods: test.objects}, misbehave: test.misbehave}
			written, judge, pass := run(t, c, scan.Options{}, pods)
			if _, failed := pass.Failed["Pod"]; failed != test.fails {
				t.Errorf("failed: %v, want %v", pass.Failed, test.fails)
			}
			if test.requests != nil {
				if diff := cmp.Diff(append([]string{"discovery"}, test.requests...), c.requests); diff != "" {
					t.Errorf("requests (-want +got):\n%s", diff)
				}
			}
			seen := make(map[string]int)
			for _, res := range judge.reviewed {
				seen[res.String()]++
			}
			for name, n := range seen {
				if n > 1 {
					t.Errorf("%s was judged %d times", name, n)
				}
			}
			if !test.fails && len(seen) != len(test.objects) {
				t.Errorf("%d objects judged, want %d", len(seen), len(test.objects))
			}
			if complete := written.all[len(written.all)-2].Complete; complete == test.fails {
				t.Errorf("complete: %v", complete)
			}
		})
	}
}

func TestRequestsAreTriedAgain(t *testing.T) {
	busy := apierrors.NewTooManyRequests("too many requests", 7)
	down := apierrors.NewGenericServerResponse(http.StatusBadGateway, "get", schema.GroupResource{}, "", "no upstream", 0, true)
	refused := fmt.Errorf("dial tcp: %w", syscall.ECONNREFUSED)
	for _, test := range []struct {
		name      string
		misbehave func(string) error
		fails     bool
		tries     int // of the first page
		atLeast   time.Duration
		atMost    time.Duration
	}{
		{name: "when the server refuses connections", misbehave: times(2, "Pod", refused), tries: 3, atMost: 2 * time.Second},
		{name: "when the server is down", misbehave: times(1, "Pod", down), tries: 2, atMost: time.Second},
		{name: "after as long as the server asks for", misbehave: times(1, "Pod", busy), tries: 2, atLeast: 7 * time.Second, atMost: 8 * time.Second},
		{name: "when the answer breaks off", misbehave: times(1, "Pod", io.ErrUnexpectedEOF), tries: 2, atMost: time.Second},
		{name: "when discovery fails", misbehave: times(2, "discovery", down), tries: 1, atMost: 2 * time.Second},
		{name: "five times and no more", misbehave: times(100, "Pod", down), fails: true, tries: 5, atMost: 10 * time.Second},
		{name: "but not when the answer is no", misbehave: times(100, "Pod", forbidden(pods)), fails: true, tries: 1},
		{name: "but not when the request is wrong", misbehave: times(100, "Pod", apierrors.NewBadRequest("no")), fails: true, tries: 1},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				start := time.Now()
				c := &cluster{objects: map[schema.GroupKind][]string{pods: objects("a", 3)}, misbehave: test.misbehave}
				written, _, pass := run(t, c, scan.Options{}, pods)
				if _, failed := pass.Failed["Pod"]; failed != test.fails {
					t.Errorf("failed: %v, want %v", pass.Failed, test.fails)
				}
				tries := 0
				for _, request := range c.requests {
					if request == "Pod" {
						tries++
					}
				}
				if tries != test.tries {
					t.Errorf("tried %d times, want %d", tries, test.tries)
				}
				if took := time.Since(start); took < test.atLeast || took > test.atMost {
					t.Errorf("waited %s, want %s to %s", took, test.atLeast, test.atMost)
				}
				if !test.fails && len(written.names()) != 3 {
					t.Errorf("reported %v", written.names())
				}
			})
		})
	}
}

func TestPassFailsWhenDiscoveryDoes(t *testing.T) {
	c := &cluster{misbehave: func(string) error { return apierrors.NewUnauthorized("who are you") }}
	written := &reports{}
	_, err := scan.New(scan.Options{Cluster: c, Reviewer: &reviewer{}, Sink: written, Kinds: []schema.GroupKind{pods}, Log: testr.New(t)}).Pass(t.Context())
	if !apierrors.IsUnauthorized(err) || len(written.all) != 0 || len(c.requests) != 1 {
		t.Errorf("error %v, reports %v, requests %v", err, written.all, c.requests)
	}
}

func TestWaitingEndsWithTheContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		start := time.Now()
		c := &cluster{objects: map[schema.GroupKind][]string{pods: objects("a", 3)},
			misbehave: times(100, "Pod", apierrors.NewTooManyRequests("busy", 25))}
		_, err := scan.New(scan.Options{Cluster: c, Reviewer: &reviewer{}, Kinds: []schema.GroupKind{pods}, Log: testr.New(t)}).Pass(ctx)
		if !errors.Is(err, context.DeadlineExceeded) || time.Since(start) != 10*time.Second {
			t.Errorf("error %v after %s", err, time.Since(start))
		}
	})
}

// endless serves a kind of any number of objects without holding them.
type endless struct {
	*cluster
	total int
}

func (e *endless) List(ctx context.Context, mapping *meta.RESTMapping, namespace string, options metav1.ListOptions) (io.ReadCloser, error) {
	if mapping.GroupVersionKind.GroupKind() != pods {
		return e.cluster.List(ctx, mapping, namespace, options)
	}
	from := 0
	if _, err := fmt.Sscanf(options.Continue, "%d", &from); err != nil && options.Continue != "" {
		return nil, err
	}
	to := min(from+int(options.Limit), e.total)
	next := ""
	if to < e.total {
		next = fmt.Sprint(to)
	}
	reader, writer := io.Pipe()
	go func() { writer.CloseWithError(writePage(writer, next, from, to)) }()
	return reader, nil
}

// writePage writes a page of objects of two kilobytes each.
func writePage(to io.Writer, next string, first, end int) error {
	if _, err := fmt.Fprintf(to, `{"metadata":{"continue":%q},"items":[`, next); err != nil {
		return err
	}
	comma := ""
	for i := first; i < end; i++ {
		if _, err := fmt.Fprintf(to, `%s{"metadata":{"name":"good-%08d","namespace":"a"},"spec":%q}`, comma, i, strings.Repeat("x", 2000)); err != nil {
			return err
		}
		comma = ","
	}
	_, err := io.WriteString(to, "]}")
	return err
}

func TestMemoryIsThatOfTwoPages(t *testing.T) {
	const pageBytes = 500 * 2100
	for _, total := range []int{2_000, 20_000} { // 4 and 40 pages
		c := &endless{cluster: &cluster{objects: map[schema.GroupKind][]string{pods: {}}}, total: total}
		before, peak := liveHeap(), uint64(0)
		sink := &reports{onWrite: func(finding.Report) { peak = max(peak, liveHeap()) }}
		pass, err := scan.New(scan.Options{Cluster: c, Reviewer: counting{}, Sink: sink, PageSize: 500, Kinds: []schema.GroupKind{pods}}).Pass(t.Context())
		if err != nil || pass.Resources != total {
			t.Fatalf("pass %+v, error %v", pass, err)
		}
		held := float64(peak-min(before, peak)) / pageBytes
		t.Logf("%d objects: %.1f pages held at most", total, held)
		// Two pages and the buffers of the one that is being read, and as much
		// again for what the garbage collector has not yet seen to be free.
		if held > 6 {
			t.Errorf("%d objects: %.1f pages held", total, held)
		}
	}
}
