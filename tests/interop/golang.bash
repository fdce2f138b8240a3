# Sourced by the scripts that use Go, before anything else: what they build is kept between runs.

go_cache=${FASTI_INTEROP_CACHE:-$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)/target/interop}/go
export GOCACHE=$go_cache/build GOMODCACHE=$go_cache/mod
# Modules may ask for a newer Go than is installed. Others get the installed one: gRPC of last year does
# not compile with Go 1.27, whose crypto/x509 also reads some certificates otherwise than Go 1.26's.
export GOTOOLCHAIN=auto CGO_ENABLED=0
# Without the first flag nobody could remove the modules again. The last one: it takes longer to optimise
# these programs than to run them, so none of them is of use for figures.
export GOFLAGS="-modcacherw -buildvcs=false '-gcflags=all=-N -l -dwarf=false'"

# build_go WHAT DIRECTORY: builds the commands of a module into $go_cache/bin. Ends the script with
# SKIPPED where there is no Go, or the modules cannot be had.
build_go() {
  local said status=0
  command -v go >/dev/null || { echo "SKIPPED: $1: go is not installed"; exit 0; }
  # Loads all the packages, and compiles nothing. What is not as it was pinned is no lack of the machine.
  said=$(cd "$2" && go list -deps ./... 2>&1 >/dev/null) || status=$?
  if [ $status -ne 0 ]; then
    if grep -qE 'checksum mismatch|SECURITY ERROR|missing go.sum entry|updates to go.mod needed' <<<"$said"; then
      echo "$said" >&2
      exit 1
    fi
    echo "SKIPPED: $1: the modules cannot be had: $(tail -n 1 <<<"$said")"
    exit 0
  fi
  mkdir -p "$go_cache/bin"
  (cd "$2" && go build -trimpath -o "$go_cache/bin/" ./...)
}

# install_go PROGRAM VERSION PACKAGE [DIRECTORY]: builds a published command, once, and prints its path; as
# the module in DIRECTORY pins it, if it is given. It is called PROGRAM, whatever its package is called. Some
# take minutes of processor time. Exits with 75, and the reason on the standard error, where it cannot be had.
install_go() {
  local to log package=$3@$2
  command -v go >/dev/null || { echo "go is not installed" >&2; exit 75; }
  to=$go_cache/$1-$2-$(go env GOVERSION)
  log=$to.log
  [ -z "${4:-}" ] || package=$3
  if [ ! -x "$to/$1" ]; then
    mkdir -p "$to"
    if ! (cd "${4:-.}" && GOBIN=$to nice go install -trimpath -ldflags '-s -w' "$package") >"$log" 2>&1; then
      if grep -qE 'checksum mismatch|SECURITY ERROR' "$log"; then cat "$log" >&2; exit 1; fi
      echo "$1 $2 cannot be built: $(tail -n 1 "$log")" >&2
      exit 75
    fi
    [ -x "$to/$1" ] || mv "$to/${3##*/}" "$to/$1"
  fi
  echo "$to/$1"
}

# go_program WHAT INSTALL [PROGRAM]: sets `program` to the path that a script `install` prints. Ends the script with
# SKIPPED where there is no such program.
go_program() {
  local status=0 said
  said=$(mktemp)
  program=$("$2" "${@:3}" 2>"$said") || status=$?
  reason=$(cat "$said"); rm -f "$said"
  [ $status -ne 75 ] || { echo "SKIPPED: $1: $reason"; exit 0; }
  [ $status -eq 0 ] || { echo "$reason" >&2; exit 1; }
}
