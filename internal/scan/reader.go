package scan

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/go-json-experiment/json/jsontext"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kubereeve/reeve/internal/resource"
)

// reader reads the objects of one kind, page by page.
//
// A continue token expires after some minutes, when the API server compacts its
// store. The server then offers a token that goes on with a newer state of the
// list, which is good enough: nothing is read twice, and what was made in pages
// already read is judged in the next pass. A server that offers none makes the
// reader start over and leave out what comes before the last object it has
// read. That relies on the order of API servers, by namespace and name; where
// pages came in another order, the kind fails instead of being reported twice.
type reader struct {
	list      func(context.Context, *meta.RESTMapping, string, metav1.ListOptions) (io.ReadCloser, error)
	mapping   *meta.RESTMapping
	namespace string
	pageSize  int64
	retry     retry
	// fieldSelector keeps objects away that nobody wants; the server may not
	// know it.
	fieldSelector string

	token     string
	last      string // order key of the last object read
	skipTo    string // leave out objects up to this order key
	unordered bool
	expired   int // consecutive expired tokens
	restarts  int
}

// How often a reader puts up with expired tokens: in a row, and by starting
// over.
const (
	maxExpired  = 5
	maxRestarts = 3
)

// next reads the next page. It must not be called again after the last one,
// whose token is empty.
func (r *reader) next(ctx context.Context) (page, error) {
	for {
		list, err := r.fetch(ctx)
		if err == nil {
			r.expired = 0
			r.token = list.next
			return r.unread(list), nil
		}
		if !apierrors.IsResourceExpired(err) && !apierrors.IsGone(err) {
			return page{}, err
		}
		if err := r.recover(err); err != nil {
			return page{}, err
		}
	}
}

// fetch reads a page, several times if need be.
func (r *reader) fetch(ctx context.Context) (page, error) {
	var list page
	err := r.retry.do(ctx, "list "+r.mapping.Resource.GroupResource().String(), func(ctx context.Context) (err error) {
		stream, err := r.list(ctx, r.mapping, r.namespace, metav1.ListOptions{Limit: r.pageSize, Continue: r.token, FieldSelector: r.fieldSelector})
		if err != nil {
			return err
		}
		list, err = readPage(stream)
		return errors.Join(err, stream.Close())
	})
	return list, err
}

// recover chooses how to go on after the server has called the token expired.
func (r *reader) recover(expired error) error {
	r.expired++
	if token := offeredToken(expired); token != "" && r.expired <= maxExpired {
		r.token = token
		return nil
	}
	if r.unordered || r.restarts == maxRestarts {
		return fmt.Errorf("the list changed faster than it could be read: %w", expired)
	}
	r.restarts++
	r.expired = 0
	r.token, r.skipTo = "", r.last
	return nil
}

// offeredToken returns the token with which an API server lets an expired list
// go on, or "".
func offeredToken(err error) string {
	var status apierrors.APIStatus
	if errors.As(err, &status) {
		return status.Status().Continue
	}
	return ""
}

// unread leaves out what was read before the reader started over, and watches
// the order of pages.
func (r *reader) unread(list page) page {
	if r.skipTo != "" {
		list.items = slices.DeleteFunc(list.items, func(item jsontext.Value) bool { return r.key(item) <= r.skipTo })
	}
	if len(list.items) == 0 {
		return list
	}
	first, last := r.key(list.items[0]), r.key(list.items[len(list.items)-1])
	if first <= r.last || last < first {
		r.unordered = true
	}
	r.last = last
	return list
}

// key returns what API servers order lists by.
func (r *reader) key(item jsontext.Value) string {
	res, err := resource.FromObject(item, r.mapping.GroupVersionKind)
	if err != nil || res.Name == "" {
		r.unordered = true
		return ""
	}
	if res.Identity.Namespace == "" {
		return res.Name
	}
	return res.Identity.Namespace + "/" + res.Name
}

// each calls visit with every object that a reader reads, until visit returns
// false.
func each(ctx context.Context, r *reader, visit func(jsontext.Value) (more bool, err error)) error {
	for {
		list, err := r.next(ctx)
		if err != nil {
			return err
		}
		for _, item := range list.items {
			more, err := visit(item)
			if err != nil || !more {
				return err
			}
		}
		if list.next == "" {
			return nil
		}
	}
}
