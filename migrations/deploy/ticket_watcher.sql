-- Deploy radioshop:ticket_watcher to pg
--
-- Who watches a ticket, and is told when somebody else has moved it: by the routes that are that person's own, once for each run that
-- finds it moved, with where it is then. Who may not see the tickets of the agency any more hears nothing, not even what is queued.

BEGIN;

CREATE TABLE radioshop.ticket_watcher (
  agency_id int NOT NULL,
  ticket_id uuid NOT NULL,
  principal text COLLATE "C" NOT NULL,
  added_by text NOT NULL DEFAULT radioshop.caller(),
  added_at timestamptz NOT NULL DEFAULT now(),
  moved boolean NOT NULL DEFAULT false,
  CONSTRAINT ticket_watcher_pkey PRIMARY KEY (agency_id, ticket_id, principal),
  CONSTRAINT ticket_watcher_ticket_known FOREIGN KEY (agency_id, ticket_id) REFERENCES radioshop.ticket (agency_id, ticket_id),
  CONSTRAINT ticket_watcher_principal_known FOREIGN KEY (principal) REFERENCES radioshop.principal (name)
);
COMMENT ON COLUMN radioshop.ticket_watcher.moved IS 'somebody else has moved the ticket, and this one was not told yet';
COMMENT ON CONSTRAINT ticket_watcher_ticket_known ON radioshop.ticket_watcher IS 'ticket: no such ticket';
COMMENT ON CONSTRAINT ticket_watcher_principal_known ON radioshop.ticket_watcher IS 'principal: nobody of this name may see the ticket';
CREATE INDEX ticket_watcher_by_principal ON radioshop.ticket_watcher (agency_id, principal, ticket_id);
CREATE INDEX ticket_watcher_to_tell ON radioshop.ticket_watcher (agency_id, ticket_id) WHERE moved;
CREATE TRIGGER record_event AFTER INSERT OR DELETE ON radioshop.ticket_watcher
  FOR EACH ROW EXECUTE FUNCTION radioshop.record_event('ticket_watcher', 'ticket_id', 'moved');
ALTER TABLE radioshop.ticket_watcher ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY ticket_watcher_agency ON radioshop.ticket_watcher
  USING (agency_id = ANY ((SELECT nullif(current_setting('radioshop.agencies', true), '')::int[])::int[]));
GRANT SELECT, INSERT, DELETE, UPDATE (moved) ON radioshop.ticket_watcher TO radioshop_app;

-- Whether somebody of this name holds one of these roles over an agency and is not locked out. A caller sees nobody's grants but its own:
-- so this looks as the shop does, for the length of one query, and says no more than yes or no.
CREATE FUNCTION radioshop.holds_role(name text, roles text[], agency int) RETURNS boolean LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
  before text := coalesce(current_setting('radioshop.agencies', true), '');
  ignored text;
  yes boolean;
BEGIN
  ignored := set_config('radioshop.agencies', '{0}', true);
  yes := EXISTS (SELECT FROM radioshop.principal p JOIN radioshop.principal_grant g ON g.principal_id = p.principal_id
    WHERE p.name = holds_role.name AND NOT p.disabled AND g.agency_id IN (0, holds_role.agency) AND g.role = ANY (holds_role.roles));
  ignored := set_config('radioshop.agencies', before, true);
  RETURN yes;
END
$$;
CREATE FUNCTION radioshop.may_see_tickets(name text, agency int) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
  RETURN radioshop.holds_role(name, '{viewer,technician,fleet_manager,admin}', agency);
END
$$;

-- Names of those who watch a ticket.
CREATE FUNCTION radioshop.watchers_of(agency int, ticket uuid) RETURNS text[] LANGUAGE plpgsql STABLE AS $$
BEGIN
  RETURN (SELECT coalesce(array_agg(w.principal ORDER BY w.principal), '{}') FROM radioshop.ticket_watcher w
    WHERE w.agency_id = agency AND w.ticket_id = ticket);
END
$$;

-- ---------------------------------------------------------------------------------------------------------------------
-- Telling them

-- The row of each watcher is locked whether it says so already or not: a run that is just telling of an earlier move must not take this
-- one off the list with it.
CREATE FUNCTION radioshop.ticket_watcher_follow() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  UPDATE radioshop.ticket_watcher w SET moved = true
    WHERE w.agency_id = NEW.agency_id AND w.ticket_id = NEW.ticket_id AND w.principal <> radioshop.caller();
  RETURN NULL;
