#!/usr/bin/env bash
# Write down which servers requests are spread over. application_host is an address, or a JSON list.
set -euo pipefail

home="${TOSCA_ROOT:-}/opt/balancer"
python3 - "$home/balancer.json.new" <<'CONFIGURE'
import json
import os
import sys

hosts = os.environ["application_host"]
hosts = json.loads(hosts) if hosts.startswith("[") else [hosts]
port = os.environ["application_port"]
with open(sys.argv[1], "w", encoding="utf-8") as file:
    json.dump(
        {
            "algorithm": os.environ.get("algorithm") or "ROUND_ROBIN",
            "servers": [f"http://{host}:{port}" for host in hosts],
        },
        file,
    )
CONFIGURE
mv "$home/balancer.json.new" "$home/balancer.json"
