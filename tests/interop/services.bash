# Sourced by the scripts beside it: starts what the clients talk to, and stops it again.
#
# Sets `root` (of the repository), `bin` (the programs), `cache` (kept between runs) and `work` (this
# run's own). What tests need lies in files of `work` then: see `start_log` and `start_authorities`.

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
cache=${FASTI_INTEROP_CACHE:-$root/target/interop}
if [ -n "${FASTI_PROGRAMS:-}" ]; then
  bin=$(cd "$FASTI_PROGRAMS" && pwd)
else
  cargo build --manifest-path "$root/Cargo.toml" --workspace --locked --quiet --bins
  bin=${CARGO_TARGET_DIR:-$root/target}/debug
fi

work=$(mktemp -d)
export XDG_STATE_HOME=$work/state
started=()
stop_all() {
  [ ${#started[@]} -eq 0 ] || kill "${started[@]}" 2>/dev/null || true
  wait
  rm -rf "$work"
}
trap stop_all EXIT

# Waits for a line in a file that a program writes.
await_line() {
  for _ in $(seq 150); do
    ! grep -q "$1" "$2" 2>/dev/null || return 0
    sleep 0.1
  done
  echo "no line with '$1' came within 15 s:" >&2
  cat "$2" >&2
  return 1
}

# start_log NAME [FLAG...]: a log of its own, origin localhost. Then there are NAME.url, NAME.vkey,
# NAME.trusted_root.json and NAME.signing_config.json.
start_log() {
  local at=$work/$1
  "$bin/fasti-writer" --store "$at" --origin localhost --listen 127.0.0.1:0 "${@:2}" \
    >"$at.out" 2>"$at.err" &
  started+=($!)
  echo $! >"$at.pid"
  await_line listening "$at.out" || { cat "$at.err" >&2; return 1; }
  # The origin is the URL's host, as Sigstore's clients want it.
  sed -n 's|.*listening on  http://127.0.0.1:|http://localhost:|p' "$at.out" >"$at.url"
  sed -n 's/.*verifier key  //p' "$at.out" >"$at.vkey"
  local of=(--vkey "$(cat "$at.vkey")" --url "$(cat "$at.url")")
  "$bin/fasti" trusted-root "${of[@]}" >"$at.trusted_root.json"
  "$bin/fasti" signing-config "${of[@]}" >"$at.signing_config.json"
}

# start_v1_log NAME [FLAG...]: the same for clients of Rekor v1, which know the log by a second key. In
# NAME.trusted_root.json it is beside the log's own.
start_v1_log() {
  local at=$work/$1
  "$bin/fasti" keygen --origin localhost --out "$at.v1.pem" --algorithm ecdsa-p256 >/dev/null
  start_log "$1" --rekor-v1-key "$at.v1.pem" "${@:2}"
  local of=(--vkey "$(cat "$at.vkey")" --url "$(cat "$at.url")")
  "$bin/fasti" trusted-root "${of[@]}" --rekor-v1-key "$(cat "$at.url")" >"$at.trusted_root.json"
  "$bin/fasti" signing-config "${of[@]}" --api-version 1 >"$at.signing_config.json"
}

# stop_log NAME: as a supervisor would.
stop_log() {
  kill -TERM "$(cat "$work/$1.pid")"
  wait "$(cat "$work/$1.pid")"
}

# start_authorities PYTHON NAME: stand-ins for Fulcio, a timestamp authority, an OIDC provider and a TUF
# repository. Then there are pki/trusted_root.json and pki/trust_config.json, for them and that log, and
# pki.url.
start_authorities() {
  mkdir "$work/pki"
  "$1" "$root/tests/interop/pki/serve.py" "$work/pki" "$work/$2.trusted_root.json" \
    "$work/$2.signing_config.json" >"$work/pki.out" 2>&1 &
  started+=($!)
  await_line listening "$work/pki.out"
  sed -n 's/listening on //p' "$work/pki.out" >"$work/pki.url"
}
