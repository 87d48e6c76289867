-- Adds a route for the alerts of an agency.
SELECT s.refusal, s.id, s.agency, s.code, s.channel, s.address, s.secret, s.principal, s.kinds, s.from_step, s.each_alone, s.quiet, s.time_zone,
  s.storm_limit, s.stopped, s.queued, s.revision
FROM radioshop.create_alert_route(:route.agency::text, :route.code::text, :route.channel::text,
  :route.address::text, :route.secret::text, :route.principal::text, :route.kinds::text[], :route.from_step::int4, :route.each_alone::bool,
  :route.quiet::text, :route.time_zone::text, :route.storm_limit::int4, :route.stopped::bool) s
