#!/usr/bin/env bash
# Brings go.mod and go.sum up to date.
set -euo pipefail
cd "$(dirname "$0")/.."
for module in . hack/cluster hack/schema; do
  go -C "$module" mod tidy
done
