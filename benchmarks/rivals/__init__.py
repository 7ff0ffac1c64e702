"""Others, measured by the same harness. One file each with `NAME`, `LOGS`, `PATH`, `headers()`, `install()`, `start()`.

Nothing is registered: every module here that has a `NAME` takes part.
"""
