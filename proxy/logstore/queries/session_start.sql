SELECT
    count() AS calls,
    toUnixTimestamp64Micro(min(start)) AS start_us
FROM requests
WHERE org = {org:String}
  AND session_id = {session:String}
