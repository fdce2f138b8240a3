{{/* The writer's pod, of a StatefulSet or a Deployment. */}}

{{/* One variable that is set if it has a value. Arguments: name, value. */}}
{{- define "fasti.set" -}}
{{- if index . 1 }}
- {name: {{ index . 0 }}, value: {{ index . 1 | toString | quote }}}
{{- end }}
{{- end -}}

{{/* How other writers reach this one. They must be able to while it is not ready. */}}
{{- define "fasti.advertise" -}}
{{- $port := .Values.server.http.port | int -}}
{{- if .Values.server.advertise -}}
{{- .Values.server.advertise -}}
{{- else if eq .Values.kind "StatefulSet" -}}
{{- include "fasti.scheme" . }}://$(POD_NAME).{{ include "fasti.fullname" . }}-peers.$(POD_NAMESPACE).svc:{{ $port }}
{{- else -}}
{{- include "fasti.scheme" . }}://$(POD_IP):{{ $port }}
{{- end -}}
{{- end -}}

{{/* The log's keys. */}}
{{- define "fasti.env.keys" -}}
{{- with .Values.server.signer }}
{{- include "fasti.set" (list "FASTI_KEY" (default "/etc/fasti/keys/log.key" .kms.key)) }}
{{- if and .file.secret.name .file.withPassword }}
- {name: FASTI_KEY_PASSWORD_FILE, value: /etc/fasti/keys/password}
{{- end }}
{{- include "fasti.set" (list "FASTI_KMS_ENDPOINT" .kms.endpoint) }}
{{- if .mlDsa.secret.name }}
- {name: FASTI_ML_DSA_KEY, value: /etc/fasti/keys/ml-dsa.key}
{{- end }}
{{- end }}
{{- end -}}

{{- define "fasti.writer.env" -}}
{{- $server := .Values.server -}}
- name: POD_NAME
  valueFrom: {fieldRef: {fieldPath: metadata.name}}
- name: POD_NAMESPACE
  valueFrom: {fieldRef: {fieldPath: metadata.namespace}}
