-- Tables with organisations, but for those whose row policy (`perihelion store init`) tells them apart already: a filter
-- and a row policy together fail in 26.7 where a query does not name the column.
SELECT database || '.' || table
FROM system.columns
WHERE database IN {databases:Array(String)}
  AND name = 'org'
  AND (database, table) NOT IN (
    SELECT database, table
    FROM system.row_policies
    WHERE has(apply_to_list, {reader:String}) AND select_filter LIKE '%getSetting(\'log_comment\')%'
  )
