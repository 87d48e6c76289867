-- Every asset in order of agency and tag, page after page: a slow reader holds neither a snapshot nor memory.
SELECT a.asset_id AS id, p.code AS agency,
  a.tag, a.serial, coalesce((SELECT m.number FROM radioshop.model m WHERE m.model_id = a.model_id), '') AS model, a.class, a.status, a.assigned_to, a.location, a.system, a.unit_id, a.alias,
  a.firmware, a.codeplug, a.flashcode, a.purchased_on, a.warranty_until, a.cost_cents, a.quantity, a.description, a.notes, a.revision,
  a.created_at, a.updated_at, CASE WHEN a.fields IS NOT NULL THEN radioshop.shown_fields(a.agency_id, a.fields) END AS fields,
  ARRAY[p.code, p.tag_key] AS page_key
FROM radioshop.walk_assets(:agency::text, NULL, NULL, '',
  :page_key::text[], :page_limit::int4) p
JOIN radioshop.asset a ON a.agency_id = p.agency_id AND a.asset_id = p.asset_id
ORDER BY p.code, p.tag_key
