"""Bundled TOSCA profiles, as package data."""
