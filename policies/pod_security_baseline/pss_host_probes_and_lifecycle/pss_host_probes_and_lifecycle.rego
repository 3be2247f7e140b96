# METADATA
# title: Host Probes / Lifecycle Hooks (Pod Security Standards, baseline)
# description: >-
#   A probe or a lifecycle hook names a host, so the kubelet can be made to call any address that the
#   node reaches.
# custom:
#   reeve:
#     severity: high
#     kinds: [workload]
#     mode: warn
#     remediation: |-
#       Remove host from the probe or hook: without it the kubelet calls the pod itself. A name for
#       the HTTP Host header belongs in httpHeaders.
#       ```yaml
#       livenessProbe:
#         httpGet:
#           path: /healthz
#           port: 8080
#           httpHeaders:
#           - name: Host
#             value: shop.example.com
#       ```
#     controls:
#       pss: [baseline/hostProbesAndLifecycle]
#       nsa: ["Kubernetes Pod security: Pod security enforcement"]
#     aliases: [hostProbesAndHostLifecycle]
#     parameters:
#       version:
#         type: string
#         default: latest
#         description: >-
#           Version of the Pod Security Standards, latest or v1.N; anything else means latest. The
#           control begins with v1.34.
package reeve.pod_security_baseline.pss_host_probes_and_lifecycle

import data.reeve.lib.podsecurity

violation contains {
	"msg": sprintf("%s.%s.host is %s; remove it, so that the kubelet calls the pod itself", [probe, kind, json.marshal(host)]),
	"path": concat(".", [container.path, probe, kind, "host"]),
	"container": container.name,
} if {
	some probe in ["livenessProbe", "readinessProbe", "startupProbe"]
	host := input.workload.containers[i].spec[probe][kind].host
	not host in {"", null}
	kind in {"httpGet", "tcpSocket"}
	not podsecurity.before(input.parameters.version, 34)
	container := input.workload.containers[i]
}

violation contains {
	"msg": sprintf("lifecycle.%s.%s.host is %s; remove it, so that the kubelet calls the pod itself", [hook, kind, json.marshal(host)]),
	"path": concat(".", [container.path, "lifecycle", hook, kind, "host"]),
	"container": container.name,
} if {
	host := input.workload.containers[i].spec.lifecycle[hook][kind].host
	not host in {"", null}
	kind in {"httpGet", "tcpSocket"}
	hook in {"postStart", "preStop"}
	not podsecurity.before(input.parameters.version, 34)
	container := input.workload.containers[i]
}
