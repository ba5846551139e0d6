#!/bin/sh
# Installs what `npm run test:services` needs, on Debian or Ubuntu, and only what is missing:
#   PostgreSQL with PostGIS, Chromium, Redis        by apt-get (as root, or by sudo)
#   Prefect 3.8.8 in .cache/prefect-venv            by pip; PREFECT_BIN names another one
#   Docker Compose v2 in .cache/compose             built from its Go module, where there is Go
set -eu

root=$(cd "$(dirname "$0")/.." && pwd)
venv=$root/.cache/prefect-venv
say() { echo "install-service-tests: $*"; }

missing=""
need() { missing="$missing $*"; }
ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 || need postgresql
ls /usr/share/postgresql/*/extension/postgis.control >/dev/null 2>&1 || need POSTGIS
command -v chromium >/dev/null || need chromium
command -v redis-server >/dev/null || need redis-server
command -v python3 >/dev/null || need python3
python3 -c 'import ensurepip, venv' >/dev/null 2>&1 || need python3-venv
command -v ip >/dev/null || [ -x /usr/sbin/ip ] || need iproute2

if [ -n "$missing" ]; then
  as_root=""
  if [ "$(id -u)" != 0 ]; then
    command -v sudo >/dev/null || { say "root is needed to install:$missing" >&2; exit 1; }
    as_root="sudo"
  fi
  say "apt-get installs:$missing"
  $as_root apt-get update -qq
  # The version of PostgreSQL that the tests were written with, else that of the distribution.
  postgis=postgresql-postgis
  if apt-cache show postgresql-15-postgis-3 >/dev/null 2>&1; then postgis=postgresql-15-postgis-3; fi
  packages=$(echo "$missing" | sed "s/POSTGIS/$postgis/")
  # shellcheck disable=SC2086
  $as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $packages >/dev/null
else
  say "PostgreSQL with PostGIS, Chromium, Redis and Python are there"
fi

if [ -n "${PREFECT_BIN:-}" ]; then
  say "Prefect is $PREFECT_BIN"
elif "$venv/bin/python" - 2>/dev/null <<'PYTHON'
from importlib.metadata import version
pins = {"prefect": "3.8.8", "fastapi": "0.139.2", "sqlalchemy": "2.0.58"}
raise SystemExit(any(version(name) != wanted for name, wanted in pins.items()))
PYTHON
then
  say "Prefect 3.8.8 is in .cache/prefect-venv"
else
  say "pip installs Prefect 3.8.8 into .cache/prefect-venv"
  python3 -m venv --clear "$venv"
  # Newer releases of these two are allowed by Prefect 3.8.8 and break it.
  "$venv/bin/pip" install --quiet --disable-pip-version-check \
    "prefect==3.8.8" "fastapi==0.139.2" "sqlalchemy==2.0.58"
fi

say "npm installs the generator of the Prefect types, whose drift is checked"
npm ci --silent --no-audit --no-fund --prefix "$root/tools/prefect-types"

"$root/scripts/build-compose.sh"
say "done"
