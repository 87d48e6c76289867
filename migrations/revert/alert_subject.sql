-- Revert radioshop:alert_subject from pg
--
-- What was said of kinds that came with it or after it, and of the shop itself, is forgotten: the ledger before has no place for it.

BEGIN;

UPDATE radioshop.schema_version SET version = 18;
DROP FUNCTION radioshop.set_alert_rule(text, text, int, int, boolean, bigint);
DROP FUNCTION radioshop.open_alert(text, text);
DROP FUNCTION radioshop.emit_alerts(text, int, boolean);
DROP FUNCTION radioshop.emit_next(int, date, int, boolean);
DROP FUNCTION radioshop.emit_kind(int, text, int, date, int);
ALTER TYPE radioshop.alert_rule_shown DROP ATTRIBUTE percent;
ALTER TYPE radioshop.alert_subject DROP ATTRIBUTE subject, DROP ATTRIBUTE occasion;
ALTER TYPE radioshop.alert_shown DROP ATTRIBUTE subject;

ALTER TABLE radioshop.alert NO FORCE ROW LEVEL SECURITY;
ALTER TABLE radioshop.alert_rule NO FORCE ROW LEVEL SECURITY;
ALTER TABLE radioshop.alert_notice NO FORCE ROW LEVEL SECURITY;
ALTER TABLE radioshop.alert_delivery NO FORCE ROW LEVEL SECURITY;
ALTER TABLE radioshop.alert_route NO FORCE ROW LEVEL SECURITY;
DELETE FROM radioshop.alert_notice n USING radioshop.alert l WHERE l.agency_id = n.agency_id AND l.alert_id = n.alert_id
  AND (l.subject <> '' OR l.kind NOT IN ('overdue', 'escalated', 'resolved', 'due_soon', 'ticket_waiting', 'warranty_ending'));
DELETE FROM radioshop.alert WHERE subject <> '' OR kind NOT IN ('overdue', 'escalated', 'resolved', 'due_soon', 'ticket_waiting', 'warranty_ending');
DELETE FROM radioshop.alert_delivery WHERE agency_id = 0;
DELETE FROM radioshop.alert_route WHERE agency_id = 0;
DELETE FROM radioshop.alert_rule WHERE agency_id = 0 OR kind NOT IN ('due_soon', 'ticket_waiting', 'warranty_ending');
UPDATE radioshop.alert_route SET kinds = ARRAY(SELECT k FROM unnest(kinds) k
  WHERE k IN ('overdue', 'escalated', 'resolved', 'due_soon', 'ticket_waiting', 'warranty_ending'));
ALTER TABLE radioshop.alert FORCE ROW LEVEL SECURITY;
ALTER TABLE radioshop.alert_rule FORCE ROW LEVEL SECURITY;
ALTER TABLE radioshop.alert_notice FORCE ROW LEVEL SECURITY;
ALTER TABLE radioshop.alert_delivery FORCE ROW LEVEL SECURITY;
ALTER TABLE radioshop.alert_route FORCE ROW LEVEL SECURITY;

ALTER TABLE radioshop.alert_route DROP CONSTRAINT alert_route_kinds_known,
  ADD CONSTRAINT alert_route_kinds_known CHECK (kinds <@ '{overdue,escalated,resolved,due_soon,ticket_waiting,warranty_ending}'::text[] AND cardinality(kinds) <= 32);
COMMENT ON CONSTRAINT alert_route_kinds_known ON radioshop.alert_route IS 'kinds: a route has no such kind of alert';
ALTER TABLE radioshop.alert
  DROP CONSTRAINT alert_said_once,
  DROP CONSTRAINT alert_kind_form,
  DROP CONSTRAINT alert_subject_fits,
  DROP CONSTRAINT alert_step_fits,
  DROP COLUMN item_id,
  DROP COLUMN subject,
  DROP COLUMN occasion,
  ALTER COLUMN asset_id SET NOT NULL,
  ADD CONSTRAINT alert_said_once UNIQUE NULLS NOT DISTINCT (agency_id, asset_id, plan_id, due_on, kind, step),
  ADD CONSTRAINT alert_kind_known CHECK (kind = ANY ('{overdue,escalated,resolved,due_soon,ticket_waiting,warranty_ending}'::text[])),
  ADD CONSTRAINT alert_step_fits CHECK (CASE kind WHEN 'escalated' THEN step > 0 WHEN 'ticket_waiting' THEN step >= 0 ELSE step = 0 END);
COMMENT ON CONSTRAINT alert_said_once ON radioshop.alert IS 'alert: this was said before';
ALTER TABLE radioshop.alert_rule
  DROP CONSTRAINT alert_rule_one_number,
  DROP CONSTRAINT alert_rule_percent_range,
  DROP CONSTRAINT alert_rule_days_range,
  DROP COLUMN percent,
  ADD CONSTRAINT alert_rule_days_range CHECK (days BETWEEN 1 AND 365);
COMMENT ON CONSTRAINT alert_rule_days_range ON radioshop.alert_rule IS 'days: give 1 to 365 days, or 0 for the usual';
COMMENT ON CONSTRAINT alert_rule_kind_known ON radioshop.alert_rule IS 'kind: a rule is for due_soon, ticket_waiting or warranty_ending';
ALTER TABLE radioshop.alert_kind DROP CONSTRAINT alert_kind_unit_known, DROP COLUMN of_shop, DROP COLUMN unit, DROP COLUMN stages, DROP COLUMN urgent;
COMMENT ON COLUMN radioshop.alert_kind.days IS NULL;
COMMENT ON COLUMN radioshop.alert_kind.subjects IS
  'function (agency int, today date, days int) that returns alert_subject rows: all that the kind holds of today';

