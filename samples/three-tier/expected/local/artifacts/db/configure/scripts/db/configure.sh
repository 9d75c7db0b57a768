#!/usr/bin/env bash
# Write the configuration of the store: where its data is, and who may administer it.
set -euo pipefail

home="${TOSCA_ROOT:-}/opt/store"
umask 077
data="${TOSCA_ROOT:-}$data_path" python3 - "$home/store.json.new" <<'CONFIGURE'
import json
import os
import sys

with open(sys.argv[1], "w", encoding="utf-8") as file:
    json.dump(
        {"data": os.environ["data"] + "/tables", "root_password": os.environ["root_password"]},
        file,
    )
CONFIGURE
mv "$home/store.json.new" "$home/store.json"
