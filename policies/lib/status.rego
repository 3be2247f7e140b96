# Package status words what the kubelet reports about a container.
package reeve.lib.status

longest := 160

# A text of the container's status, such as its name; empty where there is none.
text(container, field) := container[field] if {
	is_string(container[field])
} else := ""

# What the kubelet says about a waiting container, as a part of a sentence: on one line and shortened,
# for it can quote a page of a registry's answer. %q escapes what would not print.
said(container) := sprintf("; the kubelet says %q", [short]) if {
	message := container.state.waiting.message
	is_string(message)
	message != ""
	short := shortened(replace(message, `"`, "'"))
} else := ""

shortened(message) := message if {
	count(message) <= longest
} else := concat("", [substring(message, 0, longest), "..."])

# What somebody says, as a part of a sentence; nothing where it is no text or empty.
says(who, message) := sprintf("; %s says %q", [who, short]) if {
	is_string(message)
	message != ""
	short := shortened(replace(message, `"`, "'"))
} else := ""

# The pod is being deleted: its containers are told to end, and what they report is no failure.
deleting if is_string(input.object.metadata.deletionTimestamp)
