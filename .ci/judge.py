"""Translate every sample for every target and put the result before the judges in ../shared.

HOT templates before the real Heat engine, manifests before the strict schemas of three Kubernetes
versions, Terraform folders before the real terraform with simulated providers. What a judge needs
is installed once into `$TOSCACTL_JUDGES` (default `~/.cache/toscactl-judges`), by the digest of its
requirements. A judge that cannot run fails the run, unless it is terraform itself that is missing.
"""

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import venv
from collections.abc import Callable, Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SHARED = ROOT.parent / "shared"
HERE = ROOT / ".ci" / "judges"
CACHE = Path(os.environ.get("TOSCACTL_JUDGES", Path.home() / ".cache" / "toscactl-judges"))
TOSCACTL = Path(sys.executable).with_name("toscactl")
VERSIONS = ("1.28", "1.32", "1.36")
TARGETS = ("openstack", "kubernetes", "k3s", "aws", "terraform-openstack")

Finding = tuple[bool, str]


def environment(name: str) -> Path:
    """The Python of a judge, installed if its requirements have not been before."""
    requirements = HERE / f"{name}-requirements.txt"
    digest = hashlib.sha256(requirements.read_bytes()).hexdigest()[:16]
    folder = CACHE / f"{name}-{digest}-{sys.version_info[0]}.{sys.version_info[1]}"
    python = folder / "bin" / "python"
    if not (folder / "complete").exists():
        print(f"installing the judge {name} (once)", flush=True)
        shutil.rmtree(folder, ignore_errors=True)
        venv.create(folder, with_pip=True)
        run([python, "-m", "pip", "install", "-q", "-r", requirements], check=True)
        (folder / "complete").touch()
    return python


def run(
    command: list[object], *, check: bool = False, cwd: Path | None = None, **variables: str
) -> tuple[int, str]:
    ended = subprocess.run(
        [str(part) for part in command],
        cwd=cwd,
        env=os.environ | variables,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        stdin=subprocess.DEVNULL,
        text=True,
        errors="replace",
        check=False,
    )
    if check and ended.returncode:
        raise SystemExit(f"{command}: exit {ended.returncode}\n{ended.stdout[-4000:]}")
    return ended.returncode, ended.stdout


def heat(folder: Path, _sample: str) -> Iterator[Finding]:
    templates = [
        file
        for file in sorted(folder.glob("*.yaml"))
        if "heat_template_version" in file.read_text(encoding="utf-8").split("\n", 1)[0]
    ]
    assert templates, f"no template in {folder}"
    python = environment("heat")
    judge = SHARED / "heat" / "hot_check.py"
    code, said = run([python, judge, "--strict", *templates], HOT_CHECK_PYTHON=str(python))
    yield code == 0, said


def kubernetes(folder: Path, _sample: str) -> Iterator[Finding]:
    python = environment("kubernetes")
    judge = SHARED / "kubernetes" / "k8s_check.py"
    for version in VERSIONS:
        code, said = run([python, judge, "--version", version, folder])
        yield code == 0, f"Kubernetes {version}: {said}"


def terraform(provider: str) -> Callable[[Path, str], Iterator[Finding]]:
    def judge(folder: Path, _sample: str) -> Iterator[Finding]:
        python = environment("terraform")
        schema = SHARED / "terraform" / "schemas" / f"{provider}.json.gz"
        code, said = run(
            [python, SHARED / "terraform" / "tf_check.py", "check", folder, "-s", schema]
        )
        yield code == 0, f"tf_check: {said}"
        if shutil.which("terraform") is None:
            print("  terraform is not installed: validate, plan and apply are SKIPPED")
            return
        shim = [python, SHARED / "terraform" / "tf_shim.py", "-s", schema, "--", "terraform"]
        values = folder / "judge.auto.tfvars"
        values.write_text(tfvars(folder), encoding="utf-8")
        for arguments in (
            ["validate"],
            ["plan", "-input=false"],
            ["apply", "-auto-approve", "-input=false"],
            ["plan", "-input=false", "-detailed-exitcode"],
        ):
            code, said = run([*shim, *arguments], cwd=folder)
            yield code == 0, f"terraform {' '.join(arguments)}: {said}"

    return judge


def tfvars(folder: Path) -> str:
    """A value for every variable that has no default."""
    import json

    lines = []
    for file in sorted(folder.glob("*.tf.json")):
        variables = json.loads(file.read_text(encoding="utf-8")).get("variable", {})
        for name, body in variables.items():
            if "default" not in body:
                kind = body.get("type", "string")
                value = {"number": "8080", "bool": "true"}.get(kind, '"judge-value"')
                lines.append(f"{name} = {value}\n")
    return "".join(lines)


JUDGES = {
    "openstack": heat,
    "kubernetes": kubernetes,
    "k3s": kubernetes,
    "aws": terraform("aws"),
    "terraform-openstack": terraform("openstack"),
}


def main() -> int:
    failures = checks = 0
    samples = sorted(file.parent.name for file in (ROOT / "samples").glob("*/service.yaml"))
    with tempfile.TemporaryDirectory() as work:
        for sample in samples:
            for target in TARGETS:
                folder = Path(work, target, sample)
                code, said = run(
                    [
                        TOSCACTL,
                        "translate",
                        ROOT / "samples" / sample,
                        "--target",
                        target,
                        "-o",
                        folder,
                    ]
                )
                findings = [(code == 0, said)]
                if code == 0:
                    findings += JUDGES[target](folder, sample)
                checks += len(findings)
                bad = [said for good, said in findings if not good]
                failures += len(bad)
                print(
                    f"{'FAILED' if bad else 'ok':6} {sample} -> {target} ({len(findings)} checks)",
                    flush=True,
                )
                for text in bad:
                    print("    " + text.strip().replace("\n", "\n    "))
    print(f"judges: {checks - failures} passed, {failures} failed")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
