package audit_test

import (
	"strings"
	"testing"

	"github.com/kubereeve/reeve/test/envtest"
)

func TestReportsOnACluster(t *testing.T) {
	cluster := envtest.Start(t)
	if _, stderr, code := cluster.KubectlInput(t, manifests, "apply", "-f", "-"); code != 0 {
		t.Fatalf("kubectl apply: %s", stderr)
	}
	reeve := build(t)
	tests := []struct {
		name, flags string
		wants       []string
		without     string
	}{
		{"SARIF names objects, and no files that are not there", "-o sarif",
			[]string{`"fullyQualifiedName": "Deployment.apps/shop/web#spec.template.spec.hostNetwork"`}, "physicalLocation"},
		{"JUnit names no files", "-o junit", []string{`name="Deployment shop/web"`}, "file="},
		{"the page says which cluster", "-o html", []string{"<p>cluster of context ", "namespace shop</p>"}, "http://"},
		{"the leak-detector view shows images", "--view leak-detector", []string{"shop/Deployment/web", " nginx\n"}, "DaemonSet"},
		{"the kubeeye view has a line per object", "--view kubeeye", []string{"PrivilegedAllowed", "HostNetworkAllowed"}, "privileged-container"},
		{"a framework's controls fail", "--framework pss", []string{"failed        baseline/privileged", "passed        baseline/sysctls"}, "network-policy-missing"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			out, err, code := reeve.run(t, "audit --kubeconfig "+cluster.Kubeconfig+" -n shop "+test.flags)
			if code != 2 {
				t.Errorf("exit code %d, standard error %s", code, err)
			}
			for _, want := range test.wants {
				if !strings.Contains(out, want) {
					t.Errorf("%q is missing in %s", want, out)
				}
			}
			if strings.Contains(out, test.without) {
				t.Errorf("%q stands in %s", test.without, out)
			}
		})
	}
}
