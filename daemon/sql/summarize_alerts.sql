-- How the alert job does, agency by agency. Counts run on the indexes of what is open, and of the states.
WITH wanted AS MATERIALIZED (
  SELECT g.agency_id, g.code, CASE :max_age_hours::int4 WHEN 0 THEN 26 ELSE :max_age_hours END AS hours,
    (SELECT count(*) FROM radioshop.alert_route r WHERE r.agency_id = g.agency_id AND NOT r.stopped)::int4 AS routes
  FROM radioshop.agency g
  WHERE g.agency_id = ANY (radioshop.agencies()) AND (g.agency_id > 0 OR EXISTS (SELECT FROM radioshop.alert_rule r WHERE r.agency_id = 0))
    AND (:agency::text = '' OR g.code = upper(:agency))
), wrong AS (
  SELECT CASE
    WHEN :agency <> '' AND NOT EXISTS (SELECT FROM wanted) THEN
      radioshop.refuse('NOT_FOUND', 'agency', format('no agency has the code %s', :agency))
    WHEN :max_age_hours NOT BETWEEN 0 AND 1000 THEN
      radioshop.refuse('INVALID_ARGUMENT', 'max_age_hours', 'give 1 to 1000 hours, or 0 for 26') END AS refusal
), standing AS (
  SELECT w.code, w.routes, n.decided_at, n.claimed_at, n.sent_at,
    (SELECT count(*) FROM radioshop.alert l WHERE l.agency_id = w.agency_id AND l.acked_at IS NULL AND l.settled_at IS NULL
      AND l.kind <> 'resolved')::int4 AS open,
    (SELECT count(*) FROM radioshop.alert_notice c WHERE c.agency_id = w.agency_id AND c.state = 'queued')::int4 AS queued,
    (SELECT count(*) FROM radioshop.alert_notice c WHERE c.agency_id = w.agency_id AND c.state = 'waiting')::int4 AS waiting,
    (SELECT count(*) FROM radioshop.alert_notice c WHERE c.agency_id = w.agency_id AND c.state = 'failed')::int4 AS failed,
    CASE
      WHEN n.decided_at IS NULL THEN 'alert emit has never run'
      WHEN n.decided_at < now() - make_interval(hours => w.hours) THEN
        format('alert emit did not run for %s hours', (extract(epoch FROM now() - n.decided_at) / 3600)::int8)
      WHEN w.routes > 0 AND n.claimed_at IS NULL THEN 'alert send has never run'
      WHEN w.routes > 0 AND n.claimed_at < now() - make_interval(hours => w.hours) THEN
        format('alert send did not run for %s hours', (extract(epoch FROM now() - n.claimed_at) / 3600)::int8)
      ELSE '' END AS problem
  FROM wrong x JOIN wanted w ON x.refusal IS NULL LEFT JOIN radioshop.alert_run n ON n.agency_id = w.agency_id
)
SELECT x.refusal, s.code AS agency, s.decided_at, s.claimed_at, s.sent_at, s.routes, s.open, s.queued, s.waiting, s.failed, s.problem
FROM wrong x LEFT JOIN standing s ON true
WHERE x.refusal IS NOT NULL OR s.code IS NOT NULL
ORDER BY s.code
