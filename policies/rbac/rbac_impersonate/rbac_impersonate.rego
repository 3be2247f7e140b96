# METADATA
# title: Role can impersonate
# description: >-
#   The role lets its holder act as another user, group or service account, and so do whatever that
#   one may do; the audit log then shows both names, but the permissions are the other's.
# custom:
#   reeve:
#     severity: high
#     kinds: [Role.rbac.authorization.k8s.io, ClusterRole.rbac.authorization.k8s.io]
#     mode: warn
#     remediation: |-
#       Remove the verb impersonate (a * in verbs includes it). Where a program has to impersonate,
#       limit it to the users, groups or service accounts it is there for.
#       ```yaml
#       rules:
#       - apiGroups: [""]
#         resources: [serviceaccounts]
#         resourceNames: [deployer]
#         verbs: [impersonate]
#       ```
#     controls:
#       nsa: ["Authentication and authorization: role-based access control"]
#       cis: ["5.1.8"]
#     aliases: [CanImpersonateUser]
package reeve.rbac.rbac_impersonate

import data.reeve.lib.rbac

identities := {
	"": {"groups", "serviceaccounts", "users"},
	"authentication.k8s.io": {"uids", "userextras"},
}

violation contains {
	"msg": sprintf(
		"verbs %s on %s%s let the holder act as someone else; remove the verb or limit it with resourceNames",
		[rbac.quoted(verbs), rbac.quoted(resources), rbac.narrowed(rule)],
	),
	"path": sprintf("rules[%v]", [i]),
} if {
	not rbac.bootstrap
	some i, rule in input.object.rules
	verbs := {verb | some verb in rule.verbs; verb in {"impersonate", "*"}}
	count(verbs) > 0
	resources := rbac.matched(rule, identities) | extras(rule)
	count(resources) > 0
}

# A user's extra fields are asked for as userextras/<key>.
extras(rule) := {resource |
	some group in rule.apiGroups
	group in {"authentication.k8s.io", "*"}
	some resource in rule.resources
	is_string(resource)
	reaches_extras(resource, rule.verbs)
}

reaches_extras(resource, _) if startswith(resource, "userextras/")

# "*/scopes" reaches userextras/scopes too. Beside the verb "*" it is meant for other things, as
# "*/scale" is, and extra fields alone make nobody someone else.
reaches_extras(resource, verbs) if {
	startswith(resource, "*/")
	"impersonate" in verbs
}
