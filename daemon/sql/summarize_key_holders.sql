-- Who holds which keyset, counted over what the radios of the agencies hold now, so it runs on the slow connections.
WITH wanted AS MATERIALIZED (
  SELECT g.agency_id, g.code, g.class FROM radioshop.agency g
  WHERE g.agency_id = ANY (radioshop.agencies()) AND (:agency::text = '' OR g.code = upper(btrim(:agency)))
), asked AS MATERIALIZED (
  SELECT o.keyset_id, o.refusal FROM radioshop.one_keyset(:keyset::text, 'keyset') o WHERE :keyset <> ''
), wrong AS (
  SELECT CASE WHEN :agency <> '' AND NOT EXISTS (SELECT FROM wanted) THEN
      radioshop.refuse('NOT_FOUND', 'agency', format('no agency has the code %s', :agency))
    ELSE (SELECT x.refusal FROM asked x) END AS refusal
), held AS (
  SELECT l.keyset_agency_id, l.keyset_id, l.agency_id, count(*)::int4 AS radios, (count(*) FILTER (WHERE a.status = 'missing'))::int4 AS missing,
    (count(*) FILTER (WHERE a.status IN ('retired', 'disposed')))::int4 AS gone, (count(*) FILTER (WHERE l.exception <> ''))::int4 AS exceptions,
    min(l.loaded_on) AS first_loaded_on, max(l.loaded_on) AS last_loaded_on
  FROM radioshop.key_load l JOIN radioshop.asset a ON a.agency_id = l.agency_id AND a.asset_id = l.asset_id
  WHERE l.agency_id = ANY (radioshop.agencies()) AND l.ended_at IS NULL
    AND (:keyset = '' OR l.keyset_id = (SELECT o.keyset_id FROM asked o))
  GROUP BY l.keyset_agency_id, l.keyset_id, l.agency_id
), line AS (
  SELECT radioshop.keyset_name(k.agency_id, k.keyset_id) AS keyset, k.name, CASE WHEN k.old_at IS NULL THEN 'current' ELSE 'old' END AS state,
    coalesce(radioshop.keyset_name(k.successor_agency_id, k.successor_id), '') AS superseded_by, w.code AS agency,
    coalesce(w.class, 'unspecified') AS class, h.radios, h.missing, h.gone, NOT radioshop.class_may_hold(k.classes, w.class) AS not_allowed,
    h.exceptions, h.first_loaded_on, h.last_loaded_on
  FROM held h JOIN wanted w ON w.agency_id = h.agency_id
    JOIN radioshop.keyset k ON k.agency_id = h.keyset_agency_id AND k.keyset_id = h.keyset_id
  WHERE (NOT :old::bool OR k.old_at IS NOT NULL) AND (NOT :not_allowed::bool OR NOT radioshop.class_may_hold(k.classes, w.class))
)
SELECT w.refusal, l.keyset, l.name, l.state, l.superseded_by, l.agency, l.class, l.radios, l.missing, l.gone, l.not_allowed, l.exceptions,
  l.first_loaded_on, l.last_loaded_on
FROM wrong w LEFT JOIN line l ON w.refusal IS NULL
WHERE w.refusal IS NOT NULL OR l.keyset IS NOT NULL
ORDER BY l.keyset, l.agency
