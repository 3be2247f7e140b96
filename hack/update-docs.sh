#!/usr/bin/env bash
# Writes docs/rules.md and docs/remediation.md from the rules' METADATA and
# fixtures.
set -euo pipefail
cd "$(dirname "$0")/.."
go run ./hack/docs "${1:-docs}"
