#!/usr/bin/env bash
# Have the shop served, and see that it answers.
set -euo pipefail

touch "${TOSCA_ROOT:-}/opt/web/applications/$context_root/enabled"
url="http://${TOSCA_ADDRESS:-127.0.0.1}:$port/$context_root/"
python3 - "$url" <<'ASK'
import sys
import urllib.request

opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
with opener.open(sys.argv[1] + "health", timeout=10) as answer:
    print(answer.read().decode().strip())
ASK
if [ -n "${TOSCA_OUTPUT:-}" ]; then
  echo "url=$url" >>"$TOSCA_OUTPUT"
fi
