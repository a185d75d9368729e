{{/* The certificate of cert-manager, and an authority of its own unless an issuer is named. */}}
{{- define "refgrant.certificate" }}
{{- $name := include "refgrant.name" . }}
{{- $namespace := include "refgrant.namespace" . }}
{{- $labels := include "refgrant.labels" . }}
---
apiVersion: cert-manager.io/v1
kind: Certificate
metadata: {{- include "refgrant.metadata" . | nindent 2 }}
spec:
  secretName: {{ include "refgrant.secret" . }}
  duration: {{ .Values.certManager.duration }}
  dnsNames:
    - {{ $name }}.{{ $namespace }}.svc
  privateKey:
    algorithm: ECDSA
    size: 256
    rotationPolicy: Always
  issuerRef:
    {{- with .Values.certManager.issuerRef }}
    {{- toYaml . | nindent 4 }}
    {{- else }}
    kind: Issuer
    name: {{ $name }}
---
apiVersion: cert-manager.io/v1
kind: Issuer
metadata: {{- include "refgrant.metadata" . | nindent 2 }}
spec:
  ca:
    secretName: {{ $name }}-ca
---
apiVersion: cert-manager.io/v1
kind: Certificate
metadata:
  name: {{ $name }}-authority
  namespace: {{ $namespace }}
  labels: {{- $labels | nindent 4 }}
spec:
  # Not the name of the Secret of self-managed certificates: a release may change from one to the other, and cert-manager
  # leaves its Secrets.
  secretName: {{ $name }}-ca
  isCA: true
  commonName: {{ $name }}-authority
  # Ten years: a change of the authority would need a time in which both are trusted.
  duration: 87600h
  privateKey:
    algorithm: ECDSA
    size: 256
  issuerRef:
    kind: Issuer
    name: {{ $name }}-self-signed
---
apiVersion: cert-manager.io/v1
kind: Issuer
metadata:
  name: {{ $name }}-self-signed
  namespace: {{ $namespace }}
  labels: {{- $labels | nindent 4 }}
spec:
  selfSigned: {}
    {{- end }}
{{- end }}
