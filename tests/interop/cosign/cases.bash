# Sourced: what cosign has to do, and what it has to refuse.

count=0

# does COMMAND...: has to succeed.
does() {
  count=$((count + 1))
  "$@" >said 2>&1 || { echo "cosign failed: $*" >&2; cat said >&2; exit 1; }
}

# refuses WHAT PATTERN COMMAND...: has to fail, with a reason that matches. WHAT must not be taken for
# something else that was wrong.
refuses() {
  count=$((count + 1))
  if "${@:3}" >said 2>&1; then echo "cosign accepted $1: ${*:3}" >&2; exit 1; fi
  grep -qE "$2" said || { echo "cosign refused $1 for another reason:" >&2; cat said >&2; exit 1; }
}

# altered FROM TO SCRIPT: a copy that sed has changed.
altered() {
  sed -E "$3" "$1" >"$2"
  ! cmp -s "$1" "$2" || { echo "$3 changes nothing in $1" >&2; exit 1; }
}

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
