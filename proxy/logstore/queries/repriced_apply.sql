-- A key that is not in repriced_batch keeps its figures: after a crash an update may run on while the table is filled again.
ALTER TABLE requests
    UPDATE
        cost_nanousd = if(joinGet({batch:String}, 'found', toString(org), start, id) = 1, joinGet({batch:String}, 'cost_nanousd', toString(org), start, id), cost_nanousd),
        cost_known = if(joinGet({batch:String}, 'found', toString(org), start, id) = 1, joinGet({batch:String}, 'cost_known', toString(org), start, id), cost_known),
        saved_nanousd = if(joinGet({batch:String}, 'found', toString(org), start, id) = 1, joinGet({batch:String}, 'saved_nanousd', toString(org), start, id), saved_nanousd),
        cost_lines = if(joinGet({batch:String}, 'found', toString(org), start, id) = 1, joinGet({batch:String}, 'cost_lines', toString(org), start, id), cost_lines),
        cost_missing = if(joinGet({batch:String}, 'found', toString(org), start, id) = 1, joinGet({batch:String}, 'cost_missing', toString(org), start, id), cost_missing),
        price_version = if(joinGet({batch:String}, 'found', toString(org), start, id) = 1, joinGet({batch:String}, 'price_version', toString(org), start, id), price_version)
    IN PARTITION {month:UInt32}
    WHERE {token:String} != ''
      AND (org, start, id) IN
      (
          SELECT org, start, id
          FROM repriced
          WHERE run = {run:String}
            AND toYYYYMM(start) = {month:UInt32}
            AND (org, start, id) > ({org:String}, fromUnixTimestamp64Micro({after_us:Int64}), {after_id:String})
            AND (org, start, id) <= ({last_org:String}, fromUnixTimestamp64Micro({last_us:Int64}), {last_id:String})
      )