-- As the changes before made them.
CREATE OR REPLACE FUNCTION radioshop.emit_resolved(agency int, lim int) RETURNS SETOF uuid LANGUAGE plpgsql AS $$
BEGIN
  RETURN QUERY
  WITH moved AS (
    SELECT s.asset_id, s.plan_id, s.alerted_due FROM radioshop.schedule s
      WHERE s.agency_id = agency AND s.alerted_due IS NOT NULL AND s.alerted_due IS DISTINCT FROM s.next_due
      ORDER BY s.alerted_due, s.asset_id, s.plan_id LIMIT lim FOR NO KEY UPDATE SKIP LOCKED
  ), forgotten AS (
    UPDATE radioshop.schedule s SET alerted_due = NULL, alerted_step = 0, alert_acked = false FROM moved m
      WHERE s.agency_id = agency AND s.asset_id = m.asset_id AND s.plan_id = m.plan_id
  ), settled AS (
    UPDATE radioshop.alert l SET settled_at = now() FROM moved m
      WHERE l.agency_id = agency AND l.asset_id = m.asset_id AND l.plan_id = m.plan_id AND l.due_on = m.alerted_due
        AND l.kind <> 'resolved' AND l.settled_at IS NULL
  ), said AS (
    INSERT INTO radioshop.alert AS l (agency_id, kind, asset_id, plan_id, due_on, days_overdue)
      SELECT agency, 'resolved', m.asset_id, m.plan_id, m.alerted_due, 0 FROM moved m
      ON CONFLICT ON CONSTRAINT alert_said_once DO NOTHING RETURNING l.asset_id, l.plan_id, l.alert_id
  )
  SELECT i.alert_id FROM moved m LEFT JOIN said i ON i.asset_id = m.asset_id AND i.plan_id = m.plan_id;
END
$$;

CREATE OR REPLACE FUNCTION radioshop.emit_overdue(agency int, today date, lim int) RETURNS SETOF uuid LANGUAGE plpgsql AS $$
BEGIN
  RETURN QUERY
  WITH late AS (
    SELECT s.asset_id, s.plan_id, s.next_due, s.overdue_from, s.escalate_days FROM radioshop.schedule s
      WHERE s.agency_id = agency AND s.overdue_from <= today AND s.next_due IS NOT NULL AND s.alerted_due IS NULL
        AND s.alerted_due IS DISTINCT FROM s.next_due
      ORDER BY s.overdue_from, s.asset_id, s.plan_id LIMIT lim FOR NO KEY UPDATE SKIP LOCKED
  ), reopened AS (
    UPDATE radioshop.alert l SET settled_at = NULL FROM late t
      WHERE l.agency_id = agency AND l.asset_id = t.asset_id AND l.plan_id = t.plan_id AND l.due_on = t.next_due AND l.kind <> 'resolved'
      RETURNING l.asset_id, l.plan_id, l.acked_at
  ), noted AS (
    UPDATE radioshop.schedule s SET alerted_due = s.next_due,
        alerted_step = CASE WHEN t.escalate_days > 0 THEN (today - t.overdue_from) / t.escalate_days ELSE 0 END,
        alert_acked = EXISTS (SELECT FROM reopened r WHERE r.asset_id = t.asset_id AND r.plan_id = t.plan_id AND r.acked_at IS NOT NULL)
      FROM late t WHERE s.agency_id = agency AND s.asset_id = t.asset_id AND s.plan_id = t.plan_id
  ), said AS (
    INSERT INTO radioshop.alert AS l (agency_id, kind, asset_id, plan_id, due_on, days_overdue)
      SELECT agency, 'overdue', t.asset_id, t.plan_id, t.next_due, today - t.overdue_from + 1 FROM late t
      ON CONFLICT ON CONSTRAINT alert_said_once DO NOTHING RETURNING l.asset_id, l.plan_id, l.alert_id
  )
  SELECT i.alert_id FROM late t LEFT JOIN said i ON i.asset_id = t.asset_id AND i.plan_id = t.plan_id;
END
$$;

CREATE OR REPLACE FUNCTION radioshop.emit_escalated(agency int, today date, lim int) RETURNS SETOF uuid LANGUAGE plpgsql AS $$
BEGIN
  RETURN QUERY
  WITH late AS (
    SELECT s.asset_id, s.plan_id, s.next_due, s.overdue_from, (today - s.overdue_from) / s.escalate_days AS step FROM radioshop.schedule s
      WHERE s.agency_id = agency AND s.escalate_on <= today AND s.escalate_on IS NOT NULL
        AND NOT EXISTS (SELECT FROM radioshop.alert b WHERE b.agency_id = s.agency_id AND b.asset_id = s.asset_id AND b.plan_id = s.plan_id
          AND b.due_on = s.next_due AND b.snoozed_until > today)
      ORDER BY s.escalate_on, s.asset_id, s.plan_id LIMIT lim FOR NO KEY UPDATE OF s SKIP LOCKED
  ), noted AS (
    UPDATE radioshop.schedule s SET alerted_step = t.step FROM late t
      WHERE s.agency_id = agency AND s.asset_id = t.asset_id AND s.plan_id = t.plan_id
  ), said AS (
    INSERT INTO radioshop.alert AS l (agency_id, kind, asset_id, plan_id, due_on, step, days_overdue)
      SELECT agency, 'escalated', t.asset_id, t.plan_id, t.next_due, t.step, today - t.overdue_from + 1 FROM late t
      ON CONFLICT ON CONSTRAINT alert_said_once DO NOTHING RETURNING l.asset_id, l.plan_id, l.alert_id
  )
  SELECT i.alert_id FROM late t LEFT JOIN said i ON i.asset_id = t.asset_id AND i.plan_id = t.plan_id;
