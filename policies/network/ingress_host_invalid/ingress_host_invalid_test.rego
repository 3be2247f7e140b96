package reeve.network.ingress_host_invalid_test

import data.reeve.lib.given_test as given
import data.reeve.network.ingress_host_invalid as rule

nothing := {"requiredParts": [], "forbiddenParts": [], "approvedSuffixes": []}

# What the rule finds about an Ingress of the spec.
found_with(parameters, spec) := violations if {
	violations := rule.violation with input as {"object": {"spec": spec}, "parameters": object.union(nothing, parameters)}
}

found(spec) := found_with({}, spec)

# What it finds about one host.
host_with(parameters, host) := found_with(parameters, {"rules": [{"host": host}]})

test_denies_an_empty_host_with_message_and_path if {
	found({"rules": [{"host": "shop.example.com"}, {"http": {}}]}) == {{
		"msg": "host is empty, so the rule takes requests for every host; name one",
		"path": "spec.rules[1].host",
	}}
	count(found({"rules": [{"host": ""}, {"host": null}, {}]})) == 3
}

test_denies_a_default_backend_alone_with_message_and_path if {
	found({"defaultBackend": {"service": {"name": "web"}}}) == {{
		"msg": "there is only a defaultBackend, which takes requests for every host; name hosts in rules",
		"path": "spec.defaultBackend",
	}}
	count(found({"defaultBackend": {}, "rules": []})) == 1
}

test_denies_a_wildcard_with_message_and_path if {
	found({"rules": [{"host": "*.example.com"}]}) == {{
		"msg": "host \"*.example.com\" is a wildcard; name the hosts one by one",
		"path": "spec.rules[0].host",
	}}
}

test_allows_a_full_host_whatever_tls_covers if {
	found({"rules": [{"host": "shop.example.com"}], "tls": [{"hosts": ["*.example.com"]}], "defaultBackend": {"service": {"name": "web"}}}) == set()
}

test_denies_a_host_that_lacks_a_required_part_with_message if {
	host_with({"requiredParts": ["example", "prod"]}, "shop.example.com") == {{
		"msg": "host \"shop.example.com\" lacks \"prod\", which every host has to have in it; rename it",
		"path": "spec.rules[0].host",
	}}
	host_with({"requiredParts": ["Example", "prod"]}, "shop.prod.example.com") == set()
}

test_denies_a_host_with_a_forbidden_part_with_message if {
	host_with({"forbiddenParts": ["internal", "Dev", ""]}, "shop-dev.example.com") == {{
		"msg": "host \"shop-dev.example.com\" has \"Dev\" in it, which no host may have; rename it",
		"path": "spec.rules[0].host",
	}}
	host_with({"forbiddenParts": ["internal"]}, "shop.example.com") == set()
}

test_denies_a_host_outside_of_the_approved_domains_with_message if {
	host_with({"approvedSuffixes": ["example.com", "example.org"]}, "shop.example.net") == {{
		"msg": "host \"shop.example.net\" is in none of the approved domains (example.com, example.org); use one of them",
		"path": "spec.rules[0].host",
	}}
}

test_approves_by_whole_labels if {
	approved := {"approvedSuffixes": [".Example.com", ""]}
	host_with(approved, "shop.example.com") == set()
	host_with(approved, "Example.com") == set()
	count(host_with(approved, "badexample.com")) == 1
	count(host_with(approved, "example.com.evil.net")) == 1
	count(host_with({"approvedSuffixes": [""]}, "example.com")) == 1
}

test_judges_every_rule if {
	violations := found_with({"forbiddenParts": ["dev"]}, {"rules": [{"host": "dev.example.com"}, {"host": "a.example.com"}, {"host": "b.dev.example.com"}]})
	given.paths(violations) == {"spec.rules[0].host", "spec.rules[2].host"}
}

test_takes_wrong_types_without_error if {
	found(null) == set()
	found({"rules": "shop.example.com"}) == set()
	found({"rules": [null, "shop", {"host": 7}]}) == set()
	found({"defaultBackend": null}) == set()
}
