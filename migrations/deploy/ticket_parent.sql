-- Deploy radioshop:ticket_parent to pg
--
-- One fault of many radios: a ticket may be a part of another one of its agency, such as a recall or the lightning at one site. Parents
-- make no circle and no tower, and what is closed has no open part, whatever statement tries and however many do at once.

BEGIN;

ALTER TABLE radioshop.ticket
  ADD COLUMN parent_id uuid,
  ADD CONSTRAINT ticket_parent_known FOREIGN KEY (agency_id, parent_id) REFERENCES radioshop.ticket (agency_id, ticket_id),
  ADD CONSTRAINT ticket_parent_another CHECK (parent_id <> ticket_id);
COMMENT ON COLUMN radioshop.ticket.parent_id IS 'the ticket that this one is a part of; of the same agency, so that it tells no other one anything';
COMMENT ON CONSTRAINT ticket_parent_known ON radioshop.ticket IS 'parent: the agency has no such ticket';
COMMENT ON CONSTRAINT ticket_parent_another ON radioshop.ticket IS 'parent: a ticket cannot be a part of itself';
CREATE INDEX ticket_by_parent ON radioshop.ticket (agency_id, parent_id, opened_at DESC, ticket_id DESC) WHERE parent_id IS NOT NULL;
GRANT UPDATE (parent_id) ON radioshop.ticket TO radioshop_app;

-- Whoever changes parents takes turns within the agency: two tickets that each see no circle would make one.
CREATE FUNCTION radioshop.lock_parents(agency int) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_advisory_xact_lock(hashtext('radioshop.ticket_parent'), agency);
END
$$;

-- What forbids that a ticket is a part of another; NULL when it may be. At most five levels: who is above the parent, and what is below
-- the ticket. The levels are counted no further than that, so that a circle would not be walked for ever.
CREATE FUNCTION radioshop.wrong_parent(agency int, ticket uuid, parent uuid, is_open boolean) RETURNS text LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_column
DECLARE
  above record;
  over int;
  under int;
BEGIN
  SELECT t.number, t.state, t.closed_at INTO above FROM radioshop.ticket t
    WHERE t.agency_id = wrong_parent.agency AND t.ticket_id = wrong_parent.parent;
  IF wrong_parent.parent = wrong_parent.ticket THEN
    RETURN 'a ticket cannot be a part of itself';
  ELSIF is_open AND above.closed_at IS NOT NULL THEN
    RETURN format('ticket %s is %s and can have no open part; reopen it first, or choose another', above.number, above.state);
  END IF;
  WITH RECURSIVE line (ticket_id, parent_id, level) AS (
    SELECT t.ticket_id, t.parent_id, 1 FROM radioshop.ticket t WHERE t.agency_id = wrong_parent.agency AND t.ticket_id = wrong_parent.parent
    UNION ALL
    SELECT t.ticket_id, t.parent_id, l.level + 1 FROM line l
      JOIN radioshop.ticket t ON t.agency_id = wrong_parent.agency AND t.ticket_id = l.parent_id WHERE l.level < 6
  ) SELECT CASE WHEN bool_or(l.ticket_id = wrong_parent.ticket) THEN 0 ELSE max(l.level) END INTO over FROM line l;
  IF over = 0 THEN
    RETURN format('ticket %s is itself a part of this one', above.number);
  END IF;
  WITH RECURSIVE tree (ticket_id, level) AS (
    SELECT wrong_parent.ticket, 1
    UNION ALL
    SELECT t.ticket_id, r.level + 1 FROM tree r
      JOIN radioshop.ticket t ON t.agency_id = wrong_parent.agency AND t.parent_id = r.ticket_id WHERE r.level < 6
  ) SELECT max(r.level) INTO under FROM tree r;
  RETURN CASE WHEN over + under > 5 THEN format('parts of parts go five levels deep at most, and below ticket %s this would make %s',
    above.number, over + under) END;
END
$$;

-- The open parts of a ticket, as a reason not to close it; NULL when there are none.
CREATE FUNCTION radioshop.open_children(agency int, ticket uuid) RETURNS text LANGUAGE plpgsql STABLE AS $$
BEGIN
  RETURN (SELECT format('%s of its parts are open: %s%s; close them first, or take them out', max(o.n),
      string_agg(format('%s (%s)', o.number, o.state), ', ' ORDER BY o.number), CASE WHEN max(o.n) > 10 THEN ', …' ELSE '' END)
    FROM (SELECT t.number, t.state, count(*) OVER () AS n FROM radioshop.ticket t
      WHERE t.agency_id = open_children.agency AND t.parent_id = open_children.ticket AND t.closed_at IS NULL
      ORDER BY t.number LIMIT 10) o
    HAVING count(*) > 0);
