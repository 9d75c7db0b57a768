# Sourced by the scripts. Every line may be answered by a variable of the environment.
# The TCP port on which the shop answers.
[ -n "${TOSCA_INPUT_balancer_port+set}" ] || TOSCA_INPUT_balancer_port=8080
# The TCP port of the web servers.
[ -n "${TOSCA_INPUT_web_port+set}" ] || TOSCA_INPUT_web_port=8081
# The TCP port of the database.
[ -n "${TOSCA_INPUT_db_port+set}" ] || TOSCA_INPUT_db_port=7306
# The password of the database; give your own for anything but a trial.
: "${TOSCA_INPUT_db_password?the input db_password is not set}"
# Where the database's volume is mounted.
[ -n "${TOSCA_INPUT_data_path+set}" ] || TOSCA_INPUT_data_path=/mnt/shop
# How much room the database has.
[ -n "${TOSCA_INPUT_volume_size+set}" ] || TOSCA_INPUT_volume_size='10 GB'
# How many web servers there are at most.
[ -n "${TOSCA_INPUT_web_servers_max+set}" ] || TOSCA_INPUT_web_servers_max=5
