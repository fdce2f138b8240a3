{{/* Which paths of the log's host go to the writers; all others are reads. */}}
{{- define "fasti.submissions" -}}
- {path: /api/v2/log/entries, type: Exact}
{{- if .Values.server.acceptOpaque }}
- {path: /add, type: Exact}
{{- end }}
- {path: /api/v1, type: Prefix}
{{- end -}}
