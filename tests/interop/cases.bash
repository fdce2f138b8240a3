# Sourced: what a command has to do, and what it has to refuse.

count=0

# does COMMAND...: has to succeed.
does() {
  count=$((count + 1))
  "$@" >said 2>&1 || { echo "failed: $*" >&2; cat said >&2; exit 1; }
}

# refuses WHAT PATTERN COMMAND...: has to fail, with a reason that matches. WHAT must not be taken for
# something else that was wrong.
refuses() {
  count=$((count + 1))
  if "${@:3}" >said 2>&1; then echo "accepted: $1: ${*:3}" >&2; exit 1; fi
  grep -qE "$2" said || { echo "refused for another reason: $1:" >&2; cat said >&2; exit 1; }
}

# altered FROM TO SCRIPT: a copy that sed has changed.
altered() {
  sed -E "$3" "$1" >"$2"
  ! cmp -s "$1" "$2" || { echo "$3 changes nothing in $1" >&2; exit 1; }
}
