#!/bin/sh
# Removes the service from here: sh destroy.sh
# Made by toscactl from the service `three-tier`; README.md says more.
set -eu
_tosca_here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
. "$_tosca_here/lib.sh"


# balancer
(
  export NODE=balancer INSTANCE=balancer_0 INSTANCES=balancer_0 HOST=localhost DEPLOYMENT_ID=three-tier TOSCA_DEPLOYMENT=three-tier TOSCA_NODE=balancer TOSCA_INSTANCE=balancer_0 TOSCA_INSTANCES=balancer_0 TOSCA_TYPE=shop.nodes.Balancer TOSCA_OP=stop TOSCA_INTERFACE=Standard TOSCA_HOST=localhost TOSCA_ADDRESS=127.0.0.1
  operation balancer stop start balancer bash artifacts/balancer/stop . scripts/balancer/stop.sh
)
(
  export NODE=balancer INSTANCE=balancer_0 INSTANCES=balancer_0 HOST=localhost DEPLOYMENT_ID=three-tier TOSCA_DEPLOYMENT=three-tier TOSCA_NODE=balancer TOSCA_INSTANCE=balancer_0 TOSCA_INSTANCES=balancer_0 TOSCA_TYPE=shop.nodes.Balancer TOSCA_OP=delete TOSCA_INTERFACE=Standard TOSCA_HOST=localhost TOSCA_ADDRESS=127.0.0.1
  operation balancer delete create balancer bash artifacts/balancer/delete . scripts/balancer/delete.sh
)

# shop
(
  export NODE=shop INSTANCE=shop_0 INSTANCES=shop_0 HOST=web_server DEPLOYMENT_ID=three-tier TOSCA_DEPLOYMENT=three-tier TOSCA_NODE=shop TOSCA_INSTANCE=shop_0 TOSCA_INSTANCES=shop_0 TOSCA_TYPE=shop.nodes.Shop TOSCA_OP=stop TOSCA_INTERFACE=Standard TOSCA_HOST=web_server TOSCA_ADDRESS=127.0.0.1
  context_root=shop
  export context_root
  operation shop stop start web_server bash artifacts/shop/stop . scripts/shop/stop.sh
)
(
  export NODE=shop INSTANCE=shop_0 INSTANCES=shop_0 HOST=web_server DEPLOYMENT_ID=three-tier TOSCA_DEPLOYMENT=three-tier TOSCA_NODE=shop TOSCA_INSTANCE=shop_0 TOSCA_INSTANCES=shop_0 TOSCA_TYPE=shop.nodes.Shop TOSCA_OP=delete TOSCA_INTERFACE=Standard TOSCA_HOST=web_server TOSCA_ADDRESS=127.0.0.1
  context_root=shop
  export context_root
  operation shop delete create web_server bash artifacts/shop/delete . scripts/shop/delete.sh
)

# web
(
  export NODE=web INSTANCE=web_0 INSTANCES=web_0 HOST=web_server DEPLOYMENT_ID=three-tier TOSCA_DEPLOYMENT=three-tier TOSCA_NODE=web TOSCA_INSTANCE=web_0 TOSCA_INSTANCES=web_0 TOSCA_TYPE=shop.nodes.Web TOSCA_OP=stop TOSCA_INTERFACE=Standard TOSCA_HOST=web_server TOSCA_ADDRESS=127.0.0.1
  operation web stop start web_server bash artifacts/web/stop . scripts/web/stop.sh
)
(
  export NODE=web INSTANCE=web_0 INSTANCES=web_0 HOST=web_server DEPLOYMENT_ID=three-tier TOSCA_DEPLOYMENT=three-tier TOSCA_NODE=web TOSCA_INSTANCE=web_0 TOSCA_INSTANCES=web_0 TOSCA_TYPE=shop.nodes.Web TOSCA_OP=delete TOSCA_INTERFACE=Standard TOSCA_HOST=web_server TOSCA_ADDRESS=127.0.0.1
  operation web delete create web_server bash artifacts/web/delete . scripts/web/delete.sh
)

# shop_db
(
  export NODE=shop_db INSTANCE=shop_db_0 INSTANCES=shop_db_0 HOST=db_server DEPLOYMENT_ID=three-tier TOSCA_DEPLOYMENT=three-tier TOSCA_NODE=shop_db TOSCA_INSTANCE=shop_db_0 TOSCA_INSTANCES=shop_db_0 TOSCA_TYPE=shop.nodes.Table TOSCA_OP=delete TOSCA_INTERFACE=Standard TOSCA_HOST=db_server TOSCA_ADDRESS=127.0.0.1
  name=shop
  export name
  user=shop
  export user
  password="$TOSCA_INPUT_db_password"
  export password
  db_port="$TOSCA_INPUT_db_port"
  export db_port
  root_password="$TOSCA_INPUT_db_password"
  export root_password
  operation shop_db delete create db_server bash artifacts/shop_db/delete . scripts/shop_db/delete.sh
)

# db
(
  export NODE=db INSTANCE=db_0 INSTANCES=db_0 HOST=db_server DEPLOYMENT_ID=three-tier TOSCA_DEPLOYMENT=three-tier TOSCA_NODE=db TOSCA_INSTANCE=db_0 TOSCA_INSTANCES=db_0 TOSCA_TYPE=shop.nodes.Store TOSCA_OP=stop TOSCA_INTERFACE=Standard TOSCA_HOST=db_server TOSCA_ADDRESS=127.0.0.1
  operation db stop start db_server bash artifacts/db/stop . scripts/db/stop.sh
)
(
  export NODE=db INSTANCE=db_0 INSTANCES=db_0 HOST=db_server DEPLOYMENT_ID=three-tier TOSCA_DEPLOYMENT=three-tier TOSCA_NODE=db TOSCA_INSTANCE=db_0 TOSCA_INSTANCES=db_0 TOSCA_TYPE=shop.nodes.Store TOSCA_OP=delete TOSCA_INTERFACE=Standard TOSCA_HOST=db_server TOSCA_ADDRESS=127.0.0.1
  operation db delete create db_server bash artifacts/db/delete . scripts/db/delete.sh
)
finish
