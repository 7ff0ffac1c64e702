SELECT id
FROM annotations
WHERE org = {org:String}
  AND request_id IN {requests:Array(String)}
  AND id IN {ids:Array(String)}
