"""Settings of what leaves the log: sinks, OpenTelemetry, files. Rows of `SETTINGS` like the others."""

from proxy.core.setting import BYTES, COUNT, HEADERS, HTTP_URL, SECONDS, TARGET, Setting, one_of

__all__ = ["EXPORT_SETTINGS"]

EXPORT_SETTINGS: tuple[Setting, ...] = (
    Setting(
        "metrics.models",
        "",
        "Models that are labels on `/metrics` beside those with built-in prices, comma-separated; `*`: every model "
        "that answered a call. The page needs no login.",
    ),
    Setting("sink.jsonl.path", "", "File that gets one JSON object a call (docs/events.md); empty: none."),
    Setting("sink.jsonl.max_bytes", 256 << 20, "The file is rotated before it grows past this size.", *BYTES),
    Setting("sink.jsonl.keep", 4, "Rotated files kept: `<path>.1` is the newest.", "0 or more", lambda v: v >= 0),
    Setting("sink.jsonl.bodies", False, "Add the bodies of each call to its object."),
    Setting(
        "otel.endpoint",
        "",
        "Address of an OTLP/HTTP receiver that gets a span and metrics of each call (docs/exports.md): "
        "`http://localhost:4318`; `/v1/traces` and `/v1/metrics` are added. Empty: none.",
        *HTTP_URL,
    ),
    Setting("otel.headers", "", "Headers of these requests, such as credentials: `name=value,name=value`.", *HEADERS),
    Setting("otel.protocol", "protobuf", "Form of these requests.", *one_of("protobuf", "json")),
    Setting("otel.gzip", True, "Compress these requests."),
    Setting(
        "otel.semconv",
        "1.36",
        "Version of OpenTelemetry's GenAI conventions that names are taken from; `latest` is in development.",
        *one_of("1.36", "latest"),
    ),
    Setting("otel.signals", "both", "What is exported.", *one_of("both", "traces", "metrics")),
    Setting("otel.bodies", False, "Add prompts and responses to spans."),
    Setting(
        "otel.temporality",
        "delta",
        "Whether metrics count since the request before, or since the start.",
        *one_of("delta", "cumulative"),
    ),
    Setting("otel.service_name", "perihelion", "The `service.name` of spans and metrics."),
    Setting(
        "otel.durable",
        False,
        "Keep calls in the spool until the receiver has taken them, however long it is down. False: a batch is "
        "skipped after ten attempts.",
    ),
    Setting(
        "parquet.target",
        "",
        "Where each hour of calls is written as a Parquet file (docs/exports.md): a folder, or `s3://bucket/prefix`. "
        "Empty: nowhere.",
        *TARGET,
    ),
    Setting("parquet.endpoint", "", "Address of S3-compatible storage other than AWS.", *HTTP_URL),
    Setting("parquet.region", "", "Region of the bucket; empty: found out, or `us-east-1` with parquet.endpoint."),
    Setting("parquet.access_key", "", "Access key of the storage. Empty: environment, profile or role, as AWS does."),
    Setting("parquet.secret_key", "", "Its secret key."),
    Setting("parquet.delay_s", 900.0, "An hour is written so long after its end.", *SECONDS),
    Setting(
        "parquet.late_days", 7, "For so many days an hour is written again when calls come late or change.", *COUNT
    ),
)
