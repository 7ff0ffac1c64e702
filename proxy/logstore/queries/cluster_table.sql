-- Filled in with quoted names: here the engine takes no bound ones.
CREATE OR REPLACE TABLE {database}.{table} AS {tables}.{table}
ENGINE = Distributed({cluster}, {tables}, {table}, {key})
