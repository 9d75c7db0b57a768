# Sourced by apply.sh and destroy.sh: runs operations, and keeps what they report below ./state.
umask 077
state=${TOSCA_STATE:-$here/state}
mkdir -p "$state/done" "$state/attributes" "$state/root" "$state/storage"
. "$here/parameters.sh"
if [ -f "$state/parameters" ]; then
  . "$state/parameters"
fi

fail() {
  echo "$*" >&2
  exit 1
}

# attribute NODE PATH: what was reported or is known.
attribute() {
  if [ ! -f "$state/attributes/$1/$2" ]; then
    echo "the attribute $2 of $1 is not known yet" >&2
    return 1
  fi
  cat "$state/attributes/$1/$2"
}

# set_attribute NODE PATH VALUE
set_attribute() {
  mkdir -p "$state/attributes/$1"
  printf '%s' "$3" >"$state/attributes/$1/$2"
}

# json TEXT: as a JSON string.
json() {
  python3 -c 'import json, sys; print(json.dumps(sys.argv[1], ensure_ascii=False))' "$1"
}

# at JSON KEY...: what is inside.
at() {
  python3 -c '
import json, sys
value = json.loads(sys.argv[1])
for key in sys.argv[2:]:
    value = value[int(key)] if isinstance(value, list) else value[key]
print(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False))' "$@"
}

# token TEXT SEPARATORS INDEX
token() {
  python3 -c '
import re, sys
text, separators, index = sys.argv[1:]
print(re.split("[" + re.escape(separators) + "]", text)[int(index)])' "$@"
}

# mount TREE LOCATION STORAGE: a link in the tree of a node.
mount_storage() {
  mkdir -p "$state/root/$1/$(dirname -- "$2")" "$state/storage/$3"
  [ -L "$state/root/$1/$2" ] || ln -s "$state/storage/$3" "$state/root/$1/$2"
}

# operation NODE KEY ROOT INTERPRETER FOLDER BASE SCRIPT OUTPUT=NODE/PATH...
# Runs a script with the exported inputs, once; its outputs become attributes.
operation() {
  node=$1 key=$2 root=$3 interpreter=$4 folder=$5 base=$6 script=$7
  shift 7
  [ ! -e "$state/done/$node.$key" ] || return 0
  echo "$node: $key"
  mkdir -p "$state/root/$root"
  TOSCA_ROOT=$state/root/$root
  TOSCA_OUTPUT=$state/output
  export TOSCA_ROOT TOSCA_OUTPUT
  : >"$TOSCA_OUTPUT"
  cd "$here/$folder/$base"
  case $interpreter in
    program) chmod +x "$here/$folder/$script" && "$here/$folder/$script" ;;
    python) python3 "$here/$folder/$script" ;;
    bash)
      if [ $# -gt 0 ]; then
        export TOSCA_REPORT="$*"
        BASH_ENV="$here/report.bash" bash "$here/$folder/$script"
      else
        bash "$here/$folder/$script"
      fi ;;
  esac || fail "$node: $key failed; mend it and run this again to go on"
  for output in "$@"; do
    name=${output%%=*} to=${output#*=}
    if grep -q "^$name=" "$TOSCA_OUTPUT"; then
      set_attribute "${to%/*}" "${to##*/}" "$(sed -n "s/^$name=//p" "$TOSCA_OUTPUT" | tail -n 1)"
    fi
  done
  rm -f "$TOSCA_OUTPUT"
  : >"$state/done/$node.$key"
}
