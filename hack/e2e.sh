#!/usr/bin/env bash
# Runs the end-to-end tests on a real node: builds images without a container
# engine, starts a tier 2 cluster, runs test/e2e against it, and takes it down.
# Exit code 3, and a line in .e2e/skipped, when this machine lacks what a node
# needs. KEEP=1 leaves the cluster running; cluster down --dir .e2e/cluster.
set -euo pipefail
cd "$(dirname "$0")/.."
cluster() { go -C hack/cluster tool cluster "$@"; }
state=.e2e
mkdir -p "$state"
rm -f "$state/skipped"

cluster down --dir "$state/cluster" >/dev/null 2>&1 || true # of a run that was cut off
code=0
environment=$(cluster up --tier 2 --dir "$state/cluster" 2> >(tee "$state/up.log" >&2)) || code=$?
if ((code == 3)); then
  cp "$state/up.log" "$state/skipped"
  exit 3
elif ((code != 0)); then
  exit "$code"
fi
if [[ ${KEEP:-} != 1 ]]; then trap 'cluster down --dir "$state/cluster" >/dev/null' EXIT; fi
eval "$environment"

echo "building the images"
CGO_ENABLED=0 go build -trimpath -ldflags "-s -w" -o bin/ ./cmd/...
for program in webhook scanner; do
  cluster image --ref "reeve.local/$program:e2e" --binary "bin/$program" --out "$state/$program.tar"
  cluster load --dir "$state/cluster" "$state/$program.tar"
done
cluster certificate --out "$state/certificate" --host reeve-webhook.reeve-system.svc
REEVE_E2E_CERTIFICATE=$PWD/$state/certificate go test -tags e2e -count 1 -v -timeout 15m ./test/e2e/...
