package kubernetes.admission

deny[msg] {
	input.request.kind.kind == "Pod"
	input.request.object.metadata.labels.breaks == "admissionreview-v0"
	msg := sprintf("AdmissionReview, version 0: %s", [input.request.name])
}
