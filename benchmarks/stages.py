"""What each stage costs at 100, 1,000 and 10,000 nodes, and tosca-parser beside it.

    python benchmarks/stages.py [--sizes 100,1000,10000] [--repeat 3]

Every figure is CPU time in seconds of a process of its own, minimum of the runs. `validate` and
`tosca-parser` are whole processes, interpreter start and imports included; the stages are
measured inside one process each, with the collector of cyclic garbage paused, as the commands do.
The last column is the growth exponent between the two largest sizes: 1 is linear.
"""

import argparse
import json
import math
import os
import resource
import subprocess
import sys
import tempfile
from pathlib import Path

from generate import service

_STAGES = """
import gc, json, sys, time
from toscactl import definitions, document, graph, loading, placement, planning
from toscactl import topology, typesystem
from toscactl.pipeline import find_targets, installed
from toscactl.source import Source
from toscactl.state import State

path = sys.argv[1]
gc.disable()
times = {}


def timed(name, function, *arguments, **named):
    begin = time.process_time()
    value = function(*arguments, **named)
    times[name] = time.process_time() - begin
    return value


text = open(path).read()
parsed = timed("document.parse", document.parse, Source(path, text))
timed("definitions.read", definitions.read, parsed.value)
opened = loading.open_path(path)
bundle = timed("loading.load (parse, read, profile)", loading.load, opened.location, opened.fetch)
types = timed("typesystem.bind", typesystem.bind, bundle.value)
built = timed("topology.build", topology.build, types.value)
resolved = timed("graph.instantiate", graph.instantiate, built.value, {}, service="bench")
backends = installed()
for name in ("local", "openstack", "kubernetes", "aws", "terraform-openstack"):
    (target,) = find_targets([name])
    placed = placement.place(resolved.value, [target], backends)
    (portion,) = placement.portions(placed.value, resolved.value, [target], deployment="bench")
    lowered = timed(f"lower: {name}", backends[target.backend].lower, portion)
    if name == "local":
        units = lowered.value
wanted = planning.Wanted("bench", resolved.value, find_targets(["local"]), units, (), path, "", "")
plan = timed("planning.diff (local)", planning.diff, wanted, State("bench"), backends)
timed("planning.to_text", planning.to_text, plan, color=False, verbose=False, width=80)
timed("planning.to_json", planning.to_json, plan)
print(json.dumps(times))
"""

_PEER = """
import logging, sys
logging.disable(logging.CRITICAL)
from toscaparser.tosca_template import ToscaTemplate
ToscaTemplate(sys.argv[1], {}, True)
"""


def cpu(command: list[str]) -> tuple[float, float, str]:
    """CPU seconds, peak memory in MiB and standard output of a process that must end well."""
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as child:
        out, wrong = child.communicate()
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    if child.returncode:
        raise SystemExit(f"{command}: exit {child.returncode}\n{wrong[-2000:]}")
    return usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024, out


def measured(command: list[str], repeat: int) -> tuple[float, float, str]:
    """The best of several runs; usage of earlier children is taken off."""
    best = (math.inf, 0.0, "")
    for _ in range(repeat):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        total, memory, out = cpu(command)
        seconds = total - before.ru_utime - before.ru_stime
        best = min(best, (seconds, memory, out))
    return best


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--sizes", default="100,1000,10000")
    options.add_argument("--repeat", type=int, default=3)
    chosen = options.parse_args()
    sizes = [int(size) for size in chosen.sizes.split(",")]
    table: dict[str, list[float]] = {}
    with tempfile.TemporaryDirectory() as folder:
        scripts = Path(folder, "scripts")
        scripts.mkdir()
        for name in ("web_create", "web_configure", "web_start"):
            scripts.joinpath(f"{name}.sh").write_text("#!/bin/sh\nexit 0\n")
        for size in sizes:
            file = Path(folder, f"service-{size}.yaml")
            file.write_text("".join(service(size)))
            best: dict[str, float] = {}
            for _ in range(chosen.repeat):
                _, _, out = cpu([sys.executable, "-c", _STAGES, str(file)])
                for name, seconds in json.loads(out).items():
                    best[name] = min(best.get(name, math.inf), seconds)
            for name, seconds in best.items():
                table.setdefault(name, []).append(seconds)
            whole, _, _ = measured(
                [sys.executable, "-m", "toscactl", "validate", str(file)], chosen.repeat
            )
            table.setdefault("whole process: validate", []).append(whole)
            peer, _, _ = measured(
                [sys.executable, "-c", _PEER, str(file)], 1 if size > 1000 else chosen.repeat
            )
            table.setdefault("whole process: tosca-parser", []).append(peer)
    print("| CPU seconds |" + "".join(f" {size} nodes |" for size in sizes) + " exponent |")
    print("|---|" + "---:|" * (len(sizes) + 1))
    for name, row in table.items():
        growth = (
            math.log(row[-1] / row[-2]) / math.log(sizes[-1] / sizes[-2]) if len(row) > 1 else 0
        )
        print(f"| {name} |" + "".join(f" {seconds:.3f} |" for seconds in row) + f" {growth:.2f} |")
    print(
        f"\nPython {sys.version.split()[0]}, {os.cpu_count()} cores,"
        f" minimum of {chosen.repeat} runs."
    )


if __name__ == "__main__":
    main()
