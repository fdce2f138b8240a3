# Sourced by `run`: blobs and attestations signed with self-managed keys.

source "$here/tampering.bash"

echo "the first artifact" >first
echo "the artifact" >artifact
echo '{"built": "somewhere"}' >predicate.json
to=(--signing-config log.signing_config.json --trusted-root log.trusted_root.json)

# With a signing configuration that cosign itself has made, too.
does "$cosign" signing-config create --rekor-config ANY --out made.signing_config.json \
  --rekor "url=$(cat log.url),api-version=2,start-time=2026-01-01T00:00:00Z,operator=interop.test"

keys=(cosign)
does "$cosign" generate-key-pair
if command -v openssl >/dev/null; then
  for bits in 2048 4096; do
    openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:$bits -out rsa$bits.pem 2>/dev/null
    does "$cosign" import-key-pair --key rsa$bits.pem --output-key-prefix rsa$bits
    keys+=(rsa$bits)
  done
fi

for key in "${keys[@]}"; do
  does "$cosign" sign-blob -y --key "$key.key" --signing-config made.signing_config.json \
    --trusted-root log.trusted_root.json --bundle "$key.first.json" first
  does "$cosign" sign-blob -y --key "$key.key" "${to[@]}" --bundle "$key.blob.json" artifact
  does "$cosign" attest-blob -y --key "$key.key" "${to[@]}" --predicate predicate.json --type custom \
    --bundle "$key.attestation.json" artifact
done
# What another client has logged.
export FASTI_LOG FASTI_VKEY
FASTI_LOG=$(cat log.url) FASTI_VKEY=$(cat log.vkey)
if command -v openssl >/dev/null; then
  "$bin/fasti" upload --artifact artifact --private-key rsa4096.pem --bundle rsa4096.fasti.json >/dev/null
fi
refuses "a log that the trusted root does not name" 'not enough verified log entries' \
  "$cosign" sign-blob -y --key cosign.key --signing-config log.signing_config.json \
  --trusted-root other.trusted_root.json --bundle nowhere.json artifact

# A verifier asks nobody.
stop_log log
for key in "${keys[@]}"; do
  verify=("$cosign" verify-blob --key "$key.pub")
  verify_attestation=("$cosign" verify-blob-attestation --key "$key.pub" --type custom)
  trusted=(--trusted-root log.trusted_root.json)
  does "${verify[@]}" "${trusted[@]}" --bundle "$key.first.json" first
  does "${verify[@]}" "${trusted[@]}" --bundle "$key.blob.json" artifact
  does "${verify_attestation[@]}" "${trusted[@]}" --bundle "$key.attestation.json" artifact
  does "$bin/fasti" verify --public-key "$key.pub" --bundle "$key.blob.json" --artifact artifact
  does "$bin/fasti" verify --public-key "$key.pub" --bundle "$key.attestation.json" --artifact artifact
  [ ! -e "$key.fasti.json" ] || does "${verify[@]}" "${trusted[@]}" --bundle "$key.fasti.json" artifact

  cp "$key.blob.json" bundle.json
  tampering "${verify[@]}" "${trusted[@]}"
  refuses "another log's trusted root" 'not enough verified log entries' \
    "${verify[@]}" --trusted-root other.trusted_root.json --bundle bundle.json artifact
  cp "$key.attestation.json" bundle.json
  tampering "${verify_attestation[@]}" "${trusted[@]}"
  altered bundle.json payload.json 's/("payload": *")..../\1AAAA/'
  refuses "another statement" 'verifying inclusion' "${verify_attestation[@]}" "${trusted[@]}" \
    --bundle payload.json artifact
  refuses "another log's trusted root" 'not enough verified log entries' \
    "${verify_attestation[@]}" --trusted-root other.trusted_root.json --bundle bundle.json artifact
done
does "$cosign" generate-key-pair --output-key-prefix stranger
refuses "another signer's key" 'verifying inclusion' \
  "$cosign" verify-blob --key stranger.pub --trusted-root log.trusted_root.json --bundle cosign.blob.json artifact
echo "cosign: $("$cosign" version 2>/dev/null | sed -n 's/GitVersion: *//p'), own keys (${keys[*]}): $count commands did, or refused, what they should"
