# Sourced by `run`: blobs and attestations signed with self-managed keys.

# shellcheck source=tests/interop/cosign/tampering.bash
source "$here/../cosign/tampering.bash"
start_v1_log log
start_v1_log other
key_of log
key_of other
url=$(cat log.url)

echo "the first artifact" >first
echo "the artifact" >artifact
echo '{"built": "somewhere"}' >predicate.json
does "$cosign" generate-key-pair
openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:4096 -out rsa.pem 2>/dev/null
does "$cosign" import-key-pair --key rsa.pem --output-key-prefix rsa
keys=(cosign rsa)
# The log's key, as cosign 2 takes it from a file.
export SIGSTORE_REKOR_PUBLIC_KEY=$work/log.pub
for key in "${keys[@]}"; do
  sign=(-y --key "$key.key" --rekor-url "$url")
  attest=("$cosign" attest-blob "${sign[@]}" --predicate predicate.json --type custom)
  does "$cosign" sign-blob "${sign[@]}" --bundle "$key.first.json" first
  does "$cosign" sign-blob "${sign[@]}" --output-signature "$key.sig" --bundle "$key.blob.old.json" artifact
  does "$cosign" sign-blob "${sign[@]}" --new-bundle-format --bundle "$key.blob.new.json" artifact
  does "${attest[@]}" --output-signature "$key.att" --bundle "$key.attestation.old.json" artifact
  does "${attest[@]}" --new-bundle-format --bundle "$key.attestation.new.json" artifact
  # Without a bundle the log is asked for the entry by what it was made of.
  online=(--key "$key.pub" --rekor-url "$url")
  does "$cosign" verify-blob "${online[@]}" --signature "$key.sig" artifact
  does "$cosign" verify-blob-attestation "${online[@]}" --type custom --signature "$key.att" artifact
done
# RSA signs the same way each time, so this is an entry that is there already.
does "$cosign" sign-blob -y --key rsa.key --rekor-url "$url" --output-signature again.sig artifact
cmp -s again.sig rsa.sig || { echo "RSA has signed in another way" >&2; exit 1; }
echo "never logged" >unlogged
openssl dgst -sha256 -sign rsa.pem unlogged | openssl base64 -A >unlogged.sig
refuses "a signature that is not in the log" 'signature not found in transparency log' \
  "$cosign" verify-blob --key rsa.pub --rekor-url "$url" --signature unlogged.sig unlogged
SIGSTORE_REKOR_PUBLIC_KEY=$work/other.pub refuses "a log with another key" 'rekor log public key not found' \
  "$cosign" verify-blob --key rsa.pub --rekor-url "$url" --signature rsa.sig artifact

stop_log log
for key in "${keys[@]}"; do
  for what in blob attestation; do
    verify=("$cosign" verify-blob --key "$key.pub")
    [ $what = blob ] || verify=("$cosign" verify-blob-attestation --key "$key.pub" --type custom)
    cp "$key.$what.old.json" bundle.json
    offline=("${verify[@]}" --offline)
    # What was signed is beside an old bundle of an attestation.
    [ $what = blob ] || offline+=(--signature "$key.att")
    does "${offline[@]}" --bundle bundle.json artifact
    altered bundle.json time.json 's/("integratedTime": *)([0-9]+)/\11\2/'
    refuses "another time" 'unable to verify SET' "${offline[@]}" --bundle time.json artifact
    altered bundle.json index.json 's/("logIndex": *)([0-9]+)/\11\2/'
    refuses "another index" 'unable to verify SET' "${offline[@]}" --bundle index.json artifact
    altered bundle.json promise.json 's/("SignedEntryTimestamp": *".{20})..../\1AAAA/'
    refuses "another promise" 'unable to verify SET' "${offline[@]}" --bundle promise.json artifact
    SIGSTORE_REKOR_PUBLIC_KEY=$work/other.pub refuses "another log's key" 'rekor log public key not found' \
      "${offline[@]}" --bundle bundle.json artifact

    cp "$key.$what.new.json" bundle.json
    grep -qE '"version": *"0.0.[12]"' bundle.json || { echo "no entry of v1 in $key.$what.new.json" >&2; exit 1; }
    offline=("${verify[@]}" --new-bundle-format)
    does "${offline[@]}" --trusted-root log.trusted_root.json --bundle bundle.json artifact
    v1_tampering "${offline[@]}" --trusted-root log.trusted_root.json
    refuses "another log" 'not enough verified log entries' "${offline[@]}" \
      --trusted-root other.trusted_root.json --bundle bundle.json artifact
  done
done
unset SIGSTORE_REKOR_PUBLIC_KEY
echo "cosign: $("$cosign" version 2>/dev/null | sed -n 's/GitVersion: *//p'), own keys (${keys[*]}): $count commands did, or refused, what they should"
