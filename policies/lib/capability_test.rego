package reeve.lib.capability_test

import data.reeve.lib.capability

test_normal_is_the_name_of_kubernetes if {
	capability.normal("SYS_ADMIN") == "SYS_ADMIN"
	capability.normal("CAP_SYS_ADMIN") == "SYS_ADMIN"
	capability.normal("cap_sys_admin") == "SYS_ADMIN"
	capability.normal("all") == "ALL"
}

test_only_strings_are_names if {
	not capability.normal(7)
	not capability.normal(null)
}
