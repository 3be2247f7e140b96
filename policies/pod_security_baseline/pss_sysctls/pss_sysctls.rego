# METADATA
# title: Sysctls (Pod Security Standards, baseline)
# description: >-
#   The pod sets a kernel parameter that may concern the whole node or take security away.
# custom:
#   reeve:
#     severity: high
#     kinds: [workload]
#     mode: warn
#     remediation: |-
#       Remove the sysctl. Permitted are those that belong to the pod alone and harm nobody else.
#       ```yaml
#       securityContext:
#         sysctls:
#         - name: net.ipv4.ip_unprivileged_port_start
#           value: "80"
#       ```
#     controls:
#       pss: [baseline/sysctls]
#       nsa: ["Kubernetes Pod security: Pod security enforcement"]
#     aliases: [sysctls]
#     parameters:
#       version:
#         type: string
#         default: latest
#         description: >-
#           Version of the Pod Security Standards, latest or v1.N; anything else means latest. v1.27,
#           v1.29, v1.32 and v1.37 permit more sysctls.
package reeve.pod_security_baseline.pss_sysctls

import data.reeve.lib.podsecurity

violation contains {
	"msg": sprintf("securityContext.sysctls has %s, which the baseline standard does not permit; remove it", [json.marshal(name)]),
	"path": sprintf("%s.securityContext.sysctls[%d].name", [input.workload.path, i]),
} if {
	some i, sysctl in input.workload.spec.securityContext.sysctls
	name := object.get({"sysctl": sysctl}, ["sysctl", "name"], "")
	not permitted(name)
}

permitted(name) if {
	minor := since[name]
	not podsecurity.before(input.parameters.version, minor)
}

# The version that first permits a sysctl.
since := {
	"kernel.shm_rmid_forced": 0,
	"net.ipv4.ip_local_port_range": 0,
	"net.ipv4.tcp_syncookies": 0,
	"net.ipv4.ping_group_range": 0,
	"net.ipv4.ip_unprivileged_port_start": 0,
	"net.ipv4.ip_local_reserved_ports": 27,
	"net.ipv4.tcp_keepalive_time": 29,
	"net.ipv4.tcp_fin_timeout": 29,
	"net.ipv4.tcp_keepalive_intvl": 29,
	"net.ipv4.tcp_keepalive_probes": 29,
	"net.ipv4.tcp_rmem": 32,
	"net.ipv4.tcp_wmem": 32,
	"net.ipv4.tcp_slow_start_after_idle": 37,
	"net.ipv4.tcp_notsent_lowat": 37,
}
