package app

import (
	"slices"

	"github.com/kubereeve/reeve/internal/rule"
	"github.com/kubereeve/reeve/internal/rule/dialect"
	"github.com/kubereeve/reeve/internal/rule/dialect/kubescape"
)

// dialects returns the readers of rules as flags and configuration want them, and
// what of the data for conftest cannot be used.
func (o *RuleOptions) dialects(configuration *Configuration) ([]rule.Reader, []*rule.Problem) {
	wanted := configuration.Complete.Rules
	options := dialect.Options{
		Conftest:  dialect.Conftest{Namespaces: slices.Concat(wanted.Conftest.Namespaces, o.ConftestNamespaces)},
		Kubescape: kubescape.Options{Inputs: wanted.Kubescape.Inputs, Cluster: map[string]string{"cloudProvider": wanted.Kubescape.CloudProvider}},
	}
	var problems []*rule.Problem
	options.Conftest.Data, problems = dialect.ReadData(o.conftestData()...)
	return dialect.With(options), problems
}

// conftestData returns the files and directories of data for conftest rules: those
// of the configuration, once Configure has read it, and those of the flags.
func (o *RuleOptions) conftestData() []string {
	if o.configuration == nil {
		return o.ConftestData
	}
	return slices.Concat(o.configuration.Complete.Rules.Conftest.Data, o.ConftestData)
}
