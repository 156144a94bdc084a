-- A row is written again at each merge, which costs twice what inserting it did. Parts of one size are merged ten at a time
-- and not five: a row is merged two and a half times under load in place of three and a half (decision 0018). Narrow
-- tables keep five: their rows cost a twentieth, and lists look into every part of them.
ALTER TABLE @table(spans) @on_cluster MODIFY SETTING merge_selector_base = 10;
ALTER TABLE @table(logs) @on_cluster MODIFY SETTING merge_selector_base = 10;
