SELECT *
FROM requests
WHERE org = {org:String}
  AND (/* filter */)
ORDER BY /* order */
LIMIT {limit:UInt32}
OFFSET {offset:UInt32}
