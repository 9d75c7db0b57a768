"""What an operation reports: the file `$TOSCA_OUTPUT`, exported variables (bash), globals (Python).

The file takes lines `name=value`, or one JSON object. In bash, exported variables that are named
like declared outputs count too, in Python global ones; the file comes first.
"""

import json
import re
import shlex
from collections.abc import Iterable, Mapping
from pathlib import Path

from toscactl.backend import Value

_SAFE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")

_BASH_HOOK = """\
unset BASH_ENV
{previous}
__tosca_report() {{
  local name flags
  for name in {names}; do
    flags=$(declare -p "$name" 2>/dev/null) || continue
    flags=${{flags#declare -}}
    case ${{flags%% *}} in
      *x*) printf '%s\\0%s\\0' "$name" "${{!name-}}" >>{file} ;;
    esac
  done
}}
trap() {{
  builtin trap "$@" || return
  [ "${{1-}}" != -- ] || shift
  [ $# -ge 2 ] || return 0
  local signal
  for signal in "${{@:2}}"; do
    case $signal in
      EXIT|exit|0)
        case $1 in
          -p|-l|-P) ;;
          -) builtin trap __tosca_report EXIT ;;
          *) builtin trap -- "$1
__tosca_report" EXIT ;;
        esac ;;
    esac
  done
}}
builtin trap __tosca_report EXIT
"""

PYTHON_HOOK = """\
import json, sys, types
file, names, script = sys.argv[1], sys.argv[2].split(","), sys.argv[3]
module = types.ModuleType("__main__")
module.__file__ = script
module.__builtins__ = __builtins__
sys.modules["__main__"] = module
sys.argv = [script]
sys.path[0] = script.rpartition("/")[0]
def report():
    found = {}
    for name in names:
        if name in vars(module):
            try:
                json.dumps(vars(module)[name])
                found[name] = vars(module)[name]
            except (TypeError, ValueError):
                found[name] = str(vars(module)[name])
    with open(file, "w", encoding="utf-8") as out:
        json.dump(found, out)
def hook(kind, error, trace):
    while trace is not None and trace.tb_frame.f_code.co_filename != script:
        trace = trace.tb_next
    sys.__excepthook__(kind, error.with_traceback(trace), trace)
sys.excepthook = hook
with open(script, "rb") as source:
    code = compile(source.read(), script, "exec")
try:
    exec(code, vars(module))
finally:
    report()
"""


def bash_hook(names: Iterable[str], file: Path, previous: str | None) -> str | None:
    """A file for `BASH_ENV` that reports exported variables when the script ends.

    `previous` is the `BASH_ENV` that was there before. None if no output could be a variable.
    """
    variables = [name for name in names if _SAFE.fullmatch(name)]
    if not variables:
        return None
    return _BASH_HOOK.format(
        previous=f". {shlex.quote(previous)}" if previous else ":",
        names=" ".join(variables),
        file=shlex.quote(str(file)),
    )


def of_variables(path: Path) -> dict[str, Value]:
    """What `bash_hook` wrote: names and values, each ended by a zero byte."""
    if not path.exists():
        return {}
    parts = path.read_bytes().decode("utf-8", errors="replace").split("\0")
    return dict(zip(parts[0::2], parts[1::2], strict=False))


def of_globals(path: Path) -> dict[str, Value]:
    """What `PYTHON_HOOK` wrote."""
    try:
        found = json.loads(path.read_text("utf-8", errors="replace"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def of_file(path: Path) -> tuple[dict[str, Value], tuple[str, ...]]:
    """What is in `$TOSCA_OUTPUT`, and warnings about what is no output."""
    try:
        content = path.read_bytes().decode("utf-8", errors="replace")
    except OSError:
        return {}, ()
    if content.lstrip().startswith("{"):
        try:
            data = json.loads(content)
        except ValueError:
            pass  # then it is lines that begin so
        else:
            return dict(data), ()
    found: dict[str, Value] = {}
    warnings = []
    for number, line in enumerate(content.splitlines(), 1):
        name, equals, value = line.partition("=")
        if equals and name.strip():
            found[name.strip()] = value
        elif line.strip():
            warnings.append(f"line {number} of $TOSCA_OUTPUT is no `name=value`; it is ignored")
    return found, tuple(warnings)


def declared(
    reported: Mapping[str, Value], names: Iterable[str], operation: str
) -> tuple[dict[str, Value], tuple[str, ...]]:
    """The outputs that were declared, and warnings about the others and about missing ones."""
    wanted = list(names)
    warnings = [
        f"`{operation}` reported `{name}`, which is no declared output of it; it is ignored"
        for name in reported
        if name not in wanted
    ]
    warnings += [
        f"`{operation}` did not report its output `{name}`"
        for name in wanted
        if name not in reported
    ]
    return {name: reported[name] for name in wanted if name in reported}, tuple(warnings)
