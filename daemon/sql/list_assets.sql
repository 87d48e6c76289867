-- Assets in order of agency and tag. The walk is a function, because it stops as soon as the page is full; with conditions on fields it is
-- another one, since those have an index of their own.
SELECT w.refusal, a.asset_id AS id, p.code AS agency,
  a.tag, a.serial, coalesce((SELECT m.number FROM radioshop.model m WHERE m.model_id = a.model_id), '') AS model, a.class, a.status, a.assigned_to, a.location, a.system, a.unit_id, a.alias,
  a.firmware, a.codeplug, a.flashcode, a.purchased_on, a.warranty_until, a.cost_cents, a.quantity, a.description, a.notes, a.revision,
  a.created_at, a.updated_at, CASE WHEN a.fields IS NOT NULL THEN radioshop.shown_fields(a.agency_id, a.fields) END AS fields,
  ARRAY[p.code, p.tag_key] AS page_key
FROM (SELECT CASE WHEN :where::text[] <> '{}' THEN radioshop.refuse_where(:agency::text, :where) END AS refusal) w
LEFT JOIN LATERAL (
  SELECT r.code, r.agency_id, r.asset_id, r.tag_key FROM radioshop.walk_assets(:agency, :status::text, :class::text, :model::text,
    :page_key::text[], :page_limit::int4) r WHERE NOT coalesce(:where <> '{}', false)
  UNION ALL SELECT r.code, r.agency_id, r.asset_id, r.tag_key FROM radioshop.walk_assets_where(:agency, :status, :class, :model, :where,
    :page_key, :page_limit) r WHERE :where <> '{}' AND w.refusal IS NULL
) p ON true
LEFT JOIN radioshop.asset a ON a.agency_id = p.agency_id AND a.asset_id = p.asset_id
WHERE w.refusal IS NOT NULL OR a.asset_id IS NOT NULL
ORDER BY p.code, p.tag_key
