package follow

import (
	"fmt"
	"time"

	"github.com/spf13/pflag"
	"k8s.io/apimachinery/pkg/util/validation"

	"github.com/kubereeve/reeve/internal/app/configmaps"
)

// Options say how a program notices that its rules have changed.
type Options struct {
	// Interval is how often registries are asked for newer artifacts.
	Interval time.Duration
	// ConfigMaps are the namespaces whose labelled ConfigMaps hold rules.
	ConfigMaps []string
}

// AddFlags adds the options' flags.
func (o *Options) AddFlags(flags *pflag.FlagSet) {
	flags.DurationVar(&o.Interval, "rules-interval", 5*time.Minute, "how often registries are asked for newer artifacts of --rules; directories are watched")
	flags.StringSliceVar(&o.ConfigMaps, "rules-configmaps", nil, "namespaces whose ConfigMaps with the label "+configmaps.Label+"=true hold rules (repeatable; default: none)")
}

// Validate says which flag is wrong.
func (o *Options) Validate() error {
	if o.Interval < time.Second {
		return fmt.Errorf("--rules-interval: %s is less than a second", o.Interval)
	}
	for _, namespace := range o.ConfigMaps {
		if messages := validation.IsDNS1123Label(namespace); len(messages) > 0 {
			return fmt.Errorf("--rules-configmaps: %q is not the name of a namespace: %s", namespace, messages[0])
		}
	}
	return nil
}