END
$$;

CREATE OR REPLACE FUNCTION radioshop.create_alert_route(agency text, code text, channel text, address text, secret text, principal text, kinds text[],
  from_step int, each_alone boolean, quiet text, time_zone text, storm_limit int, stopped boolean)
RETURNS radioshop.alert_route_shown LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
  shown radioshop.alert_route_shown;
  of_agency int;
  made uuid;
BEGIN
  SELECT g.agency_id INTO of_agency FROM radioshop.agency g
    WHERE g.agency_id = ANY (radioshop.agencies()) AND g.agency_id > 0 AND g.code = upper(create_alert_route.agency);
  shown.refusal := CASE
    WHEN coalesce(create_alert_route.agency, '') = '' THEN radioshop.refuse('INVALID_ARGUMENT', 'agency', 'a route needs the code of its agency')
    WHEN of_agency IS NULL THEN radioshop.refuse('NOT_FOUND', 'agency', format('no agency has the code %s', create_alert_route.agency))
    ELSE radioshop.refuse_route(create_alert_route.channel, coalesce(create_alert_route.address, ''), coalesce(create_alert_route.secret, ''),
      coalesce(create_alert_route.principal, ''))
  END;
  IF shown.refusal IS NOT NULL THEN
    RETURN shown;
  END IF;
  INSERT INTO radioshop.alert_route (agency_id, code, channel, address, secret, principal, kinds, from_step, each_alone, quiet, time_zone,
      storm_limit, stopped)
    VALUES (of_agency, upper(btrim(coalesce(create_alert_route.code, ''))), create_alert_route.channel, coalesce(create_alert_route.address, ''),
      coalesce(create_alert_route.secret, ''), coalesce(create_alert_route.principal, ''), coalesce(create_alert_route.kinds, '{}'),
      coalesce(create_alert_route.from_step, 0), coalesce(create_alert_route.each_alone, false), coalesce(create_alert_route.quiet, ''),
      coalesce(create_alert_route.time_zone, ''), coalesce(nullif(create_alert_route.storm_limit, 0), 50),
      coalesce(create_alert_route.stopped, false))
    RETURNING route_id INTO made;
  RETURN radioshop.shown_alert_route(of_agency, made);
END
$$;

CREATE OR REPLACE FUNCTION radioshop.claim_deliveries(agency text, host text, seconds int, lim int) RETURNS SETOF radioshop.delivery_shown
LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
  shown radioshop.delivery_shown;
  of_agency record;
  taken uuid;
  given int := 0;
  most constant int := CASE WHEN claim_deliveries.lim = 0 THEN 10 ELSE claim_deliveries.lim END;
  lease constant int := CASE WHEN claim_deliveries.seconds = 0 THEN 600 ELSE claim_deliveries.seconds END;
BEGIN
  shown.refusal := CASE
    WHEN most NOT BETWEEN 1 AND 20 THEN radioshop.refuse('INVALID_ARGUMENT', 'limit', 'give 1 to 20, or 0 for 10')
    WHEN lease NOT BETWEEN 1 AND 3600 THEN radioshop.refuse('INVALID_ARGUMENT', 'lease_seconds', 'give 1 to 3600 seconds, or 0 for 600')
    WHEN coalesce(claim_deliveries.host, '') = '' OR NOT radioshop.is_line(claim_deliveries.host, 255) THEN
      radioshop.refuse('INVALID_ARGUMENT', 'host', 'say which host sends them, in a line of at most 255 characters')
    WHEN coalesce(claim_deliveries.agency, '') <> '' AND NOT EXISTS (SELECT FROM radioshop.agency g
        WHERE g.agency_id = ANY (radioshop.agencies()) AND g.code = upper(claim_deliveries.agency)) THEN
      radioshop.refuse('NOT_FOUND', 'agency', format('no agency has the code %s', claim_deliveries.agency))
  END;
  IF shown.refusal IS NOT NULL THEN
    RETURN NEXT shown;
    RETURN;
  END IF;
  FOR of_agency IN SELECT g.agency_id, g.time_zone FROM radioshop.agency g
      WHERE g.agency_id = ANY (radioshop.agencies()) AND g.agency_id > 0
        AND (coalesce(claim_deliveries.agency, '') = '' OR g.code = upper(claim_deliveries.agency)) ORDER BY g.code LOOP
    EXIT WHEN given >= most;
    PERFORM pg_advisory_xact_lock(hashtext('radioshop.alert_delivery'), of_agency.agency_id);
    INSERT INTO radioshop.alert_run (agency_id, claimed_at) VALUES (of_agency.agency_id, now())
      ON CONFLICT ON CONSTRAINT alert_run_pkey DO UPDATE SET claimed_at = excluded.claimed_at;
    PERFORM radioshop.end_undeliverable(of_agency.agency_id);
    PERFORM radioshop.make_deliveries(of_agency.agency_id, of_agency.time_zone);
    FOR taken IN SELECT d.delivery_id FROM radioshop.alert_delivery d
          JOIN radioshop.alert_route r ON r.agency_id = d.agency_id AND r.route_id = d.route_id
        WHERE d.agency_id = of_agency.agency_id AND d.state = 'waiting' AND d.next_at <= now() AND (d.lease_until IS NULL OR d.lease_until < now())
          AND NOT radioshop.is_quiet(r.quiet, CASE r.time_zone WHEN '' THEN of_agency.time_zone ELSE r.time_zone END)
        ORDER BY d.next_at, d.delivery_id LIMIT most - given FOR NO KEY UPDATE OF d SKIP LOCKED LOOP
      UPDATE radioshop.alert_delivery d SET generation = d.generation + 1, lease_until = now() + make_interval(secs => lease),
          leased_by = claim_deliveries.host
        WHERE d.agency_id = of_agency.agency_id AND d.delivery_id = taken;
      given := given + 1;
      shown := radioshop.shown_delivery(of_agency.agency_id, taken);
      RETURN NEXT shown;
    END LOOP;
  END LOOP;
