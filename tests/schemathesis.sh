#!/usr/bin/env bash
#
# Runs Schemathesis, property-based requests made from the OpenAPI document, against a throwaway server.
#
#   tests/schemathesis.sh [OPTION...]
#
# An OPTION is handed to `schemathesis run`, such as --include-path /api/v1/expenses. Every check and every phase is on;
# tests/schemathesis.toml names the few exceptions. The run is made twice, as the demo user and as an admin.
#
# The server listens on a free port of 127.0.0.1, with its database in a fresh folder that is removed in the end; the last
# lines of its log are shown when a run failed. Schemathesis is installed into target/schemathesis if it is missing, which
# needs Python 3.10 with venv, and PyPI once.
#
#   SEED          the seed of the random choices; 1 when it is left out. The same seed makes the same requests.
#   MAX_EXAMPLES  the most test cases of one operation in one phase; 50 when it is left out
#   FLORIN_BIN    the server; built in the dev profile when it is left out
#
# Exit status: 0 no check failed; 1 one did, or Schemathesis had an error; 2 something did not start; 130, 143 a signal.

# shellcheck disable=SC2317 # `finish` is called from a trap

set -euo pipefail

readonly SCHEMATHESIS=4.32.5
readonly START_SECONDS=60

root=$(cd "$(dirname "$0")/.." && pwd)
seed=${SEED:-1}
max_examples=${MAX_EXAMPLES:-50}
binary=${FLORIN_BIN:-}
home=   # the one folder of this run
server= # the processes that were started here
client=

say() { printf 'schemathesis: %s\n' "$*" >&2; }

fail() {
  say "$@"
  exit 2
}

finish() {
  local status=$1
  trap - EXIT
  trap '' INT TERM
  local pid
  for pid in $client $server; do
    kill "$pid" 2>/dev/null || true
    wait "$pid" 2>/dev/null || true
  done
  if [[ -n $home ]]; then
    if ((status != 0)) && [[ -s $home/log ]]; then
      say "the end of the server's log:"
      tail -n 20 "$home/log" >&2
    fi
    rm -rf -- "$home"
  fi
  exit "$status"
}

install_schemathesis() {
  local venv=$root/target/schemathesis
  schemathesis=$venv/bin/schemathesis
  if [[ $("$schemathesis" --version 2>/dev/null) != *" $SCHEMATHESIS" ]]; then
    say "installing Schemathesis $SCHEMATHESIS into target/schemathesis"
    python3 -m venv "$venv" || fail "python3 with venv is needed (Debian: apt-get install python3-venv)"
    "$venv/bin/python" -m pip install --quiet --disable-pip-version-check "schemathesis==$SCHEMATHESIS" ||
      fail "it cannot be installed"
  fi
}

build_server() {
  if [[ -z $binary ]]; then
    cargo build --quiet --workspace --bin florin-api || fail "the server cannot be built"
    binary=$root/target/debug/florin-api
  fi
  [[ -x $binary ]] || fail "$binary is no program"
}

# Starts the server on a port that the kernel chooses, and finds the port in its log.
start_server() {
  local deadline=$((SECONDS + START_SECONDS))
  "$binary" serve >"$home/codes" 2>"$home/log" &
  server=$!
  until [[ -n ${address:=$(sed -n 's|.*listening on http://\(127\.0\.0\.1:[0-9]*\);.*|\1|p' "$home/log")} ]]; do
    kill -0 "$server" 2>/dev/null || fail "the server ended: $(tail -n 3 "$home/log")"
    ((SECONDS < deadline)) || fail "the server did not start"
    sleep 0.1
  done
}

# log_in JSON: the access token of whom an object with `email` and `password` names.
log_in() {
  python3 - "http://$address/api/v1/auth/login" "$1" <<'PYTHON'
import json, sys, urllib.request

known = json.loads(sys.argv[2])
body = json.dumps({"email": known["email"], "password": known["password"]}).encode()
request = urllib.request.Request(sys.argv[1], body, {"Content-Type": "application/json"})
print(json.load(urllib.request.urlopen(request))["access_token"])
PYTHON
}

# run TOKEN [OPTION...]: beside this script, so that a signal ends both at once.
run() {
  local token=$1 result=0
  shift
  HYPOTHESIS_STORAGE_DIRECTORY=$root/target/schemathesis/hypothesis SCHEMATHESIS_HOOKS=$root/tests/schemathesis_hooks.py \
    "$schemathesis" --config-file "$root/tests/schemathesis.toml" run \
    "http://$address/openapi.json" --header "Authorization: Bearer $token" \
    --checks all --phases examples,coverage,fuzzing,stateful --continue-on-failure \
    --seed "$seed" --max-examples "$max_examples" --generation-database none "$@" &
  client=$!
  wait "$client" || result=$?
  client=
  return "$result"
}

cd "$root"
trap 'finish $?' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

install_schemathesis
build_server
home=$(mktemp -d "${TMPDIR:-/tmp}/florin-schemathesis.XXXXXX")

# The cheapest hashes and no throttles, so that the run is quick; tokens that outlive it.
export FLORIN_ENV=test FLORIN_CONFIG_DIR=$home
export FLORIN__SERVER__BIND=127.0.0.1:0 FLORIN__DATABASE__URL=sqlite://$home/florin.db
export FLORIN__AUTH__ARGON2_M_KIB=1024 FLORIN__AUTH__ARGON2_T=1 FLORIN__AUTH__ACCESS_MINUTES=1440
export FLORIN__LIMITS__REQUESTS_PER_MINUTE=0 FLORIN__LIMITS__IN_FLIGHT_PER_CLIENT=0 FLORIN__LOG__LEVEL=info

"$binary" migrate >/dev/null
demo=$("$binary" seed-demo)
admin='{"email": "admin@florin.example", "password": "an admin of this run alone"}'
printf '%s\n' "an admin of this run alone" | "$binary" admin create --email admin@florin.example >/dev/null
start_server

status=0
say "as the demo user, on http://$address, seed $seed"
run "$(log_in "$demo")" "$@" || status=1
say "as an admin, on http://$address, seed $seed"
run "$(log_in "$admin")" "$@" || status=1
exit "$status"
