# Sourced by `run`: blobs and attestations signed with a certificate for ten minutes, with no time but the
# log's. What cosign trusts it gets from a TUF repository, as from Sigstore's own.

# shellcheck source=tests/interop/keyless.bash
source "$here/../keyless.bash"
start_keyless "keyless signing with cosign 2" || return 0
source "$here/../cosign/tampering.bash"
key_of keyless

pki=$(cat pki.url) url=$(cat keyless.url)
does "$cosign" initialize --mirror "$pki/tuf" --root pki/tuf/root.json
sign=(-y --identity-token pki/token --fulcio-url "$pki" --rekor-url "$url")
attest=("$cosign" attest-blob "${sign[@]}" --predicate predicate.json --type custom)
does "$cosign" sign-blob "${sign[@]}" --output-signature blob.sig --output-certificate blob.crt artifact
does "$cosign" sign-blob "${sign[@]}" --bundle blob.old.json artifact
does "$cosign" sign-blob "${sign[@]}" --new-bundle-format --bundle blob.new.json artifact
does "${attest[@]}" --new-bundle-format --bundle attestation.new.json artifact

who=(--certificate-identity signer@interop.test --certificate-oidc-issuer https://issuer.interop.test)
stranger=(--certificate-identity stranger@interop.test --certificate-oidc-issuer https://issuer.interop.test)
online=("$cosign" verify-blob --rekor-url "$url" --signature blob.sig --certificate blob.crt)
does "${online[@]}" "${who[@]}" artifact
refuses "another signer" 'none of the expected identities matched' "${online[@]}" "${stranger[@]}" artifact

stop_log keyless
refuses "a log that does not answer" 'connect' "${online[@]}" "${who[@]}" artifact
does "$cosign" verify-blob "${who[@]}" --offline --bundle blob.old.json artifact
altered blob.old.json time.json 's/("integratedTime": *)([0-9]+)/\11\2/'
refuses "another time" 'unable to verify SET' "$cosign" verify-blob "${who[@]}" --offline --bundle time.json artifact
refuses "another signer" 'none of the expected identities matched' "$cosign" verify-blob "${stranger[@]}" \
  --offline --bundle blob.old.json artifact
trusted=(--new-bundle-format --trusted-root pki/trusted_root.json "${who[@]}")
cp blob.new.json bundle.json
does "$cosign" verify-blob "${trusted[@]}" --bundle bundle.json artifact
v1_tampering "$cosign" verify-blob "${trusted[@]}"
cp attestation.new.json bundle.json
does "$cosign" verify-blob-attestation "${trusted[@]}" --type custom --bundle bundle.json artifact
v1_tampering "$cosign" verify-blob-attestation "${trusted[@]}" --type custom
echo "cosign 2: keyless: $count commands did, or refused, what they should"
