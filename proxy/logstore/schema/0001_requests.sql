-- One row a call, without its bodies. An insert leaves out columns that are blank in all its rows, and the engine fills
-- them in: so no column may have a DEFAULT, and a field's default in logstore/rows.py must equal its type's ('', 0, NULL).
-- Ordered for "newest of this organisation"; id, session and user have skip indexes.
-- A row's key is (org, start, id) and never changes: a correction would be a second row.
CREATE TABLE IF NOT EXISTS requests
(
    id String,
    org LowCardinality(String),
    key String,
    start DateTime64(6, 'UTC'),

    provider LowCardinality(String),
    host LowCardinality(String),
    dialect LowCardinality(String),
    operation LowCardinality(String),
    method LowCardinality(String),
    path String CODEC(ZSTD(1)),
    model_asked LowCardinality(String),
    model LowCardinality(String) COMMENT 'as overridden, else as answered, else as requested',
    model_override LowCardinality(String),

    status UInt16,
    outcome LowCardinality(String),
    error LowCardinality(String) COMMENT 'our code, else the provider''s error type; empty on success',
    error_message String CODEC(ZSTD(1)),
    cut LowCardinality(String),
    finish_reason LowCardinality(String),
    streamed Bool,
    drained Bool,

    latency_ms Nullable(Float64) COMMENT 'start to end',
    ttft_ms Nullable(Float64) COMMENT 'start to first token',
    first_byte_ms Nullable(Float64) COMMENT 'start to first byte of the response',
    sent_ms Nullable(Float64) COMMENT 'start to the request being sent: time spent in the gateway',

    input_tokens Nullable(UInt64) COMMENT 'all input, cache reads and writes included',
    output_tokens Nullable(UInt64) COMMENT 'all output, reasoning included',
    cached_input_tokens Nullable(UInt64),
    cache_write_tokens Nullable(UInt64),
    reasoning_tokens Nullable(UInt64),
    total_tokens Nullable(UInt64) COMMENT 'as the provider reported it',
    provider_input_tokens Nullable(UInt64) COMMENT 'as the provider reported it',
    provider_output_tokens Nullable(UInt64) COMMENT 'as the provider reported it',
    input_includes_cached Nullable(Bool),
    output_includes_reasoning Nullable(Bool),
    usage_raw String COMMENT 'JSON' CODEC(ZSTD(1)),
    usage_at LowCardinality(String),
    usage_source LowCardinality(String) COMMENT 'provider, drained or none',
    cost_nanousd Nullable(Int64),
    cost_known Bool,
    reported_cost_nanousd Nullable(Int64),
    price_version LowCardinality(String),

    user_id String,
    session_id String,
    session_path String,
    session_name LowCardinality(String),
    request_name LowCardinality(String),
    properties Map(LowCardinality(String), String),
    property_names Map(LowCardinality(String), String) COMMENT 'the spelling sent, where it is not lower case',
    prompt_id LowCardinality(String),
    prompt_version LowCardinality(String),

    cached Bool,
    request_size UInt64,
    response_size UInt64,
    request_omitted Bool,
    response_omitted Bool,
    truncated Bool,
    request_preview String CODEC(ZSTD(1)),
    response_preview String CODEC(ZSTD(1)),

    attempts String COMMENT 'JSON list' CODEC(ZSTD(1)),
    attempt_count UInt16,
    facts String COMMENT 'JSON object' CODEC(ZSTD(1)),
    unknown_directives Map(LowCardinality(String), String),
    response_headers Map(LowCardinality(String), String),
    client_ip String,
    user_agent LowCardinality(String),
    worker LowCardinality(String),
    reading_error String COMMENT 'why the bodies could not be read; empty where they could',

    INDEX by_id id TYPE bloom_filter(0.001) GRANULARITY 4,
    INDEX by_session session_id TYPE bloom_filter(0.01) GRANULARITY 4,
    INDEX by_user user_id TYPE bloom_filter(0.01) GRANULARITY 4
)
ENGINE = MergeTree
PARTITION BY toYYYYMM(start)
ORDER BY (org, start, id)
SETTINGS non_replicated_deduplication_window = 10000;
