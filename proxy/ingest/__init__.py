"""Records of calls that did not pass through the gateway: reported by loggers, by OpenTelemetry, or read from files.

They go into the same spool as the gateway's, so the shipper prices, counts and tags them like any other. Both planes
and `perihelion import` use it; it imports `core`, `providers` and the spool's writer. One more way in: one module that
makes a `Record` with `Ingested(source=…)`, and `fit` before it is written.
"""
