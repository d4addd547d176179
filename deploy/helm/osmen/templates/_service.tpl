{{/*
The objects of a service: the deployment, its Kubernetes service, policies, scaling, and an ingress for one that is reached from outside.
They take a dict: root (the chart's root), name, values (the service's own), port, env, catalog (where the image expects catalog/, or ""),
external (whether it is reached from outside), and queue, for one that is not: the name of the PostgreSQL server and the key of its
password in the secret.
*/}}
{{- define "chart.labels" -}}
app.kubernetes.io/name: {{ .name }}
app.kubernetes.io/instance: {{ .root.Release.Name }}
{{- end }}

{{- define "chart.service" }}
{{- include "chart.deployment" . }}
---
apiVersion: v1
kind: Service
metadata:
  name: {{ .root.Release.Name }}-{{ .name }}
  labels:
    {{- include "chart.labels" . | nindent 4 }}
    app.kubernetes.io/part-of: {{ .root.Chart.Name }}
spec:
  selector:
    {{- include "chart.labels" . | nindent 4 }}
  ports:
    - name: http
      port: {{ .port }}
      targetPort: http
---
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata:
  name: {{ .root.Release.Name }}-{{ .name }}
spec:
  maxUnavailable: 1
  selector:
    matchLabels:
      {{- include "chart.labels" . | nindent 6 }}
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
        - port: http
      {{- if not .external }}
      from:
        - namespaceSelector:
            matchLabels:
              kubernetes.io/metadata.name: {{ .root.Values.networkPolicy.monitoringNamespace }}
      {{- end }}
{{- end }}
{{- if .values.autoscaling.enabled }}
{{- include (ternary "chart.scaleByCpu" "chart.scaleByQueue" .external) . }}
{{- end }}
{{- if and .external .root.Values.ingress.enabled }}
{{- include "chart.ingress" . }}
{{- end }}
{{- end }}

{{- define "chart.deployment" }}
apiVersion: apps/v1
kind: Deployment
metadata:
  name: {{ .root.Release.Name }}-{{ .name }}
  labels:
    {{- include "chart.labels" . | nindent 4 }}
    app.kubernetes.io/part-of: {{ .root.Chart.Name }}
spec:
  {{- if not .values.autoscaling.enabled }}
  replicas: {{ .values.replicas }}
  {{- end }}
  strategy:
    type: RollingUpdate
    rollingUpdate:
      maxSurge: 1
      maxUnavailable: 0
  selector:
    matchLabels:
      {{- include "chart.labels" . | nindent 6 }}
  template:
    metadata:
      labels:
        {{- include "chart.labels" . | nindent 8 }}
        app.kubernetes.io/part-of: {{ .root.Chart.Name }}
    spec:
      # A drain takes up to 20 s. The rest is for preStop and for what is written after the drain.
      terminationGracePeriodSeconds: {{ .values.terminationGracePeriodSeconds }}
      automountServiceAccountToken: false
      {{- with .root.Values.imagePullSecrets }}
      imagePullSecrets:
        {{- toYaml . | nindent 8 }}
      {{- end }}
      securityContext:
        runAsNonRoot: true
        runAsUser: 1654
        runAsGroup: 1654
        fsGroup: 1654
        seccompProfile:
          type: RuntimeDefault
      topologySpreadConstraints:
        - maxSkew: 1
          topologyKey: kubernetes.io/hostname
          whenUnsatisfiable: ScheduleAnyway
          labelSelector:
            matchLabels:
              {{- include "chart.labels" . | nindent 14 }}
      containers:
        - name: {{ .name }}
          image: "{{ with .root.Values.imageRegistry }}{{ . }}/{{ end }}{{ .values.image.repository }}:{{ .values.image.tag | default .root.Chart.AppVersion }}"
          imagePullPolicy: {{ .root.Values.imagePullPolicy }}
          ports:
            - name: http
              containerPort: {{ .port }}
          env:
            {{- .env | nindent 12 }}
            {{- with .values.extraEnv }}
            {{- toYaml . | nindent 12 }}
            {{- end }}
          startupProbe:
            httpGet:
              path: /health/live
              port: http
            periodSeconds: 2
            failureThreshold: 45
          livenessProbe:
            httpGet:
              path: /health/live
              port: http
            periodSeconds: 10
            timeoutSeconds: 3
            failureThreshold: 6
          readinessProbe:
            httpGet:
              path: /health/ready
              port: http
            periodSeconds: 3
            timeoutSeconds: 3
            failureThreshold: 2
          lifecycle:
            preStop:
              # Endpoints are withdrawn meanwhile. Kubernetes sleeps by itself; the image needs no shell.
              sleep:
                seconds: 5
          resources:
            {{- toYaml .values.resources | nindent 12 }}
          securityContext:
            allowPrivilegeEscalation: false
            readOnlyRootFilesystem: true
            capabilities:
              drop: [ALL]
          volumeMounts:
            - name: tmp
              mountPath: /tmp
            {{- if .catalog }}
            {{- range $folder, $_ := .root.Values.catalog }}
            - name: catalog-{{ $folder }}
              mountPath: {{ $.catalog }}/{{ $folder }}
              readOnly: true
            {{- end }}
            {{- end }}
      volumes:
        - name: tmp
          emptyDir:
            sizeLimit: 256Mi
        {{- if .catalog }}
        {{- range $folder, $existing := .root.Values.catalog }}
        - name: catalog-{{ $folder }}
          configMap:
            name: {{ $existing | default (printf "%s-catalog-%s" $.root.Release.Name $folder) }}
            # Agents that are programs are started from here.
            defaultMode: 0555
        {{- end }}
        {{- end }}
{{- end }}

