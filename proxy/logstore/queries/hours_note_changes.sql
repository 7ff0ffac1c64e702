INSERT INTO hourly_changes (org, hour, changes)
SELECT each.1, toDateTime(each.2), 1
FROM (SELECT arrayJoin(arrayZip({orgs:Array(String)}, {hours:Array(UInt32)})) AS each)