END
$$;

CREATE OR REPLACE FUNCTION radioshop.alert_due_soon(agency int, today date, days int) RETURNS SETOF radioshop.alert_subject LANGUAGE plpgsql STABLE AS $$
BEGIN
  RETURN QUERY SELECT s.asset_id, s.plan_id, s.next_due, 0, s.next_due - alert_due_soon.today, ''::text FROM radioshop.schedule s
    WHERE s.agency_id = alert_due_soon.agency AND s.next_due >= alert_due_soon.today AND s.next_due <= alert_due_soon.today + alert_due_soon.days;
END
$$;

CREATE OR REPLACE FUNCTION radioshop.alert_tickets_waiting(agency int, today date, days int) RETURNS SETOF radioshop.alert_subject LANGUAGE plpgsql STABLE AS $$
BEGIN
  RETURN QUERY SELECT t.asset_id, NULL::uuid, w.since, (alert_tickets_waiting.today - w.since) / alert_tickets_waiting.days - 1,
      alert_tickets_waiting.today - w.since, t.number || ' is ' || replace(t.state, '_', ' ')
    FROM radioshop.ticket t JOIN radioshop.agency g ON g.agency_id = t.agency_id
      CROSS JOIN LATERAL (SELECT (coalesce((SELECT max(e.at) FROM radioshop.ticket_entry e
        WHERE e.agency_id = t.agency_id AND e.ticket_id = t.ticket_id AND e.kind = 'move'), t.opened_at) AT TIME ZONE g.time_zone)::date AS since) w
    WHERE t.agency_id = alert_tickets_waiting.agency AND t.closed_at IS NULL
      AND w.since <= alert_tickets_waiting.today - alert_tickets_waiting.days;
END
$$;

CREATE OR REPLACE FUNCTION radioshop.alert_warranties_ending(agency int, today date, days int) RETURNS SETOF radioshop.alert_subject
LANGUAGE plpgsql STABLE AS $$
BEGIN
  RETURN QUERY SELECT a.asset_id, NULL::uuid, a.warranty_until, 0, a.warranty_until - alert_warranties_ending.today, ''::text
    FROM radioshop.asset a
    WHERE a.agency_id = alert_warranties_ending.agency AND a.warranty_until >= alert_warranties_ending.today
      AND a.warranty_until <= alert_warranties_ending.today + alert_warranties_ending.days AND radioshop.is_in_use(a.status);
END
$$;

CREATE FUNCTION radioshop.emit_kind(agency int, kind text, subjects text, resolves boolean, days int, today date, lim int) RETURNS SETOF uuid
LANGUAGE plpgsql AS $$
BEGIN
  RETURN QUERY EXECUTE format($statement$
    WITH subject AS MATERIALIZED (SELECT f.asset_id, f.plan_id, f.due_on FROM radioshop.%I($1, $2, $3) f
    ), over AS MATERIALIZED (
      SELECT l.alert_id, l.asset_id, l.plan_id, l.due_on, l.said, row_number() OVER (PARTITION BY l.asset_id, l.plan_id, l.due_on ORDER BY l.step) AS n
        FROM (SELECT o.alert_id, o.asset_id, o.plan_id, o.due_on, o.said, o.step FROM radioshop.alert o
          WHERE o.agency_id = $1 AND o.kind = $4 AND o.settled_at IS NULL AND o.kind NOT IN ('overdue', 'escalated', 'resolved')
            AND NOT EXISTS (SELECT FROM subject s
              WHERE s.asset_id = o.asset_id AND s.plan_id IS NOT DISTINCT FROM o.plan_id AND s.due_on = o.due_on)
          ORDER BY o.alert_id LIMIT $5 FOR NO KEY UPDATE SKIP LOCKED) l
    ), settled AS (
      UPDATE radioshop.alert l SET settled_at = now() FROM over o WHERE l.agency_id = $1 AND l.alert_id = o.alert_id
    ), ended AS (
      INSERT INTO radioshop.alert AS l (agency_id, kind, asset_id, plan_id, due_on, days_overdue, said)
        SELECT $1, 'resolved', o.asset_id, o.plan_id, o.due_on, 0, o.said FROM over o WHERE $6 AND o.n = 1
        ON CONFLICT ON CONSTRAINT alert_said_once DO NOTHING RETURNING l.asset_id, l.plan_id, l.due_on, l.alert_id
    )
    SELECT e.alert_id FROM over o LEFT JOIN ended e
      ON o.n = 1 AND e.asset_id = o.asset_id AND e.plan_id IS NOT DISTINCT FROM o.plan_id AND e.due_on = o.due_on
  $statement$, subjects) USING agency, today, days, kind, lim, resolves;
  IF FOUND THEN
    RETURN;
  END IF;
  RETURN QUERY EXECUTE format($statement$
    WITH subject AS MATERIALIZED (SELECT f.asset_id, f.plan_id, f.due_on, f.step, f.days, f.said FROM radioshop.%I($1, $2, $3) f
    ), reopened AS (
      UPDATE radioshop.alert l SET settled_at = NULL FROM subject s
        WHERE l.agency_id = $1 AND l.kind = $4 AND l.settled_at IS NOT NULL AND l.asset_id = s.asset_id
          AND l.plan_id IS NOT DISTINCT FROM s.plan_id AND l.due_on = s.due_on
    ), made AS (
      INSERT INTO radioshop.alert AS l (agency_id, kind, asset_id, plan_id, due_on, step, days_overdue, said)
        SELECT $1, $4, s.asset_id, s.plan_id, s.due_on, s.step, s.days, s.said FROM subject s
          WHERE NOT EXISTS (SELECT FROM radioshop.alert b WHERE b.agency_id = $1 AND b.asset_id = s.asset_id
            AND b.plan_id IS NOT DISTINCT FROM s.plan_id AND b.due_on = s.due_on AND b.kind = $4
            AND (b.step >= s.step OR b.acked_at IS NOT NULL OR b.snoozed_until > $2))
          ORDER BY s.due_on, s.asset_id LIMIT $5
        ON CONFLICT ON CONSTRAINT alert_said_once DO NOTHING RETURNING l.alert_id
    )
    SELECT m.alert_id FROM made m
  $statement$, subjects) USING agency, today, days, kind, lim;
