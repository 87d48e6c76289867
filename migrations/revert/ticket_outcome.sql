-- Revert radioshop:ticket_outcome from pg
--
-- The functions below stand here as deploy/ticket.sql has them.

BEGIN;

UPDATE radioshop.schema_version SET version = 5;

DROP FUNCTION radioshop.decide_approval(text, bigint, boolean, bigint, text);
DROP FUNCTION radioshop.request_approval(text, bigint, bigint, text, boolean);
DROP FUNCTION radioshop.update_ticket(text, bigint, text[], text, text, text, text, text, text, text, bigint, text);
DROP FUNCTION radioshop.move_ticket(text, bigint, text, text, text, text, text, text, text, boolean);
DROP FUNCTION radioshop.log_repair(text, text, text, text, int, text, bigint, text, text, text, text);
DROP FUNCTION radioshop.open_ticket(text, text, text, boolean, text);
DROP FUNCTION radioshop.refuse_outcome(int, uuid, text, text, boolean);
DROP FUNCTION radioshop.refuse_ticket_move(int, uuid, text);
DROP FUNCTION radioshop.approvals_of(int, uuid);
DROP FUNCTION radioshop.open_approval(int, uuid);
DROP TRIGGER link_return ON radioshop.ticket;
DROP FUNCTION radioshop.ticket_link_return();
DROP TRIGGER record_event ON radioshop.ticket;
CREATE TRIGGER record_event AFTER INSERT OR UPDATE OR DELETE ON radioshop.ticket
  FOR EACH ROW EXECUTE FUNCTION radioshop.record_event('ticket', 'ticket_id', 'from_state', 'asset_before');
ALTER TYPE radioshop.ticket_shown DROP ATTRIBUTE problem_code, DROP ATTRIBUTE cause_code, DROP ATTRIBUTE action_code,
  DROP ATTRIBUTE outcome, DROP ATTRIBUTE returns_ticket, DROP ATTRIBUTE estimate_cents, DROP ATTRIBUTE approved_cents,
  DROP ATTRIBUTE write_off_approved;

-- Keeps from_state and closed_at, and lets the status of the asset follow. An asset that was retired meanwhile stays so.
-- A ticket inserted as closed is a repair logged after the fact: it never held the asset.
CREATE OR REPLACE FUNCTION radioshop.ticket_follow() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  wanted text := radioshop.shop_status(NEW.state);
  status text;
BEGIN
  NEW.from_state := NULL;
  IF TG_OP = 'UPDATE' THEN
    IF NEW.state = OLD.state THEN
      NEW.from_state := OLD.from_state;
      RETURN NEW;
    END IF;
    NEW.from_state := OLD.state;
  END IF;
  NEW.closed_at := CASE WHEN NEW.state IN ('closed', 'cancelled') THEN now() END;
  IF wanted IS NULL AND NEW.asset_before IS NULL THEN
    RETURN NEW;
  END IF;
  SELECT a.status INTO status FROM radioshop.asset a
    WHERE a.agency_id = NEW.agency_id AND a.asset_id = NEW.asset_id FOR NO KEY UPDATE;
  IF wanted IS NOT NULL AND status NOT IN ('retired', 'disposed') THEN
    NEW.asset_before := CASE WHEN status NOT IN ('in_shop', 'at_depot') THEN status ELSE coalesce(NEW.asset_before, 'in_service') END;
  ELSIF wanted IS NULL THEN
    IF status IN ('in_shop', 'at_depot') THEN -- what is handed back is not missing any more
      wanted := CASE WHEN NEW.asset_before = 'missing' AND NEW.state <> 'cancelled' THEN 'in_service' ELSE NEW.asset_before END;
    END IF;
    NEW.asset_before := NULL;
  ELSE
    wanted := NULL;
  END IF;
  IF wanted <> status THEN
    UPDATE radioshop.asset a SET status = wanted WHERE a.agency_id = NEW.agency_id AND a.asset_id = NEW.asset_id;
  END IF;
  RETURN NEW;
END
$$;

