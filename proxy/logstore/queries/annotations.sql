SELECT *
FROM annotations
WHERE org = {org:String}
  AND request_id IN {ids:Array(String)}
ORDER BY at DESC, id DESC
LIMIT {limit:UInt32} BY request_id
