# Sourced by the scripts. Every line may be answered by a variable of the environment.
# The name of a flavor or instance type.
[ -n "${TOSCA_INPUT_flavor+set}" ] || TOSCA_INPUT_flavor=m1.small
# The name or id of a machine image.
[ -n "${TOSCA_INPUT_image+set}" ] || TOSCA_INPUT_image=ubuntu-24.04
# The name of a key pair that the cloud knows.
[ -n "${TOSCA_INPUT_key_name+set}" ] || TOSCA_INPUT_key_name=operator
# How many CPUs the server has at least.
[ -n "${TOSCA_INPUT_cpus+set}" ] || TOSCA_INPUT_cpus=1