END
$$;

-- The last guard. Rows are locked from the part to the parent, never the other way, so that nobody waits for each other.
CREATE FUNCTION radioshop.ticket_hold_parent() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  why_not text;
BEGIN
  IF NEW.parent_id IS NOT NULL THEN
    PERFORM radioshop.lock_parents(NEW.agency_id);
    why_not := radioshop.wrong_parent(NEW.agency_id, NEW.ticket_id, NEW.parent_id, NEW.closed_at IS NULL);
    IF why_not IS NULL THEN
      PERFORM 1 FROM radioshop.ticket t WHERE t.agency_id = NEW.agency_id AND t.ticket_id = NEW.parent_id FOR NO KEY UPDATE;
      why_not := radioshop.wrong_parent(NEW.agency_id, NEW.ticket_id, NEW.parent_id, NEW.closed_at IS NULL);
    END IF;
    IF why_not IS NOT NULL THEN
      RAISE EXCEPTION 'parent: %', why_not USING ERRCODE = 'RS412';
    END IF;
  END IF;
  RETURN NEW;
END
$$;
-- After follow, which sets closed_at: triggers of one event fire in the order of their names.
CREATE TRIGGER hold_parent_added BEFORE INSERT ON radioshop.ticket FOR EACH ROW WHEN (NEW.parent_id IS NOT NULL)
  EXECUTE FUNCTION radioshop.ticket_hold_parent();
CREATE TRIGGER hold_parent_changed BEFORE UPDATE ON radioshop.ticket FOR EACH ROW
  WHEN (NEW.parent_id IS DISTINCT FROM OLD.parent_id OR (NEW.closed_at IS NULL AND OLD.closed_at IS NOT NULL))
  EXECUTE FUNCTION radioshop.ticket_hold_parent();

CREATE FUNCTION radioshop.ticket_hold_open_children() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  why_not text := radioshop.open_children(NEW.agency_id, NEW.ticket_id);
BEGIN
  IF why_not IS NOT NULL THEN
    RAISE EXCEPTION 'state: ticket % cannot move to %: %', NEW.number, NEW.state, why_not USING ERRCODE = 'RS412';
  END IF;
  RETURN NEW;
END
$$;
CREATE TRIGGER hold_open_children BEFORE UPDATE ON radioshop.ticket FOR EACH ROW WHEN (NEW.closed_at IS NOT NULL AND OLD.closed_at IS NULL)
  EXECUTE FUNCTION radioshop.ticket_hold_open_children();

-- As before, and a ticket is not closed while parts of it are open, nor opened again under one that is closed.
CREATE OR REPLACE FUNCTION radioshop.refuse_ticket_move(agency int, ticket uuid, state text) RETURNS text LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_column
DECLARE
  it record;
  away record;
  why_not text;
BEGIN
  SELECT t.number, t.state, t.estimate_cents, t.cost_cents, t.approved_cents, t.closed_at, t.parent_id INTO it
    FROM radioshop.ticket t WHERE t.agency_id = agency AND t.ticket_id = ticket;
  IF it.state = 'at_depot' THEN
    SELECT r.number, r.vendor, r.shipped_on INTO away FROM radioshop.rma r
      WHERE r.agency_id = agency AND r.ticket_id = ticket AND r.state = 'shipped';
    IF FOUND THEN
      RETURN radioshop.refuse('FAILED_PRECONDITION', 'state', format('the radio of ticket %s is away since %s under RMA %s of %s; say that it is '
        'back with rma receive, or give the RMA up with rma cancel', it.number, away.shipped_on, away.number, away.vendor));
    END IF;
  END IF;
  why_not := CASE
    WHEN refuse_ticket_move.state IN ('repairing', 'at_depot') THEN
      radioshop.unapproved_cost(agency, it.estimate_cents, it.cost_cents, it.approved_cents)
    WHEN refuse_ticket_move.state IN ('closed', 'cancelled') THEN radioshop.open_children(agency, ticket)
    WHEN it.closed_at IS NOT NULL AND it.parent_id IS NOT NULL THEN radioshop.wrong_parent(agency, ticket, it.parent_id, true)
  END;
  IF why_not IS NULL THEN
    RETURN NULL;
  END IF;
  RETURN radioshop.refuse('FAILED_PRECONDITION', 'state',
    format('ticket %s cannot move to %s: %s', it.number, refuse_ticket_move.state, why_not));
END
$$;

-- ---------------------------------------------------------------------------------------------------------------------
-- What the methods share

ALTER TYPE radioshop.ticket_shown ADD ATTRIBUTE parent text;

CREATE OR REPLACE FUNCTION radioshop.shown_ticket(agency int, ticket uuid) RETURNS radioshop.ticket_shown LANGUAGE plpgsql STABLE AS $$
DECLARE
  shown radioshop.ticket_shown;
