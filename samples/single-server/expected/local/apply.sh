#!/bin/sh
# Deploys the service here: sh apply.sh
# Made by toscactl from the service `single-server`; README.md says more.
set -eu
_tosca_here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
. "$_tosca_here/lib.sh"

keep TOSCA_INPUT_flavor TOSCA_INPUT_image TOSCA_INPUT_key_name TOSCA_INPUT_cpus

# server
tree server
set_attribute server private_address 127.0.0.1

# outputs
echo 'private_address = '"$(attribute server private_address)"
