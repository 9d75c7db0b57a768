#!/bin/sh
# Removes the service from here: sh destroy.sh
# Made by toscactl from the service `hello`; README.md says more.
set -eu
_tosca_here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
. "$_tosca_here/lib.sh"


# web
(
  export NODE=web INSTANCE=web_0 INSTANCES=web_0 HOST=server DEPLOYMENT_ID=hello TOSCA_DEPLOYMENT=hello TOSCA_NODE=web TOSCA_INSTANCE=web_0 TOSCA_INSTANCES=web_0 TOSCA_TYPE=hello.nodes.Web TOSCA_OP=stop TOSCA_INTERFACE=Standard TOSCA_HOST=server TOSCA_ADDRESS=127.0.0.1
  operation web stop start server bash artifacts/web/stop . scripts/stop.sh
)
(
  export NODE=web INSTANCE=web_0 INSTANCES=web_0 HOST=server DEPLOYMENT_ID=hello TOSCA_DEPLOYMENT=hello TOSCA_NODE=web TOSCA_INSTANCE=web_0 TOSCA_INSTANCES=web_0 TOSCA_TYPE=hello.nodes.Web TOSCA_OP=delete TOSCA_INTERFACE=Standard TOSCA_HOST=server TOSCA_ADDRESS=127.0.0.1
  operation web delete create server bash artifacts/web/delete . scripts/delete.sh
)
finish
