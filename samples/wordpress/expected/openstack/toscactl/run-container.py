#!/usr/bin/env python3
"""Runs one container with Docker or Podman in place of an older one; on DELETE takes it away.

Inputs: container_name, container_image; as lists of words container_ports (HOST:INSIDE/PROTOCOL),
container_mounts (FOLDER:INSIDE) and container_variables (names of further inputs that the
container gets as environment variables).
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

INPUTS = os.environ


def words(name: str) -> "list[str]":
    return INPUTS.get(name, "").split()


engine = shutil.which("docker") or shutil.which("podman")
if engine is None:
    sys.exit("neither docker nor podman is installed")
name = INPUTS["container_name"]
subprocess.run([engine, "rm", "--force", name], stderr=subprocess.DEVNULL, check=False)
if INPUTS.get("deploy_action") == "DELETE":
    sys.exit()

command = [engine, "run", "--detach", "--name", name, "--restart", "unless-stopped"]
for port in words("container_ports"):
    command += ["--publish", port]
for mount in words("container_mounts"):
    folder = Path(mount.split(":")[0])
    folder.mkdir(parents=True, exist_ok=True)
    # Whoever the container runs as may write; on the server only root gets this far.
    folder.parent.chmod(0o700)
    folder.chmod(0o777)
    command += ["--volume", mount]
for variable in words("container_variables"):
    command += ["--env", variable]
subprocess.run([*command, INPUTS["container_image"]], check=True)
