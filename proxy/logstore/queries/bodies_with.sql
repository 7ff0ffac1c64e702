SELECT
    id,
    arrayFilter(each -> position(request, each) > 0, {texts:Array(String)}) AS found
FROM bodies
WHERE org = {org:String}
  AND start >= fromUnixTimestamp64Micro({since_us:Int64})
  AND start <= fromUnixTimestamp64Micro({until_us:Int64})
  AND id IN {ids:Array(String)}
  AND notEmpty(found)
ORDER BY start, id
