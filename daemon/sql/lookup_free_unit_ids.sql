-- The lowest unit IDs of the agency's blocks that no radio has, nor had when it went missing.
SELECT f.refusal, f.unit_id, f.first, f.last
FROM radioshop.free_unit_ids(:agency::text, :system::text, :count::int4) f
