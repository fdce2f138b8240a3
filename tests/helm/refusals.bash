# Sourced by `check`: values that must be refused, each with the words that say why.

count=0
# refused VALUES WORDS ARGUMENTS...: a values file, with what is changed, must be refused with these
# words.
refused() {
  local said
  if said=$("$tools/helm4" template log "$chart" --values "$here/values/$1.yaml" "${@:3}" 2>&1 >/dev/null); then
    echo "$1 with ${*:3} is not refused" >&2
    exit 1
  fi
  if ! grep -qF -- "$2" <<<"$said"; then
    printf '%s with %s is refused with other words than "%s":\n%s\n' "$1" "${*:3}" "$2" "$said" >&2
    exit 1
  fi
  count=$((count + 1))
}

refused bucket "additional properties 'replicas' not allowed" --set replicas=3
refused bucket "additional properties 'maxRequestBodySize' not allowed" --set server.maxRequestBodySize=123
refused bucket "additional properties 'witnesPolicy' not allowed" --set server.witnessing.witnesPolicy=x
refused bucket "there is no key" --set server.signer.file.secret.name=
refused bucket "the log has one key" --set server.signer.kms.key=awskms:///alias/log
refused gcs "need server.peerSecret.secret.name" --set server.peerSecret.secret.name=
refused bucket "store.url is missing" --set store.url=
refused bucket "/store/url" --set store.url=https://bucket.example.org
refused bucket "server.hostname is missing" --set server.hostname=
refused bucket "/server/hostname" --set server.hostname=https://log.example.org
refused bucket "server.vkey is missing" --set fsck.enabled=true
refused bucket "/server/vkey" --set server.vkey=abc
refused bucket "/server/signer/kms/key" --set server.signer.kms.key=projects/p
refused bucket "/server/drainSeconds" --set server.drainSeconds=5m
refused bucket "reader.kind nginx serves the claim of a directory" --set reader.enabled=true,reader.kind=nginx
refused bucket "the witness has no key" --set witness.enabled=true
refused bucket "httpRoute.parentRefs is missing" --set httpRoute.enabled=true
refused bucket "say which Secret or ConfigMap has them" --set server.admission.allowIdentities=a.toml
refused directory "/store/directory/accessMode" --set store.directory.accessMode=ReadWriteMany
refused directory "/replicaCount" --set replicaCount=3
refused directory "a directory needs kind StatefulSet" --set kind=Deployment
refused directory "autoscaling.enabled needs a bucket" --set autoscaling.enabled=true
refused directory "must be ReadWriteOnce" --set store.directory.accessMode=ReadWriteOncePod
refused directory "store.url is for store.type bucket" --set store.url=s3://b/p
refused bucket "freeze.origin is log.example.com" --set freeze.origin=log.example.com
refused directory "must be stopped first" --set freeze.origin=log.example.org
echo "helm: $count mistakes are refused, with their reasons"
