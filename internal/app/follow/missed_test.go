package follow

import (
	"context"
	"testing"
	"time"

	"github.com/go-logr/logr"
	"k8s.io/client-go/rest"

	"github.com/kubereeve/reeve/internal/app"
	"github.com/kubereeve/reeve/internal/engine"
)

// A ConfigMap that changes while the rules are compiled for the first time has been
// read before.
func TestWhatChangesDuringTheFirstLoadIsReadAgain(t *testing.T) {
	follower := New(t.Context(), &rest.Config{}, Options{Interval: time.Minute}, nil, logr.Discard())
	loads := make(chan struct{}, 10)
	live, err := follower.Begin(t.Context(), app.LiveOptions{Quiet: time.Millisecond, Log: logr.Discard(),
		Load: func(context.Context) (*app.State, error) {
			loaded, err := (&app.RuleOptions{}).Load()
			if err != nil {
				return nil, err
			}
			if len(loads) == 0 {
				follower.changed("configmap:reeve-system/rules changed")
			}
			reviewer, err := loaded.Reviewer(engine.Options{})
			loads <- struct{}{}
			return &app.State{Rules: loaded, Reviewer: reviewer}, err
		}})
	if err != nil {
		t.Fatal(err)
	}
	go live.Start(t.Context()) //nolint:errcheck // it never fails
	for _, load := range []string{"first", "second"} {
		select {
		case <-loads:
		case <-time.After(time.Minute):
			t.Fatalf("there is no %s load", load)
		}
	}
}
