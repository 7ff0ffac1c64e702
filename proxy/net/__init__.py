"""Outbound network for both planes: which addresses may be connected to, and the control plane's HTTP client.

Imports `core` only. Providers are reached through `proxy.upstream`, which uses the same guard.
"""
