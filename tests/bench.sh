#!/usr/bin/env bash
#
# How fast the released program is, beside the same statements sent by clients in C and beside the same service in Express, on
# SQLite, MariaDB and PostgreSQL whose commits reach the disk; what the rules of crates/domain cost, in nanoseconds and in
# instructions; then docs/benchmarks.md. Started by `make bench`, which builds
# what it needs. Takes the machine for itself: figures taken beside other work say nothing.
#
#   ENGINES        some of: sqlite mariadb postgres
#   BENCH_ROUNDS   how often each figure is taken (5); the median counts
#   BENCH_SECONDS  for how long (3)
#   BENCH_ROWS     the rows among which reads are measured (1000000); 0 leaves the reads out
#   UPDATE_INSTRUCTIONS=1   keep the instructions that are counted, instead of failing when there are more than were kept

set -euo pipefail
cd "$(dirname "$0")/.."

engines=${ENGINES:-sqlite mariadb postgres}
cargo=${CARGO:-cargo}
rows=${BENCH_ROWS:-1000000}
read -r -a flags <<<"--workspace ${CARGO_FLAGS:-}"
mkdir -p target/bench
export BENCH_FIGURES=$PWD/target/bench/figures.tsv
: >"$BENCH_FIGURES"

need() { command -v "$1" >/dev/null || { echo "make bench needs $1: $2" >&2 && exit 3; }; }
need cc "apt-get install gcc libc6-dev"
need valgrind "apt-get install valgrind"
case $engines in *mariadb*) need sysbench "apt-get install sysbench" && need node "apt-get install nodejs npm" && need npm "apt-get install npm" ;; esac
case $engines in *postgres*) need pgbench "apt-get install postgresql" ;; esac

for engine in $engines; do
  case $engine in
    sqlite) export TEST_DATABASE=sqlite ;;
    mariadb) export TEST_DATABASE=${TEST_MARIADB_URL:?} ;;
    postgres) export TEST_DATABASE=${TEST_POSTGRES_URL:?} ;;
    *) echo "no engine $engine" >&2 && exit 2 ;;
  esac
  echo "=== $engine"
  BENCH_READS=$((rows > 0)) BENCH_ROWS=$rows "$cargo" bench "${flags[@]}" --bench served
done
echo "=== rules"
status=0
"$cargo" bench "${flags[@]}" --bench rules
tests/instructions.sh || status=$?
python3 tests/benches/report.py "$BENCH_FIGURES" target/criterion crates/domain/benches/instructions.tsv docs
exit "$status"
