SELECT name
FROM annotations
WHERE org = {org:String}
  AND kind = 'score'
  AND type != 'category'
GROUP BY name
ORDER BY count() DESC, name
LIMIT 25
