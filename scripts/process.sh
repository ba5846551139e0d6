#!/bin/sh
# Starts, watches and ends a process in the background by its pid file, for the Makefile.
#   process.sh start PIDFILE LOGFILE COMMAND...     process.sh running PIDFILE
#   process.sh wait PIDFILE LOGFILE URL             process.sh stop PIDFILE
set -eu

alive() { [ -f "$1" ] && kill -0 "$(cat "$1")" 2>/dev/null; }

action=$1
pidfile=$2
case $action in
  start)
    log=$3
    shift 3
    nohup "$@" >>"$log" 2>&1 </dev/null &
    echo $! >"$pidfile"
    sleep 1
    if ! alive "$pidfile"; then
      rm -f "$pidfile"
      tail -n 20 "$log" >&2
      exit 1
    fi
    ;;
  running)
    alive "$pidfile"
    ;;
  wait)
    log=$3
    url=$4
    for _ in $(seq 1 120); do
      if node -e 'fetch(process.argv[1]).then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))' "$url"; then
        exit 0
      fi
      alive "$pidfile" || break
      sleep 1
    done
    echo "$url does not answer; the end of $log:" >&2
    tail -n 20 "$log" >&2
    exit 1
    ;;
  stop)
    if alive "$pidfile"; then
      pid=$(cat "$pidfile")
      kill "$pid"
      # A worker has 30 seconds for what it runs, unless WORKER_GRACE_SECONDS says otherwise.
      for _ in $(seq 1 "${STOP_SECONDS:-90}"); do
        kill -0 "$pid" 2>/dev/null || break
        sleep 1
      done
      if kill -0 "$pid" 2>/dev/null; then
        echo "$(basename "$pidfile" .pid) (process $pid) does not end; it is left running" >&2
        exit 1
      fi
      echo "stopped  $(basename "$pidfile" .pid)"
    fi
    rm -f "$pidfile"
    ;;
  *)
    echo "process.sh: unknown action $action" >&2
    exit 2
    ;;
esac
