-- Takes unit IDs that no radio has out of the agency's blocks, whole or in part.
SELECT b.refusal, b.code AS agency, b.name AS system, b.shown_first AS first, b.shown_last AS last, b.granted_by, b.granted_at
FROM radioshop.revoke_unit_block(:agency::text, :system::text, :first::int4, :last::int4) b
