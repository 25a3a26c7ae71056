"""Notebooks that a person reads: read within bounds, run in the sandbox, and shown so that nothing in them runs."""
