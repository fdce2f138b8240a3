# Sourced by `run`: one log ends and another follows, as logs do each year.

if ! "$bin/fasti" signing-config --help >/dev/null 2>&1; then
  echo "SKIPPED: successive logs with cosign: this fasti writes no signing configuration for them"
  return
fi
source "$here/tampering.bash"
start_log older
start_log newer
turn=$(date -u -d '5 seconds ago' +%Y-%m-%dT%H:%M:%SZ)
about() { "$bin/fasti" "$1" --vkey "$(cat "$2.vkey")" --url "$(cat "$2.url")" --operator interop.test "${@:3}"; }

does "$cosign" sign-blob -y --key cosign.key --signing-config older.signing_config.json \
  --trusted-root older.trusted_root.json --bundle older.json artifact
stop_log older
"$bin/fasti" freeze --store older >/dev/null
# A frozen log is still served, where it was.
"$bin/fasti-writer" --store older --origin localhost --listen "127.0.0.1:$(sed 's/.*://' older.url)" \
  >frozen.out 2>frozen.err &
started+=($!)
await_line listening frozen.out

about signing-config older --valid-until "$turn" >until.json
about signing-config newer --valid-from "$turn" --merge until.json >both.signing_config.json
"$bin/fasti" trusted-root --vkey "$(cat newer.vkey)" --url "$(cat newer.url)" --valid-from "$turn" \
  --merge older.trusted_root.json >both.trusted_root.json

refuses "an entry for a frozen log" 'frozen' "$cosign" sign-blob -y --key cosign.key \
  --signing-config older.signing_config.json --trusted-root both.trusted_root.json --bundle late.json artifact
does "$cosign" sign-blob -y --key cosign.key --signing-config both.signing_config.json \
  --trusted-root both.trusted_root.json --bundle newer.json artifact
for log in older newer; do
  verify=("$cosign" verify-blob --key cosign.pub --bundle "$log.json")
  does "${verify[@]}" --trusted-root both.trusted_root.json artifact
  does "${verify[@]}" --trusted-root "$log.trusted_root.json" artifact
done
refuses "what the newer log holds, for whom trusts the older" 'not enough verified log entries' \
  "$cosign" verify-blob --key cosign.pub --bundle newer.json --trusted-root older.trusted_root.json artifact
echo "cosign: successive logs: $count commands did, or refused, what they should"
