{{/* Errors for values that exclude each other, which a schema cannot tell. */}}
{{- define "refgrant.checks" -}}
{{- $name := include "refgrant.name" . -}}
{{/* A Service begins with a letter. `-authority` makes it the common name of an authority, which has at most 64 characters. */}}
{{- if not (regexMatch "^[a-z]([-a-z0-9]{0,52}[a-z0-9])?$" $name) -}}
{{- fail (printf "the objects cannot have the name %q: set fullnameOverride to at most 54 lower-case letters, digits and hyphens that begin with a letter and do not end with a hyphen" $name) -}}
{{- end -}}
{{- $own := include "refgrant.labels" (dict "Values" (omit .Values "commonLabels") "Release" .Release "Chart" .Chart) | fromYaml -}}
{{- range $value := list "commonLabels" "podLabels" -}}
{{- range $label := keys (get $.Values $value) -}}
{{- if hasKey $own $label -}}
{{- fail (printf "%s has the label %s, which the chart sets: leave it out" $value $label) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- if eq (int .Values.webhook.port) (int .Values.metrics.port) -}}
{{- fail (printf "webhook.port and metrics.port are both %d: set one of them to another port" (int .Values.webhook.port)) -}}
{{- end -}}
{{- if and .Values.probe.enabled (eq .Values.probe.namespace (include "refgrant.namespace" .)) -}}
{{- fail "probe.namespace is the namespace of refgrant, to which the route of the probe refers: set it to another namespace, since a reference within one namespace needs no grant" -}}
{{- end -}}
{{- if and .Values.certManager.enabled (eq .Values.certificates.source "files") -}}
{{- fail "certManager.enabled and certificates.source=files exclude each other: set one of them" -}}
{{- end -}}
{{- if and .Values.certificates.secretName (ne .Values.certificates.source "files") -}}
{{- fail "certificates.secretName is for certificates.source=files: set both, or leave the name out" -}}
{{- end -}}
{{- end -}}
