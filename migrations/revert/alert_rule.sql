-- Revert radioshop:alert_rule from pg
--
-- What was said of other kinds is forgotten: the ledger before this change has no place for it.

BEGIN;

UPDATE radioshop.schema_version SET version = 11;
DROP FUNCTION radioshop.set_alert_rule(text, text, int, boolean, bigint);
DROP TYPE radioshop.alert_rule_shown;
DROP FUNCTION radioshop.emit_kind(int, text, text, boolean, int, date, int);
DROP FUNCTION radioshop.alert_warranties_ending(int, date, int);
DROP INDEX radioshop.asset_by_warranty;
DROP FUNCTION radioshop.alert_tickets_waiting(int, date, int);
DROP FUNCTION radioshop.alert_due_soon(int, date, int);
DROP TYPE radioshop.alert_subject;
ALTER TABLE radioshop.alert NO FORCE ROW LEVEL SECURITY;
ALTER TABLE radioshop.alert_notice NO FORCE ROW LEVEL SECURITY;
ALTER TABLE radioshop.alert_route NO FORCE ROW LEVEL SECURITY;
DELETE FROM radioshop.alert_notice n USING radioshop.alert l WHERE l.agency_id = n.agency_id AND l.alert_id = n.alert_id
  AND (l.plan_id IS NULL OR l.kind NOT IN ('overdue', 'escalated', 'resolved'));
DELETE FROM radioshop.alert WHERE plan_id IS NULL OR kind NOT IN ('overdue', 'escalated', 'resolved');
UPDATE radioshop.alert_route SET kinds = ARRAY(SELECT k FROM unnest(kinds) k WHERE k IN ('overdue', 'escalated', 'resolved'));
ALTER TABLE radioshop.alert FORCE ROW LEVEL SECURITY;
ALTER TABLE radioshop.alert_notice FORCE ROW LEVEL SECURITY;
ALTER TABLE radioshop.alert_route FORCE ROW LEVEL SECURITY;
ALTER TABLE radioshop.alert_route DROP CONSTRAINT alert_route_kinds_known,
  ADD CONSTRAINT alert_route_kinds_known CHECK (kinds <@ '{overdue,escalated,resolved}'::text[] AND cardinality(kinds) <= 32);
COMMENT ON CONSTRAINT alert_route_kinds_known ON radioshop.alert_route IS 'kinds: a route has no such kind of alert';
ALTER TYPE radioshop.alert_shown DROP ATTRIBUTE what;
DROP INDEX radioshop.alert_open_by_kind;
ALTER TABLE radioshop.alert
  DROP CONSTRAINT alert_said_once,
  DROP CONSTRAINT alert_kind_known,
  DROP CONSTRAINT alert_plan_fits,
  DROP CONSTRAINT alert_step_fits,
  DROP CONSTRAINT alert_days_overdue_range,
  ALTER COLUMN plan_id SET NOT NULL,
  DROP COLUMN said,
  ADD CONSTRAINT alert_said_once UNIQUE (agency_id, asset_id, plan_id, due_on, kind, step),
  ADD CONSTRAINT alert_kind_known CHECK (kind IN ('overdue', 'escalated', 'resolved')),
  ADD CONSTRAINT alert_step_fits CHECK (CASE kind WHEN 'escalated' THEN step > 0 ELSE step = 0 END),
  ADD CONSTRAINT alert_days_overdue_range CHECK (CASE kind WHEN 'resolved' THEN days_overdue = 0 ELSE days_overdue > 0 END);
COMMENT ON CONSTRAINT alert_said_once ON radioshop.alert IS 'alert: this was said before';
DROP TABLE radioshop.alert_rule, radioshop.alert_kind;

-- As the change "alert_delivery" made them.
CREATE OR REPLACE FUNCTION radioshop.shown_alert(agency int, alert uuid) RETURNS radioshop.alert_shown LANGUAGE plpgsql AS $$
DECLARE
  shown radioshop.alert_shown;
