#!/usr/bin/env bash
# Checks that go.mod and go.sum are what go mod tidy would write.
set -euo pipefail
cd "$(dirname "$0")/.."
for module in . hack/cluster hack/schema; do
  go -C "$module" mod tidy -diff >/dev/null || {
    echo "$module/go.mod is not tidy; run hack/update-modules.sh" >&2
    exit 1
  }
done
