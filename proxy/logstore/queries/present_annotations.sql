SELECT id
FROM annotations
WHERE org = {org:String}
  AND (request_id IN {requests:Array(String)} OR session_id IN {sessions:Array(String)})
  AND id IN {ids:Array(String)}
