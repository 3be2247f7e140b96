#!/usr/bin/env bash
# Checks that docs/rules.md and docs/remediation.md are what the rules say.
set -euo pipefail
cd "$(dirname "$0")/.."
wanted=$(mktemp -d)
trap 'rm -rf "$wanted"' EXIT
hack/update-docs.sh "$wanted"
for document in rules.md remediation.md; do
  diff -u "docs/$document" "$wanted/$document" >"$wanted/difference" || {
    head -n 40 "$wanted/difference" >&2
    echo "docs/$document is not current; run hack/update-docs.sh" >&2
    exit 1
  }
done