- name: POD_IP
  valueFrom: {fieldRef: {fieldPath: status.podIP}}
{{- include "fasti.set" (list "FASTI_STORE" (include "fasti.store" .)) }}
{{- include "fasti.env.outside" . }}
{{- if include "fasti.isDirectory" . }}
{{- include "fasti.set" (list "FASTI_TRUST_FILE_SYSTEM" .Values.store.directory.trustFileSystem) }}
{{- else }}
{{- include "fasti.set" (list "FASTI_ADVERTISE" (include "fasti.advertise" .)) }}
{{- end }}
- {name: FASTI_STATE_DIR, value: /var/lib/fasti/state}
{{- include "fasti.set" (list "FASTI_ORIGIN" $server.hostname) }}
{{- include "fasti.set" (list "FASTI_LISTEN" (printf "%s:%d" $server.http.address (int $server.http.port))) }}
{{- include "fasti.set" (list "FASTI_METRICS_LISTEN" (printf "%s:%d" $server.http.address (int $server.http.metricsPort))) }}
{{- include "fasti.set" (list "FASTI_DRAIN_SECONDS" (include "fasti.drainSeconds" .)) }}
{{- include "fasti.env.keys" . }}
{{- if $server.peerSecret.secret.name }}
- {name: FASTI_PEER_SECRET, value: /etc/fasti/keys/peer-secret}
{{- end }}
{{- with $server.tls }}
{{- if .secretName }}
- {name: FASTI_TLS_CERT, value: /etc/fasti/tls/tls.crt}
- {name: FASTI_TLS_KEY, value: /etc/fasti/tls/tls.key}
{{- if .peerCa }}
- {name: FASTI_PEER_CA, value: {{ printf "/etc/fasti/tls/%s" .peerCa | quote }}}
{{- end }}
{{- end }}
{{- end }}
{{- with $server.witnessing }}
{{- if or .witnessPolicy .configMapName }}
- {name: FASTI_WITNESS_POLICY, value: /etc/fasti/witness/witness.policy}
{{- include "fasti.set" (list "FASTI_WITNESS_MILLISECONDS" (int .milliseconds)) }}
{{- include "fasti.set" (list "FASTI_WITNESS_OPTIONAL" .optional) }}
{{- include "fasti.set" (list "FASTI_WITNESS_INDEX" .index) }}
{{- end }}
{{- end }}
{{- include "fasti.set" (list "FASTI_ENTRY_KINDS" (join "," $server.entryKinds)) }}
{{- include "fasti.set" (list "FASTI_DUPLICATES" $server.duplicates) }}
{{- include "fasti.set" (list "FASTI_ACCEPT_OPAQUE" $server.acceptOpaque) }}
{{- include "fasti.set" (list "FASTI_CORS_SUBMIT" (join "," $server.corsSubmit)) }}
{{- with $server.attestations }}
{{- if .enabled }}
- {name: FASTI_STORE_ATTESTATIONS, value: "true"}
{{- include "fasti.set" (list "FASTI_ATTESTATION_BYTES_MAX" (int .maxBytes)) }}
{{- end }}
{{- end }}
{{- if $server.lookup.enabled }}
{{- include "fasti.set" (list "FASTI_LOOKUP_SECONDS" (int $server.lookup.seconds)) }}
{{- else }}
- {name: FASTI_NO_LOOKUP, value: "true"}
{{- end }}
{{- if $server.heads.enabled }}
{{- include "fasti.set" (list "FASTI_HEADS_SECONDS" (int $server.heads.seconds)) }}
{{- else }}
- {name: FASTI_NO_HEADS, value: "true"}
{{- end }}
{{- with $server.rekorV1 }}
{{- if .signer.secret.name }}
- {name: FASTI_REKOR_V1_KEY, value: /etc/fasti/keys/rekor-v1.key}
{{- else }}
{{- include "fasti.set" (list "FASTI_REKOR_V1_KEY" .signer.kms) }}
{{- end }}
{{- include "fasti.set" (list "FASTI_REKOR_V1_DUPLICATES" .duplicates) }}
{{- include "fasti.set" (list "FASTI_REKOR_V1_MAX_BODY_MIB" (int .maxBodyMib)) }}
{{- include "fasti.set" (list "FASTI_REKOR_V1_SHARD" (join ";" .shards)) }}
{{- end }}
{{- with $server.admission }}
{{- $files := list }}
{{- range .allowKeys }}{{ $files = append $files (printf "/etc/fasti/admission/%s" .) }}{{ end }}
{{- include "fasti.set" (list "FASTI_ALLOW_KEYS" (join "," $files)) }}
{{- with .allowIdentities }}
- {name: FASTI_ALLOW_IDENTITIES, value: {{ printf "/etc/fasti/admission/%s" . | quote }}}
{{- end }}
{{- with .addTokens }}
- {name: FASTI_ADD_TOKENS, value: {{ printf "/etc/fasti/admission/%s" . | quote }}}
{{- end }}
{{- include "fasti.set" (list "FASTI_RATE_LIMIT_GLOBAL" .rateLimitGlobal) }}
{{- include "fasti.set" (list "FASTI_RATE_LIMIT_CLIENT" .rateLimitClient) }}
{{- include "fasti.set" (list "FASTI_RATE_LIMIT_GLOBAL_BYTES" .rateLimitGlobalBytes) }}
{{- include "fasti.set" (list "FASTI_RATE_LIMIT_CLIENT_BYTES" .rateLimitClientBytes) }}
{{- if .trustedProxies }}
{{- include "fasti.set" (list "FASTI_TRUSTED_PROXIES" (join "," .trustedProxies)) }}
{{- include "fasti.set" (list "FASTI_PROXY_HEADER" .proxyHeader) }}
{{- end }}
{{- end }}
{{- include "fasti.set" (list "FASTI_BATCH_MAX_ENTRIES" (int $server.batchMaxEntries)) }}
{{- include "fasti.set" (list "FASTI_POOL_MAX_ENTRIES" (int $server.poolMaxEntries)) }}
{{- include "fasti.set" (list "FASTI_CONNECTIONS_MAX" (int $server.connectionsMax)) }}
{{- include "fasti.set" (list "FASTI_REPUBLISH_SECONDS" (int $server.republishSeconds)) }}
{{- include "fasti.set" (list "FASTI_TAKEOVER_MILLISECONDS" (int $server.takeoverMilliseconds)) }}
{{- include "fasti.set" (list "FASTI_LOG_FILTER" $server.logLevel) }}
{{- with .Values.extraEnv }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{/* Secrets that become files: one volume, readable by the writer alone. */}}
{{- define "fasti.writer.keys" -}}
{{- $server := .Values.server -}}
{{- with $server.signer.file }}{{ if .secret.name }}
- secret:
    name: {{ .secret.name }}
    items:
      - {key: {{ .secret.key | quote }}, path: log.key}
      {{- if .withPassword }}
      - {key: password, path: password}
      {{- end }}
{{- end }}{{ end }}
{{- range $path, $secret := dict "ml-dsa.key" $server.signer.mlDsa.secret "peer-secret" $server.peerSecret.secret "rekor-v1.key" $server.rekorV1.signer.secret }}
{{- if $secret.name }}
- secret:
    name: {{ $secret.name }}
    items:
      - {key: {{ $secret.key | quote }}, path: {{ $path }}}
{{- end }}
{{- end }}
{{- end -}}

