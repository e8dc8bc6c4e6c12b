#!/usr/bin/env bash
#
# The faults of docs/reliability.md, against the release build, on SQLite, MariaDB and PostgreSQL, and on three nodes of MariaDB
# Galera; then the table of what was measured. Started by `make torture`, which builds what it needs.
#
#   TORTURE=1      minutes (the default)
#   TORTURE=full   the sizes that the promises of docs/reliability.md name
#   TORTURE_SEED   another workload
#   ENGINES        some of: sqlite mariadb postgres

set -uo pipefail
cd "$(dirname "$0")/.." || exit

export TORTURE=${TORTURE:-1}
engines=${ENGINES:-sqlite mariadb postgres}
cargo=${CARGO:-cargo}
read -r -a flags <<<"--workspace ${CARGO_FLAGS:-}"
mkdir -p target/torture
export TORTURE_FIGURES=$PWD/target/torture/figures.tsv
: >"$TORTURE_FIGURES"
failed=()

# run NAME ENGINE: one test program, its scenarios one after the other: each has both processors for itself.
run() {
  local began=$SECONDS
  echo "=== $1 on $2"
  "$cargo" test "${flags[@]}" --test "$1" -- --test-threads=1 || failed+=("$1 on $2")
  echo "--- $1 on $2: $((SECONDS - began)) s"
}

for engine in $engines; do
  case $engine in
    sqlite) export TEST_DATABASE=sqlite ;;
    mariadb) export TEST_DATABASE=${TEST_MARIADB_URL:?} ;;
    postgres) export TEST_DATABASE=${TEST_POSTGRES_URL:?} ;;
    *) echo "no engine $engine" >&2 && exit 2 ;;
  esac
  run torture "$engine"
  run upgrades "$engine"
done
export TEST_DATABASE=sqlite
if [[ $engines == "sqlite mariadb postgres" ]]; then run differential "three engines"; fi
run galera cluster

echo
echo "=== figures (TORTURE=$TORTURE, $SECONDS s)"
sort "$TORTURE_FIGURES" | awk -F '\t' '$1 != row { row = $1; print row } { printf "    %-9s %s\n", $2, $3 }'
if ((${#failed[@]})); then
  printf 'FAILED: %s\n' "${failed[@]}"
  exit 1
fi
echo "all held"
