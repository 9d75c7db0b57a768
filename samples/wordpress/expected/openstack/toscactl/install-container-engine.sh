#!/bin/sh
# Makes sure that there is a container engine: Docker, or else Podman.
set -eu

if command -v docker || command -v podman; then
    exit 0
elif command -v apt-get; then
    export DEBIAN_FRONTEND=noninteractive
    apt-get update -q
    apt-get install -q -y docker.io
elif command -v dnf; then
    dnf install -q -y podman
elif command -v zypper; then
    zypper --non-interactive install docker
    systemctl enable --now docker
else
    echo "there is no container engine, and no known way to install one" >&2
    exit 1
fi
