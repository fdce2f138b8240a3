# Sourced by `run latency`: how long `cosign sign-blob` takes with a log and without one, which is the
# time of the upload and of verifying the answer; alone, and a hundred at once.

echo "an artifact" >artifact
"$cosign" generate-key-pair >/dev/null 2>&1
"$cosign" signing-config create --out without.signing_config.json >/dev/null
mkdir times

# timed CONFIG NAME: signs once, and writes the microseconds into times/NAME.
timed() {
  local start=${EPOCHREALTIME/./} end
  "$cosign" sign-blob -y --key cosign.key --signing-config "$1" --trusted-root log.trusted_root.json \
    --bundle "times/$2.json" artifact >/dev/null 2>"times/$2.err" || { cat "times/$2.err" >&2; exit 1; }
  end=${EPOCHREALTIME/./}
  echo $((end - start)) >"times/$2"
}

# report WHAT NAMES...: of a hundred times.
report() {
  local sorted
  mapfile -t sorted < <(for name in "${@:2}"; do cat "times/$name"; done | sort -n)
  printf 'cosign sign-blob, %s: p50 %d ms, p99 %d ms\n' "$1" $((sorted[49] / 1000)) $((sorted[98] / 1000))
}

for i in $(seq 100); do
  timed without.signing_config.json "without-$i"
  timed log.signing_config.json "with-$i"
done
report "one at a time, without a log" without-{1..100}
report "one at a time" with-{1..100}

signing=()
for i in $(seq 100); do
  timed log.signing_config.json "together-$i" &
  signing+=($!)
done
for process in "${signing[@]}"; do wait "$process"; done
report "a hundred at once" together-{1..100}
