# METADATA
# title: Role can change admission webhooks
# description: >-
#   The ClusterRole lets its holder change admission webhook configurations: read every object that is
#   written, change it on the way, or switch off the checks of others, Reeve's among them.
# custom:
#   reeve:
#     severity: high
#     kinds: [ClusterRole.rbac.authorization.k8s.io]
#     mode: warn
#     remediation: |-
#       Leave reading verbs only. A controller that keeps its own webhook current can be limited to it.
#       ```yaml
#       rules:
#       - apiGroups: [admissionregistration.k8s.io]
#         resources: [validatingwebhookconfigurations]
#         resourceNames: [shop]
#         verbs: [get, update]
#       ```
#     controls:
#       nsa: ["Authentication and authorization: role-based access control"]
#       cis: ["5.1.12"]
package reeve.rbac.rbac_webhook_write

import data.reeve.lib.rbac

configurations := {"admissionregistration.k8s.io": {"mutatingwebhookconfigurations", "validatingwebhookconfigurations"}}

# The configurations have no namespace, so a Role gives no right to them.
violation contains {
	"msg": sprintf(
		"verbs %s on %s%s let the holder change what is checked at admission; leave get, list and watch only",
		[rbac.quoted(verbs), rbac.quoted(resources), rbac.narrowed(rule)],
	),
	"path": sprintf("rules[%v]", [i]),
} if {
	not rbac.bootstrap
	some i, rule in input.object.rules
	resources := rbac.matched(rule, configurations)
	count(resources) > 0
	verbs := rbac.verbs(rule, {"create", "update", "patch", "delete", "deletecollection", "*"})
	count(verbs) > 0
}
