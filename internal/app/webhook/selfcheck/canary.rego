# METADATA
# title: The webhook's self-check
# description: Judges the canaries that each webhook sends itself, and nothing else.
# custom:
#   reeve:
#     severity: info
#     kinds: [Canary.selfcheck.kubereeve.io]
#     mode: deny
#     doors: [admission]
package reeve.selfcheck.reeve_selfcheck_canary

# Verdicts that the clock may change are never kept, so every canary is evaluated.
violation contains {
	"msg": sprintf("canary %s must be denied", [input.object.spec.nonce]),
	"path": "metadata.name",
} if {
	input.object.metadata.name == "deny"
	time.now_ns() > 0
}
