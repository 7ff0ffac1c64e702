"""Fuzzers: what strangers send and what lies in files, as bytes that nobody wrote on purpose; `registry` has them."""