BEGIN
  SELECT NULL, t.ticket_id, t.number, g.code, a.tag, t.state, t.priority, t.problem, t.cause, t.action, t.opened_by, t.opened_at,
      t.closed_at, t.labour_minutes, t.cost_cents, radioshop.ticket_moves(t.state), t.revision,
      coalesce(t.problem_code, ''), coalesce(t.cause_code, ''), coalesce(t.action_code, ''), t.outcome, coalesce(r.number, ''),
      t.estimate_cents, t.approved_cents, t.write_off_approved,
      c.due_at, floor((c.target_seconds - c.spent_seconds - CASE WHEN c.since IS NULL THEN 0
        ELSE radioshop.shop_seconds(now()) - radioshop.shop_seconds(c.since) END) / 60.0)::int, coalesce(c.due_at <= now(), false), coalesce(p.number, '')
    INTO shown
    FROM radioshop.ticket t JOIN radioshop.agency g ON g.agency_id = t.agency_id
      JOIN radioshop.asset a ON a.agency_id = t.agency_id AND a.asset_id = t.asset_id
      LEFT JOIN radioshop.ticket r ON r.agency_id = t.agency_id AND r.ticket_id = t.returns_id
      LEFT JOIN radioshop.ticket p ON p.agency_id = t.agency_id AND p.ticket_id = t.parent_id
      LEFT JOIN radioshop.ticket_clock c ON c.agency_id = t.agency_id AND c.ticket_id = t.ticket_id
    WHERE t.agency_id = agency AND t.ticket_id = ticket;
  RETURN shown;
END
$$;

-- How many parts a ticket has, and how many of them are open.
CREATE FUNCTION radioshop.count_children(agency int, ticket uuid, OUT children int, OUT open_children int) LANGUAGE plpgsql STABLE AS $$
BEGIN
  SELECT count(*)::int, (count(*) FILTER (WHERE t.closed_at IS NULL))::int INTO children, open_children
    FROM radioshop.ticket t WHERE t.agency_id = count_children.agency AND t.parent_id = count_children.ticket;
END
$$;

-- As before, and the parent; an empty one takes the ticket out.
DROP FUNCTION radioshop.update_ticket(text, bigint, text[], text, text, text, text, text, text, text, bigint, text);
CREATE FUNCTION radioshop.update_ticket(ticket text, revision bigint, mask text[], priority text, problem text, cause text, action text,
  problem_code text DEFAULT '', cause_code text DEFAULT '', action_code text DEFAULT '', estimate_cents bigint DEFAULT 0,
  returns_ticket text DEFAULT '', parent text DEFAULT '')
RETURNS radioshop.ticket_shown LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
  changeable constant text[] := '{priority,problem,cause,action,problem_code,cause_code,action_code,estimate_cents,returns_ticket,
    parent}';
  shown radioshop.ticket_shown;
  it record;
  earlier record;
  earlier_id uuid;
  above_id uuid;
  wrong text;
BEGIN
  IF 'parent' = ANY (mask) THEN -- before any row is locked, as whoever else changes a parent does
    PERFORM radioshop.lock_parents(f.agency_id) FROM radioshop.find_ticket(update_ticket.ticket) f;
  END IF;
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
  IF it.refusal IS NULL AND shown.refusal IS NULL AND 'parent' = ANY (mask) AND btrim(coalesce(update_ticket.parent, '')) <> '' THEN
    SELECT f.ticket_id INTO above_id FROM radioshop.find_ticket(update_ticket.parent) f WHERE f.agency_id = it.agency_id;
    wrong := CASE WHEN above_id IS NULL THEN format('the agency has no ticket with the number or UUID %s', left(update_ticket.parent, 64))
      ELSE radioshop.wrong_parent(it.agency_id, it.ticket_id, above_id, it.state NOT IN ('closed', 'cancelled')) END;
    shown.refusal := CASE WHEN wrong IS NOT NULL THEN radioshop.refuse('FAILED_PRECONDITION', 'parent', wrong) END;
  END IF;
  SELECT m INTO wrong FROM unnest(mask) m WHERE m <> ALL (changeable) LIMIT 1;
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
      returns_id = CASE WHEN 'returns_ticket' = ANY (mask) THEN earlier_id ELSE t.returns_id END,
      parent_id = CASE WHEN 'parent' = ANY (mask) THEN above_id ELSE t.parent_id END
    WHERE t.agency_id = it.agency_id AND t.ticket_id = it.ticket_id;
  RETURN radioshop.shown_ticket(it.agency_id, it.ticket_id);
END
$$;

UPDATE radioshop.schema_version SET version = 20;

COMMIT;
