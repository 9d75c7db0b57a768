#!/usr/bin/env bash
# Begin to count visits, as the user of the table.
set -euo pipefail

python3 - <<'ASK'
import base64
import json
import os
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
who = os.environ["user"], os.environ["password"]
visits = ask("POST", f"/tables/{name}/visits", *who, {"add": 0})["value"]
print(f"the table {name} has counted {visits} visits")
ASK
