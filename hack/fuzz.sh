#!/usr/bin/env bash
# Runs every fuzz target of the repository, one after the other.
set -euo pipefail
cd "$(dirname "$0")/.."
time=${FUZZTIME:-30s}
go list -f '{{.Dir}}' ./... | while read -r dir; do
  # A package without fuzz targets is no failure.
  { grep -hoE '^func Fuzz[A-Za-z0-9]+' "$dir"/*_test.go 2>/dev/null || true; } | sed 's/^func //' | while read -r target; do
    echo "fuzzing $target for $time"
    go test "$dir" -run '^$' -fuzz "^$target\$" -fuzztime "$time"
  done
done
