# Sourced by apply.sh and destroy.sh: runs operations, and keeps what they report in the folder
# `state`, or where TOSCA_STATE says. Names of variables begin with _tosca, so that no input of an
# operation has the same.
umask 077
_tosca_state=${TOSCA_STATE:-$_tosca_here/state}
mkdir -p "$_tosca_state/done" "$_tosca_state/attributes"
if [ -f "$_tosca_state/parameters" ]; then
  . "$_tosca_state/parameters"
fi
. "$_tosca_here/parameters.sh"

# keep VARIABLE...: what the deployment was made with, for later runs.
keep() {
  for _tosca_name in "$@"; do
    eval "_tosca_value=\$$_tosca_name"
    printf "%s='%s'\n" "$_tosca_name" "$(printf '%s' "$_tosca_value" | sed "s/'/'\\\\''/g")"
  done >"$_tosca_state/parameters"
}

# attribute NODE PATH: what is known or was reported.
attribute() {
  if [ ! -f "$_tosca_state/attributes/$1/$2" ]; then
    echo "the attribute $2 of $1 is not known yet" >&2
    return 1
  fi
  cat "$_tosca_state/attributes/$1/$2"
}

# set_attribute NODE PATH VALUE
set_attribute() {
  mkdir -p "$_tosca_state/attributes/$1"
  printf '%s' "$3" >"$_tosca_state/attributes/$1/$2"
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

# tree NODE: the folder that stands for / of a node.
tree() {
  mkdir -p "$_tosca_state/root/$1"
}

# storage NODE: a folder that is the storage of a node.
storage() {
  mkdir -p "$_tosca_state/storage/$1"
  set_attribute "$1" path "$_tosca_state/storage/$1"
}

# mount NODE LOCATION STORAGE: a link in the tree of a node.
mount_storage() {
  mkdir -p "$_tosca_state/root/$1/$(dirname -- "$2")"
  [ -L "$_tosca_state/root/$1/$2" ] || ln -s "$_tosca_state/storage/$3" "$_tosca_state/root/$1/$2"
}

# operation NODE KEY UNDONE ROOT INTERPRETER FOLDER BASE SCRIPT [OUTPUT=NODE/PATH...]
# Runs a script with the exported inputs, once; its outputs become attributes. If it undoes another
# operation (UNDONE) that never ran, there is nothing to do.
operation() {
  _tosca_node=$1 _tosca_key=$2 _tosca_undone=$3 _tosca_interpreter=$5
  _tosca_folder=$_tosca_here/$6
  _tosca_base=$_tosca_folder/$7
  _tosca_script=$_tosca_folder/$8
  TOSCA_ROOT=$_tosca_state/root/$4
  shift 8
  [ ! -e "$_tosca_state/done/$_tosca_node.$_tosca_key" ] || return 0
  if [ -n "$_tosca_undone" ] && [ ! -e "$_tosca_state/done/$_tosca_node.$_tosca_undone" ]; then
    return 0
  fi
  echo "$_tosca_node: $_tosca_key"
  mkdir -p "$TOSCA_ROOT"
  TOSCA_OUTPUT=$_tosca_state/output
  export TOSCA_ROOT TOSCA_OUTPUT
  : >"$TOSCA_OUTPUT"
  cd "$_tosca_base"
  case $_tosca_interpreter in
    program) chmod +x "$_tosca_script" && "$_tosca_script" ;;
    python) python3 "$_tosca_script" ;;
    bash) TOSCA_REPORT="$*" BASH_ENV="$_tosca_here/report.bash" bash "$_tosca_script" ;;
  esac || {
    echo "$_tosca_node: $_tosca_key failed; mend it, then run this again to go on" >&2
    exit 1
  }
  report "$@"
  : >"$_tosca_state/done/$_tosca_node.$_tosca_key"
}

# report OUTPUT=NODE/PATH...: what the operation wrote becomes attributes.
report() {
  if [ "$(head -c 1 "$TOSCA_OUTPUT")" = "{" ]; then
    python3 -c '
import json, sys
with open(sys.argv[1], encoding="utf-8") as file:
    found = json.load(file)
with open(sys.argv[1], "w", encoding="utf-8") as file:
    for name, value in found.items():
        file.write(name + "=" + (value if isinstance(value, str) else json.dumps(value)) + "\n")
' "$TOSCA_OUTPUT"
  fi
  for _tosca_output in "$@"; do
    _tosca_name=${_tosca_output%%=*}
    _tosca_to=${_tosca_output#*=}
    if grep -q "^$_tosca_name=" "$TOSCA_OUTPUT"; then
      set_attribute "${_tosca_to%%/*}" "${_tosca_to#*/}" \
        "$(sed -n "s/^$_tosca_name=//p" "$TOSCA_OUTPUT" | tail -n 1)"
    fi
  done
  rm -f "$TOSCA_OUTPUT"
}

# finish: nothing is left.
finish() {
  rm -rf "$_tosca_state"
}
