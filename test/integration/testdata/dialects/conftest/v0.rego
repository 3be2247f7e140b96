package main

deny[msg] {
	is_pod
	input.metadata.labels.breaks == "conftest-v0"
	msg := sprintf("conftest, version 0: %s", [input.metadata.name])
}

is_pod { input.kind == "Pod" }
