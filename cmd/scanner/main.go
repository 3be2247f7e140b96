// Scanner judges everything in a Kubernetes cluster by Reeve's rules.
package main

import (
	"fmt"
	"os"

	"sigs.k8s.io/controller-runtime/pkg/manager/signals"

	"github.com/kubereeve/reeve/internal/app/scanner"
)

func main() {
	if err := scanner.Command().ExecuteContext(signals.SetupSignalHandler()); err != nil {
		fmt.Fprintln(os.Stderr, "scanner:", err)
		os.Exit(1)
	}
}
