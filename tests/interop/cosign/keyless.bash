# Sourced by `run`: blobs and attestations signed with a certificate for ten minutes, which cosign asks a
# certificate authority for, and timestamped.

# shellcheck source=tests/interop/keyless.bash
source "$here/../keyless.bash"
start_keyless "keyless signing with cosign" || return 0
source "$here/tampering.bash"

# The token from a file: on the command line cosign takes tokens with RS256 only.
sign=(-y --identity-token pki/token --signing-config pki/signing_config.json --trusted-root pki/trusted_root.json)
does "$cosign" sign-blob "${sign[@]}" --bundle first.json artifact
does "$cosign" sign-blob "${sign[@]}" --bundle blob.json artifact
does "$cosign" attest-blob "${sign[@]}" --predicate predicate.json --type custom --bundle attestation.json artifact
# With Rekor v1's API, and no time but the log's.
sign=(-y --identity-token pki/token --signing-config pki/v1.signing_config.json --trusted-root pki/trusted_root.json)
does "$cosign" sign-blob "${sign[@]}" --bundle blob.v1.json artifact
does "$cosign" attest-blob "${sign[@]}" --predicate predicate.json --type custom --bundle attestation.v1.json artifact

stop_log keyless
who=(--certificate-identity signer@interop.test --certificate-oidc-issuer https://issuer.interop.test)
trusted=(--trusted-root pki/trusted_root.json --use-signed-timestamps)
does "$cosign" verify-blob "${who[@]}" "${trusted[@]}" --bundle blob.json artifact
does "$cosign" verify-blob-attestation "${who[@]}" "${trusted[@]}" --type custom --bundle attestation.json artifact
cp blob.json bundle.json
tampering "$cosign" verify-blob "${who[@]}" "${trusted[@]}"
cp attestation.json bundle.json
tampering "$cosign" verify-blob-attestation --type custom "${who[@]}" "${trusted[@]}"
refuses "another signer" 'no matching CertificateIdentity|identit' "$cosign" verify-blob "${trusted[@]}" \
  --certificate-identity stranger@interop.test --certificate-oidc-issuer https://issuer.interop.test \
  --bundle blob.json artifact
trusted=(--trusted-root pki/trusted_root.json)
cp blob.v1.json bundle.json
grep -qE '"version": *"0.0.1"' bundle.json || { echo "no entry of v1 in blob.v1.json" >&2; exit 1; }
does "$cosign" verify-blob "${who[@]}" "${trusted[@]}" --bundle bundle.json artifact
v1_tampering "$cosign" verify-blob "${who[@]}" "${trusted[@]}"
cp attestation.v1.json bundle.json
does "$cosign" verify-blob-attestation "${who[@]}" "${trusted[@]}" --type custom --bundle bundle.json artifact
v1_tampering "$cosign" verify-blob-attestation --type custom "${who[@]}" "${trusted[@]}"
echo "cosign: keyless: $count commands did, or refused, what they should"