{{- define "fasti.writer.mounts" -}}
- {name: state, mountPath: /var/lib/fasti}
- {name: tmp, mountPath: /tmp}
{{- if include "fasti.isDirectory" . }}
- {name: log, mountPath: /var/lib/fasti-log}
{{- end }}
{{- if include "fasti.writer.keys" . }}
- {name: keys, mountPath: /etc/fasti/keys, readOnly: true}
{{- end }}
{{- if .Values.server.tls.secretName }}
- {name: tls, mountPath: /etc/fasti/tls, readOnly: true}
{{- end }}
{{- if or .Values.server.witnessing.witnessPolicy .Values.server.witnessing.configMapName }}
- {name: witness, mountPath: /etc/fasti/witness, readOnly: true}
{{- end }}
{{- if or .Values.server.admission.secretName .Values.server.admission.configMapName }}
- {name: admission, mountPath: /etc/fasti/admission, readOnly: true}
{{- end }}
{{- include "fasti.mounts.outside" . }}
{{- with .Values.extraVolumeMounts }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{- define "fasti.writer.volumes" -}}
- {name: tmp, emptyDir: {sizeLimit: 256Mi}}
{{- if or (ne .Values.kind "StatefulSet") (not .Values.state.persistent) }}
- {name: state, emptyDir: {sizeLimit: {{ .Values.state.size }}}}
{{- end }}
{{- if include "fasti.isDirectory" . }}
- {name: log, persistentVolumeClaim: {claimName: {{ include "fasti.claim" . }}}}
{{- end }}
{{- with include "fasti.writer.keys" . }}
- name: keys
  projected:
    defaultMode: 0400
    sources:
      {{- trim . | nindent 6 }}
{{- end }}
{{- with .Values.server.tls.secretName }}
- {name: tls, secret: {secretName: {{ . }}, defaultMode: 0400}}
{{- end }}
{{- with .Values.server.witnessing }}
{{- if .configMapName }}
- {name: witness, configMap: {name: {{ .configMapName }}}}
{{- else if .witnessPolicy }}
- {name: witness, configMap: {name: {{ include "fasti.fullname" $ }}-witness-policy}}
{{- end }}
{{- end }}
{{- with .Values.server.admission }}
{{- if .configMapName }}
- {name: admission, configMap: {name: {{ .configMapName }}}}
{{- else if .secretName }}
- {name: admission, secret: {secretName: {{ .secretName }}, defaultMode: 0400}}
{{- end }}
{{- end }}
{{- include "fasti.volumes.outside" . }}
{{- with .Values.extraVolumes }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{/* A probe. Arguments: the root, the path, the probe of the values, the rest of the usual one. */}}
{{- define "fasti.probe" -}}
{{- $root := index . 0 -}}
{{- $usual := dict "httpGet" (dict "path" (index . 1) "port" "http" "scheme" (include "fasti.scheme" $root | upper)) -}}
{{- toYaml (default (merge $usual (index . 3)) (index . 2)) -}}
{{- end -}}