{{- define "chart.scaleByCpu" }}
---
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata:
  name: {{ .root.Release.Name }}-{{ .name }}
spec:
  scaleTargetRef:
    apiVersion: apps/v1
    kind: Deployment
    name: {{ .root.Release.Name }}-{{ .name }}
  minReplicas: {{ .values.autoscaling.minReplicas }}
  maxReplicas: {{ .values.autoscaling.maxReplicas }}
  metrics:
    - type: Resource
      resource:
        name: cpu
        target:
          type: Utilization
          averageUtilization: {{ .values.autoscaling.targetCpuUtilization }}
{{- end }}

{{- define "chart.scaleByQueue" }}
{{- $postgres := index .root.Values .queue.server }}
---
# KEDA asks the database how many executions are due. That needs no Prometheus, and the answer is exact.
apiVersion: keda.sh/v1alpha1
kind: ScaledObject
metadata:
  name: {{ .root.Release.Name }}-{{ .name }}
spec:
  scaleTargetRef:
    name: {{ .root.Release.Name }}-{{ .name }}
  minReplicaCount: {{ .values.autoscaling.minReplicas }}
  maxReplicaCount: {{ .values.autoscaling.maxReplicas }}
  pollingInterval: 10
  cooldownPeriod: 120
  triggers:
    - type: postgresql
      metadata:
        host: {{ include "chart.host" (dict "root" .root "name" .queue.server) | quote }}
        port: {{ $postgres.ports.tcp | quote }}
        userName: {{ $postgres.user | quote }}
        dbName: {{ $postgres.database | quote }}
        sslmode: {{ ternary "disable" $postgres.sslmode $postgres.inCluster.enabled }}
        query: SELECT count(*) FROM osmen.execution_queue WHERE status = 0 AND run_at <= now()
        targetQueryValue: {{ .values.autoscaling.duePerReplica | quote }}
      authenticationRef:
        name: {{ .root.Release.Name }}-{{ .name }}-queue
---
apiVersion: keda.sh/v1alpha1
kind: TriggerAuthentication
metadata:
  name: {{ .root.Release.Name }}-{{ .name }}-queue
spec:
  secretTargetRef:
    - parameter: password
      name: {{ .root.Values.existingSecret }}
      key: {{ .queue.passwordKey }}
{{- end }}

{{- define "chart.ingress" }}
{{- $ingress := .root.Values.ingress }}
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: {{ .root.Release.Name }}-{{ .name }}
  {{- with $ingress.annotations }}
  annotations:
    {{- toYaml . | nindent 4 }}
  {{- end }}
spec:
  {{- if $ingress.className }}
  ingressClassName: {{ $ingress.className }}
  {{- end }}
  {{- if $ingress.tlsSecret }}
  tls:
    - hosts: [{{ $ingress.host | quote }}]
      secretName: {{ $ingress.tlsSecret }}
  {{- end }}
  rules:
    - host: {{ $ingress.host | quote }}
      http:
        paths:
          - path: /
            pathType: Prefix
            backend:
              service:
                name: {{ .root.Release.Name }}-{{ .name }}
                port:
                  name: http
{{- end }}
