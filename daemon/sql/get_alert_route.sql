-- One route by agency and code.
SELECT CASE WHEN r.route_id IS NULL THEN
    radioshop.refuse('NOT_FOUND', 'route', format('agency %s has no route %s', :agency::text, :route::text)) END AS refusal,
  s.id, s.agency, s.code, s.channel, s.address, s.secret, s.principal, s.kinds, s.from_step, s.each_alone, s.quiet, s.time_zone,
  s.storm_limit, s.stopped, s.queued, s.revision
FROM (VALUES (1)) one (row)
LEFT JOIN (radioshop.agency g JOIN radioshop.alert_route r ON r.agency_id = g.agency_id)
  ON g.agency_id = ANY (radioshop.agencies()) AND g.code = upper(:agency::text) AND r.code = upper(:route::text)
LEFT JOIN LATERAL radioshop.shown_alert_route(r.agency_id, r.route_id) s ON r.route_id IS NOT NULL
