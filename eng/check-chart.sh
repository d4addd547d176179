#!/bin/sh
# Renders the Helm chart with Go's own templates and checks the objects against Kubernetes' schema: with the least that has to be set, and with
# everything turned on; and so the objects of deploy/kubernetes.
# Needs, from Debian: golang-go, golang-github-masterminds-sprig-dev, golang-k8s-sigs-yaml-dev, python3-kubernetes.
set -eu
cd "$(dirname "$0")/.."
build=$(mktemp -d)
trap 'rm -rf "$build"' EXIT
GO111MODULE=off GOPATH=/usr/share/gocode GOCACHE="$build/cache" go build -o "$build/render" ./eng/check-chart/render.go
for values in eng/check-chart/managed.yaml eng/check-chart/everything.yaml; do
  echo "values: $values"
  "$build/render" deploy/helm/osmen $values >"$build/objects.yaml"
  /usr/bin/python3 eng/check-chart/schema.py <"$build/objects.yaml"
done
for objects in deploy/kubernetes/*.yaml; do
  echo "$objects"
  /usr/bin/python3 eng/check-chart/schema.py <"$objects"
done
