-- Deploy radioshop:alert to pg
--
-- The ledger of alerts: what has been said about overdue items, so that nothing is said twice. The night is not in the key:
-- what was missed one night is found the next.

BEGIN;

CREATE TABLE radioshop.alert (
  agency_id int NOT NULL,
  alert_id uuid NOT NULL DEFAULT radioshop.uuid_v7(),
  kind text NOT NULL,
  asset_id uuid NOT NULL,
  plan_id uuid NOT NULL,
  due_on date NOT NULL,
  step int NOT NULL DEFAULT 0,
  days_overdue int NOT NULL,
  emitted_at timestamptz NOT NULL DEFAULT now(),
  acked_at timestamptz,
  acked_by text NOT NULL DEFAULT '',
  ack_note text NOT NULL DEFAULT '',
  settled_at timestamptz,
  CONSTRAINT alert_pkey PRIMARY KEY (agency_id, alert_id),
  CONSTRAINT alert_said_once UNIQUE (agency_id, asset_id, plan_id, due_on, kind, step),
  CONSTRAINT alert_asset_known FOREIGN KEY (agency_id, asset_id) REFERENCES radioshop.asset (agency_id, asset_id),
  CONSTRAINT alert_plan_known FOREIGN KEY (agency_id, plan_id) REFERENCES radioshop.plan (agency_id, plan_id),
  CONSTRAINT alert_kind_known CHECK (kind IN ('overdue', 'escalated', 'resolved')),
  CONSTRAINT alert_step_fits CHECK (CASE kind WHEN 'escalated' THEN step > 0 ELSE step = 0 END),
  CONSTRAINT alert_days_overdue_range CHECK (CASE kind WHEN 'resolved' THEN days_overdue = 0 ELSE days_overdue > 0 END),
  CONSTRAINT alert_acked_by_fits CHECK ((acked_at IS NOT NULL) = (acked_by <> '')),
  CONSTRAINT alert_ack_note_form CHECK (radioshop.is_text(ack_note, 4000))
);
COMMENT ON COLUMN radioshop.alert.settled_at IS 'since when it is known that the item is not overdue any more; never set on a resolved one';
COMMENT ON CONSTRAINT alert_said_once ON radioshop.alert IS 'alert: this was said before';
COMMENT ON CONSTRAINT alert_ack_note_form ON radioshop.alert IS
  'note: at most 4000 characters, and no control characters but tabs and line ends';
CREATE INDEX alert_by_time ON radioshop.alert (agency_id, emitted_at DESC, alert_id DESC);
CREATE INDEX alert_open_by_time ON radioshop.alert (agency_id, emitted_at DESC, alert_id DESC)
  WHERE acked_at IS NULL AND settled_at IS NULL AND kind <> 'resolved';
CREATE INDEX alert_by_plan ON radioshop.alert (agency_id, plan_id);

-- What is to be said. None of the three grows with what is overdue and was said before.
CREATE INDEX schedule_to_alert ON radioshop.schedule (agency_id, overdue_from, asset_id, plan_id)
  WHERE next_due IS NOT NULL AND alerted_due IS DISTINCT FROM next_due;
CREATE INDEX schedule_to_escalate ON radioshop.schedule (agency_id, escalate_on, asset_id, plan_id) WHERE escalate_on IS NOT NULL;
CREATE INDEX schedule_to_resolve ON radioshop.schedule (agency_id, alerted_due, asset_id, plan_id)
  WHERE alerted_due IS NOT NULL AND alerted_due IS DISTINCT FROM next_due;

-- The ledger is its own record of what was emitted; events are kept of what people do to it.
CREATE TRIGGER record_event AFTER UPDATE ON radioshop.alert FOR EACH ROW WHEN (OLD.acked_at IS DISTINCT FROM NEW.acked_at)
  EXECUTE FUNCTION radioshop.record_event('alert', 'alert_id', 'settled_at');

ALTER TABLE radioshop.alert ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY alert_agency ON radioshop.alert
  USING (agency_id = ANY ((SELECT nullif(current_setting('radioshop.agencies', true), '')::int[])::int[]));
GRANT SELECT, INSERT, UPDATE (acked_at, acked_by, ack_note, settled_at) ON radioshop.alert TO radioshop_app;

-- An alert as a caller sees it, or why not. In step with message Alert.
CREATE TYPE radioshop.alert_shown AS (
  refusal text, id uuid, kind text, agency text, tag text, assigned_to text, plan text, due_on date, days_overdue int, step int,
  emitted_at timestamptz, acked_at timestamptz, acked_by text, ack_note text
);

-- ---------------------------------------------------------------------------------------------------------------------
-- Emitting: three steps for one agency, each for at most lim items. Each returns a row an item: the id in the ledger, or NULL when
-- it was said before.
-- Rows that somebody is working on just now are left for the next run (SKIP LOCKED): no deadlock, and they may be settled by then.

-- What had an alert out and is not due then any more: serviced, retired, replanned or stopped.
CREATE FUNCTION radioshop.emit_resolved(agency int, lim int) RETURNS SETOF uuid LANGUAGE plpgsql AS $$
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

-- What has become overdue. The first alert says how late it is; escalations count on from there, so that an item found late is
-- not said twice at once. A due date that was overdue before, was moved and is back, is open again but not said again.
CREATE FUNCTION radioshop.emit_overdue(agency int, today date, lim int) RETURNS SETOF uuid LANGUAGE plpgsql AS $$
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

-- What is still overdue after so many days more: only the highest step that is due, whatever nights were missed.
CREATE FUNCTION radioshop.emit_escalated(agency int, today date, lim int) RETURNS SETOF uuid LANGUAGE plpgsql AS $$
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

-- Enters what is to be said into the ledger and returns it, at most lim items. Two hosts at once take turns by agency, and the second
-- finds what the first has left.
CREATE FUNCTION radioshop.emit_alerts(agency text, lim int) RETURNS SETOF radioshop.alert_shown LANGUAGE plpgsql AS $$
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

-- Acknowledges an alert and with it all that was said of the same due date: it is not raised again until the next one.
CREATE FUNCTION radioshop.ack_alert(alert text, note text) RETURNS radioshop.alert_shown LANGUAGE plpgsql AS $$
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
