# Package resources tells which containers request or limit a resource such as cpu or memory.
package reeve.lib.resources

# What counts as not set. Zero is listed as the API server writes it and as people do: Kubernetes
# itself takes a zero request for none, and a zero limit for no limit.
absent := {null, "", "0", 0, "0m", "0k", "0M", "0G", "0Ki", "0Mi", "0Gi"}

# requested[resource] has the path of every container that requests it. A limit alone counts, since
# the API server fills the request in from it.
requested[resource] contains container.path if {
	some container in input.workload.containers
	some resource, quantity in container.spec.resources.requests
	not quantity in absent
}

requested[resource] contains container.path if {
	some container in input.workload.containers
	some resource, quantity in container.spec.resources.limits
	not quantity in absent
	object.get(container.spec.resources, ["requests", resource], null) == null
}

# The resources that the pod requests as a whole, which covers its containers.
requested_by_pod contains resource if {
	some resource, quantity in input.workload.spec.resources.requests
	not quantity in absent
}

requested_by_pod contains resource if {
	some resource, quantity in input.workload.spec.resources.limits
	not quantity in absent
	object.get(input.workload.spec.resources, ["requests", resource], null) == null
}

# The resources that the pod limits as a whole, which covers its containers.
limited_by_pod contains resource if {
	some resource, quantity in input.workload.spec.resources.limits
	not quantity in absent
}
