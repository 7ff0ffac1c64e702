SELECT max(fill) AS fill
FROM
(
    SELECT fill FROM hourly_fills WHERE org = {org:String}
    UNION ALL
    SELECT fill FROM hourly
    WHERE org = {org:String} AND hour >= toDateTime({since:UInt32}) AND hour < toDateTime({until:UInt32})
)
