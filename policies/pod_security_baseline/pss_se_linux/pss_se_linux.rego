# METADATA
# title: SELinux (Pod Security Standards, baseline)
# description: >-
#   The pod or container sets an SELinux user or role, or a type that is not one of those made for
#   containers, and so may leave the confinement of containers.
# custom:
#   reeve:
#     severity: high
#     kinds: [workload]
#     mode: warn
#     remediation: |-
#       Remove user and role, and leave the type out or use container_t, container_init_t,
#       container_kvm_t or container_engine_t.
#       ```yaml
#       securityContext:
#         seLinuxOptions:
#           level: s0:c123,c456
#       ```
#     controls:
#       pss: [baseline/seLinux]
#       nsa: ["Kubernetes Pod security: Pod security enforcement"]
#     aliases: [seLinuxOptions]
#     parameters:
#       version:
#         type: string
#         default: latest
#         description: >-
#           Version of the Pod Security Standards, latest or v1.N; anything else means latest. The
#           type container_engine_t is permitted since v1.31.
package reeve.pod_security_baseline.pss_se_linux

import data.reeve.lib.podsecurity

violation contains {
	"msg": sprintf("the pod's securityContext.seLinuxOptions.%s", [reason]),
	"path": sprintf("%s.securityContext.seLinuxOptions.%s", [input.workload.path, field]),
} if {
	options := input.workload.spec.securityContext.seLinuxOptions
	some field, value in options
	reason := complaint(field, value)
}

violation contains {
	"msg": sprintf("securityContext.seLinuxOptions.%s", [reason]),
	"path": sprintf("%s.securityContext.seLinuxOptions.%s", [container.path, field]),
	"container": container.name,
} if {
	some container in input.workload.containers
	options := container.spec.securityContext.seLinuxOptions
	some field, value in options
	reason := complaint(field, value)
}

# What is wrong with a field; undefined where nothing is.
complaint(field, value) := sprintf("%s is %s; remove it", [field, json.marshal(value)]) if {
	field in {"user", "role"}
	not value in {"", null}
}

complaint("type", value) := sprintf("type is %s; remove it or use container_t", [json.marshal(value)]) if {
	not value in {"", null, "container_t", "container_init_t", "container_kvm_t"}
	not engine_permitted(value)
}

engine_permitted("container_engine_t") if {
	not podsecurity.before(input.parameters.version, 31)
}
