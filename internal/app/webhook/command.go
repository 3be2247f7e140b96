// Package webhook wires the program that judges objects at admission.
package webhook

import (
	"errors"
	"log/slog"

	"github.com/go-logr/logr"
	"github.com/spf13/cobra"
	"k8s.io/klog/v2"
	ctrllog "sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/kubereeve/reeve/internal/version"
)

// Command returns the command of the program. It runs until its context ends,
// and then drains.
func Command() *cobra.Command {
	var options Options
	command := &cobra.Command{
		Use:   "webhook",
		Short: "Judge Kubernetes objects at admission",
		Long: `Judge Kubernetes objects at admission.

The API server asks this program, by a ValidatingWebhookConfiguration, about each
object that is created or changed. Rules in mode deny refuse it, rules in mode warn
show a warning, and rules in mode audit leave an annotation in the audit log.`,
		Args:          cobra.NoArgs,
		Version:       version.String(),
		SilenceErrors: true,
		SilenceUsage:  true,
		RunE: func(command *cobra.Command, _ []string) error {
			if err := options.Validate(); err != nil {
				return errors.Join(err, errors.New("see webhook --help"))
			}
			log, err := options.Log.Logger(command.ErrOrStderr())
			if err != nil {
				return err
			}
			// The libraries log through globals of their own.
			ctrllog.SetLogger(log)
			klog.SetLogger(log)
			slog.SetDefault(slog.New(logr.ToSlogHandler(log))) // and package log with it, which net/http uses
			return Run(command.Context(), options, log)
		},
	}
	options.AddFlags(command.Flags())
	return command
}
