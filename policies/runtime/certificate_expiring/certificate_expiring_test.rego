package reeve.runtime.certificate_expiring_test

import data.reeve.runtime.certificate_expiring as rule

# 2026-08-01T12:00:00Z
noon := 1785585600000000000

certificate(notAfter) := {
	"spec": {"server": "kube-apiserver"},
	"status": {"subject": "CN=kube-apiserver", "issuer": "CN=kubernetes", "notAfter": notAfter},
}

found(object) := violations if {
	violations := rule.violation with input.object as object
		with input.parameters as {"days": 30}
		with time.now_ns as noon
}

test_denies_with_message_and_path if {
	found(certificate("2026-08-31T12:00:00Z")) == {{
		"msg": `the serving certificate of kube-apiserver (subject "CN=kube-apiserver", issuer "CN=kubernetes") expires at 2026-08-31T12:00:00Z; renew it`,
		"path": "status.notAfter",
	}}
}

test_says_that_a_certificate_has_expired if {
	some violation in found(certificate("2026-08-01T12:00:00Z"))
	contains(violation.msg, " expired at 2026-08-01T12:00:00Z")
}

test_allows_what_ends_later if {
	found(certificate("2026-08-31T12:00:01Z")) == set()
}

test_takes_wrong_types_without_error if {
	found({}) == set()
	found(certificate(null)) == set()
	found(certificate(1785585600)) == set()
	count(found({"spec": {}, "status": {"notAfter": "2026-08-01T12:00:00Z"}})) == 1
}
