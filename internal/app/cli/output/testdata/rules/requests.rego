# METADATA
# title: Requests missing
# custom:
#   reeve:
#     severity: medium
#     kinds: [workload]
#     controls: {nsa: ["Resource policies"], cis: ["5.2.9"]}
#     aliases: [NoCPURequests, missing_requests]
package reeve.workloads.requests

violation contains {"msg": "x"} if input.workload.kind == "x"
