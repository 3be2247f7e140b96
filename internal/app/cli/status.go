package cli

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/kubereeve/reeve/internal/app/cli/output"
	"github.com/kubereeve/reeve/internal/app/cli/terminal"
	"github.com/kubereeve/reeve/internal/app/status"
	"github.com/kubereeve/reeve/internal/app/status/client"
)

func newStatus(streams Streams, program string) *cobra.Command {
	replicas := newReplicaOptions()
	format, color := "", ""
	command := &cobra.Command{
		Use:   "status",
		Short: "Tell whether Reeve works in a cluster",
		Long: `Tell whether Reeve works in a cluster.

Every replica of the webhook is asked, and the scanner: by which rules and which
configuration they judge and whether they agree, until when the certificate is
good, whether the webhook's check of itself passes, which rule files are left out
and which rules take too long, what has passed unjudged and why, and when the
cluster was scanned last.

The pods are reached by the API server's port-forward. What is shown to them is a
token of ten minutes for the service account reeve-status-reader, never one of
your own. You need the rights of the Role and the ClusterRole reeve-status.

Exit codes: 0 all is well, 2 something is wrong, 1 nobody can tell, 64 wrong usage.
What is known to be wrong wins over what is not known.`,
		Example: fmt.Sprintf(`  %[1]s status
  %[1]s status -o json | jq '.problems'
  %[1]s status --address https://127.0.0.1:8443 --token-file token --ca-file ca.crt`, program),
		Args:              cobra.NoArgs,
		ValidArgsFunction: cobra.NoFileCompletions,
	}
	flags := command.Flags()
	flags.SortFlags = false
	flags.StringVarP(&format, "output", "o", output.Table, "output format: table or json")
	flags.StringVar(&color, "color", terminal.ColorAuto, "colour the text: auto, always or never; auto heeds NO_COLOR")
	replicas.addFlags(command, true)
	completeWords(command, "output", output.Table, output.JSON)
	completeWords(command, "color", terminal.ColorAuto, terminal.ColorAlways, terminal.ColorNever)
	command.RunE = run(func(command *cobra.Command, _ []string) error {
		if err := checkWord("--output", format, output.Table, output.JSON); err != nil {
			return err
		}
		if err := checkWord("--color", color, terminal.ColorAuto, terminal.ColorAlways, terminal.ColorNever); err != nil {
			return err
		}
		asked, err := replicas.connect()
		if err != nil {
			return err
		}
		report, err := gatherStatus(command.Context(), asked, len(replicas.client.Addresses) > 0 && len(replicas.client.ScannerAddresses) == 0)
		if err != nil {
			return err
		}
		report.diagnose(time.Now())
		if format == output.JSON {
			err = output.EncodeJSON(streams.Out, report)
		} else {
			err = look{terminal.NewLook(streams.Out, color, 0)}.status(streams.Out, report)
		}
		return report.exit(err)
	})
	return command
}

// statusReport is what reeve status shows.
type statusReport struct {
	Healthy bool `json:"healthy"`
	// Problems say what is wrong, Unknown what could not be found out, and Notes
	// what is good to know.
	Problems []string `json:"problems"`
	Unknown  []string `json:"unknown"`
	Notes    []string `json:"notes"`

	Configuration *client.Configuration `json:"webhookConfiguration,omitempty"`
	Replicas      []replicaStatus       `json:"replicas"`
	Scanners      []scannerStatus       `json:"scanners"`

	namespace        string
	configurationErr error
	scannersErr      error
	withoutScanners  bool
}

// replicaStatus is one replica of the webhook.
type replicaStatus struct {
	Name  string        `json:"name"`
	Pod   string        `json:"pod,omitempty"` // why the pod does not run
	Error string        `json:"error,omitempty"`
	State *status.State `json:"state,omitempty"`
}

// scannerStatus is one scanner.
type scannerStatus struct {
	client.Scanner
	Error string `json:"error,omitempty"`
}

// gatherStatus asks everybody.
func gatherStatus(ctx context.Context, asked *client.Client, withoutScanners bool) (*statusReport, error) {
	report := &statusReport{
		Problems: []string{}, Unknown: []string{}, Notes: []string{}, Replicas: []replicaStatus{}, Scanners: []scannerStatus{},
		namespace: asked.Namespace(), withoutScanners: withoutScanners,
	}
	report.Configuration, report.configurationErr = asked.Configuration(ctx)
	answers, err := asked.States(ctx)
	if err != nil {
		return nil, err
	}
	for _, answer := range answers {
		replica := replicaStatus{Name: answer.Name, Pod: answer.Pod, State: answer.State}
		if answer.Err != nil {
			replica.Error = answer.Err.Error()
		}
		report.Replicas = append(report.Replicas, replica)
	}
	if withoutScanners {
		return report, ctx.Err()
	}
	scanners, err := asked.Scanners(ctx)
	report.scannersErr = err
	for _, scanner := range scanners {
		found := scannerStatus{Scanner: scanner}
		if scanner.Err != nil {
			found.Error = scanner.Err.Error()
		}
		report.Scanners = append(report.Scanners, found)
	}
	return report, ctx.Err()
}

// exit returns what the command ends with once the report is written.
func (r *statusReport) exit(err error) error {
	switch {
	case err != nil:
		return err
	case len(r.Problems) > 0:
		return &failure{code: exitFindings}
	case len(r.Unknown) > 0:
		return &failure{code: exitError}
	case !r.Healthy:
		return errors.New("the report was not judged") // a mistake in this package
	}
	return nil
}
