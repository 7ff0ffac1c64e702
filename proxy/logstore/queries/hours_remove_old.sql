DELETE FROM hourly
WHERE org = {org:String} AND has({hours:Array(UInt32)}, toUnixTimestamp(hour)) AND fill < {fill:UInt64}
