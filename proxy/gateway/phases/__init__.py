"""The steps of a call, one file each, in the order of `pipeline.handle`. No phase imports another."""
