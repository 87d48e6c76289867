-- Revert radioshop:ticket_parent from pg

BEGIN;

UPDATE radioshop.schema_version SET version = 19;

DROP FUNCTION radioshop.update_ticket(text, bigint, text[], text, text, text, text, text, text, text, bigint, text, text);
DROP FUNCTION radioshop.count_children(int, uuid);
ALTER TYPE radioshop.ticket_shown DROP ATTRIBUTE parent;

-- As deploy/ticket_outcome.sql, deploy/ticket_clock.sql and deploy/rma.sql have them.
CREATE FUNCTION radioshop.update_ticket(ticket text, revision bigint, mask text[], priority text, problem text, cause text, action text,
  problem_code text DEFAULT '', cause_code text DEFAULT '', action_code text DEFAULT '', estimate_cents bigint DEFAULT 0,
  returns_ticket text DEFAULT '')
RETURNS radioshop.ticket_shown LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
  changeable constant text[] := '{priority,problem,cause,action,problem_code,cause_code,action_code,estimate_cents,returns_ticket}';
  shown radioshop.ticket_shown;
  it record;
  earlier record;
  earlier_id uuid;
  wrong text;
BEGIN
  SELECT m INTO wrong FROM unnest(mask) m WHERE m <> ALL (changeable) LIMIT 1;
  it := radioshop.ticket_to_change(update_ticket.ticket, coalesce(update_ticket.revision, 0));
  IF btrim(coalesce(update_ticket.returns_ticket, '')) <> '' AND 'returns_ticket' = ANY (mask) THEN
    SELECT r.ticket_id, r.number, r.asset_id, r.opened_at < t.opened_at AS is_older INTO earlier
      FROM radioshop.find_ticket(update_ticket.returns_ticket) f
        JOIN radioshop.ticket r ON r.agency_id = f.agency_id AND r.ticket_id = f.ticket_id
        JOIN radioshop.ticket t ON t.agency_id = it.agency_id AND t.ticket_id = it.ticket_id
      WHERE f.agency_id = it.agency_id;
    IF earlier.ticket_id IS NULL THEN
      shown.refusal := radioshop.refuse('FAILED_PRECONDITION', 'returns_ticket',
        format('the agency has no ticket with the number or UUID %s', update_ticket.returns_ticket));
    ELSIF earlier.asset_id <> it.asset_id OR NOT earlier.is_older THEN
      shown.refusal := radioshop.refuse('FAILED_PRECONDITION', 'returns_ticket',
        format('ticket %s is not an older one of the same asset', earlier.number));
    END IF;
    earlier_id := earlier.ticket_id;
  END IF;
  shown.refusal := CASE
    WHEN coalesce(cardinality(mask), 0) = 0 THEN radioshop.refuse('INVALID_ARGUMENT', 'update_mask', 'name the fields to change')
    WHEN wrong IS NOT NULL THEN
      radioshop.refuse('INVALID_ARGUMENT', 'update_mask',
        format('%s cannot be changed; these can: %s', wrong, array_to_string(changeable, ', ')))
    ELSE coalesce(it.refusal, shown.refusal,
      CASE WHEN 'problem_code' = ANY (mask) THEN radioshop.refuse_ticket_code('problem', update_ticket.problem_code) END,
      CASE WHEN 'cause_code' = ANY (mask) THEN radioshop.refuse_ticket_code('cause', update_ticket.cause_code) END,
      CASE WHEN 'action_code' = ANY (mask) THEN radioshop.refuse_ticket_code('action', update_ticket.action_code) END)
  END;
  IF shown.refusal IS NOT NULL THEN
    RETURN shown;
  END IF;
  UPDATE radioshop.ticket t SET
      priority = CASE WHEN 'priority' = ANY (mask) THEN coalesce(update_ticket.priority, 'normal') ELSE t.priority END,
      problem = CASE WHEN 'problem' = ANY (mask) THEN btrim(coalesce(update_ticket.problem, ''), E' \t\r\n') ELSE t.problem END,
      cause = CASE WHEN 'cause' = ANY (mask) THEN btrim(coalesce(update_ticket.cause, ''), E' \t\r\n') ELSE t.cause END,
      action = CASE WHEN 'action' = ANY (mask) THEN btrim(coalesce(update_ticket.action, ''), E' \t\r\n') ELSE t.action END,
      problem_code = CASE WHEN 'problem_code' = ANY (mask) THEN nullif(upper(btrim(update_ticket.problem_code)), '') ELSE t.problem_code END,
      cause_code = CASE WHEN 'cause_code' = ANY (mask) THEN nullif(upper(btrim(update_ticket.cause_code)), '') ELSE t.cause_code END,
      action_code = CASE WHEN 'action_code' = ANY (mask) THEN nullif(upper(btrim(update_ticket.action_code)), '') ELSE t.action_code END,
      estimate_cents = CASE WHEN 'estimate_cents' = ANY (mask) THEN coalesce(update_ticket.estimate_cents, 0) ELSE t.estimate_cents END,
      returns_id = CASE WHEN 'returns_ticket' = ANY (mask) THEN earlier_id ELSE t.returns_id END
    WHERE t.agency_id = it.agency_id AND t.ticket_id = it.ticket_id;
  RETURN radioshop.shown_ticket(it.agency_id, it.ticket_id);
