{{/* What the schema cannot say in words: values that do not go together, or are missing. */}}
{{- define "fasti.refusals" -}}
{{- $directory := include "fasti.isDirectory" . -}}
{{- $signer := .Values.server.signer -}}
{{- if not .Values.server.hostname -}}
{{- fail "server.hostname is missing: the log's origin, which is the host name by which readers know it" -}}
{{- end -}}
{{- if and (not $directory) (not .Values.store.url) -}}
{{- fail "store.url is missing: s3://BUCKET/PREFIX, gs://BUCKET/PREFIX or az://CONTAINER/PREFIX; or set store.type to directory" -}}
{{- end -}}
{{- if and $directory .Values.store.url -}}
{{- fail "store.url is for store.type bucket; a directory is on the claim of store.directory" -}}
{{- end -}}
{{- if not (or $signer.file.secret.name $signer.kms.key) -}}
{{- fail "there is no key: make one with `fasti keygen`, put it into a Secret and name that in server.signer.file.secret.name; or give server.signer.kms.key" -}}
{{- end -}}
{{- if and $signer.file.secret.name $signer.kms.key -}}
{{- fail "the log has one key: give server.signer.file.secret.name or server.signer.kms.key, not both" -}}
{{- end -}}
{{- if and $signer.kms.key (not $directory) (not .Values.server.peerSecret.secret.name) -}}
{{- fail "with a key in a key service the writers of a bucket need server.peerSecret.secret.name: a Secret with 32 random bytes or more" -}}
{{- end -}}
{{- if and $directory (ne .Values.kind "StatefulSet") -}}
{{- fail "a directory needs kind StatefulSet: what its writer remembers must outlive its pod" -}}
{{- end -}}
{{- if and $directory .Values.autoscaling.enabled -}}
{{- fail "autoscaling.enabled needs a bucket: a directory has one writer" -}}
{{- end -}}
{{- with .Values.freeze.origin -}}
{{- if ne . $.Values.server.hostname -}}
{{- fail (printf "freeze.origin is %s, and the log is %s: a frozen log never takes an entry again" . $.Values.server.hostname) -}}
{{- end -}}
{{- if and $directory (ne (include "fasti.replicas" $) "0") -}}
{{- fail "freeze.origin: the writer of a directory must be stopped first: set replicaCount to 0, and back when the log is frozen" -}}
{{- end -}}
{{- end -}}
{{- if and .Values.server.admission.secretName .Values.server.admission.configMapName -}}
{{- fail "give server.admission.secretName or server.admission.configMapName, not both" -}}
{{- end -}}
{{- $admission := .Values.server.admission -}}
{{- if and (or $admission.allowKeys $admission.allowIdentities $admission.addTokens) (not (or $admission.secretName $admission.configMapName)) -}}
{{- fail "server.admission names files: say which Secret or ConfigMap has them, in secretName or configMapName" -}}
{{- end -}}
{{- if and .Values.server.witnessing.witnessPolicy .Values.server.witnessing.configMapName -}}
{{- fail "give server.witnessing.witnessPolicy or server.witnessing.configMapName, not both" -}}
{{- end -}}
{{- if and .Values.reader.enabled (eq .Values.reader.kind "nginx") -}}
{{- if not $directory -}}
{{- fail "reader.kind nginx serves the claim of a directory; for a bucket use a CDN, or reader.kind serve" -}}
{{- end -}}
{{- if eq .Values.store.directory.accessMode "ReadWriteOncePod" -}}
{{- fail "reader.kind nginx mounts the writer's claim: store.directory.accessMode must be ReadWriteOnce" -}}
{{- end -}}
{{- end -}}
{{- $needy := list -}}
{{- if and .Values.reader.enabled (eq .Values.reader.kind "serve") }}{{ $needy = append $needy "reader" }}{{ end -}}
{{- if and .Values.monitor.enabled .Values.monitor.ownLog }}{{ $needy = append $needy "monitor" }}{{ end -}}
{{- if .Values.fsck.enabled }}{{ $needy = append $needy "fsck" }}{{ end -}}
{{- if and $needy (not .Values.server.vkey) -}}
{{- fail (printf "server.vkey is missing: the verifier key that `fasti keygen` or the writer printed, by which the log is verified by: %s" (join ", " $needy)) -}}
{{- end -}}
{{- if and .Values.witness.enabled (not .Values.witness.keys.secret) -}}
{{- fail "the witness has no key: make one with `fasti keygen --witness`, put it into a Secret and name that in witness.keys.secret" -}}
{{- end -}}
{{- if and .Values.witness.enabled (not (or .Values.witness.log .Values.witness.logs)) -}}
{{- fail "the witness knows no logs: give witness.log or witness.logs" -}}
{{- end -}}
{{- if and .Values.httpRoute.enabled (not .Values.httpRoute.parentRefs) -}}
{{- fail "httpRoute.parentRefs is missing: the Gateway of the route" -}}
{{- end -}}
{{- end -}}
