# Package podsecurity knows what the versions of the Pod Security Standards have in common.
package reeve.lib.podsecurity

# Versions that are older than the newest change of the standards, with their minor number. All others,
# "latest" and versions yet to come among them, mean the newest.
minors := {
	"v1.0": 0, "v1.1": 1, "v1.2": 2, "v1.3": 3, "v1.4": 4,
	"v1.5": 5, "v1.6": 6, "v1.7": 7, "v1.8": 8, "v1.9": 9,
	"v1.10": 10, "v1.11": 11, "v1.12": 12, "v1.13": 13, "v1.14": 14,
	"v1.15": 15, "v1.16": 16, "v1.17": 17, "v1.18": 18, "v1.19": 19,
	"v1.20": 20, "v1.21": 21, "v1.22": 22, "v1.23": 23, "v1.24": 24,
	"v1.25": 25, "v1.26": 26, "v1.27": 27, "v1.28": 28, "v1.29": 29,
	"v1.30": 30, "v1.31": 31, "v1.32": 32, "v1.33": 33, "v1.34": 34,
	"v1.35": 35, "v1.36": 36,
}

# A policy version is older than v1.<minor>.
before(version, minor) if minors[version] < minor

# Since v1.25 controls of Linux do not apply to pods that say they are Windows pods: the API server
# refuses the fields there.
exempts_windows(version) if {
	input.workload.spec.os.name == "windows"
	not before(version, 25)
}

# Since v1.35 root within a user namespace of the pod's own is not taken for root.
exempts_user_namespace(version) if {
	input.workload.spec.hostUsers == false
	not before(version, 35)
}

# A profile that was written, for seccomp or AppArmor, and confines nothing.
unconfined(profile) if {
	profile != null
	not profile.type == "RuntimeDefault"
	not profile.type == "Localhost"
}

# An annotation names a profile of the node's own.
localhost(value) if {
	is_string(value)
	startswith(value, "localhost/")
}
