package app

import (
	"errors"
	"fmt"

	"github.com/go-logr/logr"

	"github.com/kubereeve/reeve/internal/config"
	"github.com/kubereeve/reeve/internal/rule"
)

// ConfigRecorder counts what becomes of the configuration file.
type ConfigRecorder interface {
	// ConfigLoaded records the configuration in force, and how many names in it
	// match no rule.
	ConfigLoaded(revision string, unmatched int)
	// ConfigReloaded counts an attempt to read it anew, and records whether it was
	// refused.
	ConfigReloaded(result string, refused bool)
}

// RecordConfig records the configuration of a program, now and after each reload.
func RecordConfig(live *Live, recorder ConfigRecorder) {
	record := func(state *State) { recorder.ConfigLoaded(state.Configuration, len(state.Rules.Unmatched)) }
	record(live.Current())
	live.Observe(func(reload Reload) {
		result := ReloadUnchanged
		switch {
		case reload.ConfigProblem() != nil:
			result = ReloadFailed
		case reload.Now.Configuration != reload.Before.Configuration:
			result = ReloadSwapped
		}
		recorder.ConfigReloaded(result, result == ReloadFailed)
		record(reload.Now)
	})
}

// ConfigProblem says why the configuration file was refused; nil where it was
// not.
func (r Reload) ConfigProblem() error {
	if _, refused := errors.AsType[config.Problems](r.Err); refused {
		return r.Err
	}
	return nil
}

// RulesProblem says why the rules could not be loaded; nil where they could, or
// where the configuration file stood in the way.
func (r Reload) RulesProblem() error {
	if r.ConfigProblem() != nil {
		return nil //nolint:nilerr // the other error is told by ConfigProblem
	}
	return r.Err
}

// maxLogged bounds the problems of one file that are logged.
const maxLogged = 100

// logRefused logs every problem of a configuration file.
func logRefused(log logr.Logger, err error) {
	problems, _ := errors.AsType[config.Problems](err)
	for _, problem := range problems[:min(len(problems), maxLogged)] {
		log.Error(errors.New(problem.Message), "the configuration is wrong", "file", problem.File, "line", problem.Line, "field", problem.Path)
	}
}

// summary returns an error in one line: what logRefused has logged is counted.
func summary(err error) error {
	if problems, ok := errors.AsType[config.Problems](err); ok && len(problems) > 1 {
		return fmt.Errorf("%w, and %d more problems of the configuration", problems[0], len(problems)-1)
	}
	return err
}

// logUnmatched logs the names of a configuration that match no rule, those that
// are new.
func logUnmatched(log logr.Logger, before, now config.Problems) {
	known := make(map[string]bool, len(before))
	for _, problem := range before {
		known[problem.Error()] = true
	}
	for _, problem := range now[:min(len(now), maxLogged)] {
		if !known[problem.Error()] {
			log.Info("the configuration names a rule that is not there", "file", problem.File, "line", problem.Line, "field", problem.Path, "problem", problem.Message)
		}
	}
}

// logPassedOver logs the rules that are passed over and were not before.
func logPassedOver(log logr.Logger, before, now []*rule.Problem) {
	for _, problem := range rule.AddedProblems(before, now) {
		log.Info(problem.Message, "file", problem.File, "line", problem.Line)
	}
}
