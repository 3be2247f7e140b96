package reeve.runtime.warning_event_test

import data.reeve.runtime.warning_event as rule

# 2026-08-01T12:00:00Z
noon := 1785585600000000000

parameters := {
	"windowMinutes": 60,
	"ignoredReasons": ["DNSConfigForming"],
	"additionalProblems": [{"name": "OurDisk", "reasons": ["FailedMount"], "messages": ["Our-Disk"], "advice": "call the disk people"}],
	"problems": [
		{"name": "NoSpace", "messages": ["no space left on device"], "advice": "make room"},
		{"name": "FailedMount", "reasons": ["FailedMount"], "advice": "check the volume"},
	],
}

group(reason, message) := {
	"spec": {"involvedObject": {"kind": "Pod", "namespace": "shop", "name": "web"}, "reason": reason},
	"status": {"count": 3, "lastSeen": "2026-08-01T11:30:00Z", "message": message},
}

found(object) := violations if {
	violations := rule.violation with input.object as object
		with input.parameters as parameters
		with time.now_ns as noon
}

# The name of the problem with which the message of the only finding begins.
name(object) := problem if {
	some violation in found(object)
	problem := split(violation.msg, ": ")[0]
}

test_denies_with_message_and_path if {
	found(group("FailedMount", "timed out")) == {{
		"msg": concat("; ", [
			`FailedMount: Pod "web" has the Warning Event "FailedMount" (count: 3, last seen: 2026-08-01T11:30:00Z)`,
			`it says "timed out"`,
			"check the volume",
		]),
		"path": "reason=FailedMount,involvedObject.kind=Pod",
	}}
}

test_names_what_it_does_not_know_by_its_reason if {
	found(group("Strange", "")) == {{
		"msg": concat("; ", [
			`Strange: Pod "web" has the Warning Event "Strange" (count: 3, last seen: 2026-08-01T11:30:00Z)`,
			"see it in its context with kubectl describe",
		]),
		"path": "reason=Strange,involvedObject.kind=Pod",
	}}
}

test_takes_the_first_problem_that_fits if {
	name(group("FailedMount", "write: No space left on device")) == "NoSpace"
	name(group("FailedMount", "attach OUR-disk 7: no space left on device")) == "OurDisk"
	name(group("Failed", "attach our-disk 7")) == "Failed"
}

recent(time) := object.union(group("BackOff", ""), {"status": {"lastSeen": time}})

test_denies_within_the_window_only if {
	count(found(recent("2026-08-01T11:00:00Z"))) == 1
	count(found(recent("2026-08-01T10:59:59Z"))) == 0
	count(found(recent(null))) == 0
}

test_allows_ignored_reasons if {
	found(group("DNSConfigForming", "too many nameservers")) == set()
}

test_takes_wrong_types_without_error if {
	found({}) == set()
	found(group(null, "")) == set()
	name(group("FailedMount", 7)) == "FailedMount"
	count(found({"spec": {"reason": "BackOff", "involvedObject": null}, "status": {"lastSeen": "2026-08-01T11:30:00Z"}})) == 1
	odd := object.union(parameters, {"problems": [null, "BackOff", {}, {"reasons": "BackOff"}, {"messages": [7, null]}, {"name": 7, "reasons": ["BackOff"]}]})
	violations := rule.violation with input.object as group("BackOff", "restarting")
		with input.parameters as odd
		with time.now_ns as noon
	count(violations) == 1
}
