#!/usr/bin/env bash
#
# How many instructions each rule of crates/domain/benches/rules.rs takes, counted by callgrind, beside what is kept in
# crates/domain/benches/instructions.tsv. One that takes a twentieth more than it did fails. Another compiler counts otherwise:
# then keep what it counts, with nothing else in that change. Started by `make bench`, and by itself in two minutes.
#
#   UPDATE_INSTRUCTIONS=1   keep what is counted now

set -euo pipefail
cd "$(dirname "$0")/.."

cargo=${CARGO:-cargo}
read -r -a flags <<<"--workspace ${CARGO_FLAGS:-}"
kept=crates/domain/benches/instructions.tsv
command -v valgrind >/dev/null || { echo "counting instructions needs valgrind: apt-get install valgrind" >&2 && exit 3; }

built=$(mktemp) new=$(mktemp)
trap 'rm -f "$built" "$new"' EXIT
"$cargo" bench "${flags[@]}" --bench rules --no-run 2>&1 | tee "$built" >&2
program=$(sed -n 's/.*Executable .*(\(.*\))$/\1/p' "$built")
[[ -x $program ]] || { echo "the benchmark was not built" >&2 && exit 1; }

# counted NAME TIMES: of a whole run.
counted() {
  RULES_ONCE=$1 RULES_TIMES=$2 valgrind --tool=callgrind --callgrind-out-file=/dev/null "$program" 2>&1 |
    sed -n 's/.*Collected : \([0-9]*\)$/\1/p'
}

echo "# instructions each, $(rustc --version), $(uname -m)" >"$new"
worse=0
while IFS= read -r name; do
  # What comes before and after the rule is the same in both, and so it falls out.
  few=$(counted "$name" 10)
  many=$(counted "$name" 60)
  count=$(((many - few) / 50))
  printf '%s\t%s\n' "$name" "$count" >>"$new"
  before=$(awk -F '\t' -v name="$name" '$1 == name { print $2 }' "$kept" 2>/dev/null || true)
  printf '%-32s %10d   kept: %s\n' "$name" "$count" "${before:-nothing}"
  if [[ -z $before ]]; then
    worse=1
  elif ((count * 20 > before * 21)); then
    echo "  a twentieth more than it was" >&2
    worse=1
  fi
done < <("$program" --names)
if [[ -n ${UPDATE_INSTRUCTIONS:-} ]]; then
  cat "$new" >"$kept"
elif ((worse)); then
  exit 1
fi