END
$$;

CREATE OR REPLACE FUNCTION radioshop.shown_alert(agency int, alert uuid) RETURNS radioshop.alert_shown LANGUAGE plpgsql AS $$
DECLARE
  shown radioshop.alert_shown;
BEGIN
  SELECT NULL, l.alert_id, l.kind, g.code, a.tag, a.assigned_to, coalesce(p.code, ''), l.due_on, l.days_overdue, l.step, l.emitted_at, l.acked_at,
      l.acked_by, l.ack_note, l.snoozed_until, l.snoozed_by, l.snooze_note, l.settled_at, l.said
    INTO shown
    FROM radioshop.alert l JOIN radioshop.agency g ON g.agency_id = l.agency_id
      JOIN radioshop.asset a ON a.agency_id = l.agency_id AND a.asset_id = l.asset_id
      LEFT JOIN radioshop.plan p ON p.agency_id = l.agency_id AND p.plan_id = l.plan_id
    WHERE l.agency_id = agency AND l.alert_id = alert;
  RETURN shown;
END
$$;

CREATE OR REPLACE FUNCTION radioshop.queue_alerts(agency int, alerts uuid[]) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO radioshop.alert_notice (agency_id, alert_id, route_id, round)
    SELECT l.agency_id, l.alert_id, r.route_id, l.round
      FROM unnest(alerts) x (alert_id)
      JOIN radioshop.alert l ON l.agency_id = agency AND l.alert_id = x.alert_id
      JOIN radioshop.alert_route r ON r.agency_id = l.agency_id AND NOT r.stopped AND (r.kinds = '{}' OR l.kind = ANY (r.kinds))
      WHERE CASE WHEN l.kind = 'resolved' THEN EXISTS (SELECT FROM radioshop.alert b
          JOIN radioshop.alert_notice n ON n.agency_id = b.agency_id AND n.alert_id = b.alert_id AND n.route_id = r.route_id
          WHERE b.agency_id = l.agency_id AND b.asset_id = l.asset_id AND b.plan_id IS NOT DISTINCT FROM l.plan_id AND b.due_on = l.due_on AND b.kind <> 'resolved'
            AND n.state <> 'muted')
        ELSE l.step >= r.from_step END
      ORDER BY l.due_on, l.alert_id, r.route_id
      ON CONFLICT ON CONSTRAINT alert_notice_once DO NOTHING;
END
$$;

CREATE OR REPLACE FUNCTION radioshop.emit_woken(agency int, today date, lim int) RETURNS SETOF uuid LANGUAGE plpgsql AS $$
BEGIN
  RETURN QUERY
  WITH woken AS MATERIALIZED (
    SELECT l.alert_id, l.asset_id, l.plan_id, l.due_on, l.acked_at IS NULL AND l.settled_at IS NULL AS open, l.step FROM radioshop.alert l
      WHERE l.agency_id = agency AND l.snoozed_until <= today AND l.snoozed_until IS NOT NULL
      ORDER BY l.snoozed_until, l.alert_id LIMIT lim FOR NO KEY UPDATE SKIP LOCKED
  ), again AS (
    SELECT w.alert_id FROM woken w WHERE w.open AND NOT EXISTS (SELECT FROM radioshop.alert b WHERE b.agency_id = agency
      AND b.asset_id = w.asset_id AND b.plan_id IS NOT DISTINCT FROM w.plan_id AND b.due_on = w.due_on AND b.kind <> 'resolved' AND b.step > w.step)
  ), noted AS (
    UPDATE radioshop.alert l SET snoozed_until = NULL,
        round = l.round + CASE WHEN EXISTS (SELECT FROM again i WHERE i.alert_id = w.alert_id) THEN 1 ELSE 0 END
      FROM woken w WHERE l.agency_id = agency AND l.alert_id = w.alert_id
  )
  SELECT i.alert_id FROM woken w LEFT JOIN again i ON i.alert_id = w.alert_id;
