SELECT
    count() AS calls,
    argMinIf(mark, position, failed) AS first_error,
    argMinIf(mark, position, failed AND position > {after:Int64}) AS next_error,
    argMaxIf(mark, latency_ms, latency_ms > 0) AS slowest,
    argMaxIf(mark, cost_nanousd, cost_nanousd > 0) AS most_expensive,
    argMinIf(mark, position, id = {call:String}) AS asked
FROM (
    SELECT
        id,
        failed,
        latency_ms,
        cost_nanousd,
        toInt64(row_number() OVER (ORDER BY start, id)) - 1 AS position,
        toInt64(row_number() OVER (PARTITION BY segments ORDER BY start, id)) - 1 AS own_position,
        (id, segments, position, own_position) AS mark
    FROM (
        SELECT
            id,
            start,
            error != '' OR status >= 400 OR outcome != 'success' AS failed,
            latency_ms,
            cost_nanousd,
            arrayFilter(each -> each != '', splitByChar('/', session_path)) AS segments
        FROM requests
        WHERE org = {org:String}
          AND session_id = {session:String}
          /* filter */
    )
)
