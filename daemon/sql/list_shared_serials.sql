-- Assets whose serial number another agency has, too, in order of serial number and agency. It looks at every serial number that the caller
-- may see, so it runs on the slow connections.
WITH wrong AS MATERIALIZED (
  SELECT CASE WHEN :agency::text <> '' AND NOT EXISTS (SELECT FROM radioshop.agency g
      WHERE g.agency_id = ANY (radioshop.agencies()) AND g.agency_id > 0 AND g.code = upper(btrim(:agency))) THEN
    radioshop.refuse('NOT_FOUND', 'agency', format('no agency has the code %s', :agency)) END AS refusal
), page AS MATERIALIZED (
  SELECT w.serial_key, w.code, w.agency_id, w.asset_id FROM wrong r
  CROSS JOIN LATERAL radioshop.walk_shared_serials(:agency::text, :page_key::text[], :page_limit::int4) w
  WHERE r.refusal IS NULL
)
SELECT r.refusal, a.serial, p.code AS agency, a.tag, coalesce((SELECT m.number FROM radioshop.model m WHERE m.model_id = a.model_id), '') AS model,
  a.class, a.status, a.assigned_to, a.asset_id, ARRAY[p.serial_key, p.code] AS page_key
FROM wrong r
LEFT JOIN (page p JOIN radioshop.asset a ON a.agency_id = p.agency_id AND a.asset_id = p.asset_id) ON r.refusal IS NULL
WHERE r.refusal IS NOT NULL OR a.asset_id IS NOT NULL
ORDER BY p.serial_key, p.code
