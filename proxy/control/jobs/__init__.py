"""Background work of the control plane: `ship` moves segments into the log store, slice by slice, exactly once.

`journal` remembers how far it is, `reading` reads a record's bodies, `enter` makes the rows of a record.
"""
