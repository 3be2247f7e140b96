# METADATA
# title: Pod cannot pull its image
# description: >-
#   A main or init container cannot start because its image cannot be pulled: the reference is wrong,
#   the registry does not answer, or it refuses the node's credentials.
# custom:
#   reeve:
#     severity: high
#     kinds: [Pod]
#     mode: warn
#     doors: [scan]
#     remediation: |-
#       Check the reference for a typing error, that the tag exists in the registry, and that the pod
#       has a pull secret where the registry asks for one.
#       ```yaml
#       spec:
#         imagePullSecrets:
#         - name: registry-credentials
#       ```
#     aliases: [PodSetImagePullBackOff]
package reeve.runtime.pod_image_pull_failing

import data.reeve.lib.status

reasons := {
	"ErrImageNeverPull",
	"ErrImagePull",
	"ImagePullBackOff",
	"InvalidImageName",
	"RegistryUnavailable",
	"SignatureValidationFailed",
}

violation contains {
	"msg": sprintf(
		"waits in %q for image %q%s; check the reference, the registry and the pull secret",
		[container.state.waiting.reason, status.text(container, "image"), status.said(container)],
	),
	"path": sprintf("status.%s[%v].state.waiting.reason", [list, i]),
	"container": status.text(container, "name"),
} if {
	some list in ["containerStatuses", "initContainerStatuses"]
	some i, container in input.object.status[list]
	container.state.waiting.reason in reasons
}
