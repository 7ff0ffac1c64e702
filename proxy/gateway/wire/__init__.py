"""The client side of a call. `base` defines what the pipeline needs; `server`, `connection` and `http` are our own
HTTP/1.1; `rsgi` is the same over granian."""