END
$$;
CREATE TRIGGER watchers_follow AFTER INSERT ON radioshop.ticket_entry FOR EACH ROW WHEN (NEW.kind = 'move')
  EXECUTE FUNCTION radioshop.ticket_watcher_follow();

-- Enters, for at most lim watchers, that tickets were moved, and where they are: one alert a ticket, settled as soon as it is said, and a
-- notice for each route of the watcher. The caller holds the lock of the agency's alerts. What is being moved just now is the next
-- run's. It returns nothing: whoever asks what there is to be said of the agency is not told what single people are told.
CREATE FUNCTION radioshop.tell_watchers(agency int, lim int) RETURNS void LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
  it record;
  said uuid;
BEGIN
  FOR it IN
    WITH waiting AS MATERIALIZED (
      SELECT w.ticket_id, w.principal FROM radioshop.ticket_watcher w WHERE w.agency_id = tell_watchers.agency AND w.moved
        ORDER BY w.ticket_id, w.principal LIMIT tell_watchers.lim FOR NO KEY UPDATE SKIP LOCKED
    ), told AS (
      UPDATE radioshop.ticket_watcher w SET moved = false FROM waiting p
        WHERE w.agency_id = tell_watchers.agency AND w.ticket_id = p.ticket_id AND w.principal = p.principal
        RETURNING w.ticket_id, w.principal
    )
    SELECT p.ticket_id, array_agg(p.principal ORDER BY p.principal) AS principals FROM told p GROUP BY p.ticket_id ORDER BY p.ticket_id
  LOOP
    INSERT INTO radioshop.alert AS l (agency_id, kind, asset_id, due_on, days_overdue, said, subject, occasion, settled_at)
      SELECT t.agency_id, 'ticket_moved', t.asset_id, (e.at AT TIME ZONE g.time_zone)::date, 0,
          t.number || ' is ' || replace(e.state, '_', ' ') || ', moved by ' || e.principal, t.number, e.entry_no, now()
        FROM radioshop.ticket t JOIN radioshop.agency g ON g.agency_id = t.agency_id
          CROSS JOIN LATERAL (SELECT y.entry_no, y.at, y.state, y.principal FROM radioshop.ticket_entry y
            WHERE y.agency_id = t.agency_id AND y.ticket_id = t.ticket_id AND y.kind = 'move' ORDER BY y.entry_no DESC LIMIT 1) e
        WHERE t.agency_id = tell_watchers.agency AND t.ticket_id = it.ticket_id
      ON CONFLICT ON CONSTRAINT alert_said_once DO UPDATE SET settled_at = l.settled_at
      RETURNING l.alert_id INTO said;
    INSERT INTO radioshop.alert_notice (agency_id, alert_id, route_id, round)
      SELECT r.agency_id, said, r.route_id, 0 FROM radioshop.alert_route r
        WHERE r.agency_id = tell_watchers.agency AND NOT r.stopped AND r.principal = ANY (it.principals) AND r.from_step = 0
          AND (r.kinds = '{}' OR 'ticket_moved' = ANY (r.kinds)) AND radioshop.may_see_tickets(r.principal, r.agency_id)
        ORDER BY r.route_id
      ON CONFLICT ON CONSTRAINT alert_notice_once DO NOTHING;
  END LOOP;
END
$$;

-- What is queued, or in a message that nobody is sending, for somebody who may not see the tickets of the agency any more.
CREATE FUNCTION radioshop.mute_former_watchers(agency int) RETURNS void LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
  it record;
  why constant text := '%s may not see the tickets of the agency any more';
BEGIN
  FOR it IN SELECT DISTINCT r.route_id, r.principal FROM radioshop.alert_notice n
      JOIN radioshop.alert l ON l.agency_id = n.agency_id AND l.alert_id = n.alert_id AND l.kind = 'ticket_moved'
      JOIN radioshop.alert_route r ON r.agency_id = n.agency_id AND r.route_id = n.route_id
      WHERE n.agency_id = mute_former_watchers.agency AND n.state IN ('queued', 'waiting') LOOP
    CONTINUE WHEN radioshop.may_see_tickets(it.principal, agency);
    UPDATE radioshop.alert_notice n SET state = 'muted', reason = format(why, it.principal), delivery_id = NULL
      FROM radioshop.alert l
      WHERE n.agency_id = mute_former_watchers.agency AND n.route_id = it.route_id AND n.state IN ('queued', 'waiting')
        AND l.agency_id = n.agency_id AND l.alert_id = n.alert_id AND l.kind = 'ticket_moved'
        AND NOT EXISTS (SELECT FROM radioshop.alert_delivery d
          WHERE d.agency_id = n.agency_id AND d.delivery_id = n.delivery_id AND d.lease_until >= now());
    PERFORM radioshop.end_delivery(d.agency_id, d.delivery_id, 'muted', format(why, it.principal)) FROM radioshop.alert_delivery d
      WHERE d.agency_id = mute_former_watchers.agency AND d.route_id = it.route_id AND d.state = 'waiting'
        AND (d.lease_until IS NULL OR d.lease_until < now())
        AND NOT EXISTS (SELECT FROM radioshop.alert_notice n WHERE n.agency_id = d.agency_id AND n.delivery_id = d.delivery_id);
  END LOOP;
