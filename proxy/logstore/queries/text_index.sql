SELECT
    version() AS version,
    (SELECT count() FROM system.functions WHERE name IN {names:Array(String)}) AS functions
