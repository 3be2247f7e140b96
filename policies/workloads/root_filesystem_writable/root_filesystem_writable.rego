# METADATA
# title: Root filesystem writable
# description: >-
#   The container can write to its root filesystem, so an intruder can replace its programs and leave
#   tools behind.
# custom:
#   reeve:
#     severity: medium
#     kinds: [workload]
#     mode: warn
#     remediation: |-
#       Set readOnlyRootFilesystem to true and mount an emptyDir where the program writes.
#       ```yaml
#       securityContext:
#         readOnlyRootFilesystem: true
#       volumeMounts:
#       - name: tmp
#         mountPath: /tmp
#       ```
#     controls:
#       nsa: ["Kubernetes Pod security: immutable container file systems"]
#       cis: ["5.7.3"]
#     aliases: [NotReadOnlyRootFilesystem]
package reeve.workloads.root_filesystem_writable

# The API server refuses the field on a Windows pod, so nobody can be asked to set it there.
violation contains {
	"msg": "securityContext.readOnlyRootFilesystem is not true; set it to true and mount an emptyDir where the program writes",
	"path": concat(".", [container.path, "securityContext.readOnlyRootFilesystem"]),
	"container": container.name,
} if {
	some container in input.workload.containers
	not container.spec.securityContext.readOnlyRootFilesystem == true
	not input.workload.spec.os.name == "windows"
}