BEGIN
  SELECT NULL, l.alert_id, l.kind, g.code, a.tag, a.assigned_to, p.code, l.due_on, l.days_overdue, l.step, l.emitted_at, l.acked_at,
      l.acked_by, l.ack_note, l.snoozed_until, l.snoozed_by, l.snooze_note, l.settled_at
    INTO shown
    FROM radioshop.alert l JOIN radioshop.agency g ON g.agency_id = l.agency_id
      JOIN radioshop.asset a ON a.agency_id = l.agency_id AND a.asset_id = l.asset_id
      JOIN radioshop.plan p ON p.agency_id = l.agency_id AND p.plan_id = l.plan_id
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
          WHERE b.agency_id = l.agency_id AND b.asset_id = l.asset_id AND b.plan_id = l.plan_id AND b.due_on = l.due_on AND b.kind <> 'resolved'
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
      AND b.asset_id = w.asset_id AND b.plan_id = w.plan_id AND b.due_on = w.due_on AND b.kind <> 'resolved' AND b.step > w.step)
  ), noted AS (
    UPDATE radioshop.alert l SET snoozed_until = NULL,
        round = l.round + CASE WHEN EXISTS (SELECT FROM again i WHERE i.alert_id = w.alert_id) THEN 1 ELSE 0 END
      FROM woken w WHERE l.agency_id = agency AND l.alert_id = w.alert_id
  )
  SELECT i.alert_id FROM woken w LEFT JOIN again i ON i.alert_id = w.alert_id;
END
$$;

CREATE OR REPLACE FUNCTION radioshop.emit_next(agency int, today date, lim int) RETURNS uuid[] LANGUAGE plpgsql AS $$
DECLARE
  handled uuid[];
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
  RETURN handled;
END
$$;

CREATE OR REPLACE FUNCTION radioshop.emit_alerts(agency text, lim int) RETURNS SETOF radioshop.alert_shown LANGUAGE plpgsql AS $$
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
  RETURN QUERY SELECT NULL, l.alert_id, l.kind, g.code, a.tag, a.assigned_to, p.code, l.due_on, l.days_overdue, l.step, l.emitted_at,
      l.acked_at, l.acked_by, l.ack_note, l.snoozed_until, l.snoozed_by, l.snooze_note, l.settled_at
    FROM radioshop.alert l JOIN radioshop.agency g ON g.agency_id = l.agency_id
      JOIN radioshop.asset a ON a.agency_id = l.agency_id AND a.asset_id = l.asset_id
      JOIN radioshop.plan p ON p.agency_id = l.agency_id AND p.plan_id = l.plan_id
    WHERE l.agency_id = ANY (radioshop.agencies()) AND l.alert_id = ANY (made)
    ORDER BY g.code, l.due_on, a.tag_key, p.code_key, l.kind;
END
$$;

CREATE OR REPLACE FUNCTION radioshop.open_alert(alert text, done text, OUT agency_id int, OUT alert_id uuid, OUT asset_id uuid, OUT plan_id uuid,
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
        'the alert is settled: the asset is not overdue any more')
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
      WHERE l.agency_id = it.agency_id AND l.asset_id = it.asset_id AND l.plan_id = it.plan_id AND l.due_on = it.due_on
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
      WHERE l.agency_id = it.agency_id AND l.asset_id = it.asset_id AND l.plan_id = it.plan_id AND l.due_on = it.due_on
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
        'location', a.location, 'plan', p.code, 'plan_name', p.name, 'due_on', l.due_on, 'days_overdue', l.days_overdue, 'step', l.step)
        ORDER BY l.due_on, a.tag_key, p.code_key, l.alert_id), '[]') INTO shown.items
      FROM radioshop.alert_notice n JOIN radioshop.alert l ON l.agency_id = n.agency_id AND l.alert_id = n.alert_id
        JOIN radioshop.asset a ON a.agency_id = l.agency_id AND a.asset_id = l.asset_id
        JOIN radioshop.plan p ON p.agency_id = l.agency_id AND p.plan_id = l.plan_id
      WHERE n.agency_id = agency AND n.delivery_id = delivery;
  END IF;
  RETURN shown;
END
$$;

COMMIT;
