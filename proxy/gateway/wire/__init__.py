"""The caller's side of a call. `base` says what the pipeline needs; `server`, `connection` and `http` are our own
HTTP/1.1; `rsgi` is the same over granian."""
