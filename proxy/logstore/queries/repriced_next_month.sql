SELECT min(toYYYYMM(start)) AS next_month
FROM repriced
WHERE run = {run:String}
  AND toYYYYMM(start) > {month:UInt32}
