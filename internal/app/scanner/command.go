package scanner

import (
	"github.com/spf13/cobra"
	"k8s.io/klog/v2"
	ctrllog "sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/kubereeve/reeve/internal/version"
)

// Command returns the scanner's command. It prints neither errors nor, on an
// error, its usage: that is for main.
func Command() *cobra.Command {
	var options Options
	command := &cobra.Command{
		Use:   "scanner",
		Short: "Judges everything in a Kubernetes cluster by Reeve's rules, again and again",
		Long: "Judges everything in a Kubernetes cluster by Reeve's rules, again and again.\n\n" +
			"What it finds goes to Prometheus metrics, to Kubernetes Events on the objects,\n" +
			"and with --report-log=stdout to lines of JSON. Logs go to stderr.",
		Version:       version.String(),
		Args:          cobra.NoArgs,
		SilenceErrors: true,
		SilenceUsage:  true,
		RunE: func(command *cobra.Command, _ []string) error {
			log, err := options.Log.Logger(command.ErrOrStderr())
			if err != nil {
				return err
			}
			// The libraries log through globals of their own.
			ctrllog.SetLogger(log)
			klog.SetLogger(log)
			return Run(command.Context(), options, command.OutOrStdout(), log)
		},
	}
	options.AddFlags(command.Flags())
	return command
}
