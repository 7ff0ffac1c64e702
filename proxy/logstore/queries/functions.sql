-- All functions under all their names; `accepted` are aggregates, and those of these categories.
WITH known AS
(
    SELECT name
    FROM system.functions
    WHERE is_aggregate OR has({categories:Array(String)}, categories)
)
SELECT name, case_insensitive, is_aggregate, name IN known OR alias_to IN known AS accepted
FROM system.functions
