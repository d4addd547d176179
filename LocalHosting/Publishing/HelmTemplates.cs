namespace OsMEN.LocalHosting.Publishing;

/// <summary>
/// The chart's templates. NAME, PORT and the like in capitals are filled in here; what is in braces is Helm's. They keep to
/// <c>if</c>, <c>else</c>, values, <c>quote</c>, <c>toYaml</c> and <c>nindent</c>, so that the tests can render them without Helm.
/// </summary>
internal static class HelmTemplates
{
    public const string Deployment = """
        apiVersion: apps/v1
        kind: Deployment
        metadata:
          name: {{ .Release.Name }}-NAME
          labels:
            app.kubernetes.io/name: NAME
            app.kubernetes.io/instance: {{ .Release.Name }}
            app.kubernetes.io/part-of: osmen
        spec:
          {{- if not .Values.KEY.autoscaling.enabled }}
          replicas: {{ .Values.KEY.replicas }}
          {{- end }}
          strategy:
            type: RollingUpdate
            rollingUpdate:
              maxSurge: 1
              maxUnavailable: 0
          selector:
            matchLabels:
              app.kubernetes.io/name: NAME
              app.kubernetes.io/instance: {{ .Release.Name }}
          template:
            metadata:
              labels:
                app.kubernetes.io/name: NAME
                app.kubernetes.io/instance: {{ .Release.Name }}
                app.kubernetes.io/part-of: osmen
            spec:
              # A drain takes up to 20 s; what it gives back and writes comes after it.
              terminationGracePeriodSeconds: {{ .Values.KEY.terminationGracePeriodSeconds }}
              automountServiceAccountToken: false
              {{- if .Values.imagePullSecrets }}
              imagePullSecrets:
                {{- toYaml .Values.imagePullSecrets | nindent 8 }}
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
                      app.kubernetes.io/name: NAME
                      app.kubernetes.io/instance: {{ .Release.Name }}
              containers:
                - name: NAME
                  image: {{ .Values.KEY.image | quote }}
                  imagePullPolicy: {{ .Values.imagePullPolicy }}
                  ports:
                    - name: http
                      containerPort: PORT
                  env:
        ENVIRONMENT
                    {{- if .Values.KEY.extraEnv }}
                    {{- toYaml .Values.KEY.extraEnv | nindent 12 }}
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
                      path: READY
                      port: http
                    periodSeconds: 3
                    timeoutSeconds: 3
                    failureThreshold: 2
                  lifecycle:
                    preStop:
                      # Endpoints are withdrawn meanwhile. The images need not have a "sleep" of their own.
                      sleep:
                        seconds: 5
                  resources:
                    {{- toYaml .Values.KEY.resources | nindent 12 }}
                  securityContext:
                    allowPrivilegeEscalation: false
                    readOnlyRootFilesystem: true
                    capabilities:
                      drop: [ALL]
                  volumeMounts:
                    - name: tmp
                      mountPath: /tmp
              volumes:
                - name: tmp
                  emptyDir:
                    sizeLimit: 256Mi
        ---
        apiVersion: v1
        kind: Service
        metadata:
          name: {{ .Release.Name }}-NAME
          labels:
            app.kubernetes.io/name: NAME
            app.kubernetes.io/instance: {{ .Release.Name }}
            app.kubernetes.io/part-of: osmen
        spec:
          selector:
            app.kubernetes.io/name: NAME
            app.kubernetes.io/instance: {{ .Release.Name }}
          ports:
            - name: http
              port: PORT
              targetPort: http

        """;

    public const string Policies = """
        apiVersion: policy/v1
        kind: PodDisruptionBudget
        metadata:
          name: {{ .Release.Name }}-NAME
        spec:
          maxUnavailable: 1
          selector:
            matchLabels:
              app.kubernetes.io/name: NAME
              app.kubernetes.io/instance: {{ .Release.Name }}
        {{- if .Values.networkPolicy.enabled }}
        ---
        apiVersion: networking.k8s.io/v1
        kind: NetworkPolicy
        metadata:
          name: {{ .Release.Name }}-NAME
        spec:
          podSelector:
            matchLabels:
              app.kubernetes.io/name: NAME
              app.kubernetes.io/instance: {{ .Release.Name }}
          policyTypes: [Ingress]
          ingress:
        FROM
        {{- end }}

        """;

