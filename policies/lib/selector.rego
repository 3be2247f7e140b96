# Package selector matches labels against a label selector as Kubernetes does.
package reeve.lib.selector

# All of matchLabels and matchExpressions have to hold, so an empty selector selects everything. An
# absent one selects nothing here; a kind to which it means everything has to say so itself.
selects(selector, labels) if {
	is_object(selector)
	is_object(labels)
	not missed(selector, labels)
}

missed(selector, labels) if {
	some key, value in selector.matchLabels
	not labels[key] == value
}

missed(selector, labels) if {
	some requirement in selector.matchExpressions
	not holds(requirement, labels)
}

holds(requirement, labels) if {
	requirement.operator == "In"
	labels[requirement.key] in requirement.values
}

# A label that is not there is not in the values either.
holds(requirement, labels) if {
	requirement.operator == "NotIn"
	not object.get(labels, requirement.key, null) in requirement.values
}

holds(requirement, labels) if {
	requirement.operator == "Exists"
	object.get(labels, requirement.key, null) != null
}

holds(requirement, labels) if {
	requirement.operator == "DoesNotExist"
	object.get(labels, requirement.key, null) == null
}
