SELECT
    bin,
    count() AS running,
    countIf(failed AND bin = first_bin) AS failed_calls
FROM (
    SELECT
        error != '' OR status >= 400 OR outcome != 'success' AS failed,
        toUnixTimestamp64Micro(start) - {start_us:Int64} AS from_us,
        toInt32(least({bins:Int32} - 1, intDiv(from_us, {width_us:Int64}))) AS first_bin,
        toInt32(least({bins:Int32} - 1, intDiv(from_us + toInt64(ifNull(latency_ms, 0) * 1000), {width_us:Int64}))) AS last_bin,
        arrayJoin(range(first_bin, last_bin + 1)) AS bin
    FROM requests
    WHERE org = {org:String}
      AND session_id = {session:String}
      /* filter */
)
GROUP BY bin
