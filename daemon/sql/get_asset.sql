-- One asset, by any code on it. A code that several carry is a refusal that names them, never a guess.
SELECT o.refusal, a.asset_id AS id, g.code AS agency,
  a.tag, a.serial, coalesce(m.number, '') AS model, a.class, a.status, a.assigned_to, a.location, a.system, a.unit_id, a.alias,
  a.firmware, a.codeplug, a.flashcode, a.purchased_on, a.warranty_until, a.cost_cents, a.quantity, a.description, a.notes, a.revision,
  a.created_at, a.updated_at, CASE WHEN a.fields IS NOT NULL THEN radioshop.shown_fields(o.agency_id, a.fields) END AS fields,
  CASE WHEN EXISTS (SELECT FROM radioshop.ticket t WHERE t.agency_id = o.agency_id AND t.asset_id = o.asset_id AND t.closed_at IS NULL)
    OR EXISTS (SELECT FROM radioshop.loan l WHERE l.agency_id = o.agency_id AND l.asset_id = o.asset_id AND l.in_at IS NULL)
    OR EXISTS (SELECT FROM radioshop.custody k WHERE k.agency_id = o.agency_id AND k.asset_id = o.asset_id AND k.in_at IS NULL)
    THEN radioshop.custody_of(o.agency_id, o.asset_id) ELSE '' END AS custody,
  CASE WHEN EXISTS (SELECT FROM radioshop.component c WHERE c.agency_id = o.agency_id AND c.parent_id = o.asset_id AND c.until_at IS NULL)
    THEN radioshop.components_of(o.agency_id, o.asset_id) ELSE '{}' END AS components,
  CASE WHEN EXISTS (SELECT FROM radioshop.component c WHERE c.agency_id = o.agency_id AND c.asset_id = o.asset_id AND c.until_at IS NULL)
    THEN radioshop.parent_of(o.agency_id, o.asset_id) ELSE '' END AS attached_to
FROM radioshop.one_asset(:asset::text) o
LEFT JOIN radioshop.asset a ON a.agency_id = o.agency_id AND a.asset_id = o.asset_id
LEFT JOIN radioshop.agency g ON g.agency_id = a.agency_id
LEFT JOIN radioshop.model m ON m.model_id = a.model_id
