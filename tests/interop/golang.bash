# Sourced by the scripts that use Go, before anything else: what they build is kept between runs.

go_cache=${FASTI_INTEROP_CACHE:-$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)/target/interop}/go
export GOCACHE=$go_cache/build GOMODCACHE=$go_cache/mod
# Modules may ask for a newer Go than is installed.
export GOTOOLCHAIN=auto CGO_ENABLED=0
# Without the first flag nobody could remove the modules again.
export GOFLAGS="-modcacherw -buildvcs=false"

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
