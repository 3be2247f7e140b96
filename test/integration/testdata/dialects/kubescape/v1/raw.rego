package armo_builtins

deny contains msga if {
	some pod in input
	pod.kind == "Pod"
	pod.metadata.labels.breaks == "kubescape-v1"
	msga := {
		"alertMessage": sprintf("Kubescape, version 1: %v", [pod.metadata.name]),
		"packagename": "armo_builtins",
		"alertScore": 7,
		"reviewPaths": ["metadata.labels.breaks"],
		"fixPaths": [],
		"alertObject": {"k8sApiObjects": [pod]},
	}
}