CREATE OR REPLACE FUNCTION radioshop.shown_ticket(agency int, ticket uuid) RETURNS radioshop.ticket_shown LANGUAGE plpgsql STABLE AS $$
DECLARE
  shown radioshop.ticket_shown;
BEGIN
  SELECT NULL, t.ticket_id, t.number, g.code, a.tag, t.state, t.priority, t.problem, t.cause, t.action, t.opened_by, t.opened_at,
      t.closed_at, t.labour_minutes, t.cost_cents, radioshop.ticket_moves(t.state), t.revision
    INTO shown
    FROM radioshop.ticket t JOIN radioshop.agency g ON g.agency_id = t.agency_id
      JOIN radioshop.asset a ON a.agency_id = t.agency_id AND a.asset_id = t.asset_id
    WHERE t.agency_id = agency AND t.ticket_id = ticket;
  RETURN shown;
END
$$;

CREATE OR REPLACE FUNCTION radioshop.add_ticket_entry(ticket text, kind text, text text, minutes int, cost_cents bigint)
RETURNS radioshop.ticket_shown LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
  shown radioshop.ticket_shown;
  it record;
BEGIN
  it := radioshop.ticket_to_change(add_ticket_entry.ticket, NULL);
  shown.refusal := CASE
    WHEN it.refusal IS NOT NULL THEN it.refusal
    WHEN add_ticket_entry.kind IS NULL THEN
      radioshop.refuse('INVALID_ARGUMENT', 'kind', 'say what it is: note, labour, part or outside')
    WHEN add_ticket_entry.kind = 'move' THEN
      radioshop.refuse('INVALID_ARGUMENT', 'kind', 'an entry is a note, labour, a part or an outside cost; move the ticket with MoveTicket')
  END;
  IF shown.refusal IS NOT NULL THEN
    RETURN shown;
  END IF;
  -- The entry goes first: its constraints are about the field that was typed, the sums' about all entries.
  PERFORM radioshop.add_entry(it.agency_id, it.ticket_id, add_ticket_entry.kind, add_ticket_entry.text, add_ticket_entry.minutes,
    add_ticket_entry.cost_cents, NULL);
  UPDATE radioshop.ticket t SET labour_minutes = t.labour_minutes + coalesce(add_ticket_entry.minutes, 0),
      cost_cents = t.cost_cents + coalesce(add_ticket_entry.cost_cents, 0)
    WHERE t.agency_id = it.agency_id AND t.ticket_id = it.ticket_id;
  RETURN radioshop.shown_ticket(it.agency_id, it.ticket_id);
END
$$;

CREATE FUNCTION radioshop.open_ticket(asset text, problem text, priority text, received boolean) RETURNS radioshop.ticket_shown
LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
  shown radioshop.ticket_shown;
  on_asset record;
  begins constant text := CASE WHEN open_ticket.received THEN 'received' ELSE 'reported' END;
  made uuid := radioshop.uuid_v7();
BEGIN
  on_asset := radioshop.asset_to_repair(open_ticket.asset);
  shown.refusal := on_asset.refusal;
  IF shown.refusal IS NULL THEN
    shown.refusal := radioshop.refuse_second_ticket(on_asset.agency_id, on_asset.asset_id, 'asset');
  END IF;
  IF shown.refusal IS NULL THEN
    INSERT INTO radioshop.ticket (agency_id, ticket_id, number, asset_id, state, priority, problem)
      VALUES (on_asset.agency_id, made, radioshop.next_ticket_number(on_asset.agency_id), on_asset.asset_id, begins,
        coalesce(open_ticket.priority, 'normal'), btrim(coalesce(open_ticket.problem, ''), E' \t\r\n'));
    PERFORM radioshop.add_entry(on_asset.agency_id, made, 'move', '', 0, 0, begins);
    shown := radioshop.shown_ticket(on_asset.agency_id, made);
  END IF;
  RETURN shown;
END
$$;

