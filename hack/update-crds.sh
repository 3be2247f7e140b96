#!/usr/bin/env bash
# Writes the CustomResourceDefinitions in config/crd and the deep copies of
# api/v1alpha1 from the types there. Directories of your own, of the CRDs and of
# the deep copies, can be given.
set -euo pipefail
cd "$(dirname "$0")/.."
go tool -modfile=hack/tools/go.mod controller-gen \
  object crd paths=./api/... \
  output:crd:artifacts:config="${1:-config/crd}" \
  output:object:dir="${2:-api/v1alpha1}"
