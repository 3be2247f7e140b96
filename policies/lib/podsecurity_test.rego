package reeve.lib.podsecurity_test

import data.reeve.lib.given_test as given
import data.reeve.lib.podsecurity

test_before_compares_minor_versions_as_numbers if {
	podsecurity.before("v1.0", 8)
	podsecurity.before("v1.7", 8)
	podsecurity.before("v1.8", 10)
	podsecurity.before("v1.34", 35)
	not podsecurity.before("v1.8", 8)
	not podsecurity.before("v1.10", 8)
	not podsecurity.before("v1.36", 36)
}

test_the_newest_and_everything_unknown_is_before_nothing if {
	not podsecurity.before("latest", 37)
	not podsecurity.before("v1.37", 37)
	not podsecurity.before("v1.99", 37)
	not podsecurity.before("v1.08", 37)
	not podsecurity.before("1.8", 37)
	not podsecurity.before("", 37)
}

test_windows_is_exempt_since_v1_25 if {
	windows := given.pod({"os": {"name": "windows"}})
	podsecurity.exempts_windows("v1.25") with input.workload as windows
	podsecurity.exempts_windows("latest") with input.workload as windows
	not podsecurity.exempts_windows("v1.24") with input.workload as windows
	not podsecurity.exempts_windows("latest") with input.workload as given.pod({"os": {"name": "linux"}})
	not podsecurity.exempts_windows("latest") with input.workload as given.pod({"os": "windows"})
	not podsecurity.exempts_windows("latest") with input.workload as given.pod({})
}

test_user_namespaces_are_exempt_since_v1_35 if {
	own := given.pod({"hostUsers": false})
	podsecurity.exempts_user_namespace("v1.35") with input.workload as own
	podsecurity.exempts_user_namespace("latest") with input.workload as own
	not podsecurity.exempts_user_namespace("v1.34") with input.workload as own
	not podsecurity.exempts_user_namespace("latest") with input.workload as given.pod({"hostUsers": true})
	not podsecurity.exempts_user_namespace("latest") with input.workload as given.pod({"hostUsers": null})
	not podsecurity.exempts_user_namespace("latest") with input.workload as given.pod({})
}

test_unconfined_is_every_profile_that_does_not_confine if {
	podsecurity.unconfined({"type": "Unconfined"})
	podsecurity.unconfined({})
	podsecurity.unconfined("RuntimeDefault")
	not podsecurity.unconfined({"type": "RuntimeDefault"})
	not podsecurity.unconfined({"type": "Localhost"})
	not podsecurity.unconfined(null)
}

test_localhost_names_a_profile_of_the_node if {
	podsecurity.localhost("localhost/web")
	not podsecurity.localhost("localhost")
	not podsecurity.localhost("unconfined")
	not podsecurity.localhost(7)
}
