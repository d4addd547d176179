{{/*
A server that the services connect to: a managed one, whose host is in the values, or one replica in the cluster.
*/}}
{{- define "chart.host" -}}
{{- $server := index .root.Values .name -}}
{{- if $server.inCluster.enabled -}}
{{ .root.Release.Name }}-{{ .name }}.{{ .root.Release.Namespace }}.svc
{{- else -}}
{{ required (printf "%s.host is not set. Give the host of your server, or set %s.inCluster.enabled to run one in the cluster." .name .name) $server.host }}
{{- end -}}
{{- end }}

{{/*
Takes a dict: root, name, values (the server's own), port, data (where it keeps its data), container (command, arguments and environment),
and keda (whether KEDA connects to it too).
*/}}
{{- define "chart.server" }}
{{- if .values.inCluster.enabled }}
# For trying it out: one replica, no backups. A managed server is the default.
apiVersion: apps/v1
kind: StatefulSet
metadata:
  name: {{ .root.Release.Name }}-{{ .name }}
  labels:
    {{- include "chart.labels" . | nindent 4 }}
spec:
  serviceName: {{ .root.Release.Name }}-{{ .name }}
  replicas: 1
  selector:
    matchLabels:
      {{- include "chart.labels" . | nindent 6 }}
  template:
    metadata:
      labels:
        {{- include "chart.labels" . | nindent 8 }}
    spec:
      automountServiceAccountToken: false
      {{- with .root.Values.imagePullSecrets }}
      imagePullSecrets:
        {{- toYaml . | nindent 8 }}
      {{- end }}
      securityContext:
        runAsNonRoot: true
        runAsUser: 999
        runAsGroup: 999
        fsGroup: 999
        seccompProfile:
          type: RuntimeDefault
      containers:
        - name: {{ .name }}
          image: {{ .values.inCluster.image | quote }}
          {{- .container | nindent 10 }}
          ports:
            - name: tcp
              containerPort: {{ .port }}
          readinessProbe:
            tcpSocket:
              port: tcp
            periodSeconds: 5
          resources:
            {{- toYaml .values.inCluster.resources | nindent 12 }}
          securityContext:
            allowPrivilegeEscalation: false
            capabilities:
              drop: [ALL]
          volumeMounts:
            - name: data
              mountPath: {{ .data }}
              subPath: data
  volumeClaimTemplates:
    - metadata:
        name: data
      spec:
        accessModes: [ReadWriteOnce]
        resources:
          requests:
            storage: {{ .values.inCluster.storage }}
---
apiVersion: v1
kind: Service
metadata:
  name: {{ .root.Release.Name }}-{{ .name }}
spec:
  selector:
    {{- include "chart.labels" . | nindent 4 }}
  ports:
    - name: tcp
      port: {{ .values.ports.tcp }}
      targetPort: tcp
{{- if .root.Values.networkPolicy.enabled }}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  name: {{ .root.Release.Name }}-{{ .name }}
spec:
  podSelector:
    matchLabels:
      {{- include "chart.labels" . | nindent 6 }}
  policyTypes: [Ingress]
  ingress:
    - ports:
        - port: tcp
      from:
        - podSelector:
            matchLabels:
              app.kubernetes.io/part-of: {{ .root.Chart.Name }}
              app.kubernetes.io/instance: {{ .root.Release.Name }}
        {{- if .keda }}
        - namespaceSelector:
            matchLabels:
              kubernetes.io/metadata.name: {{ .root.Values.networkPolicy.kedaNamespace }}
        {{- end }}
{{- end }}
{{- end }}
{{- end }}