END
$$;

-- As in the change "alert_delivery", but former watchers are looked for first.
CREATE OR REPLACE FUNCTION radioshop.end_undeliverable(agency int) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  closed record;
BEGIN
  PERFORM radioshop.mute_former_watchers(agency);
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

-- As in the change "alert_subject", but watchers are told, too, whatever the run asks for.
CREATE OR REPLACE FUNCTION radioshop.emit_next(agency int, today date, lim int, urgent boolean) RETURNS uuid[] LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
  handled uuid[] := '{}';
  rule record;
BEGIN
  PERFORM radioshop.tell_watchers(agency, lim);
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

-- ---------------------------------------------------------------------------------------------------------------------
-- The methods that write

-- Adds somebody who watches a ticket, or takes somebody away; an empty name is the caller's own. Others are the business of those who
-- manage the agency. It changes nothing of the ticket, and so no revision.
CREATE FUNCTION radioshop.watch_ticket(ticket text, principal text, watch boolean, OUT refusal text, OUT number text, OUT watchers text[])
LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
  it record;
  who constant text := coalesce(nullif(btrim(watch_ticket.principal), ''), radioshop.caller());
BEGIN
  it := radioshop.ticket_to_change(watch_ticket.ticket, NULL);
  refusal := CASE
    WHEN it.refusal IS NOT NULL THEN it.refusal
    WHEN who <> radioshop.caller() AND NOT radioshop.holds_role(radioshop.caller(), '{fleet_manager,admin}', it.agency_id) THEN
      radioshop.refuse('PERMISSION_DENIED', 'principal', 'only a fleet manager or an administrator says what somebody else watches')
    WHEN watch AND NOT radioshop.may_see_tickets(who, it.agency_id) THEN radioshop.refuse('FAILED_PRECONDITION', 'principal',
      format('nobody with the name %s may see ticket %s', left(who, 64), it.number))
    WHEN watch AND (SELECT count(*) FROM radioshop.ticket_watcher w
        WHERE w.agency_id = it.agency_id AND w.ticket_id = it.ticket_id AND w.principal <> who) >= 50 THEN
      radioshop.refuse('FAILED_PRECONDITION', 'ticket', format('ticket %s is watched by 50 people, which is the most', it.number))
  END;
  IF refusal IS NOT NULL THEN
    RETURN;
  ELSIF watch THEN
    INSERT INTO radioshop.ticket_watcher (agency_id, ticket_id, principal) VALUES (it.agency_id, it.ticket_id, who)
      ON CONFLICT ON CONSTRAINT ticket_watcher_pkey DO NOTHING;
  ELSE
    DELETE FROM radioshop.ticket_watcher w WHERE w.agency_id = it.agency_id AND w.ticket_id = it.ticket_id AND w.principal = who;
    IF NOT FOUND THEN
      refusal := radioshop.refuse('NOT_FOUND', 'principal', format('%s does not watch ticket %s', left(who, 64), it.number));
      RETURN;
    END IF;
    UPDATE radioshop.alert_notice n SET state = 'muted', reason = format('%s does not watch it any more', who)
      FROM radioshop.alert l, radioshop.alert_route r
      WHERE n.agency_id = it.agency_id AND n.state = 'queued' AND l.agency_id = n.agency_id AND l.alert_id = n.alert_id
        AND l.kind = 'ticket_moved' AND l.subject = it.number AND r.agency_id = n.agency_id AND r.route_id = n.route_id AND r.principal = who;
  END IF;
  number := it.number;
  watchers := radioshop.watchers_of(it.agency_id, it.ticket_id);
END
$$;

UPDATE radioshop.schema_version SET version = 24;

COMMIT;
