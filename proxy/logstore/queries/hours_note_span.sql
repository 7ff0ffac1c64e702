INSERT INTO hourly_changes (org, hour, changes)
SELECT DISTINCT org, hour, 1
FROM hourly_fills
WHERE org = {org:String} AND hour >= toDateTime({since:UInt32}) AND hour < toDateTime({until:UInt32})
