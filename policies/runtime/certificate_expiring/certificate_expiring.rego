# METADATA
# title: Serving certificate expires soon
# description: >-
#   The serving certificate of the API server, or of Reeve's own webhook, ends within the given days or
#   has ended. Nobody reaches the server after that: a cluster without its API server cannot be mended
#   through it, and a webhook that cannot be reached may stop everything that asks it.
# custom:
#   reeve:
#     severity: high
#     kinds: [ServingCertificate.health.kubereeve.io]
#     mode: warn
#     doors: [scan]
#     remediation: |-
#       Renew the certificate, and see to it that this happens by itself from now on.
#       ```sh
#       kubeadm certs check-expiration && kubeadm certs renew apiserver   # on each control plane node
#       kubectl -n reeve-system get certificates                          # the webhook's, by cert-manager
#       ```
#     aliases: [NodeApiServerExpiredPeriod]
#     parameters:
#       days:
#         type: integer
#         default: 30
#         description: A certificate that ends within this many days is a finding.
package reeve.runtime.certificate_expiring

import data.reeve.lib.clock
import data.reeve.lib.status

violation contains {
	"msg": sprintf(
		"the serving certificate of %s (subject %q, issuer %q) %s at %s; renew it",
		[
			status.text(input.object.spec, "server"),
			status.text(input.object.status, "subject"),
			status.text(input.object.status, "issuer"),
			verb(input.object.status.notAfter),
			input.object.status.notAfter,
		],
	),
	"path": "status.notAfter",
} if {
	is_string(input.object.status.notAfter)
	input.object.status.notAfter <= clock.ago(input.parameters.days * -1440)
}

verb(time) := "expired" if {
	time <= clock.ago(0)
} else := "expires"
