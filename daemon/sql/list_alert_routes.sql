-- Routes by agency and code; an agency has tens of them at most.
WITH wrong AS (
  SELECT CASE WHEN :agency::text <> '' AND NOT EXISTS (
      SELECT FROM radioshop.agency g WHERE g.agency_id = ANY (radioshop.agencies()) AND g.code = upper(:agency))
    THEN radioshop.refuse('NOT_FOUND', 'agency', format('no agency has the code %s', :agency)) END AS refusal
), page AS (
  SELECT r.agency_id, r.route_id, r.code, g.code AS agency
  FROM radioshop.agency g JOIN radioshop.alert_route r ON r.agency_id = g.agency_id
  WHERE g.agency_id = ANY (radioshop.agencies()) AND (:agency = '' OR g.code = upper(:agency))
    AND (g.code, r.code) > (coalesce((:page_key::text[])[1], ''), coalesce((:page_key::text[])[2], ''))
  ORDER BY g.code, r.code
  LIMIT :page_limit::int4
)
SELECT w.refusal, s.id, s.agency, s.code, s.channel, s.address, s.secret, s.principal, s.kinds, s.from_step, s.each_alone, s.quiet, s.time_zone,
  s.storm_limit, s.stopped, s.queued, s.revision,
  ARRAY[page.agency, page.code] AS page_key
FROM wrong w
LEFT JOIN page ON w.refusal IS NULL
LEFT JOIN LATERAL radioshop.shown_alert_route(page.agency_id, page.route_id) s ON page.route_id IS NOT NULL
WHERE w.refusal IS NOT NULL OR page.route_id IS NOT NULL
ORDER BY page.agency, page.code
