-- The radios that are off approved firmware, in order of agency and tag. The walk is a function, because it stops as soon as the page is
-- full. Of a fleet that has what is approved it reads every radio of these models, so it runs on the slow connections.
WITH wrong AS MATERIALIZED (
  SELECT radioshop.refuse_firmware_question(:agency::text, :model::text) AS refusal
), page AS MATERIALIZED (
  SELECT w.code, w.agency_id, w.asset_id, w.tag_key, w.standing FROM wrong r
  CROSS JOIN LATERAL radioshop.walk_off_firmware(:agency::text, :model::text, :standing::text, :page_key::text[], :page_limit::int4) w
  WHERE r.refusal IS NULL
)
SELECT r.refusal, p.code AS agency, a.tag, a.serial, coalesce((SELECT m.number FROM radioshop.model m WHERE m.model_id = a.model_id), '') AS model,
  a.class, a.status, a.assigned_to, a.firmware, p.standing, a.asset_id, ARRAY[p.code, p.tag_key] AS page_key
FROM wrong r
LEFT JOIN (page p JOIN radioshop.asset a ON a.agency_id = p.agency_id AND a.asset_id = p.asset_id) ON r.refusal IS NULL
WHERE r.refusal IS NOT NULL OR a.asset_id IS NOT NULL
ORDER BY p.code, p.tag_key
