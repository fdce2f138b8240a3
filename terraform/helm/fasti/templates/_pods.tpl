{{/* What pods have in common. */}}

{{/* The beginning of a pod's spec. Arguments: the root, its service account, whether it gets a token. */}}
{{- define "fasti.pod" -}}
{{- $values := (index . 0).Values -}}
serviceAccountName: {{ index . 1 }}
automountServiceAccountToken: {{ index . 2 }}
enableServiceLinks: false
securityContext:
  {{- toYaml $values.podSecurityContext | nindent 2 }}
{{- with $values.imagePullSecrets }}
imagePullSecrets:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with $values.priorityClassName }}
priorityClassName: {{ . }}
{{- end }}
{{- with $values.nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with $values.tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end -}}

{{/* The beginning of a container of the chart's image, after its name. */}}
{{- define "fasti.container" -}}
image: {{ include "fasti.image" (list . .Values.image) | quote }}
imagePullPolicy: {{ .Values.image.pullPolicy }}
securityContext:
  {{- toYaml .Values.securityContext | nindent 2 }}
{{- end -}}

{{/* Variables for what is outside the pod: the bucket, and whom to trust there. */}}
{{- define "fasti.env.outside" -}}
{{- if .Values.trustedCA.configMapName }}
- {name: SSL_CERT_FILE, value: /etc/fasti/ca/ca.crt}
{{- end }}
{{- with .Values.store -}}
{{- if eq .type "bucket" }}
{{- with .endpoint }}
- {name: FASTI_STORE_ENDPOINT, value: {{ . | quote }}}
{{- end }}
{{- with .region }}
- {name: FASTI_STORE_REGION, value: {{ . | quote }}}
{{- end }}
{{- if not (kindIs "invalid" .pathStyle) }}
- {name: FASTI_STORE_PATH_STYLE, value: {{ .pathStyle | quote }}}
{{- end }}
{{- if .unquotedEtags }}
- {name: FASTI_STORE_UNQUOTED_ETAGS, value: "true"}
{{- end }}
{{- with .encryption }}
- {name: FASTI_STORE_SSE, value: {{ . | quote }}}
{{- end }}
{{- with .kmsKey }}
- {name: FASTI_STORE_KMS_KEY, value: {{ . | quote }}}
{{- end }}
{{- with .class }}
- {name: FASTI_STORE_CLASS, value: {{ . | quote }}}
{{- end }}
{{- with .azureAccount }}
- {name: AZURE_STORAGE_ACCOUNT_NAME, value: {{ . | quote }}}
{{- end }}
{{- if .credentials.googleKey.secret }}
- {name: GOOGLE_APPLICATION_CREDENTIALS, value: /etc/fasti/google/key.json}
{{- end }}
{{- end }}
{{- end }}
{{- end -}}

{{/* The files that these variables name: volumes, and their mounts. */}}
{{- define "fasti.volumes.outside" -}}
{{- with .Values.trustedCA }}
{{- if .configMapName }}
- name: ca
  configMap:
    name: {{ .configMapName }}
    items:
      - {key: {{ .key | quote }}, path: ca.crt}
{{- end }}
{{- end }}
{{- with .Values.store.credentials.googleKey -}}
{{- if .secret }}
- name: google
  secret:
    secretName: {{ .secret }}
    defaultMode: 0400
    items:
      - {key: {{ .key | quote }}, path: key.json}
{{- end }}
{{- end }}
{{- end -}}

{{- define "fasti.mounts.outside" -}}
{{- if .Values.trustedCA.configMapName }}
- {name: ca, mountPath: /etc/fasti/ca, readOnly: true}
{{- end }}
{{- if .Values.store.credentials.googleKey.secret }}
- {name: google, mountPath: /etc/fasti/google, readOnly: true}
{{- end }}
{{- end -}}

{{/* Where a verb that reads finds credentials for the bucket. */}}
{{- define "fasti.envFrom.reader" -}}
{{- with default .Values.store.credentials.secret .Values.store.credentials.readerSecret }}
envFrom:
  - secretRef: {name: {{ . }}}
{{- end }}
{{- end -}}
