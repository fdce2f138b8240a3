# Sourced by `check`: kube-score's opinion of the chart, without those of its tests that do not fit.

ignored=(
  # Three times what is requested is what a writer may use of an idle node; a limit would slow down
  # the whole log whenever one batch is large.
  container-resources # replaced by the two below
  container-cpu-limit
  # What is written is in volumes that have limits of their own.
  container-ephemeral-storage-request-and-limit
  # Off by default: a policy that does not know the cluster's DNS and metadata service stops the
  # log.
  pod-networkpolicy
  # Users and groups are below 10000, as in images without a shell everywhere (65532 is above; the
  # directory's readers differ by one from its writer).
  container-security-context-user-group-id
)
