package cli

import (
	"time"

	"github.com/spf13/cobra"
	"k8s.io/cli-runtime/pkg/genericclioptions"

	"github.com/kubereeve/reeve/internal/app/status/client"
)

// replicaOptions are the flags of commands that ask the webhook's replicas.
type replicaOptions struct {
	kubeconfig *genericclioptions.ConfigFlags
	client     client.Options
}

func newReplicaOptions() *replicaOptions {
	return &replicaOptions{kubeconfig: &genericclioptions.ConfigFlags{KubeConfig: new(string), Context: new(string)}}
}

// addFlags adds the flags; those of the kubeconfig only where the command has none
// of its own.
func (o *replicaOptions) addFlags(command *cobra.Command, withKubeconfig bool) {
	flags := command.Flags()
	if withKubeconfig {
		o.kubeconfig.AddFlags(flags)
	}
	flags.StringVar(&o.client.Namespace, "reeve-namespace", client.DefaultNamespace, "namespace that Reeve runs in")
	flags.StringVar(&o.client.Configuration, "webhook-configuration", client.DefaultConfiguration, "name of Reeve's ValidatingWebhookConfiguration")
	flags.StringArrayVar(&o.client.Addresses, "address", nil, "URL of a webhook's status port, to ask in place of the pods (repeatable)")
	flags.StringArrayVar(&o.client.ScannerAddresses, "scanner-address", nil, "URL of a scanner's metrics port, to ask in place of the pods (repeatable)")
	flags.StringVar(&o.client.TokenFile, "token-file", "", "file with the token to show (default: one is asked for, for the service account reeve-status-reader)")
	flags.StringVar(&o.client.CAFile, "ca-file", "", "file of the certificates to trust the webhook by (default: what the API server trusts it by)")
	flags.StringVar(&o.client.ServerName, "server-name", "", "name in the webhook's certificate (default: that of its Service, or the host of --address)")
	flags.DurationVar(&o.client.Timeout, "timeout", client.DefaultTimeout, "how long to wait for each answer")
}

// connect returns a client. A cluster is needed unless the flags say everything.
func (o *replicaOptions) connect() (*client.Client, error) {
	if o.client.Timeout < time.Millisecond {
		return nil, usageError("--timeout: %s is too short", o.client.Timeout)
	}
	options := o.client
	if len(options.Addresses) == 0 || options.TokenFile == "" || options.CAFile == "" {
		config, _, err := clusterConfig(o.kubeconfig, "name a kubeconfig with --kubeconfig or $KUBECONFIG, or use --address, --token-file and --ca-file")
		if err != nil {
			return nil, err
		}
		options.Config = config
	}
	return client.New(options)
}
