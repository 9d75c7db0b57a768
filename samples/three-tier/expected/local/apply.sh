#!/bin/sh
# Deploys the service here: sh apply.sh
# Made by toscactl from the service `three-tier`; README.md says more.
set -eu
_tosca_here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
. "$_tosca_here/lib.sh"

keep TOSCA_INPUT_balancer_port TOSCA_INPUT_web_port TOSCA_INPUT_db_port TOSCA_INPUT_data_path TOSCA_INPUT_volume_size TOSCA_INPUT_web_servers_max

# db_volume
storage db_volume

# db_server
tree db_server
mount_storage db_server "$TOSCA_INPUT_data_path" db_volume

# db
(
  export NODE=db INSTANCE=db_0 INSTANCES=db_0 HOST=db_server DEPLOYMENT_ID=three-tier TOSCA_DEPLOYMENT=three-tier TOSCA_NODE=db TOSCA_INSTANCE=db_0 TOSCA_INSTANCES=db_0 TOSCA_TYPE=shop.nodes.Store TOSCA_OP=create TOSCA_INTERFACE=Standard TOSCA_HOST=db_server TOSCA_ADDRESS=127.0.0.1
  data_path="$TOSCA_INPUT_data_path"
  export data_path
  operation db create '' db_server bash artifacts/db/create . scripts/db/create.sh
)
(
  export NODE=db INSTANCE=db_0 INSTANCES=db_0 HOST=db_server DEPLOYMENT_ID=three-tier TOSCA_DEPLOYMENT=three-tier TOSCA_NODE=db TOSCA_INSTANCE=db_0 TOSCA_INSTANCES=db_0 TOSCA_TYPE=shop.nodes.Store TOSCA_OP=configure TOSCA_INTERFACE=Standard TOSCA_HOST=db_server TOSCA_ADDRESS=127.0.0.1
  data_path="$TOSCA_INPUT_data_path"
  export data_path
  port="$TOSCA_INPUT_db_port"
  export port
  root_password="$TOSCA_INPUT_db_password"
  export root_password
  operation db configure '' db_server bash artifacts/db/configure . scripts/db/configure.sh
)
(
  export NODE=db INSTANCE=db_0 INSTANCES=db_0 HOST=db_server DEPLOYMENT_ID=three-tier TOSCA_DEPLOYMENT=three-tier TOSCA_NODE=db TOSCA_INSTANCE=db_0 TOSCA_INSTANCES=db_0 TOSCA_TYPE=shop.nodes.Store TOSCA_OP=start TOSCA_INTERFACE=Standard TOSCA_HOST=db_server TOSCA_ADDRESS=127.0.0.1
  port="$TOSCA_INPUT_db_port"
  export port
  operation db start '' db_server bash artifacts/db/start . scripts/db/start.sh
)

# shop_db
set_attribute shop_db database_endpoint.ip_address 127.0.0.1
(
  export NODE=shop_db INSTANCE=shop_db_0 INSTANCES=shop_db_0 HOST=db_server DEPLOYMENT_ID=three-tier TOSCA_DEPLOYMENT=three-tier TOSCA_NODE=shop_db TOSCA_INSTANCE=shop_db_0 TOSCA_INSTANCES=shop_db_0 TOSCA_TYPE=shop.nodes.Table TOSCA_OP=create TOSCA_INTERFACE=Standard TOSCA_HOST=db_server TOSCA_ADDRESS=127.0.0.1
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
  operation shop_db create '' db_server bash artifacts/shop_db/create . scripts/shop_db/create.sh
)
(
  export NODE=shop_db INSTANCE=shop_db_0 INSTANCES=shop_db_0 HOST=db_server DEPLOYMENT_ID=three-tier TOSCA_DEPLOYMENT=three-tier TOSCA_NODE=shop_db TOSCA_INSTANCE=shop_db_0 TOSCA_INSTANCES=shop_db_0 TOSCA_TYPE=shop.nodes.Table TOSCA_OP=configure TOSCA_INTERFACE=Standard TOSCA_HOST=db_server TOSCA_ADDRESS=127.0.0.1
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
  operation shop_db configure '' db_server bash artifacts/shop_db/configure . scripts/shop_db/configure.sh
)

# web_server
tree web_server
set_attribute web_server private_address 127.0.0.1

# web
(
  export NODE=web INSTANCE=web_0 INSTANCES=web_0 HOST=web_server DEPLOYMENT_ID=three-tier TOSCA_DEPLOYMENT=three-tier TOSCA_NODE=web TOSCA_INSTANCE=web_0 TOSCA_INSTANCES=web_0 TOSCA_TYPE=shop.nodes.Web TOSCA_OP=create TOSCA_INTERFACE=Standard TOSCA_HOST=web_server TOSCA_ADDRESS=127.0.0.1
  operation web create '' web_server bash artifacts/web/create . scripts/web/create.sh
)
(
  export NODE=web INSTANCE=web_0 INSTANCES=web_0 HOST=web_server DEPLOYMENT_ID=three-tier TOSCA_DEPLOYMENT=three-tier TOSCA_NODE=web TOSCA_INSTANCE=web_0 TOSCA_INSTANCES=web_0 TOSCA_TYPE=shop.nodes.Web TOSCA_OP=configure TOSCA_INTERFACE=Standard TOSCA_HOST=web_server TOSCA_ADDRESS=127.0.0.1
  port="$TOSCA_INPUT_web_port"
  export port
  operation web configure '' web_server bash artifacts/web/configure . scripts/web/configure.sh
)
(
  export NODE=web INSTANCE=web_0 INSTANCES=web_0 HOST=web_server DEPLOYMENT_ID=three-tier TOSCA_DEPLOYMENT=three-tier TOSCA_NODE=web TOSCA_INSTANCE=web_0 TOSCA_INSTANCES=web_0 TOSCA_TYPE=shop.nodes.Web TOSCA_OP=start TOSCA_INTERFACE=Standard TOSCA_HOST=web_server TOSCA_ADDRESS=127.0.0.1
  port="$TOSCA_INPUT_web_port"
  export port
  operation web start '' web_server bash artifacts/web/start . scripts/web/start.sh
)

