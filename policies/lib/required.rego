# Package required reads the entries {kinds, key, pattern} of parameters that say what labels or
# annotations objects have to have.
package reeve.lib.required

# The entry speaks of objects of this kind: it names the kind, with or without the group, or none.
applies(entry) if {
	is_string(entry.key)
	object.get(entry, "kinds", null) in {null, []}
}

applies(entry) if {
	is_string(entry.key)
	input.object.kind in entry.kinds
}

applies(entry) if {
	is_string(entry.key)
	kind_in_full in entry.kinds
}

kind_in_full := sprintf("%s.%s", [input.object.kind, group]) if {
	is_string(input.object.apiVersion)
	[group, _] := split(input.object.apiVersion, "/")
}

# The whole value matches the pattern. Nothing matches a pattern that is no regular expression.
matches(entry, _) if pattern(entry) == ""

matches(entry, value) if {
	pattern(entry) != ""
	is_string(value)
	regex.is_valid(pattern(entry))
	regex.match(sprintf("^(?:%s)$", [pattern(entry)]), value)
}

# The value that a message asks for.
wanted(entry) := "any value" if pattern(entry) == ""

wanted(entry) := sprintf("a value that matches %q", [pattern(entry)]) if {
	pattern(entry) != ""
	regex.is_valid(pattern(entry))
}

wanted(entry) := sprintf("a value that matches %q, which is no regular expression: mend it in the rule's parameter", [pattern(entry)]) if {
	not regex.is_valid(pattern(entry))
}

pattern(entry) := entry.pattern if {
	is_string(entry.pattern)
} else := ""