-- A repair that is already done: inserted as closed, with receipt, work, part and closing as its history.
CREATE FUNCTION radioshop.log_repair(asset text, problem text, cause text, action text, minutes int, part text, part_cost_cents bigint)
RETURNS radioshop.ticket_shown LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
  shown radioshop.ticket_shown;
  on_asset record;
  made uuid := radioshop.uuid_v7();
BEGIN
  on_asset := radioshop.asset_to_repair(log_repair.asset);
  shown.refusal := CASE
    WHEN on_asset.refusal IS NOT NULL THEN on_asset.refusal
    WHEN coalesce(log_repair.minutes, 0) NOT BETWEEN 0 AND 100000 THEN
      radioshop.refuse('INVALID_ARGUMENT', 'minutes', 'give at most 100,000 minutes, and not less than none')
    WHEN coalesce(log_repair.part_cost_cents, 0) NOT BETWEEN 0 AND 100000000 THEN
      radioshop.refuse('INVALID_ARGUMENT', 'part_cost_cents', 'give at most 100,000,000 cents, and not less than none')
    WHEN coalesce(log_repair.part_cost_cents, 0) > 0 AND btrim(coalesce(log_repair.part, '')) = '' THEN
      radioshop.refuse('INVALID_ARGUMENT', 'part', 'name the part that has this cost')
  END;
  IF shown.refusal IS NOT NULL THEN
    RETURN shown;
  END IF;
  INSERT INTO radioshop.ticket (agency_id, ticket_id, number, asset_id, state, problem, cause, action, labour_minutes, cost_cents)
    VALUES (on_asset.agency_id, made, radioshop.next_ticket_number(on_asset.agency_id), on_asset.asset_id, 'closed',
      btrim(coalesce(log_repair.problem, ''), E' \t\r\n'), btrim(coalesce(log_repair.cause, ''), E' \t\r\n'),
      btrim(coalesce(log_repair.action, ''), E' \t\r\n'), coalesce(log_repair.minutes, 0), coalesce(log_repair.part_cost_cents, 0));
  PERFORM radioshop.add_entry(on_asset.agency_id, made, 'move', 'logged after the repair', 0, 0, 'received');
  IF log_repair.minutes > 0 THEN
    PERFORM radioshop.add_entry(on_asset.agency_id, made, 'labour', log_repair.action, log_repair.minutes, 0, NULL);
  END IF;
  IF btrim(coalesce(log_repair.part, '')) <> '' THEN
    PERFORM radioshop.add_entry(on_asset.agency_id, made, 'part', log_repair.part, 0, log_repair.part_cost_cents, NULL);
  END IF;
  PERFORM radioshop.add_entry(on_asset.agency_id, made, 'move', '', 0, 0, 'closed');
  RETURN radioshop.shown_ticket(on_asset.agency_id, made);
END
$$;

CREATE FUNCTION radioshop.move_ticket(ticket text, revision bigint, state text, note text, cause text, action text)
RETURNS radioshop.ticket_shown LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
  shown radioshop.ticket_shown;
  it record;
  moves text[];
  asset_status text;
BEGIN
  it := radioshop.ticket_to_change(move_ticket.ticket, coalesce(move_ticket.revision, 0));
  moves := radioshop.ticket_moves(it.state);
  SELECT a.status INTO asset_status FROM radioshop.asset a WHERE a.agency_id = it.agency_id AND a.asset_id = it.asset_id;
  shown.refusal := CASE
    WHEN it.refusal IS NOT NULL THEN it.refusal
    WHEN move_ticket.state IS NULL THEN radioshop.refuse('INVALID_ARGUMENT', 'state', 'say where to move the ticket')
    WHEN move_ticket.state <> ALL (moves) THEN radioshop.refuse('FAILED_PRECONDITION', 'state',
      format('ticket %s is %s; it can move to %s', it.number, it.state, array_to_string(moves, ', ')))
    WHEN it.state NOT IN ('closed', 'cancelled') THEN NULL
    WHEN asset_status IN ('retired', 'disposed') THEN radioshop.refuse('FAILED_PRECONDITION', 'state',
      format('the asset of ticket %s is %s; change its status before the ticket is reopened', it.number, asset_status))
    ELSE radioshop.refuse_second_ticket(it.agency_id, it.asset_id, 'state')
  END;
  IF shown.refusal IS NOT NULL THEN
    RETURN shown;
  END IF;
  PERFORM radioshop.add_entry(it.agency_id, it.ticket_id, 'move', move_ticket.note, 0, 0, move_ticket.state);
  UPDATE radioshop.ticket t SET state = move_ticket.state,
      cause = coalesce(nullif(btrim(move_ticket.cause, E' \t\r\n'), ''), t.cause),
      action = coalesce(nullif(btrim(move_ticket.action, E' \t\r\n'), ''), t.action)
    WHERE t.agency_id = it.agency_id AND t.ticket_id = it.ticket_id;
  RETURN radioshop.shown_ticket(it.agency_id, it.ticket_id);
