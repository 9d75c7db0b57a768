#!/bin/sh
# Removes the service from here: sh destroy.sh
# Made by toscactl from the service `single-server`; README.md says more.
set -eu
_tosca_here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
. "$_tosca_here/lib.sh"

finish
