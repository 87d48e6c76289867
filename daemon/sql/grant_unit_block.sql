-- A block of unit IDs for an agency, unless it overlaps another or radios of other agencies have some of them.
SELECT b.refusal, b.code AS agency, b.name AS system, b.shown_first AS first, b.shown_last AS last, b.granted_by, b.granted_at, b.warnings
FROM radioshop.grant_unit_block(:agency::text, :system::text, :first::int4, :last::int4) b
