# METADATA
# title: Host path volume
# description: >-
#   The pod mounts a directory or file of its node. Through it a container can read the secrets of
#   other pods and of the kubelet, or change the node itself.
# custom:
#   reeve:
#     severity: high
#     kinds: [workload]
#     mode: warn
#     remediation: |-
#       Use an emptyDir, a configMap, a projected volume or a PersistentVolumeClaim instead. An agent
#       that has to see one directory of the node can be permitted that directory, read-only, in the
#       parameter allowedPaths; it then has to mount it read-only.
#       ```yaml
#       volumes:
#       - name: scratch
#         emptyDir: {}
#       ```
#     controls:
#       pss: [baseline/hostPathVolumes]
#       nsa: ["Kubernetes Pod security: Pod security enforcement"]
#       cis: ["5.2.12"]
#     aliases: [HOST_VOLUMES]
#     parameters:
#       allowedPaths:
#         type: array
#         items: object
#         default: []
#         description: >-
#           Host paths that are permitted, as {pathPrefix, readOnly}. A prefix covers whole path
#           components (/var/log covers /var/log/pods, not /var/logs); with readOnly true every
#           mount of the volume has to be read-only.
package reeve.workloads.host_path_volume

violation contains {
	"msg": sprintf(
		"volume %q mounts the host path %q; use an emptyDir, configMap or PersistentVolumeClaim instead",
		[sprintf("%v", [object.get(volume, "name", "")]), sprintf("%v", [object.get(volume.hostPath, "path", "")])],
	),
	"path": sprintf("%s.volumes[%v].hostPath.path", [input.workload.path, i]),
} if {
	some i, volume in input.workload.spec.volumes
	is_object(volume.hostPath)
	permits(object.get(volume.hostPath, "path", "")) == set()
}

violation contains {
	"msg": sprintf(
		"mounts the host path %q writable, but it is permitted read-only; set readOnly: true on the volumeMount",
		[volume.hostPath.path],
	),
	"path": sprintf("%s.volumeMounts[%v].readOnly", [container.path, i]),
	"container": container.name,
} if {
	some volume in input.workload.spec.volumes
	permits(volume.hostPath.path) == {"read-only"}
	some container in input.workload.containers
	some i, mount in container.spec.volumeMounts
	mount.name == volume.name
	not mount.readOnly == true
}

# How the parameter permits a host path: not at all, "read-only", "writable", or both.
permits(path) := {permit |
	some allowed in input.parameters.allowedPaths
	covers(allowed.pathPrefix, path)
	permit := {true: "writable", false: "read-only"}[object.get(allowed, "readOnly", false) == false]
}

# A prefix covers a path by whole components: "/var/log" covers "/var/log" and "/var/log/pods", not
# "/var/logs". A slash at its end does not matter.
covers(prefix, path) if {
	is_string(prefix)
	is_string(path)
	prefix != ""
	path != ""
	components := split(path, "/")

	# The node follows "..", so such a path is under no prefix. A backslash separates components on
	# Windows, where the same path can be written with slashes.
	not ".." in components
	not contains(path, "\\")
	wanted := split(trim_right(prefix, "/"), "/")
	array.slice(components, 0, count(wanted)) == wanted
}
