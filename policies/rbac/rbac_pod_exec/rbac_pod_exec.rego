# METADATA
# title: Role can exec into pods
# description: >-
#   The role lets its holder run commands in pods, attach to them, forward their ports or add containers
#   to them, and so act with the pod's service account and read its secrets.
# custom:
#   reeve:
#     severity: high
#     kinds: [Role.rbac.authorization.k8s.io, ClusterRole.rbac.authorization.k8s.io]
#     mode: warn
#     remediation: |-
#       Remove the subresources, and give logs to those who look for errors.
#       ```yaml
#       rules:
#       - apiGroups: [""]
#         resources: [pods, pods/log]
#         verbs: [get, list, watch]
#       ```
#     controls:
#       nsa: ["Authentication and authorization: role-based access control"]
package reeve.rbac.rbac_pod_exec

import data.reeve.lib.rbac

connecting := {"": {
	"pods/attach", "*/attach",
	"pods/exec", "*/exec",
	"pods/portforward", "*/portforward",
}}

adding := {"": {"pods/ephemeralcontainers", "*/ephemeralcontainers"}}

# The requests are made with POST or, for websockets, with GET.
violation contains finding(i, rule, resources, verbs) if {
	not rbac.bootstrap
	some i, rule in input.object.rules
	resources := rbac.matched(rule, connecting)
	count(resources) > 0
	verbs := {verb | some verb in rule.verbs; verb in {"create", "get", "*"}}
	count(verbs) > 0
}

# kubectl debug patches the pod's list of them.
violation contains finding(i, rule, resources, verbs) if {
	not rbac.bootstrap
	some i, rule in input.object.rules
	resources := rbac.matched(rule, adding)
	count(resources) > 0
	verbs := {verb | some verb in rule.verbs; verb in {"create", "get", "patch", "update", "*"}}
	count(verbs) > 0
	not told(resources, verbs)
}

# A policy rule on all resources is one finding.
told({"*"}, verbs) if {
	some verb in verbs
	verb in {"create", "get", "*"}
}

finding(i, rule, resources, verbs) := {
	"msg": sprintf(
		"verbs %s on %s%s let the holder into pods; remove the verbs, or limit them to a namespace and resourceNames",
		[rbac.quoted(verbs), rbac.quoted(resources), rbac.narrowed(rule)],
	),
	"path": sprintf("rules[%v]", [i]),
}
