-- Turns a kind of alert on for an agency, changes it or stops it.
SELECT s.refusal, s.agency, s.kind, s.days, s.percent, s.stopped, s.revision
FROM radioshop.set_alert_rule(:agency::text, :kind::text, :days::int4, :percent::int4, :stopped::bool, :revision::int8) s