    public const string FromAnywhere = """
            - ports:
                - port: http
        """;

    public const string FromMonitoring = """
            - ports:
                - port: http
              from:
                - namespaceSelector:
                    matchLabels:
                      kubernetes.io/metadata.name: {{ .Values.networkPolicy.monitoringNamespace }}
        """;

    public const string HorizontalScaling = """
        {{- if .Values.KEY.autoscaling.enabled }}
        apiVersion: autoscaling/v2
        kind: HorizontalPodAutoscaler
        metadata:
          name: {{ .Release.Name }}-NAME
        spec:
          scaleTargetRef:
            apiVersion: apps/v1
            kind: Deployment
            name: {{ .Release.Name }}-NAME
          minReplicas: {{ .Values.KEY.autoscaling.minReplicas }}
          maxReplicas: {{ .Values.KEY.autoscaling.maxReplicas }}
          metrics:
            - type: Resource
              resource:
                name: cpu
                target:
                  type: Utilization
                  averageUtilization: {{ .Values.KEY.autoscaling.targetCpuUtilization }}
        {{- end }}

        """;

    public const string QueueScaling = """
        {{- if .Values.KEY.autoscaling.enabled }}
        # KEDA asks the database how many executions are due: the truth, and there whether or not Prometheus is.
        apiVersion: keda.sh/v1alpha1
        kind: ScaledObject
        metadata:
          name: {{ .Release.Name }}-NAME
        spec:
          scaleTargetRef:
            name: {{ .Release.Name }}-NAME
          minReplicaCount: {{ .Values.KEY.autoscaling.minReplicas }}
          maxReplicaCount: {{ .Values.KEY.autoscaling.maxReplicas }}
          pollingInterval: 10
          cooldownPeriod: 120
          triggers:
            - type: postgresql
              metadata:
                host: HOST
                port: "{{ .Values.postgres.ports.tcp }}"
                userName: USER
                dbName: DATABASE
                sslmode: {{ .Values.postgres.sslmode }}
                query: SELECT count(*) FROM osmen.execution_queue WHERE status = 0 AND run_at <= now()
                targetQueryValue: "{{ .Values.KEY.autoscaling.duePerReplica }}"
              authenticationRef:
                name: {{ .Release.Name }}-NAME-queue
        ---
        apiVersion: keda.sh/v1alpha1
        kind: TriggerAuthentication
        metadata:
          name: {{ .Release.Name }}-NAME-queue
        spec:
          secretTargetRef:
            - parameter: password
              name: {{ .Values.existingSecret }}
              key: SECRET
        {{- end }}

        """;

    public const string Ingress = """
        {{- if .Values.ingress.enabled }}
        apiVersion: networking.k8s.io/v1
        kind: Ingress
        metadata:
          name: {{ .Release.Name }}-NAME
          {{- if .Values.ingress.annotations }}
          annotations:
            {{- toYaml .Values.ingress.annotations | nindent 4 }}
          {{- end }}
        spec:
          {{- if .Values.ingress.className }}
          ingressClassName: {{ .Values.ingress.className }}
          {{- end }}
          {{- if .Values.ingress.tlsSecret }}
          tls:
            - hosts: [{{ .Values.ingress.host | quote }}]
              secretName: {{ .Values.ingress.tlsSecret }}
          {{- end }}
          rules:
            - host: {{ .Values.ingress.host | quote }}
              http:
                paths:
                  - path: /
                    pathType: Prefix
                    backend:
                      service:
                        name: {{ .Release.Name }}-NAME
                        port:
                          name: http
        {{- end }}

        """;

