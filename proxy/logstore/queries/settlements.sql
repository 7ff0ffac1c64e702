SELECT settled_id, toUnixTimestamp64Micro(start), id
FROM requests
WHERE org = {org:String}
  AND settled_id IN {ids:Array(String)}
