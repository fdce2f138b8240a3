# Runs on the machine before each start of the writer: writes the log's key to a file in memory, and
# lets docker pull the image.
# Arguments: the client ID of the machine's identity, the secret's URL, the file, the image.
set -eu
umask 077

# Prints the string that JSON on standard input has under a name.
field() {
  python3 -c 'import json, sys; sys.stdout.write(json.load(sys.stdin)[sys.argv[1]])' "$1"
}

# Prints a token of the machine's identity for a service.
token() {
  curl -sSf -H 'Metadata: true' -G http://169.254.169.254/metadata/identity/oauth2/token \
    -d api-version=2018-02-01 --data-urlencode "resource=$2" -d "client_id=$1" | field access_token
}

bearer=$(token "$1" https://vault.azure.net)
curl -sSf -H "Authorization: Bearer $bearer" "$2?api-version=7.4" | field value >"$3"
if ! [ -s "$3" ]; then
  echo "there is nothing in $2" >&2
  exit 1
fi

# Only Azure's own registry needs credentials, and has a user of this name for tokens.
registry=${4%%/*}
case "$registry" in
*.azurecr.io)
  access=$(token "$1" https://management.azure.com/)
  curl -sSf "https://$registry/oauth2/exchange" -d grant_type=access_token \
    --data-urlencode "service=$registry" --data-urlencode "access_token=$access" |
    field refresh_token |
    docker login "$registry" --username 00000000-0000-0000-0000-000000000000 --password-stdin
  ;;
esac
