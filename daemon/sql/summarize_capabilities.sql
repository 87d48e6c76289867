-- How many radios have each capability. Every radio of the agencies asked for is read once, and every different FLASHcode.
WITH wrong AS MATERIALIZED (
  SELECT radioshop.refuse_capability('gps', :agency::text) AS refusal
), fleet AS MATERIALIZED (
  SELECT a.agency_id, a.class, a.flashcode_key, p.refresh, count(*) AS radios
  FROM wrong r
  CROSS JOIN radioshop.asset a
  LEFT JOIN radioshop.model m ON m.model_id = a.model_id
  LEFT JOIN radioshop.flashport_model p ON p.number_key = m.number_key
  WHERE r.refusal IS NULL AND a.agency_id = ANY (radioshop.agencies())
    AND (:agency::text = '' OR a.agency_id = (SELECT g.agency_id FROM radioshop.agency g WHERE g.code = upper(btrim(:agency::text))))
    AND a.class = ANY (CASE WHEN :class::text IS NULL THEN '{portable,mobile,control_station}' ELSE ARRAY[:class::text] END) AND a.status NOT IN ('retired', 'disposed')
  GROUP BY a.agency_id, a.class, a.flashcode_key, p.refresh
), kind AS MATERIALIZED (
  SELECT DISTINCT c.capability FROM radioshop.flashcode_option o CROSS JOIN LATERAL unnest(o.capabilities) c (capability)
  WHERE :capability::text IS NULL OR c.capability = :capability::text
), standing AS MATERIALIZED (
  SELECT k.capability, f.agency_id, f.class, f.radios,
    CASE WHEN f.flashcode_key IS NOT NULL THEN radioshop.flashcode_gives(f.flashcode_key, k.capability, f.refresh) END AS gives
  FROM fleet f CROSS JOIN kind k
), counted AS (
  SELECT s.capability, g.code AS agency, s.class, sum(s.radios)::int4 AS radios, coalesce(sum(s.radios) FILTER (WHERE s.gives), 0)::int4 AS has,
    coalesce(sum(s.radios) FILTER (WHERE NOT s.gives), 0)::int4 AS lacks, coalesce(sum(s.radios) FILTER (WHERE s.gives IS NULL), 0)::int4 AS not_known
  FROM standing s JOIN radioshop.agency g ON g.agency_id = s.agency_id
  GROUP BY s.capability, g.code, s.class
)
SELECT r.refusal, c.capability, coalesce(c.agency, '') AS agency, c.class, coalesce(c.radios, 0) AS radios, coalesce(c.has, 0) AS has,
  coalesce(c.lacks, 0) AS lacks, coalesce(c.not_known, 0) AS not_known
FROM wrong r LEFT JOIN counted c ON true
WHERE r.refusal IS NOT NULL OR c.agency IS NOT NULL
ORDER BY c.agency, c.class, c.capability