{{- define "fasti.writer.pod" -}}
{{- $selector := include "fasti.selector" (list . "writer") -}}
metadata:
  labels:
    {{- include "fasti.podLabels" (list . "writer") | nindent 4 }}
    fasti/metrics: "true"
    {{- with .Values.podLabels }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
  annotations:
    kubectl.kubernetes.io/default-container: writer
    {{- with .Values.server.witnessing.witnessPolicy }}
    checksum/witness-policy: {{ sha256sum . }}
    {{- end }}
    {{- with .Values.podAnnotations }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
spec:
  {{- include "fasti.pod" (list . (include "fasti.serviceAccountName" .) .Values.serviceAccount.automount) | nindent 2 }}
  {{- $wait := add (include "fasti.drainSeconds" . | int) 40 }}
  terminationGracePeriodSeconds: {{ default $wait .Values.terminationGracePeriodSeconds }}
  {{- if .Values.affinity }}
  affinity:
    {{- toYaml .Values.affinity | nindent 4 }}
  {{- else if ne .Values.antiAffinity "none" }}
  affinity:
    podAntiAffinity:
      {{- if eq .Values.antiAffinity "required" }}
      requiredDuringSchedulingIgnoredDuringExecution:
        - topologyKey: kubernetes.io/hostname
          labelSelector:
            matchLabels:
              {{- $selector | nindent 14 }}
      {{- else }}
      preferredDuringSchedulingIgnoredDuringExecution:
        - weight: 100
          podAffinityTerm:
            topologyKey: kubernetes.io/hostname
            labelSelector:
              matchLabels:
                {{- $selector | nindent 16 }}
      {{- end }}
  {{- end }}
  topologySpreadConstraints:
    {{- $even := list (dict "maxSkew" 1 "topologyKey" "topology.kubernetes.io/zone" "whenUnsatisfiable" "ScheduleAnyway") }}
    {{- $own := dict "labelSelector" (dict "matchLabels" (fromYaml $selector)) }}
    {{- $all := list }}
    {{- range default $even .Values.topologySpreadConstraints }}{{ $all = append $all (merge (dict) . $own) }}{{ end }}
    {{- toYaml $all | nindent 4 }}
  {{- with .Values.initContainers }}
  initContainers:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  containers:
    - name: writer
      {{- include "fasti.container" . | nindent 6 }}
      command: [fasti-writer]
      {{- with .Values.server.extraArgs }}
      args:
        {{- toYaml . | nindent 8 }}
      {{- end }}
      env:
        {{- include "fasti.writer.env" . | trim | nindent 8 }}
      {{- if or .Values.store.credentials.secret .Values.extraEnvFrom }}
      envFrom:
        {{- with .Values.store.credentials.secret }}
        - secretRef: {name: {{ . }}}
        {{- end }}
        {{- with .Values.extraEnvFrom }}
        {{- toYaml . | nindent 8 }}
        {{- end }}
      {{- end }}
      ports:
        - {name: http, containerPort: {{ .Values.server.http.port }}, protocol: TCP}
        - {name: metrics, containerPort: {{ .Values.server.http.metricsPort }}, protocol: TCP}
      startupProbe:
        {{- include "fasti.probe" (list . "/healthz" .Values.startupProbe (dict "periodSeconds" 5 "timeoutSeconds" 3 "failureThreshold" 120)) | nindent 8 }}
      livenessProbe:
        {{- include "fasti.probe" (list . "/healthz" .Values.livenessProbe (dict "periodSeconds" 10 "timeoutSeconds" 5 "failureThreshold" 6)) | nindent 8 }}
      readinessProbe:
        {{- include "fasti.probe" (list . "/readyz" .Values.readinessProbe (dict "periodSeconds" 5 "timeoutSeconds" 3 "failureThreshold" 2)) | nindent 8 }}
      {{- with .Values.lifecycle }}
      lifecycle:
        {{- toYaml . | nindent 8 }}
      {{- end }}
      resources:
        {{- toYaml .Values.resources | nindent 8 }}
      volumeMounts:
        {{- include "fasti.writer.mounts" . | trim | nindent 8 }}
    {{- with .Values.extraContainers }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
  volumes:
    {{- include "fasti.writer.volumes" . | trim | nindent 4 }}
{{- end -}}
