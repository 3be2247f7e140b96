# What Kubescape adds to Rego as functions of its own.
package reeve_kubescape

# parse_normalized_name writes the name of an image out in full, as Docker reads it:
# nginx is docker.io/library/nginx.
parse_normalized_name(reference) := sprintf("%s/%s", [_host(host), _repository(_host(host), rest)]) if {
	[host, rest] := _split(reference)
}

# The part before the first slash is a host when it looks like one.
_split(reference) := [host, rest] if {
	at := indexof(reference, "/")
	at > 0
	host := substring(reference, 0, at)
	_is_host(host)
	rest := substring(reference, at + 1, -1)
} else := ["docker.io", reference]

_is_host(text) if contains(text, ".")

_is_host(text) if contains(text, ":")

_is_host("localhost")

_is_host(text) if lower(text) != text

_host("index.docker.io") := "docker.io"

_host(host) := host if host != "index.docker.io"

_repository("docker.io", rest) := sprintf("library/%s", [rest]) if not contains(rest, "/")

_repository(host, rest) := rest if not _official(host, rest)

_official("docker.io", rest) if not contains(rest, "/")
