{{- define "pillion.name" -}}
{{- .Release.Name | trunc 53 | trimSuffix "-" -}}
{{- end -}}

{{- define "pillion.selector" -}}
app.kubernetes.io/name: pillion
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "pillion.labels" -}}
{{ include "pillion.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ .Chart.Name }}-{{ .Chart.Version }}
{{- end -}}

{{- /* Where the kubelet's probes, which speak no TLS, find the server. */ -}}
{{- define "pillion.probePort" -}}
{{- if .Values.tls.secret }}{{ .Values.tls.probePort }}{{ else }}{{ .Values.service.port }}{{ end -}}
{{- end -}}
