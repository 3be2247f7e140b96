// Webhook judges what is sent to the Kubernetes API server before it is stored.
package main

import (
	"fmt"
	"os"

	ctrl "sigs.k8s.io/controller-runtime"

	"github.com/kubereeve/reeve/internal/app/webhook"
)

func main() {
	// The first SIGTERM or SIGINT ends the context, the second one the process.
	if err := webhook.Command().ExecuteContext(ctrl.SetupSignalHandler()); err != nil {
		fmt.Fprintln(os.Stderr, "webhook:", err)
		os.Exit(1)
	}
}
