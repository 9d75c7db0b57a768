#!/bin/sh
# Deploys the service here: sh apply.sh
# Made by toscactl from the service `hello`; README.md says more.
set -eu
_tosca_here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
. "$_tosca_here/lib.sh"

keep TOSCA_INPUT_port TOSCA_INPUT_greeting

# server
tree server

# web
(
  export NODE=web INSTANCE=web_0 INSTANCES=web_0 HOST=server DEPLOYMENT_ID=hello TOSCA_DEPLOYMENT=hello TOSCA_NODE=web TOSCA_INSTANCE=web_0 TOSCA_INSTANCES=web_0 TOSCA_TYPE=hello.nodes.Web TOSCA_OP=create TOSCA_INTERFACE=Standard TOSCA_HOST=server TOSCA_ADDRESS=127.0.0.1
  operation web create '' server bash artifacts/web/create . scripts/create.sh
)
(
  export NODE=web INSTANCE=web_0 INSTANCES=web_0 HOST=server DEPLOYMENT_ID=hello TOSCA_DEPLOYMENT=hello TOSCA_NODE=web TOSCA_INSTANCE=web_0 TOSCA_INSTANCES=web_0 TOSCA_TYPE=hello.nodes.Web TOSCA_OP=configure TOSCA_INTERFACE=Standard TOSCA_HOST=server TOSCA_ADDRESS=127.0.0.1
  greeting="$TOSCA_INPUT_greeting"
  export greeting
  port="$TOSCA_INPUT_port"
  export port
  operation web configure '' server bash artifacts/web/configure . scripts/configure.sh
)
(
  export NODE=web INSTANCE=web_0 INSTANCES=web_0 HOST=server DEPLOYMENT_ID=hello TOSCA_DEPLOYMENT=hello TOSCA_NODE=web TOSCA_INSTANCE=web_0 TOSCA_INSTANCES=web_0 TOSCA_TYPE=hello.nodes.Web TOSCA_OP=start TOSCA_INTERFACE=Standard TOSCA_HOST=server TOSCA_ADDRESS=127.0.0.1
  port="$TOSCA_INPUT_port"
  export port
  operation web start '' server bash artifacts/web/start . scripts/start.sh url=web/url
)

# outputs
echo 'url = '"$(attribute web url)"
