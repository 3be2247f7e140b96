module github.com/kubereeve/reeve/hack/cluster

go 1.26.0

// A tool of its own module: `go -C hack/cluster tool cluster` passes the exit
// code on, which `go run` does not.
tool github.com/kubereeve/reeve/hack/cluster

require golang.org/x/mod v0.42.0
