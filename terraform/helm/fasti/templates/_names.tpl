{{/* Names and labels. */}}

{{/* The name of the release's objects; the longest suffix and a pod's number fit behind it. */}}
{{- define "fasti.fullname" -}}
{{- $name := default .Chart.Name .Values.nameOverride -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 42 | trimSuffix "-" -}}
{{- else if contains $name .Release.Name -}}
{{- .Release.Name | trunc 42 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name $name | trunc 42 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{- define "fasti.namespace" -}}
{{- default .Release.Namespace .Values.namespace.name -}}
{{- end -}}

{{/* What selects the pods of a component. Arguments: the root, the component. */}}
{{- define "fasti.selector" -}}
{{- $root := index . 0 -}}
app.kubernetes.io/name: {{ default $root.Chart.Name $root.Values.nameOverride | trunc 63 }}
app.kubernetes.io/instance: {{ $root.Release.Name }}
app.kubernetes.io/component: {{ index . 1 }}
{{- end -}}

{{/* The labels of a component's pods: none that changes with the chart alone, which would start all
pods again. Arguments as above. */}}
{{- define "fasti.podLabels" -}}
{{ include "fasti.selector" . }}
{{- with (index . 0).Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{/* The labels of a component's objects. */}}
{{- define "fasti.labels" -}}
{{- $root := index . 0 -}}
{{ include "fasti.selector" . }}
app.kubernetes.io/version: {{ $root.Chart.AppVersion | quote }}
app.kubernetes.io/part-of: fasti
app.kubernetes.io/managed-by: {{ $root.Release.Service }}
helm.sh/chart: {{ printf "%s-%s" $root.Chart.Name $root.Chart.Version | replace "+" "_" }}
{{- with $root.Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{/* The head of an object. Arguments: the root, the component, the suffix of its name. */}}
{{- define "fasti.head" -}}
{{- $root := index . 0 -}}
name: {{ include "fasti.fullname" $root }}{{ index . 2 }}
namespace: {{ include "fasti.namespace" $root }}
labels:
  {{- include "fasti.labels" . | nindent 2 }}
{{- end -}}

{{/* An image. Arguments: the root, the image's values. */}}
{{- define "fasti.image" -}}
{{- $image := index . 1 -}}
{{- with $image.registry }}{{ . }}/{{ end -}}
{{- $image.repository -}}
{{- if $image.digest }}@{{ $image.digest }}{{ else }}:{{ default (index . 0).Chart.AppVersion $image.version }}{{ end -}}
{{- end -}}

{{- define "fasti.serviceAccountName" -}}
{{- $made := ternary (include "fasti.fullname" .) "default" .Values.serviceAccount.create -}}
{{- default $made .Values.serviceAccount.name -}}
{{- end -}}

{{- define "fasti.readerServiceAccountName" -}}
{{- $made := ternary (printf "%s-reader" (include "fasti.fullname" .)) "default" .Values.readerServiceAccount.create -}}
{{- default $made .Values.readerServiceAccount.name -}}
{{- end -}}

{{/* "yes" for a log in a directory. */}}
{{- define "fasti.isDirectory" -}}
{{- if eq .Values.store.type "directory" }}yes{{ end -}}
{{- end -}}

{{/* How many writers run. */}}
{{- define "fasti.replicas" -}}
{{- if include "fasti.isDirectory" . -}}
{{- if kindIs "invalid" .Values.replicaCount }}1{{ else }}{{ .Values.replicaCount }}{{ end -}}
{{- else if kindIs "invalid" .Values.replicaCount }}3{{ else }}{{ .Values.replicaCount }}{{ end -}}
{{- end -}}

{{- define "fasti.drainSeconds" -}}
{{- if not (kindIs "invalid" .Values.server.drainSeconds) }}{{ .Values.server.drainSeconds }}
{{- else if include "fasti.isDirectory" . }}0{{ else }}15{{ end -}}
{{- end -}}

{{- define "fasti.scheme" -}}
{{- if .Values.server.tls.secretName }}https{{ else }}http{{ end -}}
{{- end -}}

{{/* Where the world reaches the log. */}}
{{- define "fasti.url.public" -}}
{{- default (printf "https://%s" .Values.server.hostname) .Values.server.url -}}
{{- end -}}

{{/* Where the log is written and read within the cluster. Arguments: the root, the service's suffix. */}}
{{- define "fasti.url.service" -}}
{{- $root := index . 0 -}}
{{- $scheme := ternary (include "fasti.scheme" $root) "http" (or (eq (index . 1) "") (not $root.Values.reader.enabled)) -}}
{{- $scheme }}://{{ include "fasti.fullname" $root }}{{ index . 1 }}.{{ include "fasti.namespace" $root }}.svc
{{- with $root.Values.service.ports.http }}{{ if ne (int .) 80 }}:{{ . }}{{ else if eq $scheme "https" }}:80{{ end }}{{ end -}}
{{- end -}}

{{/* The claim of a log in a directory. */}}
{{- define "fasti.claim" -}}
{{- default (printf "%s-log" (include "fasti.fullname" .)) .Values.store.directory.existingClaim -}}
{{- end -}}

{{/* The store, as programs name it. */}}
{{- define "fasti.store" -}}
{{- if include "fasti.isDirectory" . }}/var/lib/fasti-log/log{{ else }}{{ .Values.store.url }}{{ end -}}
{{- end -}}

{{/* "yes" if an object of the Prometheus operator is wanted. Arguments: the root, its values. */}}
{{- define "fasti.operated" -}}
{{- $enabled := (index . 1).enabled | toString -}}
{{- if or (eq $enabled "true") (and (eq $enabled "auto") ((index . 0).Capabilities.APIVersions.Has "monitoring.coreos.com/v1")) }}yes{{ end -}}
{{- end -}}
