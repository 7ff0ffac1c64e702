"""Calls that did not go through this proxy: how they become records of the spool."""
