# Sourced by `run`: has rekor-cli upload entries of many kinds, twice, and verify them, on logs with
# each kind of key that v1's clients may know them by.

logs=(ed25519 ecdsa second)

openssl ecparam -name prime256v1 -genkey -noout -out signer.pem
openssl pkey -in signer.pem -pubout -out signer.pub
openssl dgst -sha256 -sign signer.pem -out artifact.sig artifact
openssl dgst -sha256 -sign signer.pem -out another.sig artifact
# pae FILE: what a signature over an envelope around that statement covers.
pae() { printf 'DSSEv1 28 application/vnd.in-toto+json %d ' "$(stat -c %s "$1")"; cat "$1"; }
printf '{"_type":"https://in-toto.io/Statement/v1","subject":[{"name":"artifact","digest":{"sha256":"%s"}}],%s}' \
  "$(openssl dgst -sha256 -r artifact | cut -d' ' -f1)" '"predicateType":"https://interop.test/p","predicate":{}' \
  >attestation
printf '{"payloadType":"application/vnd.in-toto+json","payload":"%s","signatures":[{"sig":"%s"}]}' \
  "$(openssl base64 -A <attestation)" "$(pae attestation | openssl dgst -sha256 -sign signer.pem | openssl base64 -A)" \
  >envelope.json

# What rekor-cli would not make: a signature over something else.
printf '{"kind":"hashedrekord","apiVersion":"0.0.1","spec":{"data":{"hash":{"algorithm":"sha256","value":"%s"}},%s}}' \
  "$(openssl dgst -sha256 -r unknown | cut -d' ' -f1)" \
  "\"signature\":{\"content\":\"$(openssl base64 -A <artifact.sig)\",\"publicKey\":{\"content\":\"$(openssl base64 -A <signer.pub)\"}}" \
  >lie.json

# tree_id: the log's tree ID, as rekor-cli prints it.
tree_id() { curl -sf -m 10 "$(cat "$log.url")/api/v1/log" | sed 's/.*"treeID":"\([0-9]*\)".*/\1/'; }

# says WORDS ARGUMENT...: checks that it succeeds, and says this.
says() {
  local said
  said=$(rekor "${@:2}" 2>&1) || failed "${*:2}: $said"
  grep -qF -- "$1" <<<"$said" || failed "${*:2}: said $said instead of $1"
}

# uploads ARGUMENT...: uploads an entry, and again; then reads and verifies it.
uploads() {
  local said place id again="Entry already exists; available at: "
  said=$(rekor upload "$@" 2>&1) || failed "upload $*: $said"
  place=$(sed -n 's/^Created entry at index [0-9]*, available at: //p' <<<"$said")
  [ -n "$place" ] || failed "upload $*: said $said"
  id=${place##*/}
  [ "$log" != second ] || again=$said
  says "$again" upload "$@"
  says "UUID: $id" get --uuid "$id"
  says "Entry Hash: ${id:16}" verify --uuid "$id"
  # An entry is also found by what it was made of.
  [ "$1" = --entry ] || says "Entry Hash: ${id:16}" verify "$@"
  echo "ok: upload $*, again, get, verify"
}

x509=(--public-key signer.pub --pki-format x509)
for log in "${logs[@]}"; do
  uploads --type hashedrekord --artifact artifact --signature artifact.sig "${x509[@]}"
  uploads --type rekord --artifact artifact --signature artifact.sig "${x509[@]}"
  uploads --type dsse --artifact envelope.json "${x509[@]}"
  uploads --type intoto:0.0.1 --artifact envelope.json "${x509[@]}"
  uploads --type intoto:0.0.2 --artifact envelope.json "${x509[@]}"
  if command -v ssh-keygen >/dev/null; then
    if [ ! -e signed.sig ]; then
      ssh-keygen -q -t ed25519 -N '' -C dev@example.com -f ssh
      cp artifact signed
      ssh-keygen -q -Y sign -n file -f ssh signed 2>/dev/null
    fi
    uploads --type rekord --artifact signed --signature signed.sig --public-key ssh.pub --pki-format ssh
  fi
  refuses 'error processing entry: verifying signature: ' upload --entry lie.json
  refuses 'entry in log cannot be located' verify --type rekord --artifact artifact \
    --signature another.sig "${x509[@]}"
done

# Kinds that take more than OpenSSL to make, as rekor-cli's authors and others made them.
if [ -n "${FASTI_CONFORMANCE_DATA:-}" ]; then
  for entry in rekord/minisign-plain rekord/minisign-prehashed rekord/ssh-rsa3072 cose/es256 cose/es256-aad \
    rfc3161/rekor-test rfc3161/gen-rsa tuf/gen-timestamp tuf/gen-threshold-2-of-3 intoto/v2-two \
    rekord/rekor-tests-pgp rekord/pgp-gen-eddsa \
    alpine/rekor-test alpine/gen-rsa jar/rekor-test jar/gen-ec rpm/rekor-test helm/rekor-test; do
    for log in "${logs[@]}"; do uploads --entry "$FASTI_CONFORMANCE_DATA/v1-kinds/$entry.proposal.json"; done
  done
else
  echo "SKIPPED: uploads of minisign, PGP, COSE, RFC 3161, TUF and packages with rekor-cli: FASTI_CONFORMANCE_DATA is not set"
fi
