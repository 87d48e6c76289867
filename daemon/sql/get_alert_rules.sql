-- Rules by agency and kind; an agency has as many as there are kinds.
WITH wrong AS (
  SELECT CASE WHEN :agency::text <> '' AND NOT EXISTS (
      SELECT FROM radioshop.agency g WHERE g.agency_id = ANY (radioshop.agencies()) AND g.code = upper(:agency))
    THEN radioshop.refuse('NOT_FOUND', 'agency', format('no agency has the code %s', :agency)) END AS refusal
), rules AS (
  SELECT g.code, r.kind, r.days, r.percent, r.stopped, r.revision FROM radioshop.agency g JOIN radioshop.alert_rule r ON r.agency_id = g.agency_id
  WHERE g.agency_id = ANY (radioshop.agencies()) AND (:agency = '' OR g.code = upper(:agency))
)
SELECT w.refusal, r.code AS agency, r.kind, r.days, r.percent, r.stopped, r.revision
FROM wrong w LEFT JOIN rules r ON w.refusal IS NULL
WHERE w.refusal IS NOT NULL OR r.code IS NOT NULL
ORDER BY r.code, r.kind
