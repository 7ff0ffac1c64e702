-- How a cost came about: its lines, and what made it unknown.
ALTER TABLE requests ADD COLUMN IF NOT EXISTS cost_lines String COMMENT 'JSON list of what cost_nanousd is the sum of, each an array of the fields of core/cost.py CostLine' CODEC(ZSTD(1));
ALTER TABLE requests ADD COLUMN IF NOT EXISTS cost_missing Array(String) COMMENT 'what has no known price or could not be read; empty where the cost is known';
ALTER TABLE requests COMMENT COLUMN usage_source 'provider, drained (read after the caller left), counted (nothing was used) or none';
