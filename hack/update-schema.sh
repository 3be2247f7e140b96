#!/usr/bin/env bash
# Writes the JSON schema of the configuration file from its types: for editors,
# and into the program, which prints it.
set -euo pipefail
cd "$(dirname "$0")/.."
directory=${1:-.}
mkdir -p "$directory/docs" "$directory/internal/config"
go -C hack/schema run . >"$directory/docs/configuration.schema.json"
cp "$directory/docs/configuration.schema.json" "$directory/internal/config/schema.json"
