package kubeeye_workloads_rego

deny[msg] {
	resource := input.Object
	resource.kind == "Pod"
	resource.metadata.labels.breaks == "kubeeye-v0"
	msg := {
		"Name": sprintf("%v", [resource.metadata.name]),
		"Namespace": sprintf("%v", [resource.metadata.namespace]),
		"Type": sprintf("%v", [resource.kind]),
		"Message": "KubeEye, version 0",
		"Level": "danger",
	}
}
