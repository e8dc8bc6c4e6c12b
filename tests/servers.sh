#!/usr/bin/env bash
#
# Runs a command beside throwaway MariaDB, PostgreSQL and Redis servers, then ends them and removes their data.
#
#   tests/servers.sh [--only NAME[,NAME]] [--] [COMMAND [ARGUMENT...]]
#
# NAME is mariadb, postgres or redis; without --only all three are started. COMMAND finds TEST_MARIADB_URL,
# TEST_POSTGRES_URL and TEST_REDIS_URL in its environment (those of servers left out are unset); its exit status is
# passed on. Without COMMAND the addresses are printed and the servers run until Ctrl-C.
#
# The servers come from installed binaries, listen on free ports of 127.0.0.1 and keep everything in one fresh folder,
# in memory where /dev/shm has room. Nothing installed or running is touched, and any number of runs may go on at once.
# Packages that are missing are installed when this runs as root on Debian or Ubuntu; no service is started by that.
#
#   FLORIN_TEST_DURABLE=1   data on disk and every commit synced, for figures that should mean something
#
# Exit status: COMMAND's own; 1 a server did not start; 2 wrong usage; 3 a program is missing; 129, 130, 143 a signal.

# shellcheck disable=SC2317 # most functions are called from a trap or by a name that is put together

set -euo pipefail

readonly PASSWORD=florin # of the user "florin", who may do everything, on servers that only this machine can reach
readonly START_SECONDS=120
readonly PORT_TRIES=5
readonly DURABLE=${FLORIN_TEST_DURABLE:-}

only=mariadb,postgres,redis
home=                # the one folder of this run
command_pid=         # the command, leader of its own process group
policy_made=         # whether /usr/sbin/policy-rc.d is ours to remove
job_pids=()          # every server or set-up job started here, each the leader of its own process group
job_signals=()       # the signal that ends it, or nothing
mariadb_port='' postgres_port='' redis_port=''

say() { printf 'servers: %s\n' "$*" >&2; }

fail() {
  local status=$1
  shift
  say "$@"
  exit "$status"
}

wants() { [[ ",$only," == *",$1,"* ]]; }

# ---- what is installed -----------------------------------------------------------------------------------------------

# First of the named programs that is installed. Servers often live where an ordinary PATH does not look.
program() {
  local name path
  for name in "$@"; do
    if path=$(PATH="$PATH:/usr/local/sbin:/usr/sbin:/sbin:/usr/libexec:/opt/homebrew/bin:/usr/local/bin" command -v "$name"); then
      printf '%s\n' "$path"
      return 0
    fi
  done
  return 1
}

