INSERT INTO hourly_fills (org, hour, fill, changes, calls)
SELECT {org:String}, toDateTime(each.1), {fill:UInt64}, each.2, each.3
FROM (SELECT arrayJoin(arrayZip({hours:Array(UInt32)}, {changes:Array(UInt64)}, {calls:Array(UInt64)})) AS each)
