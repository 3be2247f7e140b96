# METADATA
# title: Required annotation missing
# description: >-
#   The object lacks a annotation that objects of its kind have to have, or the annotation has a value of another
#   form. The rule is off while nothing is required.
# custom:
#   reeve:
#     severity: medium
#     kinds:
#     - workload
#     - Namespace
#     - Service
#     - Ingress.networking.k8s.io
#     - PersistentVolumeClaim
#     mode: warn
#     remediation: |-
#       Add the annotation, on the object itself.
#       ```yaml
#       metadata:
#         annotations:
#           example.com/team: shop
#       ```
#     aliases: [REQUIRED_ANNOTATIONS]
#     parameters:
#       required:
#         type: array
#         items: object
#         default: []
#         offWhileEmpty: true
#         description: >-
#           What is required, as {kinds, key, pattern}. kinds are kinds that the rule judges, as in
#           Deployment or Ingress.networking.k8s.io; without it all of them. pattern is a regular
#           expression (RE2) that the whole value has to match; without it any value will do.
package reeve.workloads.required_annotations

import data.reeve.lib.required

violation contains {
	"msg": sprintf("annotation %q is missing; give it %s", [entry.key, required.wanted(entry)]),
	"path": "metadata.annotations",
} if {
	some entry in input.parameters.required
	required.applies(entry)
	object.get(annotations, entry.key, null) == null
}

violation contains {
	"msg": sprintf("annotation %q is %q; give it %s", [entry.key, sprintf("%v", [value]), required.wanted(entry)]),
	"path": concat(".", ["metadata.annotations", entry.key]),
} if {
	some entry in input.parameters.required
	required.applies(entry)
	value := annotations[entry.key]
	value != null
	not required.matches(entry, value)
}

annotations := input.object.metadata.annotations if {
	is_object(input.object.metadata.annotations)
} else := {}