# The folder of PostgreSQL's server programs, the newest where several are installed.
postgres_folder() {
  local folder best='' version best_version=-1
  for folder in /usr/lib/postgresql/*/bin /usr/pgsql-*/bin /opt/homebrew/opt/postgresql*/bin /usr/local/opt/postgresql*/bin; do
    [[ -x $folder/initdb && -x $folder/postgres ]] || continue
    version=${folder//[!0-9]/}
    if ((10#${version:-0} > best_version)); then
      best=$folder best_version=$((10#${version:-0}))
    fi
  done
  if [[ -z $best ]] && program initdb >/dev/null && program postgres >/dev/null; then
    best=$(dirname "$(program initdb)")
  fi
  [[ -n $best ]] && printf '%s\n' "$best"
}

# Finds the programs and sets `packages` to the Debian packages that are missing.
locate() {
  packages=()
  if wants mariadb; then
    mariadbd=$(program mariadbd mysqld) || mariadbd=
    [[ -z $mariadbd || $("$mariadbd" --no-defaults --version 2>/dev/null) == *MariaDB* ]] || mariadbd= # Oracle's
    mariadb_install=$(program mariadb-install-db mysql_install_db) || mariadb_install=
    mariadb_client=$(program mariadb mysql) || mariadb_client=
    [[ -n $mariadbd && -n $mariadb_install && -n $mariadb_client ]] || packages+=(mariadb-server)
  fi
  if wants postgres; then
    postgres_bin=$(postgres_folder) || postgres_bin=
    psql=$(program psql) || psql=$postgres_bin/psql
    [[ -n $postgres_bin && -x $psql ]] || packages+=(postgresql)
  fi
  if wants redis; then
    redis_server=$(program redis-server valkey-server) || redis_server=
    redis_cli=$(program redis-cli valkey-cli) || redis_cli=
    [[ -n $redis_server && -n $redis_cli ]] || packages+=(redis-server)
  fi
}

# Debian starts a service as it installs it, unless policy-rc.d says no.
install_packages() {
  local status=0
  exec 8>/run/lock/florin-test-servers.lock
  if command -v flock >/dev/null; then flock 8; fi
  locate # another run may have installed them while this one waited
  if ((${#packages[@]})); then
    say "installing ${packages[*]}"
    if [[ ! -e /usr/sbin/policy-rc.d ]]; then
      policy_made=yes
      printf '#!/bin/sh\nexit 101\n' >/usr/sbin/policy-rc.d
      chmod 755 /usr/sbin/policy-rc.d
    fi
    {
      apt-get -o DPkg::Lock::Timeout=300 update &&
        DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=300 install --yes --no-install-recommends "${packages[@]}"
    } </dev/null >&2 8>&- || status=$?
    drop_policy
  fi
  exec 8>&-
  hash -r
  locate
  return "$status"
}

drop_policy() {
  if [[ -n $policy_made ]]; then
    rm -f /usr/sbin/policy-rc.d
    policy_made=
  fi
}

require_programs() {
  locate
  ((${#packages[@]})) || return 0
  if ((EUID == 0)) && command -v apt-get >/dev/null; then
    install_packages || say "apt-get failed"
  fi
  ((${#packages[@]})) || return 0
  cat >&2 <<TEXT
servers: not installed: ${packages[*]}

  Debian, Ubuntu   sudo apt-get install --no-install-recommends ${packages[*]}
  Fedora           sudo dnf install mariadb-server postgresql-server valkey
  macOS            brew install mariadb postgresql redis

They need not run: the tests start their own. \`make test-sqlite\` runs the same tests without any of them.
TEXT
  exit 3
}

# ---- processes -------------------------------------------------------------------------------------------------------

# First of the named users who exists, else nobody: PostgreSQL refuses to run as root, and the others need not.
server_user() {
  local user
  for user in "$@" nobody; do
    if id -u "$user" >/dev/null 2>&1; then
      printf '%s\n' "$user"
      return 0
    fi
  done
}

# Replaces this (sub)shell by a program run as an unprivileged user, which also ends when this script is killed outright.
become() {
  local user=$1 signal=${2:-clear} prefix=()
  shift 2
  cd "$home"
  if [[ $(setpriv --help 2>&1) == *--pdeathsig* ]]; then
    prefix=(setpriv --pdeathsig "$signal")
    ((EUID != 0)) || prefix+=(--reuid "$user" --regid "$(id -g "$user")" --init-groups)
  elif ((EUID == 0)); then
    prefix=(runuser -u "$user" --)
  fi
  exec ${prefix[@]+"${prefix[@]}"} "$@"
}

# start USER SIGNAL LOG PROGRAM [ARGUMENT...]: in the background, in a process group of its own, so that Ctrl-C reaches
# the servers only by our hand. SIGNAL is what ends it, empty for what ends soon by itself (initdb cut short would leave
# shared memory behind). Leaves the process id in `started`.
start() {
  local user=$1 signal=$2 log=$3
  shift 3
  set -m
  become "$user" "$signal" "$@" </dev/null >>"$log" 2>&1 &
  started=$!
  set +m
  job_pids+=("$started")
  job_signals+=("$signal")
}

# A job that ended: its number may already be another process's.
forget() {
  local i
  for i in "${!job_pids[@]}"; do
    if [[ ${job_pids[i]} == "$1" ]]; then unset "job_pids[i]" "job_signals[i]"; fi
  done
}

alive() { kill -0 -- "-$1" 2>/dev/null; }

signal_group() { kill -s "$1" -- "-$2" 2>/dev/null || true; }

# Waits until a process group is gone, insisting after 5 seconds and killing it after 20.
gone() {
  local pid=$1 tenths=0
  while alive "$pid"; do
    case $((tenths++)) in
      50) signal_group TERM "$pid" ;;
      200)
        say "process group $pid does not end: killing it"
        signal_group KILL "$pid"
        ;;
      250) return 0 ;;
    esac
    sleep 0.1
  done
  wait "$pid" 2>/dev/null || true
}

finish() {
  local status=$1 i end=TERM
  trap - EXIT
  trap '' INT TERM HUP # a second Ctrl-C must not leave half of it behind
  if [[ -n $command_pid ]]; then
    case $status in
      129) end=HUP ;;
      130) end=INT ;;
    esac
    signal_group "$end" "$command_pid"
    gone "$command_pid"
  fi
  for i in ${job_pids[@]+"${!job_pids[@]}"}; do
    if [[ -n ${job_signals[i]} ]]; then signal_group "${job_signals[i]}" "${job_pids[i]}"; fi
  done
  for i in ${job_pids[@]+"${!job_pids[@]}"}; do gone "${job_pids[i]}"; done
  drop_policy
  if [[ -n $home ]]; then rm -rf -- "$home"; fi
  exit "$status"
}

# ---- the servers -----------------------------------------------------------------------------------------------------

free_port() {
  local port
  if python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])' 2>/dev/null; then
    return 0
  fi
  while true; do
    port=$((20000 + RANDOM % 12000)) # below the ports that the kernel hands out
    if ! (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; then
      printf '%s\n' "$port"
      return 0
    fi
  done
}

# Removes what runs left behind that were killed outright: the folders whose lock nobody holds any more.
sweep() {
  local folder
  for folder in "$1"/florin-test-servers.*; do
    if [[ -O $folder && -f $folder/lock ]]; then flock --nonblock "$folder/lock" rm -rf -- "$folder" || true; fi
  done
}

make_home() {
  local base room
  for base in /dev/shm "${TMPDIR:-/tmp}" /tmp; do
    [[ -d $base && -w $base ]] || continue
    if [[ $base == /dev/shm ]]; then
      [[ -z $DURABLE ]] || continue
      room=$(df -Pk "$base" | awk 'NR == 2 { print $4 }')
      ((room > 1024 * 1024)) || continue
    fi
    sweep "$base"
    home=$(mktemp -d "$base/florin-test-servers.XXXXXX")
    chmod 711 "$home"
    if command -v flock >/dev/null; then
      exec 9>"$home/lock.new" # held by this run, its servers and its command
      flock 9
      mv "$home/lock.new" "$home/lock"
    fi
    # The servers' users must be able to get there.
    if ((EUID != 0)) || (become "$(server_user nobody)" TERM test -x "$home") 2>/dev/null; then return 0; fi
    rm -rf -- "$home"
    home=
  done
  fail 1 "no folder for temporary data"
}

folder() {
  mkdir "$home/$1"
  chmod 700 "$home/$1"
  ((EUID != 0)) || chown "$2:$(id -g "$2")" "$home/$1"
}

init_mariadb() {
  mariadb_user=$(server_user mysql)
  folder mariadb "$mariadb_user"
  cat >"$home/mariadb.sql" <<SQL
CREATE DATABASE IF NOT EXISTS florin_test;
CREATE USER IF NOT EXISTS 'florin'@'%' IDENTIFIED BY '$PASSWORD';
GRANT ALL PRIVILEGES ON *.* TO 'florin'@'%' WITH GRANT OPTION;
SQL
  start "$mariadb_user" '' "$home/mariadb.log" "$mariadb_install" --no-defaults --datadir="$home/mariadb/data" \
    --auth-root-authentication-method=normal --skip-test-db
}

start_mariadb() {
  local arguments=(
    --no-defaults
    --datadir="$home/mariadb/data" --tmpdir="$home/mariadb" --socket="$home/mariadb/socket" --pid-file="$home/mariadb/pid"
    --init-file="$home/mariadb.sql"
    --bind-address=127.0.0.1 --port="$mariadb_port" --skip-name-resolve --max-connections=300
    --character-set-server=utf8mb4
    --skip-log-bin
    --innodb-buffer-pool-size=128M --innodb-log-file-size=64M --innodb-buffer-pool-dump-at-shutdown=0
  )
  if [[ -n $DURABLE ]]; then
    arguments+=(--innodb-flush-log-at-trx-commit=1)
  else
    arguments+=(--innodb-flush-log-at-trx-commit=0 --sync-binlog=0 --innodb-flush-method=fsync --innodb-doublewrite=0
      --innodb-use-native-aio=0 --innodb-fast-shutdown=2)
  fi
  start "$mariadb_user" TERM "$home/mariadb.log" "$mariadbd" "${arguments[@]}"
}

# Each asks the server who it is, since after a lost port another's server would answer just as gladly.
mariadb_ready() {
  [[ $(mariadb_sql -e 'SELECT @@datadir' 2>/dev/null) == "$home/mariadb/data/" ]]
}

mariadb_sql() {
  "$mariadb_client" --no-defaults --protocol=TCP --host=127.0.0.1 --port="$mariadb_port" --user=florin \
    --password="$PASSWORD" --connect-timeout=5 --batch --skip-column-names florin_test "$@" </dev/null
}

# Sorting text by a language's rules, as most installed servers do: an order taken from "C" would hide mistakes.
init_postgres() {
  local locale=(--locale=C)
  postgres_user=$(server_user postgres)
  folder postgres "$postgres_user"
  printf '%s\n' "$PASSWORD" >"$home/postgres.password"
  if [[ $("$postgres_bin/initdb" --help) == *--icu-locale* ]]; then locale+=(--locale-provider=icu --icu-locale=en-US); fi
  start "$postgres_user" '' "$home/postgres.log" "$postgres_bin/initdb" --pgdata="$home/postgres/data" \
    --username=florin --pwfile="$home/postgres.password" --auth=scram-sha-256 --encoding=UTF8 "${locale[@]}" --no-sync
}

start_postgres() {
  local arguments=(
    -D "$home/postgres/data" -k "$home/postgres" -h 127.0.0.1 -p "$postgres_port"
    -c max_connections=200 -c shared_buffers=64MB -c dynamic_shared_memory_type=mmap
    -c jit=off -c logging_collector=off
  )
  if [[ -z $DURABLE ]]; then
    arguments+=(-c fsync=off -c synchronous_commit=off -c full_page_writes=off -c wal_level=minimal -c max_wal_senders=0)
    # Rows that are written ten thousand times over need it, as they have it everywhere else.
    if [[ -z ${TORTURE:-} ]]; then arguments+=(-c autovacuum=off); fi
  fi
  start "$postgres_user" INT "$home/postgres.log" "$postgres_bin/postgres" "${arguments[@]}"
}

postgres_ready() {
  [[ $(postgres_sql -c 'SHOW data_directory' 2>/dev/null) == "$home/postgres/data" ]] || return 1
  [[ -n $(postgres_sql -c "SELECT 1 FROM pg_database WHERE datname = 'florin_test'") ]] ||
    postgres_sql -c 'CREATE DATABASE florin_test' >>"$home/postgres.log" 2>&1
}

postgres_sql() {
  PGPASSWORD=$PASSWORD "$psql" --no-psqlrc --quiet --tuples-only --no-align --no-password "$@" </dev/null \
    "host=127.0.0.1 port=$postgres_port user=florin dbname=postgres sslmode=disable connect_timeout=5"
}

init_redis() {
  redis_user=$(server_user redis valkey)
  folder redis "$redis_user"
}

start_redis() {
  local arguments=(
    --bind 127.0.0.1 --port "$redis_port" --dir "$home/redis" --pidfile "$home/redis/pid" --daemonize no --save ''
  )
  if [[ -n $DURABLE ]]; then
    arguments+=(--appendonly yes --appendfsync always)
  else
    arguments+=(--appendonly no)
  fi
  start "$redis_user" TERM "$home/redis.log" "$redis_server" "${arguments[@]}"
}

redis_ready() {
  local bounded=()
  if command -v timeout >/dev/null; then bounded=(timeout 5); fi
  [[ $(${bounded[@]+"${bounded[@]}"} "$redis_cli" -h 127.0.0.1 -p "$redis_port" CONFIG GET dir 2>/dev/null </dev/null) == \
    "dir"$'\n'"$home/redis" ]]
}

launch() {
  printf -v "$1_port" '%s' "$(free_port)"
  "start_$1"
  printf -v "$1_pid" '%s' "$started"
}

# Whether the server that holds this port is the one started here. A port can be lost between choosing and binding it.
await() {
  local name=$1 pid=$1_pid tries=1 deadline=$((SECONDS + START_SECONDS))
  until "${name}_ready"; do
    if ! alive "${!pid}"; then
      if ((tries++ >= PORT_TRIES)); then failed "$name"; fi
      forget "${!pid}"
      launch "$name"
    fi
    if ((SECONDS >= deadline)); then failed "$name"; fi
    sleep 0.1
  done
}

failed() {
  say "$1 did not start; the end of its log:"
  tail -n 30 "$home/$1.log" >&2 || true
  exit 1
}

# ---- this run --------------------------------------------------------------------------------------------------------

while (($#)); do
  case $1 in
    --only)
      (($# > 1)) || fail 2 "--only needs a name"
      only=$2
      shift 2
      ;;
    --only=*)
      only=${1#*=}
      shift
      ;;
    -h | --help)
      awk 'NR > 2 && !/^#/ { exit } NR > 2 { sub(/^# ?/, ""); print }' "$0"
      exit 0
      ;;
    --)
      shift
      break
      ;;
    -*) fail 2 "unknown option $1 (see --help)" ;;
    *) break ;;
  esac
done

names=()
IFS=, read -r -a asked <<<"$only"
for name in ${asked[@]+"${asked[@]}"}; do
  case $name in
    mariadb | postgres | redis) names+=("$name") ;;
    *) fail 2 "unknown server '$name': mariadb, postgres or redis" ;;
  esac
done
((${#names[@]})) || fail 2 "--only names no server"

trap 'finish $?' EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM

require_programs
make_home

setup_pids=()
for name in "${names[@]}"; do
  started=
  "init_$name"
  setup_pids+=("$started")
done
for i in "${!names[@]}"; do
  if [[ -n ${setup_pids[i]} ]]; then
    wait "${setup_pids[i]}" || failed "${names[i]}"
    forget "${setup_pids[i]}"
  fi
  launch "${names[i]}"
done
for name in "${names[@]}"; do await "$name"; done

unset TEST_MARIADB_URL TEST_POSTGRES_URL TEST_REDIS_URL
for name in "${names[@]}"; do
  case $name in
    mariadb) export TEST_MARIADB_URL="mysql://florin:$PASSWORD@127.0.0.1:$mariadb_port/florin_test" ;;
    postgres) export TEST_POSTGRES_URL="postgres://florin:$PASSWORD@127.0.0.1:$postgres_port/florin_test" ;;
    redis) export TEST_REDIS_URL="redis://127.0.0.1:$redis_port" ;;
  esac
done
say "${names[*]} ready after $SECONDS s, data in $home${DURABLE:+, durable}"

if (($# == 0)); then
  env | grep -E '^TEST_(MARIADB|POSTGRES|REDIS)_URL=' | sort
  say "until Ctrl-C"
  set -- sleep 2147483647
fi

# In a process group of its own, so that a signal to this script can be passed on to everything the command started.
# Such a group may not read from a terminal.
if [[ -t 0 ]]; then exec </dev/null; fi
set -m
"$@" &
command_pid=$!
set +m
status=0
wait "$command_pid" || status=$?
command_pid=
exit "$status"
