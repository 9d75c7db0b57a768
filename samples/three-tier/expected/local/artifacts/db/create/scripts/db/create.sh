#!/usr/bin/env bash
# Install the store and make the folder for its data on the volume.
# TOSCA_ROOT stands for / where several servers share a machine; on a server of its own it is unset.
set -euo pipefail

home="${TOSCA_ROOT:-}/opt/store"
data="${TOSCA_ROOT:-}$data_path"
here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"

mkdir -p "$home" "$data/tables"
cp "$here/store.py" "$home/store.py"
echo "the data will be in $data"
