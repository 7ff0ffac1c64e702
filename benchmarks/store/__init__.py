"""The log store at size: `python -m benchmarks.store` fills a log, asks it through the API, and compares with bounds.

`fill` makes the rows inside the engine, `questions` lists what is asked and how long it may take, `ingest` writes while
queries run, `__main__` puts them together.
"""
