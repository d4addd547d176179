#!/bin/sh
# Builds images of PostgreSQL, Redis, Prometheus and Alertmanager from Debian's packages, under the names and tags of the model, for
# a machine whose container runtime cannot pull. For tests only: their versions are Debian's. Needs root, debootstrap and docker.
#   eng/stand-in-images.sh [folder for the root file system]
set -eu
here=$(cd "$(dirname "$0")/.." && pwd)
root=${1:-$(mktemp -d)}
tag() { sed -nE "s/.* $1(Tag)? = \"(.*)\";/\2/p" "$here/AppHost/Images.cs" "$here/Hosting.Monitoring/MonitoringContainerImageTags.cs"; }

if ! docker image inspect osmen-stand-in >/dev/null 2>&1; then
  [ -e "$root/etc/debian_version" ] ||
    debootstrap --variant=minbase --include=postgresql,redis-server,prometheus,prometheus-alertmanager bookworm "$root" >/dev/null
  tar -C "$root" -c . | docker import - osmen-stand-in >/dev/null
fi

docker build -q -t "docker.io/library/redis:$(tag Redis)" -t "docker.io/prom/prometheus:$(tag Prometheus)" - <<'EOF'
FROM osmen-stand-in
EOF

docker build -q -t "docker.io/prom/alertmanager:$(tag Alertmanager)" - <<'EOF'
FROM osmen-stand-in
RUN ln -sf prometheus-alertmanager /bin/alertmanager && mkdir -p /alertmanager
ENTRYPOINT ["/bin/alertmanager"]
EOF

# Does what the official image does with the variables that Aspire sets.
docker build -q -t "docker.io/library/postgres:$(tag Postgres)" - <<'EOF'
FROM osmen-stand-in
RUN printf '%s\n' '#!/bin/sh' 'set -e' \
  'bin=$(ls -d /usr/lib/postgresql/*/bin | tail -1)' 'data=/var/lib/postgresql/data' \
  'mkdir -p $data && chown postgres $data && chmod 700 $data' \
  'as() { setpriv --reuid=postgres --regid=postgres --clear-groups "$@"; }' \
  'if [ ! -e $data/PG_VERSION ]; then' \
  '  printf %s "$POSTGRES_PASSWORD" > /tmp/password && chown postgres /tmp/password' \
  '  as $bin/initdb -D $data -U "$POSTGRES_USER" --pwfile=/tmp/password $POSTGRES_INITDB_ARGS' \
  '  echo "host all all all $POSTGRES_HOST_AUTH_METHOD" >> $data/pg_hba.conf; rm /tmp/password' \
  'fi' \
  'mkdir -p /var/run/postgresql && chown postgres /var/run/postgresql' \
  'exec setpriv --reuid=postgres --regid=postgres --clear-groups $bin/postgres -D $data -c listen_addresses="*"' > /entrypoint.sh && chmod 755 /entrypoint.sh
STOPSIGNAL SIGINT
ENTRYPOINT ["/entrypoint.sh"]
EOF
