# Runs the operations of TOSCA nodes inside a container; start.sh and stop.sh say which.
#
# WORK lives as long as the pod. TOSCA_ROOT, where it is set, stands for `/`: scripts that honor it
# need no rights of root. Every start of the container sets everything up anew, as a new machine
# would; what is to outlive it belongs on a volume.

WORK=${WORK:-/work}
FILES=${FILES:-/opt/toscactl}
SECRETS=${SECRETS:-/run/secrets/toscactl}

say() { printf 'toscactl: %s\n' "$*"; }

secret() { cat "$SECRETS/$1"; }

attribute() { cat "$WORK/attributes/$1"; }

# need NODE/ATTRIBUTE: an attribute that an earlier operation has to have brought
need() {
    [ -f "$WORK/attributes/$1" ] && return
    say "no operation has brought the attribute $1" >&2
    exit 1
}

begin() {
    trap end TERM INT
    rm -rf "$WORK/started" "$WORK/stopping" "$WORK/attributes" "$WORK/operations"
    mkdir -p "$WORK/attributes" "$WORK/operations" "$HOME"
    [ -z "${TOSCA_ROOT:-}" ] || { rm -rf "$TOSCA_ROOT"; mkdir -p "$TOSCA_ROOT"; }
}

# volume PATH: a mounted volume is found below TOSCA_ROOT too
volume() {
    [ -n "${TOSCA_ROOT:-}" ] || return 0
    mkdir -p "$(dirname "$TOSCA_ROOT$1")"
    ln -s "$1" "$TOSCA_ROOT$1"
}

# reachable HOST PORT
reachable() {
    if command -v bash >/dev/null; then
        bash -c 'exec 3<>"/dev/tcp/$0/$1"' "$1" "$2" 2>/dev/null
    elif command -v python3 >/dev/null; then
        python3 -c 'import socket, sys; socket.create_connection(sys.argv[1:3], 5)' "$1" "$2" 2>/dev/null
    else
        nc -z "$1" "$2" 2>/dev/null
    fi
}

# await HOST PORT: what a node connects to is started before the node is created
await() {
    say "waiting for $1:$2"
    until reachable "$1" "$2"; do sleep 2; done
}

# on NODE INSTANCE TYPE HOST: whose operations follow, also under the names that peers use
on() {
    export TOSCA_NODE="$1" TOSCA_INSTANCE="$2" TOSCA_INSTANCES="$2" TOSCA_TYPE="$3" TOSCA_HOST="$4"
    export NODE="$1" INSTANCE="$2" INSTANCES="$2" HOST="$4"
}

# operation LABEL INTERFACE FOLDER RUNNER FILE TIMEOUT RETRIES PAUSE VARIABLE=VALUE...
operation() {
    label=$1 interface=$2 folder=$3 runner=$4 file=$5 limit=$6 retries=$7 pause=$8
    shift 8
    place=$WORK/operations/$TOSCA_NODE.$label
    rm -rf "$place"
    mkdir -p "$place"
    cp -RL "$FILES/$folder/." "$place"
    : >"$place.output"
    attempt=0
    while :; do
        say "$label of $TOSCA_NODE"
        status=0
        (
            cd "$place"
            set -- TOSCA_OUTPUT="$place.output" "$@"
            set -- env TOSCA_OP="${label%%.*}" TOSCA_INTERFACE="$interface" "$@"
            [ "$limit" = 0 ] || set -- "$@" timeout -k 10 "$limit"
            [ -z "$runner" ] || set -- "$@" "$runner"
            exec "$@" "$place/$file"
        ) </dev/null || status=$?
        [ "$status" != 0 ] || return 0
        if [ "$attempt" -ge "$retries" ]; then
            say "$label of $TOSCA_NODE failed with status $status" >&2
            return "$status"
        fi
        attempt=$((attempt + 1))
        sleep "$pause"
        pause=$((pause * 2))
    done
}

# bring LABEL OUTPUT NODE/ATTRIBUTE: an output of an operation becomes an attribute
bring() {
    from=$WORK/operations/$TOSCA_NODE.$1.output to=$WORK/attributes/$3
    case $(head -c 1 "$from") in
    '{') value=$(python3 -c 'import json, sys
value = json.load(open(sys.argv[1])).get(sys.argv[2], "")
print(value if isinstance(value, str) else json.dumps(value))' "$from" "$2") ;;
    *) value=$(sed -n "s/^$2=//p" "$from" | tail -n 1) ;;
    esac
    [ -n "$value" ] || return 0
    mkdir -p "$(dirname "$to")"
    printf '%s' "$value" >"$to"
}

# The processes that operations left behind: they are children of this shell now, as are the
# subshell that looks for them and the pulse of those who wait.
left() {
    read -r self _ </proc/self/stat
    for file in /proc/[0-9]*/stat; do
        { read -r line <"$file"; } 2>/dev/null || continue
        number=${line%% *}
        # shellcheck disable=SC2086  (state and parent are words)
        set -- ${line##*) }
        [ "$2" = $$ ] && [ "$1" != Z ] || continue
        [ "$number" = "$self" ] || [ "$number" = "${pulse:-}" ] || printf '%s ' "$number"
    done
    return 0
}

end() {
    trap - TERM INT
    say "ending"
    [ -z "${pulse:-}" ] || kill "$pulse" 2>/dev/null || true
    # shellcheck disable=SC2046  (numbers)
    kill -TERM $(left) 2>/dev/null || true
    for _ in 1 2 3 4 5 6 7 8 9 10; do
        [ -n "$(left)" ] || break
        sleep 1 &
        pulse=$!
        wait "$pulse" || true
    done
    exit 0
}

# Stays as long as what was started: then the cluster starts the container anew.
stay() {
    served=$(left)
    touch "$WORK/started"
    say "everything is started"
    while :; do
        sleep 2 &
        pulse=$!
        wait "$pulse" || true
        [ ! -f "$WORK/stopping" ] || continue
        [ -z "$served" ] || [ -n "$(left)" ] || break
    done
    say "the processes that were started have ended" >&2
    exit 1
}
