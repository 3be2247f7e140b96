package acme.reviews

import rego.v1

main := {
	"apiVersion": "admission.k8s.io/v1",
	"kind": "AdmissionReview",
	"response": {"uid": input.request.uid, "allowed": allowed, "status": {"message": "AdmissionReview, version 1"}},
}

default allowed := true

allowed := false if {
	input.request.kind.kind == "Pod"
	input.request.object.metadata.labels.breaks == "admissionreview-v1"
}
