# METADATA
# title: Secret in environment
# description: >-
#   The container gets a Secret as environment variables. Those are inherited by every process it
#   starts, end up in crash reports and debug pages, and do not change when the Secret does.
# custom:
#   reeve:
#     severity: low
#     kinds: [workload]
#     mode: warn
#     remediation: |-
#       Mount the Secret as files and let the program read them.
#       ```yaml
#       containers:
#       - name: web
#         volumeMounts:
#         - name: database
#           mountPath: /etc/secrets/database
#           readOnly: true
#       volumes:
#       - name: database
#         secret:
#           secretName: shop-database
#       ```
#     controls:
#       cis: ["5.4.1"]
#     aliases: [secret_env_usage]
package reeve.workloads.secret_in_env

# Few variables come from a secret, so each is reached in one step.
violation contains {
	"msg": "the variable comes from a secret; mount the secret as a file instead",
	"path": sprintf("%s.env[%d].valueFrom.secretKeyRef", [container.path, i]),
	"container": container.name,
} if {
	some n, i
	reference := input.workload.containers[n].spec.env[i].valueFrom.secretKeyRef
	is_object(reference)
	container := input.workload.containers[n]
}

violation contains {
	"msg": sprintf("envFrom takes all keys of the secret %q; mount the secret as files instead", [object.get(reference, "name", "")]),
	"path": sprintf("%s.envFrom[%d].secretRef", [container.path, i]),
	"container": container.name,
} if {
	some n, i
	reference := input.workload.containers[n].spec.envFrom[i].secretRef
	is_object(reference)
	container := input.workload.containers[n]
}
