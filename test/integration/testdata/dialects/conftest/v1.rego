package acme.checks

warn_label contains result if {
	input.kind == "Pod"
	input.metadata.labels.breaks == "conftest-v1"
	result := {"msg": sprintf("conftest, version 1: %s", [input.metadata.name])}
}
