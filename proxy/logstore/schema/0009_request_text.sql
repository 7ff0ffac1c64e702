-- The text of the prompt, for text search. The text index itself is made by migrate.py as the settings say.
-- Rows of before have no text here.
ALTER TABLE bodies ADD COLUMN IF NOT EXISTS request_text String COMMENT 'start of the last user message, then of the system prompt' CODEC(ZSTD(1));
