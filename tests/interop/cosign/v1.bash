# Sourced by `run`, after own-key.bash: the same keys with Rekor v1's API, which cosign 2 knew alone.

source "$here/tampering.bash"

# v1's clients know an ECDSA key of a log as v2's do.
"$bin/fasti" keygen --origin localhost --out ecdsa.pem --algorithm ecdsa-p256 >/dev/null
start_log v1 --key ecdsa.pem
does "$cosign" signing-config create --rekor-config ANY --out made.v1.signing_config.json \
  --rekor "url=$(cat v1.url),api-version=1,start-time=2026-01-01T00:00:00Z,operator=interop.test"
"$bin/fasti" signing-config --url "$(cat v1.url)" --api-version 1 >v1.signing_config.json
to=(--signing-config v1.signing_config.json --trusted-root v1.trusted_root.json)
for key in "${keys[@]}"; do
  does "$cosign" sign-blob -y --key "$key.key" --signing-config made.v1.signing_config.json \
    --trusted-root v1.trusted_root.json --bundle "$key.v1.first.json" first
  does "$cosign" sign-blob -y --key "$key.key" "${to[@]}" --bundle "$key.v1.blob.json" artifact
  does "$cosign" attest-blob -y --key "$key.key" "${to[@]}" --predicate predicate.json --type custom \
    --bundle "$key.v1.attestation.json" artifact
done

# Without a bundle: the log is asked for the entry by what it was made of.
url=$(cat v1.url)
key_of_the_log=$(curl -sf -m 10 "$url/api/v1/log/publicKey")
printf '%s\n' "$key_of_the_log" >v1.pub
export SIGSTORE_REKOR_PUBLIC_KEY=$work/v1.pub
online=(--new-bundle-format=false --rekor-url "$url")
does "$cosign" sign-blob -y --key cosign.key --use-signing-config=false "${online[@]}" \
  --output-signature online.sig artifact
does "$cosign" verify-blob --key cosign.pub "${online[@]}" --signature online.sig artifact
if [ -e rsa4096.pem ]; then
  echo "never logged" >unlogged
  openssl dgst -sha256 -sign rsa4096.pem unlogged | openssl base64 -A >unlogged.sig
  refuses "a signature that is not in the log" 'not found|cannot be located|no matching|entry' \
    "$cosign" verify-blob --key rsa4096.pub "${online[@]}" --signature unlogged.sig unlogged
fi
unset SIGSTORE_REKOR_PUBLIC_KEY

stop_log v1
for key in "${keys[@]}"; do
  for what in blob attestation; do
    verify=("$cosign" verify-blob --key "$key.pub" --trusted-root v1.trusted_root.json)
    [ $what = blob ] || verify=("$cosign" verify-blob-attestation --key "$key.pub" --type custom
      --trusted-root v1.trusted_root.json)
    cp "$key.v1.$what.json" bundle.json
    grep -qE '"version": *"0.0.1"' bundle.json || { echo "no entry of v1 in $key.v1.$what.json" >&2; exit 1; }
    does "${verify[@]}" --bundle bundle.json artifact
    v1_tampering "${verify[@]}"
  done
done
echo "cosign: Rekor v1's API, own keys (${keys[*]}): $count commands did, or refused, what they should"
