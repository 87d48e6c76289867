-- Revert radioshop:alert_delivery from pg

BEGIN;

UPDATE radioshop.schema_version SET version = 7;
DROP FUNCTION radioshop.alert_times();
DROP FUNCTION radioshop.confirm_delivery(text, int, text, text);
DROP FUNCTION radioshop.retry_after(int);
DROP FUNCTION radioshop.claim_deliveries(text, text, int, int);
DROP FUNCTION radioshop.shown_delivery(int, uuid);
DROP TYPE radioshop.delivery_shown;
DROP FUNCTION radioshop.make_deliveries(int, text);
DROP FUNCTION radioshop.end_undeliverable(int);
DROP FUNCTION radioshop.end_delivery(int, uuid, text, text);
DROP FUNCTION radioshop.snooze_alert(text, date, text);
DROP FUNCTION radioshop.mute_notices(int, uuid[], text);
DROP FUNCTION radioshop.open_alert(text, text);
DROP FUNCTION radioshop.emit_next(int, date, int);
DROP FUNCTION radioshop.emit_woken(int, date, int);
DROP FUNCTION radioshop.queue_alerts(int, uuid[]);
DROP FUNCTION radioshop.is_quiet(text, text);
DROP FUNCTION radioshop.update_alert_route(text, text, bigint, text[], text, text, text, text, text[], int, boolean, text, text, int, boolean);
DROP FUNCTION radioshop.create_alert_route(text, text, text, text, text, text, text[], int, boolean, text, text, int, boolean);
DROP FUNCTION radioshop.refuse_route(text, text, text, text);
DROP FUNCTION radioshop.shown_alert_route(int, uuid);
DROP TYPE radioshop.alert_route_shown;
DROP FUNCTION radioshop.shown_alert(int, uuid);
DROP TABLE radioshop.alert_run, radioshop.alert_notice, radioshop.alert_delivery, radioshop.alert_route;
ALTER TYPE radioshop.alert_shown DROP ATTRIBUTE snoozed_until, DROP ATTRIBUTE snoozed_by, DROP ATTRIBUTE snooze_note,
  DROP ATTRIBUTE settled_at;
DROP TRIGGER record_snooze ON radioshop.alert;
ALTER TABLE radioshop.alert DROP COLUMN snoozed_until, DROP COLUMN snoozed_by, DROP COLUMN snooze_note, DROP COLUMN round;

