# Sourced by `run`: blobs and attestations signed with a certificate for ten minutes, which cosign asks a
# certificate authority for, and timestamped.

status=0
python=$("$here/../python/install" 2>said) || status=$?
if [ $status -ne 0 ] || ! command -v openssl >/dev/null; then
  echo "SKIPPED: keyless signing with cosign: $(tail -n 1 said)"
  return
fi
source "$here/cases.bash"
start_log keyless
start_authorities "$python" keyless
"$python" - >keyless.signing_config.json <<'PYTHON'
import json
print(json.dumps(json.load(open("pki/trust_config.json"))["signingConfig"]))
PYTHON
# From a file: on the command line cosign takes tokens with RS256 only.
"$python" - "$(cat pki.url)" >token <<'PYTHON'
import json, sys, urllib.request
asked = urllib.request.Request(sys.argv[1] + "/token", headers={"Authorization": "bearer the job's own"})
print(json.load(urllib.request.urlopen(asked, timeout=10))["value"], end="")
PYTHON

sign=(-y --identity-token token --signing-config keyless.signing_config.json --trusted-root pki/trusted_root.json)
does "$cosign" sign-blob "${sign[@]}" --bundle first.json artifact
does "$cosign" sign-blob "${sign[@]}" --bundle blob.json artifact
does "$cosign" attest-blob "${sign[@]}" --predicate predicate.json --type custom --bundle attestation.json artifact

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
echo "cosign: keyless: $count commands did, or refused, what they should"
