#!/bin/sh
# Builds Docker Compose v2 from its Go module into .cache/compose/docker-compose, for the tests that resolve our Compose
# files. No container engine is needed, only Go (1.24 or newer). Does nothing when that version is there already.
set -eu

version=v2.40.3
root=$(cd "$(dirname "$0")/.." && pwd)
target=$root/.cache/compose/docker-compose

if [ -x "$target" ] && "$target" version --short 2>/dev/null | grep -qx "${version#v}"; then
  echo "compose: $version is at $target"
  exit 0
fi

go=$(command -v go || true)
[ -n "$go" ] || go=/usr/local/go/bin/go
if [ ! -x "$go" ]; then
  echo "compose: Go is needed to build Docker Compose $version, and there is none; install Go 1.24 or newer" >&2
  exit 1
fi

echo "compose: building $version from its Go module (a few minutes)"
work=$(mktemp -d)
# The module cache is read-only: what is copied from it must be writable to be removed.
trap 'chmod -R u+w "$work"; rm -rf "$work"' EXIT
cd "$work"
module=$("$go" mod download -json "github.com/docker/compose/v2@$version" | sed -n 's/^[[:space:]]*"Dir": "\(.*\)",*$/\1/p')
[ -d "$module" ] || { echo "compose: the Go module could not be downloaded" >&2; exit 1; }
cp -R "$module" source
chmod -R u+w source
cd source
CGO_ENABLED=0 GOFLAGS=-mod=mod "$go" build -trimpath \
  -ldflags "-s -w -X github.com/docker/compose/v2/internal.Version=${version#v}" \
  -o "$work/docker-compose" ./cmd
mkdir -p "$(dirname "$target")"
mv "$work/docker-compose" "$target"
echo "compose: built $("$target" version --short)"
