# METADATA
# title: Image from elsewhere
# custom:
#   reeve:
#     severity: info
#     kinds: [workload]
#     controls: {cis: ["5.5.1"]}
#     parameters:
#       registries: {type: array, items: string, default: [], offWhileEmpty: true, description: Registries to trust.}
package reeve.workloads.registry

violation contains {"msg": "x"} if input.parameters.registries == ["x"]
