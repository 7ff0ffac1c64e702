SELECT DISTINCT name
FROM annotations
WHERE org = {org:String}
  AND kind = 'property'
