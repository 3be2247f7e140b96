# METADATA
# title: Volume Types (Pod Security Standards, restricted)
# description: >-
#   The pod uses a volume that is neither configMap, csi, downwardAPI, emptyDir, ephemeral, image,
#   persistentVolumeClaim, projected nor secret. Others reach the node or a storage system past the
#   cluster's own control of it.
# custom:
#   reeve:
#     severity: medium
#     kinds: [workload]
#     mode: warn
#     remediation: |-
#       Use one of the permitted types; storage of another kind comes through a
#       PersistentVolumeClaim.
#       ```yaml
#       volumes:
#       - name: data
#         persistentVolumeClaim:
#           claimName: data
#       ```
#     controls:
#       pss: [restricted/volumeTypes]
#       nsa: ["Kubernetes Pod security: Pod security enforcement"]
#     aliases: [restrictedVolumes]
#     parameters:
#       version:
#         type: string
#         default: latest
#         description: >-
#           Version of the Pod Security Standards, latest or v1.N; anything else means latest. This
#           control is the same in every version.
package reeve.pod_security_restricted.pss_volume_types

violation contains {
	"msg": sprintf(
		"volume %s is of none of the types that the restricted standard permits; use a PersistentVolumeClaim, emptyDir, configMap or secret",
		[json.marshal(object.get({"volume": input.workload.spec.volumes[i]}, ["volume", "name"], ""))],
	),
	"path": sprintf("%s.volumes[%d]", [input.workload.path, i]),
} if some i in forbidden

# One test per type costs less than to look for the type.
forbidden contains i if {
	some i, volume in input.workload.spec.volumes
	not volume.configMap
	not volume.emptyDir
	not volume.projected
	not volume.secret
	not volume.persistentVolumeClaim
	not volume.csi
	not volume.downwardAPI
	not volume.ephemeral
	not volume.image
}

# A permitted type that is null is none.
forbidden contains i if {
	input.workload.spec.volumes[i][_] == null
	not permitted(input.workload.spec.volumes[i])
}

permitted(volume) if {
	some type, source in volume
	source != null
	type in {
		"configMap",
		"csi",
		"downwardAPI",
		"emptyDir",
		"ephemeral",
		"image",
		"persistentVolumeClaim",
		"projected",
		"secret",
	}
}
