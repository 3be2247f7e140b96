package reeve.lib.status_test

import data.reeve.lib.status

waiting(message) := {"state": {"waiting": {"message": message}}}

test_says_what_the_kubelet_says if {
	status.said(waiting("not found")) == `; the kubelet says "not found"`
}

test_says_nothing_where_the_kubelet_does_not if {
	status.said(waiting("")) == ""
	status.said(waiting(null)) == ""
	status.said({"state": {"waiting": {}}}) == ""
	status.said({}) == ""
}

test_gives_a_text_or_nothing if {
	status.text({"name": "web"}, "name") == "web"
	status.text({"name": 7}, "name") == ""
	status.text({}, "name") == ""
}

test_stays_on_one_line_and_readable if {
	status.said(waiting("image \"a\":\n\tgone")) == `; the kubelet says "image 'a':\n\tgone"`
}

test_shortens_what_is_long if {
	long := concat("", [letter | some _ in numbers.range(1, 161); letter := "x"])
	status.said(waiting(substring(long, 0, 160))) == sprintf("; the kubelet says %q", [substring(long, 0, 160)])
	status.said(waiting(long)) == sprintf("; the kubelet says \"%s...\"", [substring(long, 0, 160)])
}

test_says_what_somebody_says if {
	status.says("the node", "disk \"a\" is full") == `; the node says "disk 'a' is full"`
	status.says("the node", "") == ""
	status.says("the node", null) == ""
	status.says("the node", ["a"]) == ""
}

test_tells_a_pod_that_is_being_deleted if {
	status.deleting with input.object.metadata as {"deletionTimestamp": "2026-08-01T12:00:00Z"}
	not status.deleting with input.object.metadata as {"deletionTimestamp": null}
	not status.deleting with input.object.metadata as {}
	not status.deleting with input.object as {}
}
