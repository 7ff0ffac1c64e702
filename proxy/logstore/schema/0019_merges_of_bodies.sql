-- Large bodies make a merge of many parts expensive: it has a piece of each of them in memory. Eight at a time take less
-- than 100 MiB where every body has several megabytes.
ALTER TABLE bodies MODIFY SETTING min_parts_to_merge_at_once = 8, max_parts_to_merge_at_once = 8;