END
$$;

CREATE FUNCTION radioshop.emit_next(agency int, today date, lim int) RETURNS uuid[] LANGUAGE plpgsql AS $$
DECLARE
  handled uuid[];
  rule record;
BEGIN
  handled := ARRAY(SELECT radioshop.emit_resolved(agency, lim));
  IF cardinality(handled) = 0 THEN
    handled := ARRAY(SELECT radioshop.emit_overdue(agency, today, lim));
  END IF;
  IF cardinality(handled) = 0 THEN
    handled := ARRAY(SELECT radioshop.emit_escalated(agency, today, lim));
  END IF;
  IF cardinality(handled) = 0 THEN
    handled := ARRAY(SELECT radioshop.emit_woken(agency, today, lim));
  END IF;
  FOR rule IN SELECT k.kind, k.subjects, k.resolves, r.days FROM radioshop.alert_rule r JOIN radioshop.alert_kind k ON k.kind = r.kind
      WHERE r.agency_id = agency AND NOT r.stopped ORDER BY k.kind LOOP
    EXIT WHEN cardinality(handled) > 0;
    handled := ARRAY(SELECT radioshop.emit_kind(agency, rule.kind, rule.subjects, rule.resolves, rule.days, today, lim));
  END LOOP;
  RETURN handled;
END
$$;

CREATE FUNCTION radioshop.emit_alerts(agency text, lim int) RETURNS SETOF radioshop.alert_shown LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
  shown radioshop.alert_shown;
  of_agency record;
  handled uuid[];
  said uuid[];
  made uuid[] := '{}';
  most constant int := CASE WHEN emit_alerts.lim = 0 THEN 1000 ELSE emit_alerts.lim END;
BEGIN
  shown.refusal := CASE
    WHEN most NOT BETWEEN 1 AND 1000 THEN radioshop.refuse('INVALID_ARGUMENT', 'limit', 'give 1 to 1000, or 0 for 1000')
    WHEN coalesce(emit_alerts.agency, '') <> '' AND NOT EXISTS (SELECT FROM radioshop.agency g
        WHERE g.agency_id = ANY (radioshop.agencies()) AND g.code = upper(emit_alerts.agency)) THEN
      radioshop.refuse('NOT_FOUND', 'agency', format('no agency has the code %s', emit_alerts.agency))
  END;
  IF shown.refusal IS NOT NULL THEN
    RETURN NEXT shown;
    RETURN;
  END IF;
  FOR of_agency IN SELECT g.agency_id, radioshop.today(g.time_zone) AS today FROM radioshop.agency g
      WHERE g.agency_id = ANY (radioshop.agencies()) AND g.agency_id > 0
        AND (coalesce(emit_alerts.agency, '') = '' OR g.code = upper(emit_alerts.agency)) ORDER BY g.code LOOP
    EXIT WHEN cardinality(made) >= most;
    PERFORM pg_advisory_xact_lock(hashtext('radioshop.alert'), of_agency.agency_id);
    PERFORM radioshop.lock_schedules(of_agency.agency_id, false);
    said := '{}';
    LOOP
      handled := radioshop.emit_next(of_agency.agency_id, of_agency.today, most - cardinality(made) - cardinality(said));
      said := said || array_remove(handled, NULL);
      EXIT WHEN cardinality(handled) = 0 OR cardinality(made) + cardinality(said) >= most;
    END LOOP;
    PERFORM radioshop.queue_alerts(of_agency.agency_id, said);
    made := made || said;
    INSERT INTO radioshop.alert_run AS n (agency_id, running_since, decided_at, decided_day)
      SELECT of_agency.agency_id, CASE WHEN cardinality(handled) > 0 THEN now() END, CASE WHEN cardinality(handled) = 0 THEN now() END,
        of_agency.today
      ON CONFLICT ON CONSTRAINT alert_run_pkey DO UPDATE SET decided_day = excluded.decided_day,
        running_since = CASE WHEN excluded.running_since IS NOT NULL AND n.running_since > now() - interval '10 minutes'
          THEN n.running_since ELSE excluded.running_since END,
        decided_at = coalesce(excluded.decided_at, n.decided_at);
  END LOOP;
  RETURN QUERY SELECT NULL, l.alert_id, l.kind, g.code, a.tag, a.assigned_to, coalesce(p.code, ''), l.due_on, l.days_overdue, l.step, l.emitted_at,
      l.acked_at, l.acked_by, l.ack_note, l.snoozed_until, l.snoozed_by, l.snooze_note, l.settled_at, l.said
    FROM radioshop.alert l JOIN radioshop.agency g ON g.agency_id = l.agency_id
      JOIN radioshop.asset a ON a.agency_id = l.agency_id AND a.asset_id = l.asset_id
      LEFT JOIN radioshop.plan p ON p.agency_id = l.agency_id AND p.plan_id = l.plan_id
    WHERE l.agency_id = ANY (radioshop.agencies()) AND l.alert_id = ANY (made)
    ORDER BY g.code, l.due_on, a.tag_key, p.code_key, l.kind;
END
$$;

CREATE FUNCTION radioshop.open_alert(alert text, done text, OUT agency_id int, OUT alert_id uuid, OUT asset_id uuid, OUT plan_id uuid,
  OUT due_on date, OUT refusal text) LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
  it record;
  key text := lower(btrim(open_alert.alert));
