"""The shop: counts its visitors in the database."""

import base64
import json
import urllib.request

opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def count(configuration, amount):
    """Add to the number of visits, and get the sum."""
    credentials = f"{configuration['user']}:{configuration['password']}".encode()
    request = urllib.request.Request(
        f"{configuration['store']}/tables/{configuration['table']}/visits",
        data=json.dumps({"add": amount}).encode(),
        headers={"Authorization": "Basic " + base64.b64encode(credentials).decode()},
        method="POST",
    )
    with opener.open(request, timeout=10) as answer:
        return json.load(answer)["value"]


def respond(configuration, path):
    if path == "/health":
        return 200, "text/plain", f"the shop is open; {count(configuration, 0)} visits so far\n"
    if path != "/":
        return 404, "text/plain", "there is nothing here\n"
    page = f"<!DOCTYPE html>\n<h1>The shop</h1>\n<p>You are visitor {count(configuration, 1)}.</p>\n"
    return 200, "text/html", page