# shop
(
  export NODE=shop INSTANCE=shop_0 INSTANCES=shop_0 HOST=web_server DEPLOYMENT_ID=three-tier TOSCA_DEPLOYMENT=three-tier TOSCA_NODE=shop TOSCA_INSTANCE=shop_0 TOSCA_INSTANCES=shop_0 TOSCA_TYPE=shop.nodes.Shop TOSCA_OP=create TOSCA_INTERFACE=Standard TOSCA_HOST=web_server TOSCA_ADDRESS=127.0.0.1
  context_root=shop
  export context_root
  operation shop create '' web_server bash artifacts/shop/create . scripts/shop/create.sh
)
(
  export NODE=shop INSTANCE=shop_0 INSTANCES=shop_0 HOST=web_server DEPLOYMENT_ID=three-tier TOSCA_DEPLOYMENT=three-tier TOSCA_NODE=shop TOSCA_INSTANCE=shop_0 TOSCA_INSTANCES=shop_0 TOSCA_TYPE=shop.nodes.Shop TOSCA_OP=configure TOSCA_INTERFACE=Standard TOSCA_HOST=web_server TOSCA_ADDRESS=127.0.0.1
  context_root=shop
  export context_root
  db_host="$(attribute shop_db database_endpoint.ip_address)"
  export db_host
  db_port="$TOSCA_INPUT_db_port"
  export db_port
  db_name=shop
  export db_name
  db_user=shop
  export db_user
  db_password="$TOSCA_INPUT_db_password"
  export db_password
  operation shop configure '' web_server bash artifacts/shop/configure . scripts/shop/configure.sh
)
(
  export NODE=shop INSTANCE=shop_0 INSTANCES=shop_0 HOST=web_server DEPLOYMENT_ID=three-tier TOSCA_DEPLOYMENT=three-tier TOSCA_NODE=shop TOSCA_INSTANCE=shop_0 TOSCA_INSTANCES=shop_0 TOSCA_TYPE=shop.nodes.Shop TOSCA_OP=start TOSCA_INTERFACE=Standard TOSCA_HOST=web_server TOSCA_ADDRESS=127.0.0.1
  context_root=shop
  export context_root
  port="$TOSCA_INPUT_web_port"
  export port
  operation shop start '' web_server bash artifacts/shop/start . scripts/shop/start.sh url=shop/url
)

# balancer
tree balancer
set_attribute balancer client.ip_address 127.0.0.1
(
  export NODE=balancer INSTANCE=balancer_0 INSTANCES=balancer_0 HOST=localhost DEPLOYMENT_ID=three-tier TOSCA_DEPLOYMENT=three-tier TOSCA_NODE=balancer TOSCA_INSTANCE=balancer_0 TOSCA_INSTANCES=balancer_0 TOSCA_TYPE=shop.nodes.Balancer TOSCA_OP=create TOSCA_INTERFACE=Standard TOSCA_HOST=localhost TOSCA_ADDRESS=127.0.0.1
  operation balancer create '' balancer bash artifacts/balancer/create . scripts/balancer/create.sh
)
(
  export NODE=balancer INSTANCE=balancer_0 INSTANCES=balancer_0 HOST=localhost DEPLOYMENT_ID=three-tier TOSCA_DEPLOYMENT=three-tier TOSCA_NODE=balancer TOSCA_INSTANCE=balancer_0 TOSCA_INSTANCES=balancer_0 TOSCA_TYPE=shop.nodes.Balancer TOSCA_OP=configure TOSCA_INTERFACE=Standard TOSCA_HOST=localhost TOSCA_ADDRESS=127.0.0.1
  port="$TOSCA_INPUT_balancer_port"
  export port
  algorithm=ROUND_ROBIN
  export algorithm
  application_host="$(attribute web_server private_address)"
  export application_host
  application_port="$TOSCA_INPUT_web_port"
  export application_port
  operation balancer configure '' balancer bash artifacts/balancer/configure . scripts/balancer/configure.sh
)
(
  export NODE=balancer INSTANCE=balancer_0 INSTANCES=balancer_0 HOST=localhost DEPLOYMENT_ID=three-tier TOSCA_DEPLOYMENT=three-tier TOSCA_NODE=balancer TOSCA_INSTANCE=balancer_0 TOSCA_INSTANCES=balancer_0 TOSCA_TYPE=shop.nodes.Balancer TOSCA_OP=start TOSCA_INTERFACE=Standard TOSCA_HOST=localhost TOSCA_ADDRESS=127.0.0.1
  port="$TOSCA_INPUT_balancer_port"
  export port
  operation balancer start '' balancer bash artifacts/balancer/start . scripts/balancer/start.sh url=balancer/url
)

# outputs
echo 'shop = 'http://"$(attribute balancer client.ip_address)":"$TOSCA_INPUT_balancer_port"/shop/
