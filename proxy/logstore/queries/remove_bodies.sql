DELETE FROM bodies
WHERE org = {org:String}
  AND start >= fromUnixTimestamp64Micro({since_us:Int64})
  AND start <= fromUnixTimestamp64Micro({until_us:Int64})
  AND has(arrayZip({starts:Array(Int64)}, {ids:Array(String)}), (toUnixTimestamp64Micro(start), id))
