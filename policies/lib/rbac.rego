# Package rbac reads the policy rules of a Role or ClusterRole as the API server's authorizer does.
package reeve.lib.rbac

# The role is one that the API server itself creates and restores at its start.
bootstrap if input.object.metadata.labels["kubernetes.io/bootstrapping"] == "rbac-defaults"

# Pods and the controllers that make them, by API group.
workloads := {
	"": {"pods", "replicationcontrollers"},
	"apps": {"daemonsets", "deployments", "replicasets", "statefulsets"},
	"batch": {"cronjobs", "jobs"},
}

# The resources, as the policy rule names them, that reach one of those wanted (group → names). "*"
# reaches all of its groups, subresources included; "pods/*" is no wildcard to Kubernetes, and
# "pods/status" is not pods. A rule on nonResourceURLs names no resources.
matched(rule, wanted) := {resource |
	some group, names in wanted
	some listed in rule.apiGroups
	listed in {group, "*"}
	some resource in rule.resources
	resource in (names | {"*"})
}

# Names as a message shows them: quoted, in order.
quoted(names) := concat(", ", {sprintf("%q", [name]) |
	some name in names
	is_string(name)
})

# The verbs of the policy rule that are among those wanted. Requests to create, or to delete a collection,
# name no object, so they are never allowed where resourceNames limit the policy rule.
verbs(rule, wanted) := {verb |
	some verb in rule.verbs
	verb in wanted
	not void(rule, verb)
}

void(rule, verb) if {
	verb in {"create", "deletecollection"}
	some _ in rule.resourceNames
	not "" in rule.resourceNames
}

# What a message adds when resourceNames narrow the policy rule to some objects, or when the role only
# collects it.
narrowed(rule) := concat("", [named(rule), collected])

named(rule) := sprintf(" (only those named %s)", [names]) if {
	names := quoted(rule.resourceNames)
	names != ""
} else := ""

# The controller manager fills an aggregated ClusterRole and would undo a change to it.
collected := " (collected by the aggregationRule: change the ClusterRoles it selects)" if {
	some _ in input.object.aggregationRule.clusterRoleSelectors
} else := ""

# A subject as messages name it.
in_full(subject) := sprintf("%v/%v", [namespace(subject), subject.name]) if {
	subject.kind == "ServiceAccount"
} else := subject.name

# Only a service account has a namespace; in a RoleBinding it may leave it to the binding.
namespace(subject) := place if {
	subject.kind == "ServiceAccount"
	place := subject.namespace
	not place in {null, ""}
} else := place if {
	subject.kind == "ServiceAccount"
	place := input.object.metadata.namespace
} else := ""