END
$$;

CREATE FUNCTION radioshop.update_ticket(ticket text, revision bigint, mask text[], priority text, problem text, cause text, action text)
RETURNS radioshop.ticket_shown LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
  changeable constant text[] := '{priority,problem,cause,action}';
  shown radioshop.ticket_shown;
  it record;
  wrong text;
BEGIN
  SELECT m INTO wrong FROM unnest(mask) m WHERE m <> ALL (changeable) LIMIT 1;
  it := radioshop.ticket_to_change(update_ticket.ticket, coalesce(update_ticket.revision, 0));
  shown.refusal := CASE
    WHEN coalesce(cardinality(mask), 0) = 0 THEN radioshop.refuse('INVALID_ARGUMENT', 'update_mask', 'name the fields to change')
    WHEN wrong IS NOT NULL THEN
      radioshop.refuse('INVALID_ARGUMENT', 'update_mask',
        format('%s cannot be changed; these can: %s', wrong, array_to_string(changeable, ', ')))
    ELSE it.refusal
  END;
  IF shown.refusal IS NOT NULL THEN
    RETURN shown;
  END IF;
  UPDATE radioshop.ticket t SET
      priority = CASE WHEN 'priority' = ANY (mask) THEN coalesce(update_ticket.priority, 'normal') ELSE t.priority END,
      problem = CASE WHEN 'problem' = ANY (mask) THEN btrim(coalesce(update_ticket.problem, ''), E' \t\r\n') ELSE t.problem END,
      cause = CASE WHEN 'cause' = ANY (mask) THEN btrim(coalesce(update_ticket.cause, ''), E' \t\r\n') ELSE t.cause END,
      action = CASE WHEN 'action' = ANY (mask) THEN btrim(coalesce(update_ticket.action, ''), E' \t\r\n') ELSE t.action END
    WHERE t.agency_id = it.agency_id AND t.ticket_id = it.ticket_id;
  RETURN radioshop.shown_ticket(it.agency_id, it.ticket_id);
END
$$;

DROP TABLE radioshop.ticket_decision, radioshop.ticket_approval;
DROP FUNCTION radioshop.unapproved_cost(int, bigint, bigint, bigint);
DROP FUNCTION radioshop.dollars(bigint);
ALTER TABLE radioshop.ticket
  DROP COLUMN problem_kind, DROP COLUMN problem_code, DROP COLUMN cause_kind, DROP COLUMN cause_code, DROP COLUMN action_kind,
  DROP COLUMN action_code, DROP COLUMN outcome, DROP COLUMN returns_id, DROP COLUMN estimate_cents, DROP COLUMN approved_cents,
  DROP COLUMN write_off_approved, DROP CONSTRAINT ticket_asset_unique;
DROP TABLE radioshop.ticket_outcome;
DROP TRIGGER add_ticket_terms ON radioshop.agency;
DROP FUNCTION radioshop.add_ticket_terms();
DROP TABLE radioshop.ticket_terms;
DROP FUNCTION radioshop.refuse_ticket_code(text, text);
DROP TABLE radioshop.ticket_code;

COMMIT;
