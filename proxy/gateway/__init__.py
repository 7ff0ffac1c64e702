"""The data plane: takes a call, carries it to a provider, brings the answer back, and writes one record.

Imports core, providers, policies, upstream, kv, spool.writer and _speedups; never the control plane or its engines.
Read `pipeline.py` first. One more step of a call: one file in `phases/`, one line in the pipeline.
"""
