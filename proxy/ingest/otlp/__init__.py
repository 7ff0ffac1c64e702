"""Spans of OpenTelemetry as records: GenAI semantic conventions, OpenInference and OpenLLMetry.

    decode.py      a request body to spans
    attributes.py  which attribute names mean what, in one table
    messages.py    prompts and answers as chat messages
    records.py     spans to records

One more convention: its names in `attributes.py`, and a reader in `messages.py` where its messages have another form.
"""
