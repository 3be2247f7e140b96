package armo_builtins

deny[msga] {
	pod := input[_]
	pod.kind == "Pod"
	pod.metadata.labels.breaks == "kubescape-v0"
	msga := {
		"alertMessage": sprintf("Kubescape, version 0: %v", [pod.metadata.name]),
		"packagename": "armo_builtins",
		"alertScore": 7,
		"failedPaths": ["metadata.labels.breaks"],
		"fixPaths": [],
		"alertObject": {"k8sApiObjects": [pod]},
	}
}
