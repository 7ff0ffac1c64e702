-- Aggregates, and the functions of these categories under all their names.
WITH known AS
(
    SELECT name
    FROM system.functions
    WHERE is_aggregate OR has({categories:Array(String)}, categories)
)
SELECT name, case_insensitive, is_aggregate
FROM system.functions
WHERE name IN known OR alias_to IN known
