INSERT INTO property_values_taken (since, until, first_day)
SELECT fromUnixTimestamp64Micro({since_us:Int64}), fromUnixTimestamp64Micro({until_us:Int64}), toDate({first_day:String})
