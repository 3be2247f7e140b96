# METADATA
# title: Ingress host invalid
# description: >-
#   The Ingress takes requests for every host, or for hosts it should not: one without a host or with a
#   wildcard can catch what is meant for others. Parts that hosts must or must not have, and the domains
#   they may be in, can be set.
# custom:
#   reeve:
#     severity: high
#     kinds: [Ingress.networking.k8s.io]
#     mode: warn
#     remediation: |-
#       Name the full host in every rule.
#       ```yaml
#       spec:
#         rules:
#         - host: shop.example.com
#       ```
#     aliases: [INGRESS_HOST_INVALID]
#     parameters:
#       requiredParts:
#         type: array
#         items: string
#         default: []
#         description: What every host has to have in it, as any stretch of its letters.
#       forbiddenParts:
#         type: array
#         items: string
#         default: []
#         description: What no host may have in it, as any stretch of its letters.
#       approvedSuffixes:
#         type: array
#         items: string
#         default: []
#         description: >-
#           Domains that hosts have to be in, as example.com, which covers itself and all below it but
#           not badexample.com; while empty, any.
package reeve.network.ingress_host_invalid

violation contains {
	"msg": "host is empty, so the rule takes requests for every host; name one",
	"path": sprintf("spec.rules[%v].host", [i]),
} if {
	some i, rule in input.object.spec.rules
	is_object(rule)
	object.get(rule, "host", null) in {null, ""}
}

violation contains {
	"msg": "there is only a defaultBackend, which takes requests for every host; name hosts in rules",
	"path": "spec.defaultBackend",
} if {
	is_object(input.object.spec.defaultBackend)
	object.get(input.object.spec, "rules", null) in {null, []}
}

violation contains {
	"msg": sprintf("host %q is a wildcard; name the hosts one by one", [host]),
	"path": sprintf("spec.rules[%v].host", [i]),
} if {
	some i, host in hosts
	contains(host, "*")
}

violation contains {
	"msg": sprintf("host %q lacks %q, which every host has to have in it; rename it", [host, part]),
	"path": sprintf("spec.rules[%v].host", [i]),
} if {
	some part in input.parameters.requiredParts
	some i, host in hosts
	not contains(lower(host), lower(part))
}

violation contains {
	"msg": sprintf("host %q has %q in it, which no host may have; rename it", [host, part]),
	"path": sprintf("spec.rules[%v].host", [i]),
} if {
	some part in input.parameters.forbiddenParts
	part != ""
	some i, host in hosts
	contains(lower(host), lower(part))
}

violation contains {
	"msg": sprintf(
		"host %q is in none of the approved domains (%s); use one of them",
		[host, concat(", ", input.parameters.approvedSuffixes)],
	),
	"path": sprintf("spec.rules[%v].host", [i]),
} if {
	input.parameters.approvedSuffixes != []
	some i, host in hosts
	not approved(lower(host))
}

hosts[i] := rule.host if {
	some i, rule in input.object.spec.rules
	is_string(rule.host)
	rule.host != ""
}

approved(host) if {
	some suffix in input.parameters.approvedSuffixes
	domain := trim_left(lower(suffix), ".")
	domain != ""
	inside(host, domain)
}

inside(host, domain) if host == domain

inside(host, domain) if endswith(host, concat("", [".", domain]))
