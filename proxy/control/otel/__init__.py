"""Calls as spans and metrics of OpenTelemetry's GenAI conventions, in the forms of OTLP.

    names.py     every name, in each version of the conventions (`otel.semconv`)
    spans.py     the rows of a call to a span
    messages.py  bodies to the messages of the conventions
    metrics.py   histograms and counters of calls
    encode.py    spans and metrics to the bodies of OTLP requests: protobuf and JSON

No I/O; `proxy/control/sinks/otlp.py` sends. One more attribute: one row in `names.py`.
"""
