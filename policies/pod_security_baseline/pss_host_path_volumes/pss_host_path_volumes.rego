# METADATA
# title: HostPath Volumes (Pod Security Standards, baseline)
# description: >-
#   The pod mounts a directory or file of its node, through which it can read other pods' secrets or
#   change the node.
# custom:
#   reeve:
#     severity: high
#     kinds: [workload]
#     mode: warn
#     remediation: |-
#       Use an emptyDir, a configMap, a projected volume or a PersistentVolumeClaim instead.
#       ```yaml
#       volumes:
#       - name: data
#         emptyDir: {}
#       ```
#     controls:
#       pss: [baseline/hostPathVolumes]
#       nsa: ["Kubernetes Pod security: Pod security enforcement"]
#       cis: ["5.2.12"]
#     aliases: [hostPathVolumes]
#     parameters:
#       version:
#         type: string
#         default: latest
#         description: >-
#           Version of the Pod Security Standards, latest or v1.N; anything else means latest. This
#           control is the same in every version.
package reeve.pod_security_baseline.pss_host_path_volumes

violation contains {
	"msg": sprintf(
		"volume %s is a hostPath; use an emptyDir, configMap or PersistentVolumeClaim instead",
		[json.marshal(object.get(volume, "name", ""))],
	),
	"path": sprintf("%s.volumes[%d].hostPath", [input.workload.path, i]),
} if {
	some i, volume in input.workload.spec.volumes
	volume.hostPath != null
}
