#!/usr/bin/env bash
# Remove the shop's table.
set -euo pipefail

python3 - <<'ASK'
import base64
import json
import os
import sys
import urllib.error
import urllib.request

store = f"http://127.0.0.1:{os.environ['db_port']}"
opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def ask(method, path, user, password, body):
    credentials = base64.b64encode(f"{user}:{password}".encode()).decode()
    request = urllib.request.Request(
        store + path,
        data=json.dumps(body).encode(),
        headers={"Authorization": f"Basic {credentials}"},
        method=method,
    )
    with opener.open(request, timeout=10) as answer:
        return json.load(answer)


name = os.environ["name"]
try:
    ask("DELETE", f"/tables/{name}", "root", os.environ["root_password"], {})
except urllib.error.URLError as error:
    # Without a store there is no table to be removed.
    print(f"the store does not answer: {error}", file=sys.stderr)
else:
    print(f"removed the table {name}")
ASK