BEGIN
  IF key !~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' THEN
    refusal := radioshop.refuse('INVALID_ARGUMENT', 'alert', 'give the UUID of an alert');
    RETURN;
  END IF;
  SELECT l.agency_id, l.alert_id, l.asset_id, l.plan_id, l.due_on INTO it FROM radioshop.alert l
    WHERE l.agency_id = ANY (radioshop.agencies()) AND l.alert_id = key::uuid;
  IF NOT FOUND THEN
    refusal := radioshop.refuse('NOT_FOUND', 'alert', format('no alert has the UUID %s', key));
    RETURN;
  END IF;
  PERFORM 1 FROM radioshop.schedule s
    WHERE s.agency_id = it.agency_id AND s.asset_id = it.asset_id AND s.plan_id = it.plan_id FOR NO KEY UPDATE;
  SELECT CASE
      WHEN l.kind = 'resolved' THEN radioshop.refuse('FAILED_PRECONDITION', 'alert', format('a resolved alert needs no %s', done))
      WHEN l.acked_at IS NOT NULL THEN radioshop.refuse('FAILED_PRECONDITION', 'alert',
        format('the alert was acknowledged by %s already', l.acked_by))
      WHEN l.settled_at IS NOT NULL THEN radioshop.refuse('FAILED_PRECONDITION', 'alert',
        'the alert is settled: what it says is not so any more')
    END INTO open_alert.refusal
    FROM radioshop.alert l WHERE l.agency_id = it.agency_id AND l.alert_id = it.alert_id FOR NO KEY UPDATE;
  agency_id := it.agency_id;
  alert_id := it.alert_id;
  asset_id := it.asset_id;
  plan_id := it.plan_id;
  due_on := it.due_on;
END
$$;

CREATE OR REPLACE FUNCTION radioshop.ack_alert(alert text, note text) RETURNS radioshop.alert_shown LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
  shown radioshop.alert_shown;
  it record;
  same uuid[];
BEGIN
  SELECT o.agency_id, o.alert_id, o.asset_id, o.plan_id, o.due_on, o.refusal INTO it
    FROM radioshop.open_alert(ack_alert.alert, 'acknowledgement') o;
  IF it.refusal IS NOT NULL THEN
    shown.refusal := it.refusal;
    RETURN shown;
  END IF;
  WITH acked AS (
    UPDATE radioshop.alert l SET acked_at = now(), acked_by = radioshop.caller(), snoozed_until = NULL,
        ack_note = btrim(coalesce(ack_alert.note, ''), E' \t\r\n')
      WHERE l.agency_id = it.agency_id AND l.asset_id = it.asset_id AND l.plan_id IS NOT DISTINCT FROM it.plan_id AND l.due_on = it.due_on
        AND l.kind <> 'resolved' AND l.acked_at IS NULL
      RETURNING l.alert_id
  )
  SELECT array_agg(d.alert_id) INTO same FROM acked d;
  UPDATE radioshop.schedule s SET alert_acked = true
    WHERE s.agency_id = it.agency_id AND s.asset_id = it.asset_id AND s.plan_id = it.plan_id AND s.alerted_due = it.due_on;
  PERFORM radioshop.mute_notices(it.agency_id, same, format('acknowledged by %s before it was sent', radioshop.caller()));
  RETURN radioshop.shown_alert(it.agency_id, it.alert_id);
END
$$;

CREATE OR REPLACE FUNCTION radioshop.snooze_alert(alert text, until date, note text) RETURNS radioshop.alert_shown LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
  shown radioshop.alert_shown;
  it record;
  today date;
  same uuid[];
BEGIN
  SELECT o.agency_id, o.alert_id, o.asset_id, o.plan_id, o.due_on, o.refusal INTO it FROM radioshop.open_alert(snooze_alert.alert, 'snooze') o;
  shown.refusal := it.refusal;
  IF shown.refusal IS NULL THEN
    SELECT radioshop.today(g.time_zone) INTO today FROM radioshop.agency g WHERE g.agency_id = it.agency_id;
    shown.refusal := CASE
      WHEN snooze_alert.until IS NULL THEN radioshop.refuse('INVALID_ARGUMENT', 'until', 'say on which day it is said again')
      WHEN snooze_alert.until <= today THEN radioshop.refuse('INVALID_ARGUMENT', 'until', format('give a day after today, %s', today))
      WHEN snooze_alert.until > today + 366 THEN radioshop.refuse('INVALID_ARGUMENT', 'until', 'at most a year; acknowledge it to hear no more of it')
    END;
  END IF;
  IF shown.refusal IS NOT NULL THEN
    RETURN shown;
  END IF;
  WITH snoozed AS (
    UPDATE radioshop.alert l SET snoozed_until = snooze_alert.until, snoozed_by = radioshop.caller(),
        snooze_note = btrim(coalesce(snooze_alert.note, ''), E' \t\r\n')
      WHERE l.agency_id = it.agency_id AND l.asset_id = it.asset_id AND l.plan_id IS NOT DISTINCT FROM it.plan_id AND l.due_on = it.due_on
        AND l.kind <> 'resolved' AND l.acked_at IS NULL
      RETURNING l.alert_id
  )
  SELECT array_agg(d.alert_id) INTO same FROM snoozed d;
  PERFORM radioshop.mute_notices(it.agency_id, same, format('snoozed by %s until %s', radioshop.caller(), snooze_alert.until));
  RETURN radioshop.shown_alert(it.agency_id, it.alert_id);
END
$$;

