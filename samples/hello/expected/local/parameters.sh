# Sourced by the scripts. Every line may be answered by a variable of the environment.
# The TCP port on which the page is served.
[ -n "${TOSCA_INPUT_port+set}" ] || TOSCA_INPUT_port=8765
# What the page says.
[ -n "${TOSCA_INPUT_greeting+set}" ] || TOSCA_INPUT_greeting='Hello from TOSCA'
