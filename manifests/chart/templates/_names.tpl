{{- define "refgrant.name" -}}
{{- $name := default .Chart.Name .Values.nameOverride -}}
{{- if .Values.fullnameOverride -}}{{ .Values.fullnameOverride }}
{{- else if contains $name .Release.Name -}}{{ .Release.Name }}
{{- else -}}{{ printf "%s-%s" .Release.Name $name }}
{{- end -}}
{{- end -}}

{{- define "refgrant.namespace" -}}
{{ default .Release.Namespace .Values.namespaceOverride }}
{{- end -}}

{{- define "refgrant.selector" -}}
app.kubernetes.io/name: refgrant
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "refgrant.labels" -}}
{{ include "refgrant.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ .Chart.Name }}-{{ .Chart.Version }}
{{- with .Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{/* The metadata of an object in the namespace. */}}
{{- define "refgrant.metadata" -}}
name: {{ include "refgrant.name" . }}
namespace: {{ include "refgrant.namespace" . }}
labels: {{- include "refgrant.labels" . | nindent 2 }}
{{- end -}}

{{- define "refgrant.image" -}}
{{- $registry := required "image.registry is missing: name the registry that has your image of refgrant, which `make image` builds" .Values.image.registry -}}
{{- $tag := default .Chart.AppVersion .Values.image.tag -}}
{{ $registry }}/{{ .Values.image.repository }}{{ if .Values.image.digest }}@{{ .Values.image.digest }}{{ else }}:{{ $tag }}{{ end }}
{{- end -}}

{{/* What the Pods of the server and of the probe share. */}}
{{- define "refgrant.pod" -}}
{{- with .Values.imagePullSecrets -}}
imagePullSecrets: {{- toYaml . | nindent 2 }}
{{ end -}}
{{- with .Values.nodeSelector -}}
nodeSelector: {{- toYaml . | nindent 2 }}
{{ end -}}
{{- with .Values.tolerations -}}
tolerations: {{- toYaml . | nindent 2 }}
{{ end -}}
securityContext:
  runAsNonRoot: true
  runAsUser: 65532
  runAsGroup: 65532
  seccompProfile:
    type: RuntimeDefault
{{- end -}}

{{- define "refgrant.container" -}}
securityContext:
  allowPrivilegeEscalation: false
  readOnlyRootFilesystem: true
  capabilities:
    drop: [ALL]
{{- end -}}

{{/* What refgrant computed, as YAML; an error if it is not from this configuration. */}}
{{- define "refgrant.generated" -}}
{{- $generated := .Values.generated | default (.Files.Get "generated.yaml" | fromYaml).generated -}}
{{- range $field, $value := $generated.configuration -}}
{{- if not (deepEqual $value (get $.Values.configuration $field)) -}}
{{- fail (printf "configuration.%s is not the one that `generated` is from: write the configuration into a file and pass the output of `refgrant manifests values --config FILE` with --values" $field) -}}
{{- end -}}
{{- end -}}
{{ toYaml $generated }}
{{- end -}}

{{/* Whether refgrant issues its certificate. */}}
{{- define "refgrant.selfManaged" -}}
{{- if and (eq .Values.certificates.source "self-managed") (not .Values.certManager.enabled) }}true{{ end -}}
{{- end -}}

{{/* The Secret with the certificate, or with the authorities of self-managed ones. */}}
{{- define "refgrant.secret" -}}
{{- if .Values.certManager.enabled -}}{{ include "refgrant.name" . }}-tls
{{- else if include "refgrant.selfManaged" . -}}{{ include "refgrant.name" . }}-authority
{{- else -}}{{ required "certificates.secretName is missing: name the Secret with tls.crt and tls.key" .Values.certificates.secretName }}
{{- end -}}
{{- end -}}
