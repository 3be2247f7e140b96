package app

import (
	"fmt"
	"slices"

	"github.com/kubereeve/reeve/internal/rule"
	"github.com/kubereeve/reeve/internal/rule/dialect"
	"github.com/kubereeve/reeve/internal/rule/dialect/kubescape"
)

// dialects returns the readers of rules as flags and configuration want them, and
// what of the data for conftest cannot be read.
func (o *RuleOptions) dialects(configuration *Configuration) ([]rule.Reader, []*rule.Problem) {
	wanted := configuration.Complete.Rules
	options := dialect.Options{
		Conftest:  dialect.Conftest{Namespaces: slices.Concat(wanted.Conftest.Namespaces, o.ConftestNamespaces)},
		Kubescape: kubescape.Options{Inputs: wanted.Kubescape.Inputs, Cluster: map[string]string{"cloudProvider": wanted.Kubescape.CloudProvider}},
	}
	var problems []*rule.Problem
	for _, path := range slices.Concat(wanted.Conftest.Data, o.ConftestData) {
		documents, err := dialect.ReadData(path)
		if err != nil {
			problems = append(problems, &rule.Problem{File: path, Message: fmt.Sprintf("the data for conftest rules cannot be read: %v", err)})
		}
		options.Conftest.Data = append(options.Conftest.Data, documents...)
	}
	return dialect.With(options), problems
}
