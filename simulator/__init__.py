"""A provider to run against: scripted, fast, faithful on the wire. For tests, benchmarks and the demo.

It imports nothing of `proxy` or `_speedups`. `python -m simulator` serves it; `process.start()` does so from a test.
A call is scripted by its own `x-sim-*` headers (`script.Script`), which pass through a proxy like any others; without
any, an answer is looked up by its request and leaves in one write. One more shape: one file in `shapes/`, one line in
`shapes/__init__.py`.
"""
