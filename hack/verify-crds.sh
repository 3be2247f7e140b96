#!/usr/bin/env bash
# Checks that config/crd and the deep copies are what the types in api/v1alpha1
# say.
set -euo pipefail
cd "$(dirname "$0")/.."
wanted=$(mktemp -d)
trap 'rm -rf "$wanted"' EXIT
hack/update-crds.sh "$wanted/crd" "$wanted/object"
for pair in crd:config/crd object:api/v1alpha1; do
  for file in "$wanted/${pair%%:*}"/*; do
    current="${pair#*:}/$(basename "$file")"
    diff -u "$current" "$file" >"$wanted/difference" || {
      head -n 40 "$wanted/difference" >&2
      echo "$current is not current; run hack/update-crds.sh" >&2
      exit 1
    }
  done
done
