-- Revert radioshop:ticket_watcher from pg

BEGIN;

UPDATE radioshop.schema_version SET version = 23;

-- What was said of moved tickets goes with its kind, and with it the messages that were made of nothing else.
DO $$
DECLARE
  deliveries uuid[];
BEGIN
  PERFORM set_config('radioshop.agencies', '{0}', true);
  PERFORM set_config('radioshop.agencies', (SELECT array_agg(g.agency_id)::text FROM radioshop.agency g), true);
  ALTER TABLE radioshop.alert_notice DISABLE TRIGGER USER;
  ALTER TABLE radioshop.alert_delivery DISABLE TRIGGER USER;
  ALTER TABLE radioshop.alert DISABLE TRIGGER USER;
  deliveries := ARRAY(SELECT DISTINCT n.delivery_id FROM radioshop.alert_notice n
    JOIN radioshop.alert l ON l.agency_id = n.agency_id AND l.alert_id = n.alert_id WHERE l.kind = 'ticket_moved' AND n.delivery_id IS NOT NULL);
  DELETE FROM radioshop.alert_notice n USING radioshop.alert l
    WHERE l.agency_id = n.agency_id AND l.alert_id = n.alert_id AND l.kind = 'ticket_moved';
  DELETE FROM radioshop.alert_delivery d WHERE d.delivery_id = ANY (deliveries)
    AND NOT EXISTS (SELECT FROM radioshop.alert_notice n WHERE n.agency_id = d.agency_id AND n.delivery_id = d.delivery_id);
  DELETE FROM radioshop.alert l WHERE l.kind = 'ticket_moved';
  UPDATE radioshop.alert_route r SET kinds = array_remove(r.kinds, 'ticket_moved'), stopped = r.stopped OR r.kinds = '{ticket_moved}'
    WHERE 'ticket_moved' = ANY (r.kinds);
  ALTER TABLE radioshop.alert_notice ENABLE TRIGGER USER;
  ALTER TABLE radioshop.alert_delivery ENABLE TRIGGER USER;
  ALTER TABLE radioshop.alert ENABLE TRIGGER USER;
END
$$;

DROP FUNCTION radioshop.watch_ticket(text, text, boolean);

-- As deploy/alert_subject.sql and deploy/alert_delivery.sql have them.
CREATE OR REPLACE FUNCTION radioshop.emit_next(agency int, today date, lim int, urgent boolean) RETURNS uuid[] LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
  handled uuid[] := '{}';
  rule record;
BEGIN
  IF NOT emit_next.urgent THEN
    handled := ARRAY(SELECT radioshop.emit_resolved(agency, lim));
    IF cardinality(handled) = 0 THEN
      handled := ARRAY(SELECT radioshop.emit_overdue(agency, today, lim));
    END IF;
    IF cardinality(handled) = 0 THEN
      handled := ARRAY(SELECT radioshop.emit_escalated(agency, today, lim));
    END IF;
  END IF;
  FOR rule IN SELECT k.kind, r.days + r.percent AS number FROM radioshop.alert_rule r JOIN radioshop.alert_kind k ON k.kind = r.kind
      WHERE r.agency_id = emit_next.agency AND NOT r.stopped AND (k.urgent OR NOT emit_next.urgent) ORDER BY k.kind LOOP
    EXIT WHEN cardinality(handled) > 0;
    handled := ARRAY(SELECT radioshop.emit_kind(agency, rule.kind, rule.number, today, lim));
  END LOOP;
  IF cardinality(handled) = 0 AND NOT emit_next.urgent THEN
    handled := ARRAY(SELECT radioshop.emit_woken(agency, today, lim));
  END IF;
  RETURN handled;
END
$$;

CREATE OR REPLACE FUNCTION radioshop.end_undeliverable(agency int) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  closed record;
BEGIN
  FOR closed IN SELECT r.route_id, CASE WHEN r.stopped THEN format('route %s is stopped', r.code)
        ELSE format('%s may not enter any more', r.principal) END AS why
      FROM radioshop.alert_route r
      WHERE r.agency_id = agency AND (r.stopped OR r.principal <> '' AND EXISTS (SELECT FROM radioshop.locked_out(ARRAY[r.principal]))) LOOP
    UPDATE radioshop.alert_notice n SET state = 'muted', reason = closed.why
      WHERE n.agency_id = agency AND n.route_id = closed.route_id AND n.state = 'queued';
    PERFORM radioshop.end_delivery(agency, d.delivery_id, 'muted', closed.why) FROM radioshop.alert_delivery d
      WHERE d.agency_id = agency AND d.route_id = closed.route_id AND d.state = 'waiting' AND (d.lease_until IS NULL OR d.lease_until < now());
  END LOOP;
  PERFORM radioshop.end_delivery(agency, d.delivery_id, 'failed', 'not delivered in three days: ' || d.reply) FROM radioshop.alert_delivery d
    WHERE d.agency_id = agency AND d.state = 'waiting' AND d.made_at < now() - interval '3 days' AND (d.lease_until IS NULL OR d.lease_until < now());
END
$$;

DROP FUNCTION radioshop.mute_former_watchers(int);
DROP FUNCTION radioshop.tell_watchers(int, int);
DROP TRIGGER watchers_follow ON radioshop.ticket_entry;
DROP FUNCTION radioshop.ticket_watcher_follow();
DROP FUNCTION radioshop.watchers_of(int, uuid);
DROP FUNCTION radioshop.may_see_tickets(text, int);
DROP FUNCTION radioshop.holds_role(text, text[], int);
DROP TABLE radioshop.ticket_watcher;

COMMIT;
