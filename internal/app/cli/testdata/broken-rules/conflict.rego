# METADATA
# title: Conflict
# custom:
#   reeve:
#     severity: low
#     kinds: [workload]
package reeve.custom.conflict

answer := 1 if input.object.kind

answer := 2 if input.object.apiVersion

violation contains {"msg": "x"} if answer == 1
