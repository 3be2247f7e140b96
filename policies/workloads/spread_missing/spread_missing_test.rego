package reeve.workloads.spread_missing_test

import data.reeve.lib.given_test as given
import data.reeve.workloads.spread_missing as rule

# What the rule finds about a Deployment of that many replicas with the pod spec.
found(replicas, spec) := violations if {
	violations := rule.violation with input as {"object": {"kind": "Deployment", "spec": {"replicas": replicas}}, "workload": given.deployment(spec)}
}

test_denies_with_message_and_path if {
	found(3, {}) == {{
		"msg": "3 replicas and neither topologySpreadConstraints nor podAntiAffinity; add a constraint that spreads them over nodes",
		"path": "spec.template.spec.topologySpreadConstraints",
	}}
}

test_denies_null_empty_and_other_affinity if {
	every spec in [
		{"topologySpreadConstraints": null, "affinity": null},
		{"topologySpreadConstraints": [], "affinity": {}},
		{"affinity": {"podAntiAffinity": {}}},
		{"affinity": {"podAntiAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [], "preferredDuringSchedulingIgnoredDuringExecution": null}}},
		{"affinity": {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": []}}}},
		{"affinity": {"podAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [{"topologyKey": "zone"}]}}},
	] {
		count(found(2, spec)) == 1
	}
}

test_allows_what_spreads if {
	found(2, {"topologySpreadConstraints": [{"maxSkew": 1}]}) == set()
	found(2, {"affinity": {"podAntiAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [{"topologyKey": "zone"}]}}}) == set()
	found(2, {"affinity": {"podAntiAffinity": {"preferredDuringSchedulingIgnoredDuringExecution": [{"weight": 1}]}}}) == set()
}

test_allows_one_replica_none_and_the_default if {
	found(1, {}) == set()
	found(0, {}) == set()
	found(null, {}) == set()
	rule.violation == set() with input as {"object": {"spec": {}}, "workload": given.pod({})}
}

test_takes_wrong_types_without_error if {
	found("2", {}) == set()
	count(found(2, {"topologySpreadConstraints": "zone", "affinity": "zone"})) == 1
	rule.violation == set() with input as {"object": {"spec": null}, "workload": null}
	rule.violation == set() with input as {"object": {"spec": {"replicas": 2}}, "workload": null}
}
