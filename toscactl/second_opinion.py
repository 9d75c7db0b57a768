"""What tosca-parser and heat-translator make of a service; never part of our own work.

They keep global state, so each question is asked of a fresh interpreter.
"""

import importlib.util
import json
import subprocess
import sys
import tempfile
from pathlib import Path

from toscactl.errors import BackendError, MissingExtra

_TRANSLATE = """
import json, logging, sys
logging.disable(logging.CRITICAL)
import logging.handlers
logging.handlers.SysLogHandler = lambda *a, **k: logging.NullHandler()
from toscaparser.tosca_template import ToscaTemplate
from translator.hot.tosca_translator import TOSCATranslator
path = sys.argv[1]
tosca = ToscaTemplate(path, {}, True)
text = TOSCATranslator(tosca, {}, False, csar_dir=None).translate()
print("\\0" + json.dumps(text))
"""

_SECONDS = 120


def translate(path: str) -> dict[str, bytes]:
    """The HOT file that heat-translator writes for a service file or CSAR.

    Raises `MissingExtra` if it is not installed, `BackendError` with its last words if it fails.
    """
    for package in ("toscaparser", "translator"):
        if importlib.util.find_spec(package) is None:
            name = "tosca-parser" if package == "toscaparser" else "heat-translator"
            raise MissingExtra(name, "second-opinion", "--via heat-translator")
    file = Path(path)
    if file.is_dir():
        file /= "service.yaml"
    with tempfile.TemporaryDirectory() as folder:
        try:
            ended = subprocess.run(
                [sys.executable, "-c", _TRANSLATE, str(file.resolve())],
                capture_output=True,
                text=True,
                errors="replace",
                cwd=folder,
                timeout=_SECONDS,
                check=False,
            )
        except subprocess.TimeoutExpired as slow:
            raise BackendError(f"heat-translator did not end within {_SECONDS} s") from slow
    _, mark, text = ended.stdout.rpartition("\0")
    if ended.returncode != 0 or not mark:
        last = [line for line in (ended.stderr or ended.stdout).splitlines() if line.strip()][-8:]
        said = "\n  ".join(last)
        raise BackendError(f"heat-translator cannot translate `{path}`; it says:\n  {said}")
    return {f"{file.stem}.yaml": str(json.loads(text)).encode()}