-- As the change "alert" made them.
CREATE OR REPLACE FUNCTION radioshop.emit_escalated(agency int, today date, lim int) RETURNS SETOF uuid LANGUAGE plpgsql AS $$
BEGIN
  RETURN QUERY
  WITH late AS (
    SELECT s.asset_id, s.plan_id, s.next_due, s.overdue_from, (today - s.overdue_from) / s.escalate_days AS step FROM radioshop.schedule s
      WHERE s.agency_id = agency AND s.escalate_on <= today AND s.escalate_on IS NOT NULL
      ORDER BY s.escalate_on, s.asset_id, s.plan_id LIMIT lim FOR NO KEY UPDATE SKIP LOCKED
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

CREATE OR REPLACE FUNCTION radioshop.emit_alerts(agency text, lim int) RETURNS SETOF radioshop.alert_shown LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
  shown radioshop.alert_shown;
  of_agency record;
  handled uuid[];
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
    LOOP
      handled := ARRAY(SELECT radioshop.emit_resolved(of_agency.agency_id, most - cardinality(made)));
      made := made || array_remove(handled, NULL);
      CONTINUE WHEN cardinality(handled) > 0 AND cardinality(made) < most;
      handled := ARRAY(SELECT radioshop.emit_overdue(of_agency.agency_id, of_agency.today, most - cardinality(made)));
      made := made || array_remove(handled, NULL);
      CONTINUE WHEN cardinality(handled) > 0 AND cardinality(made) < most;
      handled := ARRAY(SELECT radioshop.emit_escalated(of_agency.agency_id, of_agency.today, most - cardinality(made)));
      made := made || array_remove(handled, NULL);
      EXIT WHEN cardinality(handled) = 0 OR cardinality(made) >= most;
    END LOOP;
  END LOOP;
  RETURN QUERY SELECT NULL, l.alert_id, l.kind, g.code, a.tag, a.assigned_to, p.code, l.due_on, l.days_overdue, l.step, l.emitted_at,
      l.acked_at, l.acked_by, l.ack_note
    FROM radioshop.alert l JOIN radioshop.agency g ON g.agency_id = l.agency_id
      JOIN radioshop.asset a ON a.agency_id = l.agency_id AND a.asset_id = l.asset_id
      JOIN radioshop.plan p ON p.agency_id = l.agency_id AND p.plan_id = l.plan_id
    WHERE l.agency_id = ANY (radioshop.agencies()) AND l.alert_id = ANY (made)
    ORDER BY g.code, l.due_on, a.tag_key, p.code_key, l.kind;
END
$$;

CREATE OR REPLACE FUNCTION radioshop.ack_alert(alert text, note text) RETURNS radioshop.alert_shown LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
  shown radioshop.alert_shown;
  it record;
  key text := lower(btrim(ack_alert.alert));
BEGIN
  IF key !~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' THEN
    shown.refusal := radioshop.refuse('INVALID_ARGUMENT', 'alert', 'give the UUID of an alert');
    RETURN shown;
  END IF;
  SELECT l.agency_id, l.alert_id, l.kind, l.asset_id, l.plan_id, l.due_on INTO it FROM radioshop.alert l
    WHERE l.agency_id = ANY (radioshop.agencies()) AND l.alert_id = key::uuid;
  IF NOT FOUND THEN
    shown.refusal := radioshop.refuse('NOT_FOUND', 'alert', format('no alert has the UUID %s', key));
    RETURN shown;
  END IF;
  -- The schedule is locked before the ledger, as when alerts are emitted.
  PERFORM 1 FROM radioshop.schedule s
    WHERE s.agency_id = it.agency_id AND s.asset_id = it.asset_id AND s.plan_id = it.plan_id FOR NO KEY UPDATE;
  SELECT CASE
      WHEN l.kind = 'resolved' THEN radioshop.refuse('FAILED_PRECONDITION', 'alert', 'a resolved alert needs no acknowledgement')
      WHEN l.acked_at IS NOT NULL THEN radioshop.refuse('FAILED_PRECONDITION', 'alert',
        format('the alert was acknowledged by %s already', l.acked_by))
      WHEN l.settled_at IS NOT NULL THEN radioshop.refuse('FAILED_PRECONDITION', 'alert',
        'the alert is settled: the asset is not overdue any more')
    END INTO shown.refusal
    FROM radioshop.alert l WHERE l.agency_id = it.agency_id AND l.alert_id = it.alert_id FOR NO KEY UPDATE;
  IF shown.refusal IS NOT NULL THEN
    RETURN shown;
  END IF;
  UPDATE radioshop.alert l SET acked_at = now(), acked_by = radioshop.caller(), ack_note = btrim(coalesce(ack_alert.note, ''), E' \t\r\n')
    WHERE l.agency_id = it.agency_id AND l.asset_id = it.asset_id AND l.plan_id = it.plan_id AND l.due_on = it.due_on
      AND l.kind <> 'resolved' AND l.acked_at IS NULL;
  UPDATE radioshop.schedule s SET alert_acked = true
    WHERE s.agency_id = it.agency_id AND s.asset_id = it.asset_id AND s.plan_id = it.plan_id AND s.alerted_due = it.due_on;
  SELECT NULL, l.alert_id, l.kind, g.code, a.tag, a.assigned_to, p.code, l.due_on, l.days_overdue, l.step, l.emitted_at, l.acked_at,
      l.acked_by, l.ack_note
    INTO shown
    FROM radioshop.alert l JOIN radioshop.agency g ON g.agency_id = l.agency_id
      JOIN radioshop.asset a ON a.agency_id = l.agency_id AND a.asset_id = l.asset_id
      JOIN radioshop.plan p ON p.agency_id = l.agency_id AND p.plan_id = l.plan_id
    WHERE l.agency_id = it.agency_id AND l.alert_id = it.alert_id;
  RETURN shown;
END
$$;

COMMIT;
