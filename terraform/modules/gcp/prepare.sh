# Runs on the machine before each start of the writer: writes the key to a file in memory, finds the
# machine's own address, and lets docker pull the image.
set -eu
umask 077

metadata() {
  curl -sSf -H 'Metadata-Flavor: Google' "http://metadata.google.internal/computeMetadata/v1/instance/$1"
}

# Prints the string that JSON on standard input has under a name; neither has escapes.
field() {
  sed -n 's/.*"'"$1"'": *"\([^"]*\)".*/\1/p'
}

mkdir -p "$RUN_DIR" "$STATE_DIR"

token=$(metadata service-accounts/default/token | field access_token)
curl -sSf -H "Authorization: Bearer $token" \
  "https://secretmanager.googleapis.com/v1/$KEY_SECRET/versions/latest:access" |
  field data | base64 -d >"$RUN_DIR/log.key"
if ! [ -s "$RUN_DIR/log.key" ]; then
  echo "no key in $KEY_SECRET" >&2
  exit 1
fi

address=$(metadata network-interfaces/0/ip)
printf 'FASTI_ADVERTISE=http://%s:%s\n' "$address" "$WRITER_PORT" >"$RUN_DIR/address"

chown -R "$WRITER_USER" "$RUN_DIR" "$STATE_DIR"

# Only Google's own registry needs credentials.
case "$IMAGE" in
*-docker.pkg.dev/*) docker-credential-gcr configure-docker --registries "${IMAGE%%/*}" ;;
esac
