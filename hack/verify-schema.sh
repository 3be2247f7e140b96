#!/usr/bin/env bash
# Checks that the JSON schema of the configuration file is what its types say.
set -euo pipefail
cd "$(dirname "$0")/.."
wanted=$(mktemp -d)
trap 'rm -rf "$wanted"' EXIT
hack/update-schema.sh "$wanted"
for schema in docs/configuration.schema.json internal/config/schema.json; do
  diff -u "$schema" "$wanted/$schema" >"$wanted/difference" || {
    head -n 40 "$wanted/difference" >&2
    echo "$schema is not current; run hack/update-schema.sh" >&2
    exit 1
  }
done
