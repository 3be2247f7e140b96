// Package dialect reads the dialects that rules are written in: Reeve's own here,
// and each foreign one in a file or a package below.
package dialect

import (
	"github.com/kubereeve/reeve/internal/rule"
	"github.com/kubereeve/reeve/internal/rule/dialect/gatekeeper"
	"github.com/kubereeve/reeve/internal/rule/dialect/kubescape"
)

// Options say how foreign rules are read. The zero value reads all there are.
type Options struct {
	Conftest  Conftest
	Kubescape kubescape.Options
}

// All returns the readers of every dialect, as With does without options.
func All() []rule.Reader { return With(Options{}) }

// With returns the readers of every dialect, the most specific first: the first
// that recognizes a document claims it.
func With(options Options) []rule.Reader {
	return []rule.Reader{gatekeeper.Dialect{}, Native{}, kubescape.Reader{Options: options.Kubescape}, KubeEye{}, AdmissionReview{}, options.Conftest}
}
