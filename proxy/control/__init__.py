"""The control plane: owns the log store and the metadata database, ships segments, serves the API.

One process. May import `core`, `providers`, `metadata`, `logstore`, `prices` and `spool.reader`; never the gateway.
`app` is the ASGI application, `server` starts it, `api/<resource>.py` are the resources, `jobs/` is what runs in the
background. One more resource: one file in `api` and one line in `app.ROUTES`.
"""
