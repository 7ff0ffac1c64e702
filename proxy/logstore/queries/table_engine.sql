SELECT currentDatabase() AS database, engine
FROM system.tables
WHERE database = currentDatabase()
  AND name = {table:String}
