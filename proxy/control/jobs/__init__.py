"""Background work of the control plane, each part in a thread of its own.

`ship` moves finished calls from the spool to the sinks; `journal` notes how far each sink is, `row_builder` builds the
rows of a record. `publish` writes the snapshot that the gateways read.
"""
