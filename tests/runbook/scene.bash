# What the scripts of the procedures are written in: a directory for each, programs that are
# started and stopped, and what they must say. Sourced, from a script that is named by its path.
#
# FASTI_PROGRAMS is the directory of fasti, fasti-writer, fasti-witness and fasti-buckets. All files
# are in a new directory, which is removed at the end; only processes that were started are ended.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
programs=$(cd "${FASTI_PROGRAMS:-$here/../../target/debug}" && pwd)
previous=${FASTI_PREVIOUS_PROGRAMS:-}
unset "${!FASTI_@}" "${!AWS_@}" XDG_STATE_HOME
export PATH=$programs:$PATH

work=$(mktemp -d)
cd "$work"
export HOME=$work FASTI_LISTEN=127.0.0.1:0 FASTI_DRAIN_SECONDS=0 FASTI_LOOKUP_SECONDS=1
declare -A process url

ended() {
  local status=$? name
  trap - EXIT
  for name in "${!process[@]}"; do kill -9 "${process[$name]}" 2>/dev/null || true; done
  { wait || true; } 2>/dev/null
  if [ "$status" != 0 ]; then tail -n 20 ./*.said >&2 || true; fi
  cd /
  rm -rf "$work"
  exit "$status"
}
trap ended EXIT
trap 'exit 143' TERM INT

fail() {
  echo "FAILED: $*" >&2
  exit 1
}

# run COMMAND...: it must succeed.
run() { refused 0 "$@"; }

# refused STATUS COMMAND...: it must end with this status.
refused() {
  local expected=$1 status=0
  shift
  echo "\$ $*"
  "$@" >last.said 2>&1 || status=$?
  [ "$status" = "$expected" ] || fail "status $status, not $expected: $*"
}

# sees TEXT...: the last command has said each of them.
sees() {
  local text
  for text; do
    grep -qF -- "$text" last.said || fail "the last command does not say: $text"
  done
}

# soon COMMAND...: it must succeed within 20 s.
soon() {
  local end=$((SECONDS + 20))
  echo "\$ $*"
  until "$@" >last.said 2>&1; do
    [ "$SECONDS" -lt "$end" ] || fail "does not succeed: $*"
    sleep 0.1
  done
}

# start NAME COMMAND...: a program that goes on. Waits until it listens; `url` then has its address.
start() {
  local name=$1
  shift
  echo "\$ $*"
  # What an earlier process of this name has said does not count.
  : >"$name.said"
  "$@" >>"$name.said" 2>&1 &
  process[$name]=$!
  says "$name" 'listening on'
  url[$name]=$(sed -n 's/^ *listening on  *//p' "$name.said" | tail -n 1)
}

# says NAME TEXT: waits until the running program says it.
says() {
  local name=$1 text=$2 end=$((SECONDS + 20))
  until grep -qF -- "$text" "$name.said"; do
    kill -0 "${process[$name]}" 2>/dev/null || fail "$name has ended, and did not say: $text"
    [ "$SECONDS" -lt "$end" ] || fail "$name does not say: $text"
    sleep 0.05
  done
}

# ends NAME STATUS: waits until the program has ended by itself, with this status.
ends() {
  local name=$1 expected=$2 status=0
  wait "${process[$name]}" || status=$?
  unset "process[$name]"
  [ "$status" = "$expected" ] || fail "$name ended with $status, not $expected"
}

# stop NAME: as a supervisor stops it.
stop() {
  kill -TERM "${process[$1]}"
  ends "$1" 0
}

# lose NAME: as a machine is lost.
lose() {
  kill -KILL "${process[$1]}"
  ends "$1" 137
}

# at NAME: what follows reads and writes at this writer.
at() { export FASTI_LOG=${url[$1]}; }

# new_key COMMAND...: makes a key; `vkey` is then the verifier key that was printed.
new_key() {
  run "$@"
  vkey=$(cat last.said)
}

# signer: makes me.pem, the key of somebody who signs, and its public half, me.pub.
signer() {
  new_key fasti keygen --origin me.example.org --algorithm ecdsa-p256 --out me.pem
  {
    echo '-----BEGIN PUBLIC KEY-----'
    # Behind name, ID and the byte for the kind of key.
    echo "${vkey#*+*+}" | base64 -d | tail -c +2 | base64 -w 64
    echo '-----END PUBLIC KEY-----'
  } >me.pub
}

# logs FILE...: each, new, is signed and logged.
logs() {
  local file
  for file; do
    echo "$file" >"$file"
    soon fasti upload --artifact "$file" --private-key me.pem --bundle "$file.sigstore.json"
  done
}

# one_follows URL...: whether one of these writers follows another, as it soon should.
one_follows() {
  fasti loginfo --writer "$@" >following.said && grep -qF following following.said
}

# bucket: starts an object store in memory; STORE is a place in it.
bucket() {
  export AWS_ACCESS_KEY_ID=writer AWS_SECRET_ACCESS_KEY=not-a-secret AWS_REGION=us-east-1
  fasti-buckets s3 --listen 127.0.0.1:0 --public >bucket.said 2>&1 &
  process[bucket]=$!
  says bucket FASTI_STORE_ENDPOINT=
  AWS_ENDPOINT_URL=$(sed -n 's/.*FASTI_STORE_ENDPOINT=//p' bucket.said)
  export AWS_ENDPOINT_URL
  STORE=s3://log/log
}
