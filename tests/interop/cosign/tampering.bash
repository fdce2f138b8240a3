# Sourced: what a verifier of bundles has to refuse.

# shellcheck source=tests/interop/cases.bash
source "$(dirname "${BASH_SOURCE[0]}")/../cases.bash"

# tampering VERIFY...: the command that verifies `bundle.json` for `artifact`, without either. The bundle
# must not be of the log's first entry, whose index is not written down.
tampering() {
  local verify=("$@")
  altered artifact artifact.altered 's/$/ /'
  refuses "another artifact" 'digest|signature|subject|hash' "${verify[@]}" --bundle bundle.json artifact.altered
  altered bundle.json index.json 's/("logIndex": *")[0-9]*/\10/g'
  refuses "another index" 'verifying inclusion|log entry' "${verify[@]}" --bundle index.json artifact
  altered bundle.json hash.json 's/("hashes": *\[ *")..../\1AAAA/'
  refuses "another proof" 'verifying inclusion|log entry' "${verify[@]}" --bundle hash.json artifact
  # In the checkpoint: the line after the size.
  altered bundle.json root.json 's/(localhost\\n[0-9]+\\n)..../\1AAAA/'
  refuses "another root" 'checkpoint signature' "${verify[@]}" --bundle root.json artifact
  altered bundle.json size.json 's/(localhost\\n)([0-9]+)/\11\2/'
  refuses "another size" 'checkpoint signature' "${verify[@]}" --bundle size.json artifact
  altered bundle.json origin.json 's/"localhost\\n/"elsewhere\\n/'
  refuses "another origin" 'checkpoint signature|origin' "${verify[@]}" --bundle origin.json artifact
  altered bundle.json no-log.json 's/("tlogEntries": *)\[.*"canonicalizedBody": *"[^"]*"\}\]/\1[]/'
  refuses "no log entry" 'not enough verified log entries' "${verify[@]}" --bundle no-log.json artifact
}

# v1_tampering VERIFY...: the same for a bundle of an entry of Rekor v1, whose time the log has promised.
v1_tampering() {
  local verify=("$@")
  altered artifact artifact.altered 's/$/ /'
  refuses "another artifact" 'digest|signature|subject|hash' "${verify[@]}" --bundle bundle.json artifact.altered
  altered bundle.json time.json 's/("integratedTime": *")([0-9]+)/\11\2/'
  refuses "another time" 'not enough verified log entries' "${verify[@]}" --bundle time.json artifact
  altered bundle.json root.json 's/(localhost - [0-9]+\\n[0-9]+\\n)..../\1AAAA/'
  refuses "another root" 'checkpoint' "${verify[@]}" --bundle root.json artifact
  altered bundle.json tree.json 's/(localhost - )([0-9]+)/\11\2/'
  refuses "another tree" 'checkpoint' "${verify[@]}" --bundle tree.json artifact
}
