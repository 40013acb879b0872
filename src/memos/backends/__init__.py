"""Backends: one folder or file, one port."""
