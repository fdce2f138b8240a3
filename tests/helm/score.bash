# Sourced by `check`: kube-score's opinion of the chart, without its tests that do not fit, and why.

ignored=(
  # What is written is in volumes with limits of their own.
  container-ephemeral-storage-request-and-limit
  # Tags are of releases, and a node starts a writer also while the registry is away.
  container-image-pull-policy
)
for manifest in $here/golden/*.yaml; do
  # A writer may use an idle node for a large batch: a limit would slow down all who wait for it.
  arguments=(--kubernetes-version v1.33 --output-format ci --ignore-container-cpu-limit)
  for test in "${ignored[@]}"; do arguments+=(--ignore-test "$test"); done
  # Off by default: a policy that does not know a cluster's DNS and its store stops the log.
  grep -q '^kind: NetworkPolicy' "$manifest" || arguments+=(--ignore-test pod-networkpolicy)
  if ! "$tools/kube-score" score "${arguments[@]}" "$manifest" >"$work/score"; then
    echo "kube-score: $manifest:" >&2
    grep -v '^\[OK\]\|^\[SKIPPED\]' "$work/score" >&2
    exit 1
  fi
done
echo "helm: kube-score has nothing against the chart (${#ignored[@]} tests and limits of processors are left out)"
