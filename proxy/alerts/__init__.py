"""Alerts: what a rule is, when its condition holds, which state its groups are in, and what people are told.

Pure: no I/O; imports `core` and `query`. The control plane reads the log, keeps the states and sends
(`proxy/control/jobs/evaluate.py`). One more metric: a measure of `proxy/query/measures.py` is one by itself.
"""
