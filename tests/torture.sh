#!/usr/bin/env bash
#
# The faults of docs/reliability.md, against the release build, on SQLite, MariaDB and PostgreSQL, and on three nodes of MariaDB
# Galera; then the table of what was measured. Started by `make torture`, which builds what it needs.
#
#   TORTURE=1      minutes (the default)
#   TORTURE=full   the sizes that the promises of docs/reliability.md name
#   TORTURE_SEED   another workload
#   TORTURE_LANES  so many programs at once (1): sooner done, and harder for what is tried, as each has less of the processors.
#                  With too many a database is too slow for what is promised in seconds.
#   ENGINES        some of: sqlite mariadb postgres

set -uo pipefail
cd "$(dirname "$0")/.." || exit

export TORTURE=${TORTURE:-1}
engines=${ENGINES:-sqlite mariadb postgres}
lanes=${TORTURE_LANES:-1}
cargo=${CARGO:-cargo}
read -r -a flags <<<"--workspace ${CARGO_FLAGS:-}"
mkdir -p target/torture
export TORTURE_FIGURES=$PWD/target/torture/figures.tsv
: >"$TORTURE_FIGURES"
failed=()

# The programs to run, as "PROGRAM ENGINE"; those that take longest come first, so that lanes end at about the same time.
runs=("galera cluster")
for engine in postgres mariadb sqlite; do
  if [[ " $engines " == *" $engine "* ]]; then runs+=("torture $engine"); fi
done
for engine in $engines; do
  case $engine in
    sqlite | mariadb | postgres) runs+=("upgrades $engine") ;;
    *) echo "no engine $engine" >&2 && exit 2 ;;
  esac
done
if [[ $engines == "sqlite mariadb postgres" ]]; then runs+=("differential engines"); fi

# run PROGRAM ENGINE: one test program, its scenarios one after the other. What it prints comes when it has ended, as a whole.
run() {
  local began=$SECONDS output=target/torture/$1-$2.log status=0
  case $2 in
    mariadb) export TEST_DATABASE=${TEST_MARIADB_URL:?} ;;
    postgres) export TEST_DATABASE=${TEST_POSTGRES_URL:?} ;;
    *) export TEST_DATABASE=sqlite ;;
  esac
  {
    echo "=== $1 on $2"
    "$cargo" test "${flags[@]}" --test "$1" -- --test-threads=1 || status=$?
    echo "--- $1 on $2: $((SECONDS - began)) s"
  } >"$output" 2>&1
  cat "$output"
  return "$status"
}

declare -A started=()
# Waits for one that runs, and notes it when it failed.
await() {
  local pid status=0
  wait -n -p pid "${!started[@]}" || status=$?
  if ((status)); then failed+=("${started[$pid]}"); fi
  unset "started[$pid]"
}
for next in "${runs[@]}"; do
  if ((${#started[@]} >= lanes)); then await; fi
  # shellcheck disable=SC2086 # two words
  run $next &
  started[$!]=$next
done
while ((${#started[@]})); do await; done

echo
echo "=== figures (TORTURE=$TORTURE, TORTURE_LANES=$lanes, $SECONDS s)"
sort "$TORTURE_FIGURES" | awk -F '\t' '$1 != row { row = $1; print row } { printf "    %-9s %s\n", $2, $3 }'
if ((${#failed[@]})); then
  printf 'FAILED: %s\n' "${failed[@]}"
  exit 1
fi
echo "all held"
