-- The tools that a call is about, for filters and lists. Rows of before have none.
ALTER TABLE requests ADD COLUMN IF NOT EXISTS tool_names Array(LowCardinality(String)) COMMENT 'tools that the response called, each once; of a logged tool step its own name';
