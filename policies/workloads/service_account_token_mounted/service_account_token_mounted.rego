# METADATA
# title: Token of the default service account mounted
# description: >-
#   The pod runs under its namespace's default service account and gets that account's token, so
#   whoever breaks into it can talk to the API server with every right that was ever given to the
#   default account.
# custom:
#   reeve:
#     severity: low
#     kinds: [workload]
#     mode: warn
#     doors: [scan]
#     remediation: |-
#       Mount no token where the program does not talk to the API server, and name a service account of
#       its own where it does.
#       ```yaml
#       spec:
#         automountServiceAccountToken: false
#       ```
#     controls:
#       nsa: ["Kubernetes Pod security: protecting Pod service account tokens"]
#       cis: ["5.1.5", "5.1.6"]
#     inventory:
#     - kind: ServiceAccount
package reeve.workloads.service_account_token_mounted

import data.reeve.lib.inventory

violation contains {
	"msg": "the token of the default service account is mounted; set automountServiceAccountToken: false or name a service account of the pod's own",
	"path": concat(".", [input.workload.path, "automountServiceAccountToken"]),
} if {
	not input.workload.spec.automountServiceAccountToken == false
	account in {"", "default"}
	not off_by_account

	# The kubelet's own pods, as the API server shows them, have no service account.
	not input.workload.metadata.annotations["kubernetes.io/config.mirror"]
}

# The pod's word counts before the service account's.
off_by_account if {
	not input.workload.spec.automountServiceAccountToken == true
	data.inventory.namespace[inventory.namespace].v1.ServiceAccount["default"].automountServiceAccountToken == false
}

# serviceAccount is the old name of the field; Kubernetes reads it where the new one is empty.
account := input.workload.spec.serviceAccountName if {
	input.workload.spec.serviceAccountName != ""
	is_string(input.workload.spec.serviceAccountName)
} else := input.workload.spec.serviceAccount if {
	is_string(input.workload.spec.serviceAccount)
} else := ""
