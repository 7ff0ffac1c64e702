WITH
    figures AS
    (
        SELECT /* figure */ AS figure
        FROM requests
        WHERE org = {org:String}
          AND start >= fromUnixTimestamp64Micro({since_us:Int64})
          AND start < fromUnixTimestamp64Micro({until_us:Int64})
          AND (/* filter */)
        GROUP BY /* key */
    ),
    bounds AS
    (
        SELECT
            quantileExact({low:Float64})(figure) AS lowest,
            quantileExact({high:Float64})(figure) AS highest,
            avg(figure) AS average
        FROM figures
    )
SELECT
    histogram(10)(figure) AS bins,
    any(average) AS average
FROM figures, bounds
WHERE figure >= lowest AND figure <= highest