CREATE OR REPLACE FUNCTION radioshop.shown_delivery(agency int, delivery uuid) RETURNS radioshop.delivery_shown LANGUAGE plpgsql AS $$
DECLARE
  shown radioshop.delivery_shown;
BEGIN
  SELECT NULL, d.delivery_id, d.generation, g.code, g.name, r.code, d.channel, d.address, d.secret, d.storm, d.made_at, d.lease_until, d.state, d.reply
    INTO shown FROM radioshop.alert_delivery d JOIN radioshop.agency g ON g.agency_id = d.agency_id
      JOIN radioshop.alert_route r ON r.agency_id = d.agency_id AND r.route_id = d.route_id
    WHERE d.agency_id = agency AND d.delivery_id = delivery;
  SELECT coalesce(sum(c.n), 0)::int, coalesce(jsonb_agg(jsonb_build_object('kind', c.kind, 'count', c.n) ORDER BY c.kind), '[]')
    INTO shown.item_count, shown.counts
    FROM (SELECT l.kind, count(*) AS n FROM radioshop.alert_notice n JOIN radioshop.alert l ON l.agency_id = n.agency_id AND l.alert_id = n.alert_id
      WHERE n.agency_id = agency AND n.delivery_id = delivery GROUP BY l.kind) c;
  shown.items := '[]';
  IF NOT shown.storm THEN
    SELECT coalesce(jsonb_agg(jsonb_build_object('alert', l.alert_id, 'kind', l.kind, 'tag', a.tag, 'assigned_to', a.assigned_to,
        'location', a.location, 'plan', coalesce(p.code, ''), 'plan_name', coalesce(p.name, ''), 'what', l.said, 'due_on', l.due_on, 'days_overdue', l.days_overdue, 'step', l.step)
        ORDER BY l.due_on, a.tag_key, p.code_key, l.alert_id), '[]') INTO shown.items
      FROM radioshop.alert_notice n JOIN radioshop.alert l ON l.agency_id = n.agency_id AND l.alert_id = n.alert_id
        JOIN radioshop.asset a ON a.agency_id = l.agency_id AND a.asset_id = l.asset_id
        LEFT JOIN radioshop.plan p ON p.agency_id = l.agency_id AND p.plan_id = l.plan_id
      WHERE n.agency_id = agency AND n.delivery_id = delivery;
  END IF;
  RETURN shown;
END
$$;

CREATE FUNCTION radioshop.set_alert_rule(agency text, kind text, days int, stopped boolean, revision bigint)
RETURNS radioshop.alert_rule_shown LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
  shown radioshop.alert_rule_shown;
  of_agency int;
  usual int;
  now_is bigint;
BEGIN
  SELECT g.agency_id INTO of_agency FROM radioshop.agency g
    WHERE g.agency_id = ANY (radioshop.agencies()) AND g.agency_id > 0 AND g.code = upper(set_alert_rule.agency);
  SELECT k.days INTO usual FROM radioshop.alert_kind k WHERE k.kind = set_alert_rule.kind;
  IF of_agency IS NOT NULL THEN
    PERFORM pg_advisory_xact_lock(hashtext('radioshop.alert'), of_agency);
    SELECT r.revision INTO now_is FROM radioshop.alert_rule r WHERE r.agency_id = of_agency AND r.kind = set_alert_rule.kind FOR NO KEY UPDATE;
  END IF;
  shown.refusal := CASE
    WHEN coalesce(set_alert_rule.agency, '') = '' THEN radioshop.refuse('INVALID_ARGUMENT', 'agency', 'a rule needs the code of its agency')
    WHEN of_agency IS NULL THEN radioshop.refuse('NOT_FOUND', 'agency', format('no agency has the code %s', set_alert_rule.agency))
    WHEN usual IS NULL THEN
      radioshop.refuse('INVALID_ARGUMENT', 'kind', 'a rule is for due_soon, ticket_waiting or warranty_ending; what is overdue needs none')
    WHEN set_alert_rule.days NOT BETWEEN 0 AND 365 THEN radioshop.refuse('INVALID_ARGUMENT', 'days', 'give 1 to 365 days, or 0 for the usual')
    WHEN coalesce(set_alert_rule.revision, 0) <> coalesce(now_is, 0) THEN
      radioshop.refuse('ABORTED', 'revision', format('the rule is at revision %s now; give that (0: there is none yet)', coalesce(now_is, 0)))
  END;
  IF shown.refusal IS NOT NULL THEN
    RETURN shown;
  END IF;
  INSERT INTO radioshop.alert_rule AS r (agency_id, kind, days, stopped)
    VALUES (of_agency, set_alert_rule.kind, coalesce(nullif(set_alert_rule.days, 0), usual), coalesce(set_alert_rule.stopped, false))
    ON CONFLICT ON CONSTRAINT alert_rule_kind_once DO UPDATE SET days = excluded.days, stopped = excluded.stopped;
  IF set_alert_rule.stopped THEN
    UPDATE radioshop.alert l SET settled_at = now() WHERE l.agency_id = of_agency AND l.kind = set_alert_rule.kind AND l.settled_at IS NULL
      AND l.kind NOT IN ('overdue', 'escalated', 'resolved');
  END IF;
  SELECT NULL, g.code, r.kind, r.days, r.stopped, r.revision INTO shown FROM radioshop.alert_rule r
    JOIN radioshop.agency g ON g.agency_id = r.agency_id WHERE r.agency_id = of_agency AND r.kind = set_alert_rule.kind;
  RETURN shown;
END
$$;

COMMIT;
