#!/bin/sh
# The last step of a deploy: enqueues a harvest on the Prefect server and ends, without waiting for it.
#   PREFECT_API_URL=https://prefect.example.org/api scripts/trigger-after-deploy.sh [DEPLOYMENT] [--param k=v ...]
# DEPLOY_ID (or GITHUB_RUN_ID, or CI_PIPELINE_ID of GitLab) names the deploy: a repeated job enqueues nothing again.
# Exits 0 when the run is enqueued, otherwise not: server unreachable, wrong key, unknown deployment, bad parameters.
set -eu

: "${PREFECT_API_URL:?Set PREFECT_API_URL to the API of the Prefect server, as https://prefect.example.org/api}"

root=$(cd "$(dirname "$0")/.." && pwd)
deploy=${DEPLOY_ID:-${GITHUB_RUN_ID:-${CI_PIPELINE_ID:-}}}

deployment=harvest-all
case "${1:-}" in
  "" | --*) ;;
  *) deployment=$1; shift ;;
esac
set -- trigger "$deployment" "$@" --timeout "${TRIGGER_TIMEOUT_SECONDS:-30}"
[ -z "$deploy" ] || set -- "$@" --key "deploy:$deployment:$deploy"
exec node "$root/bin/harvester.js" "$@"