END
$$;

CREATE OR REPLACE FUNCTION radioshop.shown_ticket(agency int, ticket uuid) RETURNS radioshop.ticket_shown LANGUAGE plpgsql STABLE AS $$
DECLARE
  shown radioshop.ticket_shown;
BEGIN
  SELECT NULL, t.ticket_id, t.number, g.code, a.tag, t.state, t.priority, t.problem, t.cause, t.action, t.opened_by, t.opened_at,
      t.closed_at, t.labour_minutes, t.cost_cents, radioshop.ticket_moves(t.state), t.revision,
      coalesce(t.problem_code, ''), coalesce(t.cause_code, ''), coalesce(t.action_code, ''), t.outcome, coalesce(r.number, ''),
      t.estimate_cents, t.approved_cents, t.write_off_approved,
      c.due_at, floor((c.target_seconds - c.spent_seconds - CASE WHEN c.since IS NULL THEN 0
        ELSE radioshop.shop_seconds(now()) - radioshop.shop_seconds(c.since) END) / 60.0)::int, coalesce(c.due_at <= now(), false)
    INTO shown
    FROM radioshop.ticket t JOIN radioshop.agency g ON g.agency_id = t.agency_id
      JOIN radioshop.asset a ON a.agency_id = t.agency_id AND a.asset_id = t.asset_id
      LEFT JOIN radioshop.ticket r ON r.agency_id = t.agency_id AND r.ticket_id = t.returns_id
      LEFT JOIN radioshop.ticket_clock c ON c.agency_id = t.agency_id AND c.ticket_id = t.ticket_id
    WHERE t.agency_id = agency AND t.ticket_id = ticket;
  RETURN shown;
END
$$;

CREATE OR REPLACE FUNCTION radioshop.refuse_ticket_move(agency int, ticket uuid, state text) RETURNS text LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_column
DECLARE
  it record;
  away record;
  why_not text;
BEGIN
  SELECT t.number, t.state, t.estimate_cents, t.cost_cents, t.approved_cents INTO it
    FROM radioshop.ticket t WHERE t.agency_id = agency AND t.ticket_id = ticket;
  IF it.state = 'at_depot' THEN
    SELECT r.number, r.vendor, r.shipped_on INTO away FROM radioshop.rma r
      WHERE r.agency_id = agency AND r.ticket_id = ticket AND r.state = 'shipped';
    IF FOUND THEN
      RETURN radioshop.refuse('FAILED_PRECONDITION', 'state', format('the radio of ticket %s is away since %s under RMA %s of %s; say that it is '
        'back with rma receive, or give the RMA up with rma cancel', it.number, away.shipped_on, away.number, away.vendor));
    END IF;
  END IF;
  IF refuse_ticket_move.state NOT IN ('repairing', 'at_depot') THEN
    RETURN NULL;
  END IF;
  why_not := radioshop.unapproved_cost(agency, it.estimate_cents, it.cost_cents, it.approved_cents);
  IF why_not IS NULL THEN
    RETURN NULL;
  END IF;
  RETURN radioshop.refuse('FAILED_PRECONDITION', 'state',
    format('ticket %s cannot move to %s: %s', it.number, refuse_ticket_move.state, why_not));
END
$$;

DROP TRIGGER hold_open_children ON radioshop.ticket;
DROP TRIGGER hold_parent_changed ON radioshop.ticket;
DROP TRIGGER hold_parent_added ON radioshop.ticket;
DROP FUNCTION radioshop.ticket_hold_open_children();
DROP FUNCTION radioshop.ticket_hold_parent();
DROP FUNCTION radioshop.open_children(int, uuid);
DROP FUNCTION radioshop.wrong_parent(int, uuid, uuid, boolean);
DROP FUNCTION radioshop.lock_parents(int);
ALTER TABLE radioshop.ticket DROP COLUMN parent_id;

COMMIT;
