# Sourced after services.bash: the authorities that keyless signing needs, for clients that read files.

# start_keyless WHAT: a log named `keyless`, and authorities for it. Then there are pki/trusted_root.json,
# pki/signing_config.json, pki/v1.signing_config.json for Rekor v1's API without timestamps,
# pki/trust_config.json and pki/token. Says SKIPPED, and fails, where Python or OpenSSL cannot run the
# authorities; ends the script on any other failure.
start_keyless() {
  local python status=0
  python=$("$root/tests/interop/python/install" 2>"$work/keyless.said") || status=$?
  if [ $status -ne 0 ]; then
    echo "SKIPPED: $1: the stand-ins for its authorities cannot run: $(tail -n 1 "$work/keyless.said")"
    return 1
  fi
  if ! command -v openssl >/dev/null; then
    echo "SKIPPED: $1: openssl, which makes timestamps, is not installed"
    return 1
  fi
  # Whoever asks whether this failed has switched `set -e` off.
  start_v1_log keyless || exit 1
  local at=$work/keyless
  "$bin/fasti" signing-config --url "$(cat "$at.url")" >"$at.signing_config.json" || exit 1
  start_authorities "$python" keyless || exit 1
  "$bin/fasti" signing-config --url "$(cat "$at.url")" --api-version 1 --ca-url "$(cat "$work/pki.url")" \
    --oidc-url https://issuer.interop.test >"$work/pki/v1.signing_config.json" || exit 1
  (cd "$work/pki" && "$python" - "$(cat "$work/pki.url")" <<'PYTHON'
import json, pathlib, sys, urllib.request

config = json.loads(pathlib.Path("trust_config.json").read_text())["signingConfig"]
pathlib.Path("signing_config.json").write_text(json.dumps(config))
job = {"Authorization": "bearer the job's own"}
asked = urllib.request.Request(sys.argv[1] + "/token", headers=job)
token = json.load(urllib.request.urlopen(asked, timeout=10))["value"]
pathlib.Path("token").write_text(token)
PYTHON
  ) || exit 1
}
