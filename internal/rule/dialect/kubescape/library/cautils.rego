# What Kubescape's own programs give its rules: small helpers that many of them
# call. This is Reeve's version; a tree that has its own package uses that.
package cautils

list_contains(list, element) if list[_] == element

getPodName(metadata) := metadata.name

object_intersection(parent, part) := {key: value |
	some key, value in part
	parent[key] == value
}

is_subobject(part, parent) if object_intersection(part, parent) == part

# unix_permission tells what the mode of a file allows.
unix_permission(mode) := {
	"user": unix_permission_from_octal(bits.rsh(mode, 6)),
	"group": unix_permission_from_octal(bits.rsh(mode, 3)),
	"everyone": unix_permission_from_octal(mode),
	"setuid": _bit(mode, 2048),
	"setgid": _bit(mode, 1024),
	"sticky": _bit(mode, 512),
}

unix_permission_from_octal(digit) := {
	"read": _bit(digit, 4),
	"write": _bit(digit, 2),
	"exec": _bit(digit, 1),
}

_bit(mode, bit) := bits.and(mode, bit) != 0

# unix_permissions_allow tells whether a file's mode allows nothing beyond another.
unix_permissions_allow(allowed, actual) if bits.and(actual, bits.xor(4095, bits.and(allowed, 4095))) == 0

is_strict_conf_permission(mode) if unix_permissions_allow(420, mode)

is_not_strict_conf_permission(mode) if not is_strict_conf_permission(mode)

is_strict_conf_ownership(ownership) if ownership.err

is_strict_conf_ownership(ownership) if {
	ownership.uid == 0
	ownership.gid == 0
}

is_not_strict_conf_ownership(ownership) if not is_strict_conf_ownership(ownership)
