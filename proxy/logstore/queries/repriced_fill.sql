INSERT INTO repriced_batch
SELECT
    org, start, id, 1,
    new_cost_nanousd, new_cost_known, new_saved_nanousd, new_cost_lines, new_cost_missing, new_price_version
FROM repriced
WHERE run = {run:String}
  AND toYYYYMM(start) = {month:UInt32}
  AND (org, start, id) > ({org:String}, fromUnixTimestamp64Micro({after_us:Int64}), {after_id:String})
  AND (org, start, id) <= ({last_org:String}, fromUnixTimestamp64Micro({last_us:Int64}), {last_id:String})
