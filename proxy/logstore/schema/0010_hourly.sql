-- Stored hours: figures of the calls of an hour, for organisations with so many calls that reading them takes long.
-- Columns are the aggregates of proxy/query/measures.py; percentiles are sketches of a thousand times the values.
-- An hour is filled as a whole, under a new number: rows of an older fill, or of one that was not finished, stay until
-- they are removed, and are not read.
CREATE TABLE IF NOT EXISTS hourly
(
    org LowCardinality(String),
    hour DateTime('UTC'),
    fill UInt64,
    provider LowCardinality(String),
    model LowCardinality(String),
    part_calls UInt64,
    part_errors UInt64,
    part_cost_nanousd Nullable(Int64),
    part_priced_calls UInt64,
    part_unknown_cost_calls UInt64,
    part_saved_nanousd Nullable(Int64),
    part_saved_ms Nullable(Float64),
    part_input_tokens Nullable(UInt64),
    part_output_tokens Nullable(UInt64),
    part_cached_input_tokens Nullable(UInt64),
    part_cache_write_tokens Nullable(UInt64),
    part_reasoning_tokens Nullable(UInt64),
    part_cache_hits UInt64,
    part_cache_lookups UInt64,
    part_users AggregateFunction(uniqCombined64(15), Nullable(String)),
    part_sessions AggregateFunction(uniqCombined64(15), Nullable(String)),
    part_limit_refusals UInt64,
    part_retries UInt64,
    part_fallbacks UInt64,
    part_request_bytes UInt64,
    part_response_bytes UInt64,
    part_latency_percentiles AggregateFunction(quantilesDD(0.01, 0.5, 0.75, 0.9, 0.95, 0.99), Nullable(Float64)),
    part_latency_sum Nullable(Float64),
    part_latency_count UInt64,
    part_latency_min Nullable(Float64),
    part_latency_max Nullable(Float64),
    part_ttft_percentiles AggregateFunction(quantilesDD(0.01, 0.5, 0.75, 0.9, 0.95, 0.99), Nullable(Float64)),
    part_ttft_sum Nullable(Float64),
    part_ttft_count UInt64,
    part_ttft_min Nullable(Float64),
    part_ttft_max Nullable(Float64),
    part_gateway_time_percentiles AggregateFunction(quantilesDD(0.01, 0.5, 0.75, 0.9, 0.95, 0.99), Nullable(Float64)),
    part_gateway_time_sum Nullable(Float64),
    part_gateway_time_count UInt64,
    part_gateway_time_min Nullable(Float64),
    part_gateway_time_max Nullable(Float64),
    part_tokens_per_second_percentiles AggregateFunction(quantilesDD(0.01, 0.5, 0.75, 0.9, 0.95, 0.99), Nullable(Float64)),
    part_tokens_per_second_sum Nullable(Float64),
    part_tokens_per_second_count UInt64,
    part_tokens_per_second_min Nullable(Float64),
    part_tokens_per_second_max Nullable(Float64)
)
ENGINE = MergeTree
PARTITION BY toYYYYMM(hour)
ORDER BY (org, hour, fill, provider, model);
-- A finished fill. It holds as long as the hour has had no further change; the highest number counts.
CREATE TABLE IF NOT EXISTS hourly_fills
(
    org LowCardinality(String),
    hour DateTime('UTC'),
    fill UInt64,
    changes UInt64 COMMENT 'how many changes of the hour were noted before the fill',
    calls UInt64 COMMENT 'how many calls it covers'
)
ENGINE = MergeTree
PARTITION BY toYYYYMM(hour)
ORDER BY (org, hour, fill);
-- Calls came late into an hour, or its calls were changed. Merges add the numbers up.
CREATE TABLE IF NOT EXISTS hourly_changes
(
    org LowCardinality(String),
    hour DateTime('UTC'),
    changes UInt64
)
ENGINE = SummingMergeTree
PARTITION BY toYYYYMM(hour)
ORDER BY (org, hour);
