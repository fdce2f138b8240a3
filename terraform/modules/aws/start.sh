# Runs in the writer's container: writes the key to a file, finds the task's own address, and
# replaces this shell with the writer, so that the writer gets the signals.
set -eu
umask 077

own=$(mktemp -d)
printf '%s\n' "$LOG_KEY" >"$own/log.key"
unset LOG_KEY

address=$(hostname -i)
address=${address%% *}

export FASTI_KEY="$own/log.key"
export FASTI_STATE_DIR="$own/state"
export FASTI_ADVERTISE="http://$address:$WRITER_PORT"
mkdir "$FASTI_STATE_DIR"
exec fasti-writer
