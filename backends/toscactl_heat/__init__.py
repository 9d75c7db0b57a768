"""The heat backend."""
