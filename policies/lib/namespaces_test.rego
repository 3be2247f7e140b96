package reeve.lib.namespaces_test

import data.reeve.lib.namespaces

test_knows_those_that_kubernetes_makes if {
	namespaces.kubernetes == {"default", "kube-node-lease", "kube-public", "kube-system"}
}
