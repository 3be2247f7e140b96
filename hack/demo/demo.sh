#!/usr/bin/env bash
# Shows Reeve's main job on a local API server: a webhook over TLS, a denied and
# a warned kubectl apply, a scan, and what the scan leaves behind.
#   demo.sh        run it and stop everything     (KEEP=1: leave it running)
#   demo.sh down   stop what was left running
set -euo pipefail
cd "$(dirname "$0")/../.."
state=$PWD/.demo
manifests=hack/demo/manifests
cluster() { go -C hack/cluster tool cluster "$@"; }

# ---- output: colours on a terminal only
if [[ -t 1 && -z ${NO_COLOR:-} ]]; then bold=$'\e[1m' dim=$'\e[2m' reset=$'\e[0m'; else bold='' dim='' reset=''; fi
step() { printf '\n%s== %s%s\n' "$bold" "$*" "$reset"; }
note() { printf '%s%s%s\n' "$dim" "$*" "$reset"; }
# show prints a command as typed, runs it, and goes on whatever it answers.
show() {
  printf '%s$ %s%s\n' "$bold" "$*" "$reset"
  "$@" 2>&1 || note "(exit code $?)"
}

# ---- processes: stopped by the pid that was recorded, if it still is ours
stop() {
  local name=$1 file=$state/$1.pid pid exe
  [[ -e $file ]] || return 0
  pid=$(<"$file")
  exe=$(readlink "/proc/$pid/exe" 2>/dev/null || true)
  if [[ ${exe% (deleted)} == "$PWD/bin/$name" ]]; then # deleted: built anew since
    kill "$pid" 2>/dev/null || true
    for _ in {1..100}; do kill -0 "$pid" 2>/dev/null || break; sleep 0.1; done
  fi
  rm -f "$file"
}
down() {
  stop scanner
  stop webhook
  if [[ -d $state/cluster ]]; then cluster down --dir "$state/cluster" >/dev/null; fi
}
# start runs bin/NAME in the background with its log in the state directory.
start() {
  local name=$1
  shift
  setsid "bin/$name" "$@" >"$state/$name.out" 2>"$state/$name.log" </dev/null &
  echo $! >"$state/$name.pid"
}
# wait_for TEXT COMMAND...: retries for half a minute.
wait_for() {
  local what=$1
  shift
  for _ in {1..300}; do
    if "$@" >/dev/null 2>&1; then return 0; fi
    sleep 0.1
  done
  echo "demo: gave up waiting until $what; the ends of the logs:" >&2
  tail -n 5 "$state"/*.log >&2
  return 1
}
# A port of 127.0.0.1 that nobody listens on, below those that Linux gives out by
# itself (from 32768 on).
free_port() {
  local port
  while :; do
    port=$((20000 + RANDOM % 12000))
    if ! (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; then echo "$port"; return; fi
  done
}
get() { # http GET with bash alone: curl need not be there
  local host=${1%%/*} path=/${1#*/}
  exec 3<>"/dev/tcp/${host%:*}/${host#*:}"
  printf 'GET %s HTTP/1.0\r\nHost: %s\r\n\r\n' "$path" "$host" >&3
  cat <&3
  exec 3>&-
}
ready() { get "$1/readyz" | head -n 1 | grep -q ' 200 '; }
scanned() { get "$1/metrics" | grep -q '^reeve_scan_passes_total'; }

if [[ ${1:-} == down ]]; then
  down
  echo "the demo is stopped"
  exit 0
fi
down # of an earlier run
mkdir -p "$state"
if [[ ${KEEP:-} != 1 ]]; then trap down EXIT; fi

step "A local Kubernetes API server (the first build takes a few minutes)"
eval "$(cluster up --tier 1 --name reeve-demo --dir "$state/cluster")"
show kubectl version
show kubectl apply -f "$manifests/namespace.yaml" -f "$manifests/rbac.yaml"
# Nothing makes service accounts here: there is no controller manager.
kubectl create serviceaccount default --namespace shop >/dev/null

step "The webhook, over TLS: privileged-container and host-* deny, other rules warn, minor ones are left to the scan"
webhook=127.0.0.1:$(free_port)
webhook_health=127.0.0.1:$(free_port)
cluster certificate --out "$state/certificate" --host 127.0.0.1
start webhook --listen "$webhook" --health-listen "$webhook_health" --status-listen "" --metrics-listen "" \
  --cert-dir "$state/certificate" --drain-delay 0s --skip severity:low,severity:info --mode-for privileged-container=deny --mode-for 'host-*=deny'
wait_for "the webhook is ready" ready "$webhook_health"
sed -e "s|URL|https://$webhook/validate|" -e "s|CA_BUNDLE|$(base64 -w0 <"$state/certificate/ca.crt")|" \
  hack/demo/webhook.yaml | kubectl apply -f -
wait_for "the API server calls the webhook" bash -c \
  '! kubectl create --dry-run=server -f hack/demo/manifests/bad.yaml'

step "A good Deployment passes without a word"
show kubectl apply -f "$manifests/good.yaml"
step "A bad one is refused, with a line for each finding"
show kubectl apply -f "$manifests/bad.yaml"
step "One that violates only rules in mode warn passes, with warnings"
show kubectl apply -f "$manifests/warned.yaml"

step "The same verdict before anything is applied"
show bin/reeve audit -f "$manifests/bad.yaml" --skip severity:low,severity:info

step "The pod starts to crash (its status is written by hand: there is no kubelet here)"
kubectl patch pod worker --namespace shop --subresource status --type merge --patch "$(<"$manifests/crash-looping-status.json")"

step "The scanner judges all that exists, roles and broken pods included"
kubectl create namespace reeve-system >/dev/null
metrics=127.0.0.1:$(free_port)
start scanner --skip severity:low,severity:info --health-listen "" --metrics-listen "$metrics" --report-log stdout
wait_for "the first scan has ended" scanned "$metrics"
note "Findings on what people wrote (Kubernetes' own objects left out):"
show bin/reeve audit --namespace shop --skip severity:low,severity:info
show bin/reeve audit --select category:rbac

step "Events on the objects"
show kubectl get events --all-namespaces --field-selector reason=PolicyViolation
step "Metrics"
get "$metrics/metrics" | grep -E '^reeve_(findings|scan|rules)' | grep -v created | head -n 20
step "The scanner's log of findings, a line of JSON each"
head -n 3 "$state/scanner.out"

if [[ ${KEEP:-} == 1 ]]; then
  step "Left running"
  cat <<TEXT
  export KUBECONFIG=$KUBECONFIG
  kubectl apply -f $manifests/bad.yaml
  bin/reeve audit
  less $state/webhook.log

make demo-down stops it.
TEXT
else
  step "Done; everything is stopped again"
fi
