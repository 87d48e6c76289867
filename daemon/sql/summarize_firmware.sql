-- How the radios stand, model by model. Every radio of these models is read once, and every different version judged once.
WITH wrong AS MATERIALIZED (
  SELECT radioshop.refuse_firmware_question(:agency::text, :model::text) AS refusal
), fleet AS MATERIALIZED (
  SELECT a.agency_id, a.model_id, upper(a.firmware) AS firmware, count(*) AS radios
  FROM wrong r
  CROSS JOIN radioshop.asset a
  JOIN radioshop.model m ON m.model_id = a.model_id
  WHERE r.refusal IS NULL AND a.agency_id = ANY (radioshop.agencies()) AND a.status NOT IN ('retired', 'disposed')
    AND (:agency::text = '' OR a.agency_id = (SELECT g.agency_id FROM radioshop.agency g WHERE g.code = upper(btrim(:agency::text))))
    AND (btrim(:model::text) = '' OR m.number_key = upper(btrim(:model::text)))
    AND EXISTS (SELECT FROM radioshop.approved_firmware f WHERE f.model_id = a.model_id)
  GROUP BY a.agency_id, a.model_id, upper(a.firmware)
), judged AS MATERIALIZED (
  SELECT g.code, m.number, f.radios, radioshop.firmware_standing(f.model_id, f.firmware, radioshop.today(g.time_zone)) AS standing
  FROM fleet f JOIN radioshop.agency g ON g.agency_id = f.agency_id JOIN radioshop.model m ON m.model_id = f.model_id
), counted AS (
  SELECT j.code AS agency, j.number AS model, sum(j.radios)::int4 AS radios,
    coalesce(sum(j.radios) FILTER (WHERE j.standing = 'approved'), 0)::int4 AS approved,
    coalesce(sum(j.radios) FILTER (WHERE j.standing = 'not_approved'), 0)::int4 AS not_approved,
    coalesce(sum(j.radios) FILTER (WHERE j.standing = 'ended'), 0)::int4 AS ended,
    coalesce(sum(j.radios) FILTER (WHERE j.standing = 'not_yet'), 0)::int4 AS not_yet,
    coalesce(sum(j.radios) FILTER (WHERE j.standing = 'not_known'), 0)::int4 AS not_known
  FROM judged j GROUP BY j.code, j.number
)
SELECT r.refusal, coalesce(c.agency, '') AS agency, coalesce(c.model, '') AS model, coalesce(c.radios, 0) AS radios, coalesce(c.approved, 0) AS approved,
  coalesce(c.not_approved, 0) AS not_approved, coalesce(c.ended, 0) AS ended, coalesce(c.not_yet, 0) AS not_yet, coalesce(c.not_known, 0) AS not_known
FROM wrong r LEFT JOIN counted c ON true
WHERE r.refusal IS NOT NULL OR c.agency IS NOT NULL
ORDER BY c.agency, c.model
