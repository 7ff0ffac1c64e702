"""The same names in plain Python: the spec, the fallback and the oracle of the compiled modules."""