    public const string Monitoring = """
        {{- if .Values.serviceMonitor.enabled }}
        apiVersion: monitoring.coreos.com/v1
        kind: ServiceMonitor
        metadata:
          name: {{ .Release.Name }}
        spec:
          selector:
            matchLabels:
              app.kubernetes.io/part-of: osmen
              app.kubernetes.io/instance: {{ .Release.Name }}
          jobLabel: app.kubernetes.io/name
          endpoints:
            - port: http
              path: /metrics
              interval: 15s

              # Our metrics have a label endpoint, which is also what the operator calls a port.
              honorLabels: true
              authorization:
                credentials:
                  name: {{ .Values.existingSecret }}
                  key: SECRET
        {{- end }}
        {{- if .Values.prometheusRule.enabled }}
        ---
        apiVersion: monitoring.coreos.com/v1
        kind: PrometheusRule
        metadata:
          name: {{ .Release.Name }}
        spec:
          groups:
        GROUPS
        {{- end }}

        """;

    public const string Stateful = """
        {{- if .Values.KEY.inCluster.enabled }}
        # For trying it out: one replica, no backups. A managed server is the default.
        apiVersion: apps/v1
        kind: StatefulSet
        metadata:
          name: {{ .Release.Name }}-NAME
          labels:
            app.kubernetes.io/name: NAME
            app.kubernetes.io/instance: {{ .Release.Name }}
        spec:
          serviceName: {{ .Release.Name }}-NAME
          replicas: 1
          selector:
            matchLabels:
              app.kubernetes.io/name: NAME
              app.kubernetes.io/instance: {{ .Release.Name }}
          template:
            metadata:
              labels:
                app.kubernetes.io/name: NAME
                app.kubernetes.io/instance: {{ .Release.Name }}
            spec:
              automountServiceAccountToken: false
              securityContext:
                runAsNonRoot: true
                runAsUser: 999
                runAsGroup: 999
                fsGroup: 999
                seccompProfile:
                  type: RuntimeDefault
              containers:
                - name: NAME
                  image: {{ .Values.KEY.inCluster.image | quote }}
        COMMAND
                  ports:
                    - name: tcp
                      containerPort: PORT
                  env:
        ENVIRONMENT
                  readinessProbe:
                    tcpSocket:
                      port: tcp
                    periodSeconds: 5
                  resources:
                    {{- toYaml .Values.KEY.inCluster.resources | nindent 12 }}
                  securityContext:
                    allowPrivilegeEscalation: false
                    capabilities:
                      drop: [ALL]
                  volumeMounts:
                    - name: data
                      mountPath: DATA
                      subPath: data
          volumeClaimTemplates:
            - metadata:
                name: data
              spec:
                accessModes: [ReadWriteOnce]
                resources:
                  requests:
                    storage: {{ .Values.KEY.inCluster.storage }}
        ---
        apiVersion: v1
        kind: Service
        metadata:
          name: {{ .Release.Name }}-NAME
        spec:
          selector:
            app.kubernetes.io/name: NAME
            app.kubernetes.io/instance: {{ .Release.Name }}
          ports:
            - name: tcp
              port: {{ .Values.KEY.ports.tcp }}
              targetPort: tcp
        {{- if .Values.networkPolicy.enabled }}
        ---
        apiVersion: networking.k8s.io/v1
        kind: NetworkPolicy
        metadata:
          name: {{ .Release.Name }}-NAME
        spec:
          podSelector:
            matchLabels:
              app.kubernetes.io/name: NAME
              app.kubernetes.io/instance: {{ .Release.Name }}
          policyTypes: [Ingress]
          ingress:
            - ports:
                - port: tcp
              from:
                - podSelector:
                    matchLabels:
                      app.kubernetes.io/part-of: osmen
                      app.kubernetes.io/instance: {{ .Release.Name }}
        KEDA
        {{- end }}
        {{- end }}

        """;

    public const string FromKeda = """
                - namespaceSelector:
                    matchLabels:
                      kubernetes.io/metadata.name: {{ .Values.networkPolicy.kedaNamespace }}

        """;
}
