SELECT
    request_id,
    name,
    argMax(text, (at, id)) AS value,
    argMax(removed, (at, id)) AS is_removed
FROM annotations
WHERE org = {org:String}
  AND kind = 'property'
  AND request_id IN {ids:Array(String)}
GROUP BY request_id, name
