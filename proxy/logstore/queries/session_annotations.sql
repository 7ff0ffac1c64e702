SELECT *
FROM annotations
WHERE org = {org:String}
  AND session_id = {session:String}
ORDER BY at DESC, id DESC
LIMIT {limit:UInt32}
