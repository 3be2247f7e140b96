package follow

import (
	"fmt"

	"github.com/kubereeve/reeve/internal/app"
	"github.com/kubereeve/reeve/internal/rule"
)

// The reasons of Events on the pod.
const (
	reasonLeftOut  = "RuleFileLeftOut"
	reasonMended   = "RuleFileMended"
	reasonFailed   = "RulesReloadFailed"
	reasonReloaded = "RulesReloaded"
)

// maxAnnounced bounds the files that one load announces by name.
const maxAnnounced = 10

// Announcer tells people in the cluster what is wrong with the rules; package
// podevent has the one there is.
type Announcer interface {
	// Warning says that something is wrong.
	Warning(reason, message string)
	// Normal says that something is well again.
	Normal(reason, message string)
}

// announce tells what is wrong with the rules now, and what came of each reload.
func announce(live *app.Live, announcer Announcer) {
	announceProblems(announcer, nil, live.Current().Rules.Problems)
	failed := false
	live.Observe(func(reload app.Reload) {
		if reload.Result == app.ReloadFailed {
			failed = true
			announcer.Warning(reasonFailed, fmt.Sprintf("the rules and the configuration from before stay: %s", reload.Err))
			return
		}
		announceProblems(announcer, reload.Before.Rules.Problems, reload.Now.Rules.Problems)
		if failed {
			failed = false
			announcer.Normal(reasonReloaded, fmt.Sprintf("rules and configuration could be read again; %d rules at revision %s", len(reload.Now.Rules.Set.Rules()), reload.Now.Reviewer.Revision()))
		}
	})
}

// announceProblems tells of the files that are left out since, and of those that
// are not any more.
func announceProblems(announcer Announcer, before, now []*rule.Problem) {
	added := rule.AddedProblems(before, now)
	for _, problem := range added[:min(len(added), maxAnnounced)] {
		announcer.Warning(reasonLeftOut, problem.Error())
	}
	if more := len(added) - maxAnnounced; more > 0 {
		announcer.Warning(reasonLeftOut, fmt.Sprintf("and %d more rule files; the log and reeve status name them", more))
	}
	bad := make(map[string]bool)
	for _, problem := range now {
		bad[problem.File] = true
	}
	mended := 0
	for _, problem := range before {
		if bad[problem.File] {
			continue
		}
		bad[problem.File] = true // once for each file
		if mended++; mended <= maxAnnounced {
			announcer.Normal(reasonMended, problem.File+" is mended or removed")
		}
	}
}
