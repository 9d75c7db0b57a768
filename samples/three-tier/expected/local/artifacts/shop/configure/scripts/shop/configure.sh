#!/usr/bin/env bash
# Tell the shop where its database is.
set -euo pipefail

home="${TOSCA_ROOT:-}/opt/web/applications/$context_root"
umask 077
python3 - "$home/application.json.new" <<'CONFIGURE'
import json
import os
import sys

with open(sys.argv[1], "w", encoding="utf-8") as file:
    json.dump(
        {
            "store": f"http://{os.environ['db_host']}:{os.environ['db_port']}",
            "table": os.environ["db_name"],
            "user": os.environ["db_user"],
            "password": os.environ["db_password"],
        },
        file,
    )
CONFIGURE
mv "$home/application.json.new" "$home/application.json"
