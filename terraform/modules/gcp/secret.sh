# Runs on the machine before the writer starts: writes the log's secret to a file in memory.
# Arguments: the secret's resource name, the file.
set -eu
umask 077

# Prints the string that JSON on standard input has under a name; neither has escapes.
field() {
  sed -n 's/.*"'"$1"'": *"\([^"]*\)".*/\1/p'
}

token=$(curl -sSf -H 'Metadata-Flavor: Google' \
  http://metadata.google.internal/computeMetadata/v1/instance/service-accounts/default/token |
  field access_token)
curl -sSf -H "Authorization: Bearer $token" \
  "https://secretmanager.googleapis.com/v1/$1/versions/latest:access" | field data | base64 -d >"$2"
if ! [ -s "$2" ]; then
  echo "there is nothing in $1" >&2
  exit 1
fi
