"""Describe a service once in TOSCA, deploy it anywhere."""
