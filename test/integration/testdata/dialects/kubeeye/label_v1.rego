package kubeeye_workloads_rego

labelled := [finding |
	input.Object.kind == "Pod"
	input.Object.metadata.labels.breaks == "kubeeye-v1"
	finding := {
		"Name": input.Object.metadata.name,
		"Namespace": input.Object.metadata.namespace,
		"Type": "Pod",
		"Message": "KubeEye, version 1",
	}
]
