# METADATA
# title: Role can escalate
# description: >-
#   The role lets its holder get more rights than it has: by writing or binding roles past what they
#   have themselves, by making tokens of service accounts, or by approving certificates for anybody.
# custom:
#   reeve:
#     severity: critical
#     kinds: [Role.rbac.authorization.k8s.io, ClusterRole.rbac.authorization.k8s.io]
#     mode: warn
#     remediation: |-
#       Remove the verbs. Who has to bind roles can be limited to those that are harmless.
#       ```yaml
#       rules:
#       - apiGroups: [rbac.authorization.k8s.io]
#         resources: [clusterroles]
#         resourceNames: [view]
#         verbs: [bind]
#       ```
#     controls:
#       nsa: ["Authentication and authorization: role-based access control"]
#       cis: ["5.1.8", "5.1.11", "5.1.13"]
package reeve.rbac.rbac_escalate

import data.reeve.lib.rbac

violation contains {
	"msg": sprintf(
		"verbs %s on %s%s let the holder %s; remove the verbs or limit them with resourceNames",
		[rbac.quoted(verbs), rbac.quoted(resources), rbac.narrowed(rule), way.gives],
	),
	"path": sprintf("rules[%v]", [i]),
} if {
	not rbac.bootstrap
	some i, rule in input.object.rules
	some way in ways
	resources := rbac.matched(rule, way.resources)
	count(resources) > 0
	verbs := rbac.verbs(rule, way.verbs)
	count(verbs) > 0
	input.object.kind in way.kinds
}

ways := [
	{
		"resources": {"rbac.authorization.k8s.io": {"clusterroles", "roles"}},
		"verbs": {"bind", "escalate", "*"},
		"kinds": {"ClusterRole", "Role"},
		"gives": "give out rights that they do not have",
	},
	# A TokenRequest is created on the service account, whose name the request has.
	{
		"resources": {"": {"serviceaccounts/token", "*/token"}},
		"verbs": {"create", "*"},
		"kinds": {"ClusterRole", "Role"},
		"gives": "get a token of a service account",
	},
	# Requests for certificates have no namespace, so a Role gives no right to them.
	{
		"resources": {"certificates.k8s.io": {"certificatesigningrequests/approval", "*/approval"}},
		"verbs": {"create", "update", "patch", "*"},
		"kinds": {"ClusterRole"},
		"gives": "approve certificates for any user",
	},
]
