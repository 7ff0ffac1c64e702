SELECT table
FROM system.columns
WHERE database = {database:String} AND name = 'org'
