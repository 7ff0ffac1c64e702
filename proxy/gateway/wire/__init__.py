"""The caller's side of a call. `base` says what the pipeline needs; `rsgi` is the only file that knows granian;
`fake` is the same without a server, for tests."""
