# Sourced by what makes the packages: how each describes itself.

maintainer=${FASTI_MAINTAINER:-$(git log -1 --format="%an <%ae>")}
homepage=${FASTI_SOURCE:-}

declare -A summary=(
  [fasti]="client of transparency logs for software signatures"
  [fasti-witness]="witness of transparency logs"
  [fasti-writer]="writer of a transparency log for software signatures"
)
declare -A description=(
  [fasti]="Uploads to, verifies against, searches, audits, mirrors and watches
transparency logs: fasti's own, those of Sigstore's Rekor, and others
of static tiles."
  [fasti-witness]="Cosigns the checkpoints of transparency logs that extend those it has
cosigned before (C2SP tlog-witness), so that a log cannot show different
histories to different people."
  [fasti-writer]="Records who signed which artifact in an append-only log that everybody
can check. It speaks the API of Sigstore's Rekor, needs no database, and
publishes plain files, in a directory or a bucket."
)
# The unit that runs all the time, or the timer.
declare -A unit=(
  [fasti]=fasti-monitor.timer
  [fasti-witness]=fasti-witness.service
  [fasti-writer]=fasti-writer.service
)
