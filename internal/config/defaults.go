package config

import (
	"time"

	"github.com/kubereeve/reeve/internal/config/v1alpha1"
)

// The defaults that are more than zero.
const (
	defaultBudget           = 100 * time.Millisecond
	defaultRecentAdmissions = 1000
	defaultRulesNamespace   = "reeve-system"
)

// Default returns the configuration that counts where there is no file.
func Default() *v1alpha1.ReeveConfiguration {
	config := &v1alpha1.ReeveConfiguration{}
	SetDefaults(config)
	return config
}

// SetDefaults fills in what a configuration does not say. What it does say is
// not touched.
func SetDefaults(config *v1alpha1.ReeveConfiguration) {
	config.APIVersion, config.Kind = v1alpha1.APIVersion, v1alpha1.Kind
	setList(&config.Modes)
	setList(&config.Rollouts)
	setList(&config.ProtectedNamespaces)
	set(&config.NamespaceLabel.Enabled, true)
	if config.ExistingViolations == "" {
		config.ExistingViolations = v1alpha1.WarnOfExisting
	}
	setList(&config.Exceptions.Rules, "*")
	setList(&config.Exceptions.Never)
	if config.Failure.Default == "" {
		config.Failure.Default = v1alpha1.AllowOnError
	}
	setList(&config.Failure.Rules)
	setList(&config.Rules.Directories)
	setList(&config.Rules.Bundles)
	set(&config.Rules.ConfigMaps.Enabled, false)
	setList(&config.Rules.ConfigMaps.Namespaces, defaultRulesNamespace)
	set(&config.Rules.Budget, v1alpha1.Duration(defaultBudget))
	setList(&config.Rules.Conftest.Namespaces)
	setList(&config.Rules.Conftest.Data)
	if config.Rules.Kubescape.Inputs == nil {
		config.Rules.Kubescape.Inputs = map[string][]string{}
	}
	set(&config.RecentAdmissions.Size, defaultRecentAdmissions)
}

// set sets a value that is not given.
func set[T any](value **T, byDefault T) {
	if *value == nil {
		*value = &byDefault
	}
}

// setList sets a list that is empty. Even an empty one is written out, so that
// the defaults show everything there is.
func setList[T any](list *[]T, byDefault ...T) {
	if len(*list) == 0 {
		*list = append([]T{}, byDefault...)
	}
}
