"""The spool: finished calls on their way from the gateway to the log, as frames in segment files.

`writer` is the gateway's, `reader` is the shipper's, `segment` is the format that both agree on. Imports `core`
only. One more field of a record is one line in `core.record`; nothing here changes.
"""
