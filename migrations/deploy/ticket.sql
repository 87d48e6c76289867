-- Deploy radioshop:ticket to pg
--
-- Repair tickets. Which moves are allowed is a table, and a foreign key on it is the guard: no statement can move a ticket
-- against it. The status of the asset follows the ticket by trigger.

BEGIN;

-- ---------------------------------------------------------------------------------------------------------------------
-- States

CREATE TABLE radioshop.ticket_move (
  from_state text NOT NULL,
  to_state text NOT NULL,
  CONSTRAINT ticket_move_pkey PRIMARY KEY (from_state, to_state)
);
COMMENT ON TABLE radioshop.ticket_move IS 'allowed moves of a ticket: the only place that says so';
INSERT INTO radioshop.ticket_move (from_state, to_state)
  SELECT m.from_state, unnest(m.to_states) FROM (VALUES
    ('reported', '{received,diagnosing,cancelled}'::text[]),
    ('received', '{diagnosing,cancelled}'),
    ('diagnosing', '{awaiting_parts,awaiting_approval,at_depot,repairing,testing,ready,cancelled}'), -- ready: no fault found
    ('awaiting_parts', '{diagnosing,repairing,at_depot,cancelled}'),
    ('awaiting_approval', '{diagnosing,repairing,at_depot,cancelled}'),
    ('at_depot', '{repairing,testing,ready}'),
    ('repairing', '{awaiting_parts,awaiting_approval,at_depot,testing}'),
    ('testing', '{repairing,ready}'),
    ('ready', '{returned,testing}'),
    ('returned', '{closed,diagnosing}'),
    ('closed', '{diagnosing}'),      -- reopened
    ('cancelled', '{reported}')      -- reopened
  ) m (from_state, to_states);
GRANT SELECT ON radioshop.ticket_move TO radioshop_app;

-- States in the order of the work, for people.
CREATE FUNCTION radioshop.ticket_moves(state text) RETURNS text[] LANGUAGE plpgsql STABLE AS $$
DECLARE
  in_order constant text[] := '{reported,received,diagnosing,awaiting_parts,awaiting_approval,at_depot,repairing,testing,ready,returned,
    closed,cancelled}';
BEGIN
  RETURN (SELECT coalesce(array_agg(m.to_state ORDER BY array_position(in_order, m.to_state)), '{}')
    FROM radioshop.ticket_move m WHERE m.from_state = state);
END
$$;

-- The status of an asset whose ticket is in this state; NULL where the ticket does not hold the asset.
CREATE FUNCTION radioshop.shop_status(state text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT CASE WHEN state = 'at_depot' THEN 'at_depot'
    WHEN state NOT IN ('reported', 'returned', 'closed', 'cancelled') THEN 'in_shop' END
$$;

-- ---------------------------------------------------------------------------------------------------------------------
-- Tables

CREATE TABLE radioshop.ticket_counter (
  agency_id int NOT NULL,
  year int NOT NULL,
  last int NOT NULL,
  CONSTRAINT ticket_counter_pkey PRIMARY KEY (agency_id, year),
  CONSTRAINT ticket_counter_agency_known FOREIGN KEY (agency_id) REFERENCES radioshop.agency
);
COMMENT ON TABLE radioshop.ticket_counter IS 'last ticket number of an agency and year; its row lock keeps the numbers without gaps';

CREATE TABLE radioshop.ticket (
  agency_id int NOT NULL,
  ticket_id uuid NOT NULL DEFAULT radioshop.uuid_v7(),
  number text COLLATE "C" NOT NULL,
  asset_id uuid NOT NULL,
  state text NOT NULL,
  from_state text,
  priority text NOT NULL DEFAULT 'normal',
  problem text NOT NULL,
  cause text NOT NULL DEFAULT '',
  action text NOT NULL DEFAULT '',
  opened_by text NOT NULL DEFAULT radioshop.caller(),
  opened_at timestamptz NOT NULL DEFAULT now(),
  closed_at timestamptz,
  asset_before text,
  labour_minutes int NOT NULL DEFAULT 0,
  cost_cents bigint NOT NULL DEFAULT 0,
  revision bigint NOT NULL DEFAULT 1,
  updated_at timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT ticket_pkey PRIMARY KEY (agency_id, ticket_id),
  CONSTRAINT ticket_number_unique UNIQUE (agency_id, number),
  CONSTRAINT ticket_asset_known FOREIGN KEY (agency_id, asset_id) REFERENCES radioshop.asset (agency_id, asset_id),
  CONSTRAINT ticket_move_allowed FOREIGN KEY (from_state, state) REFERENCES radioshop.ticket_move (from_state, to_state),
  CONSTRAINT ticket_state_known CHECK (state IN ('reported', 'received', 'diagnosing', 'awaiting_parts', 'awaiting_approval', 'at_depot',
    'repairing', 'testing', 'ready', 'returned', 'closed', 'cancelled')),
  CONSTRAINT ticket_begins CHECK (from_state IS NOT NULL OR state IN ('reported', 'received', 'closed')),
  CONSTRAINT ticket_closed_at_fits CHECK ((closed_at IS NOT NULL) = (state IN ('closed', 'cancelled'))),
  CONSTRAINT ticket_priority_known CHECK (priority IN ('low', 'normal', 'high', 'urgent')),
  CONSTRAINT ticket_problem_form CHECK (problem <> '' AND radioshop.is_text(problem, 4000)),
  CONSTRAINT ticket_cause_form CHECK (radioshop.is_text(cause, 4000)),
  CONSTRAINT ticket_action_form CHECK (radioshop.is_text(action, 4000)),
  CONSTRAINT ticket_labour_minutes_range CHECK (labour_minutes BETWEEN 0 AND 100000),
  CONSTRAINT ticket_cost_cents_range CHECK (cost_cents BETWEEN 0 AND 100000000)
);
COMMENT ON COLUMN radioshop.ticket.from_state IS
  'state before the last move; NULL before the first one. Set by trigger, checked by ticket_move_allowed';
COMMENT ON COLUMN radioshop.ticket.asset_before IS 'status that the asset gets back; NULL while the ticket does not hold it';
COMMENT ON CONSTRAINT ticket_number_unique ON radioshop.ticket IS 'number: another ticket has this number';
COMMENT ON CONSTRAINT ticket_asset_known ON radioshop.ticket IS 'asset: no such asset';
COMMENT ON CONSTRAINT ticket_move_allowed ON radioshop.ticket IS 'state: the ticket cannot move there from where it is';
COMMENT ON CONSTRAINT ticket_state_known ON radioshop.ticket IS 'state: no state of a ticket has this name';
COMMENT ON CONSTRAINT ticket_begins ON radioshop.ticket IS 'state: a ticket begins as reported or received, or is logged as closed';
COMMENT ON CONSTRAINT ticket_closed_at_fits ON radioshop.ticket IS 'state: just closed and cancelled tickets have a time of closing';
COMMENT ON CONSTRAINT ticket_priority_known ON radioshop.ticket IS 'priority: a priority is low, normal, high or urgent';
COMMENT ON CONSTRAINT ticket_problem_form ON radioshop.ticket IS 'problem: say what is wrong, in at most 4000 characters';
COMMENT ON CONSTRAINT ticket_cause_form ON radioshop.ticket IS
  'cause: at most 4000 characters, and no control characters but tabs and line ends';
COMMENT ON CONSTRAINT ticket_action_form ON radioshop.ticket IS
  'action: at most 4000 characters, and no control characters but tabs and line ends';
COMMENT ON CONSTRAINT ticket_labour_minutes_range ON radioshop.ticket IS 'minutes: the work on one ticket is at most 100,000 minutes';
COMMENT ON CONSTRAINT ticket_cost_cents_range ON radioshop.ticket IS 'cost_cents: the cost of one ticket is at most 100,000,000 cents';
CREATE UNIQUE INDEX ticket_one_open ON radioshop.ticket (agency_id, asset_id) WHERE closed_at IS NULL;
CREATE INDEX ticket_by_time ON radioshop.ticket (agency_id, opened_at DESC, ticket_id DESC);
CREATE INDEX ticket_open_by_time ON radioshop.ticket (agency_id, opened_at DESC, ticket_id DESC) WHERE closed_at IS NULL;
CREATE INDEX ticket_by_asset ON radioshop.ticket (agency_id, asset_id, opened_at DESC, ticket_id DESC);

CREATE TABLE radioshop.ticket_entry (
  agency_id int NOT NULL,
  ticket_id uuid NOT NULL,
  entry_no int NOT NULL,
  at timestamptz NOT NULL DEFAULT now(),
  principal text NOT NULL DEFAULT radioshop.caller(),
  kind text NOT NULL,
  text text NOT NULL DEFAULT '',
  minutes int NOT NULL DEFAULT 0,
  cost_cents bigint NOT NULL DEFAULT 0,
  state text,
  CONSTRAINT ticket_entry_pkey PRIMARY KEY (agency_id, ticket_id, entry_no),
  CONSTRAINT ticket_entry_ticket_known FOREIGN KEY (agency_id, ticket_id) REFERENCES radioshop.ticket (agency_id, ticket_id),
  CONSTRAINT ticket_entry_kind_known CHECK (kind IN ('note', 'labour', 'part', 'outside', 'move')),
  CONSTRAINT ticket_entry_text_form CHECK (radioshop.is_text(text, 4000)),
  CONSTRAINT ticket_entry_text_needed CHECK (text <> '' OR kind IN ('labour', 'move')),
  CONSTRAINT ticket_entry_minutes_range CHECK (minutes BETWEEN 0 AND 100000),
  CONSTRAINT ticket_entry_minutes_fit CHECK ((minutes > 0) = (kind = 'labour')),
  CONSTRAINT ticket_entry_cost_cents_range CHECK (cost_cents BETWEEN 0 AND 100000000),
  CONSTRAINT ticket_entry_cost_cents_fit CHECK (cost_cents = 0 OR kind IN ('part', 'outside')),
  CONSTRAINT ticket_entry_state_fits CHECK ((state IS NOT NULL) = (kind = 'move'))
);
COMMENT ON CONSTRAINT ticket_entry_ticket_known ON radioshop.ticket_entry IS 'ticket: no such ticket';
COMMENT ON CONSTRAINT ticket_entry_kind_known ON radioshop.ticket_entry IS 'kind: an entry is a note, labour, a part or an outside cost';
COMMENT ON CONSTRAINT ticket_entry_text_form ON radioshop.ticket_entry IS
  'text: at most 4000 characters, and no control characters but tabs and line ends';
COMMENT ON CONSTRAINT ticket_entry_text_needed ON radioshop.ticket_entry IS 'text: a note, a part and an outside cost need a text';
COMMENT ON CONSTRAINT ticket_entry_minutes_range ON radioshop.ticket_entry IS
  'minutes: give at most 100,000 minutes, and not less than none';
COMMENT ON CONSTRAINT ticket_entry_minutes_fit ON radioshop.ticket_entry IS 'minutes: labour needs its minutes, and only labour has them';
COMMENT ON CONSTRAINT ticket_entry_cost_cents_range ON radioshop.ticket_entry IS
  'cost_cents: give at most 100,000,000 cents, and not less than none';
COMMENT ON CONSTRAINT ticket_entry_cost_cents_fit ON radioshop.ticket_entry IS 'cost_cents: only a part and an outside cost have a cost';
COMMENT ON CONSTRAINT ticket_entry_state_fits ON radioshop.ticket_entry IS 'kind: a ticket is moved with MoveTicket';

-- ---------------------------------------------------------------------------------------------------------------------
-- Triggers

-- Keeps from_state and closed_at, and lets the status of the asset follow. An asset that was retired meanwhile stays so.
-- A ticket inserted as closed is a repair logged after the fact: it never held the asset.
CREATE FUNCTION radioshop.ticket_follow() RETURNS trigger LANGUAGE plpgsql AS $$
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
CREATE TRIGGER follow BEFORE INSERT OR UPDATE ON radioshop.ticket FOR EACH ROW EXECUTE FUNCTION radioshop.ticket_follow();
CREATE TRIGGER touch BEFORE UPDATE ON radioshop.ticket FOR EACH ROW EXECUTE FUNCTION radioshop.touch();
CREATE TRIGGER record_event AFTER INSERT OR UPDATE OR DELETE ON radioshop.ticket
  FOR EACH ROW EXECUTE FUNCTION radioshop.record_event('ticket', 'ticket_id', 'from_state', 'asset_before');
-- The entries are their own record: they only grow and say who and when.
CREATE TRIGGER only_append BEFORE UPDATE OR DELETE OR TRUNCATE ON radioshop.ticket_entry
  FOR EACH STATEMENT EXECUTE FUNCTION radioshop.only_append();

ALTER TABLE radioshop.ticket_counter ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY ticket_counter_agency ON radioshop.ticket_counter
  USING (agency_id = ANY ((SELECT nullif(current_setting('radioshop.agencies', true), '')::int[])::int[]));
ALTER TABLE radioshop.ticket ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY ticket_agency ON radioshop.ticket
  USING (agency_id = ANY ((SELECT nullif(current_setting('radioshop.agencies', true), '')::int[])::int[]));
ALTER TABLE radioshop.ticket_entry ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY ticket_entry_agency ON radioshop.ticket_entry
  USING (agency_id = ANY ((SELECT nullif(current_setting('radioshop.agencies', true), '')::int[])::int[]));
GRANT SELECT, INSERT, UPDATE (last) ON radioshop.ticket_counter TO radioshop_app;
GRANT SELECT, INSERT, UPDATE (state, priority, problem, cause, action, labour_minutes, cost_cents) ON radioshop.ticket TO radioshop_app;
GRANT SELECT, INSERT ON radioshop.ticket_entry TO radioshop_app;

-- ---------------------------------------------------------------------------------------------------------------------
-- What the methods share

-- A ticket as a caller sees it, or why not. In step with message Ticket, but for the entries.
CREATE TYPE radioshop.ticket_shown AS (
  refusal text, id uuid, number text, agency text, tag text, state text, priority text, problem text, cause text, action text,
  opened_by text, opened_at timestamptz, closed_at timestamptz, labour_minutes int, cost_cents bigint, moves text[], revision bigint
);

CREATE FUNCTION radioshop.shown_ticket(agency int, ticket uuid) RETURNS radioshop.ticket_shown LANGUAGE plpgsql STABLE AS $$
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

-- The history of a ticket as JSON, in order; in step with message TicketEntry.
CREATE FUNCTION radioshop.entries_of(agency int, ticket uuid) RETURNS jsonb LANGUAGE plpgsql STABLE AS $$
BEGIN
  RETURN (SELECT coalesce(jsonb_agg(jsonb_strip_nulls(jsonb_build_object(
        'at', to_char(e.at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), 'principal', e.principal, 'kind', e.kind, 'text', e.text,
        'minutes', e.minutes, 'cost_cents', e.cost_cents, 'state', e.state)) ORDER BY e.entry_no), '[]')
    FROM radioshop.ticket_entry e WHERE e.agency_id = agency AND e.ticket_id = ticket);
END
$$;

-- The ticket that a number or UUID means; no row when there is none to be seen.
CREATE FUNCTION radioshop.find_ticket(code text) RETURNS TABLE (agency_id int, ticket_id uuid) LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_column
DECLARE
  key text := upper(btrim(find_ticket.code));
BEGIN
  IF key ~ '^[0-9A-F]{8}(-[0-9A-F]{4}){3}-[0-9A-F]{12}$' THEN
    RETURN QUERY SELECT t.agency_id, t.ticket_id FROM radioshop.ticket t
      WHERE t.agency_id = ANY (radioshop.agencies()) AND t.ticket_id = key::uuid;
  ELSE
    RETURN QUERY SELECT t.agency_id, t.ticket_id FROM radioshop.agency g JOIN radioshop.ticket t ON t.agency_id = g.agency_id
      WHERE g.agency_id = ANY (radioshop.agencies()) AND g.code = split_part(key, '-', 1) AND t.number = key;
  END IF;
END
$$;

-- The next number of the agency in the year it is there. The row stays locked until the ticket is committed or given up.
CREATE FUNCTION radioshop.next_ticket_number(agency int) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  of_agency text;
  this_year int;
  n int;
BEGIN
  SELECT g.code, extract(year FROM radioshop.today(g.time_zone)) INTO of_agency, this_year
    FROM radioshop.agency g WHERE g.agency_id = agency;
  INSERT INTO radioshop.ticket_counter AS c (agency_id, year, last) VALUES (agency, this_year, 1)
    ON CONFLICT (agency_id, year) DO UPDATE SET last = c.last + 1 RETURNING c.last INTO n;
  RETURN of_agency || '-' || this_year || '-' || CASE WHEN n < 100000 THEN lpad(n::text, 5, '0') ELSE n::text END;
END
$$;

-- Adds entries to a ticket that the caller has locked or made, and keeps its sums.
CREATE FUNCTION radioshop.add_entry(agency int, ticket uuid, kind text, text text, minutes int, cost_cents bigint, state text) RETURNS void
LANGUAGE plpgsql AS $$
#variable_conflict use_column
BEGIN
  INSERT INTO radioshop.ticket_entry (agency_id, ticket_id, entry_no, kind, text, minutes, cost_cents, state)
    SELECT add_entry.agency, add_entry.ticket, coalesce(max(e.entry_no), 0) + 1, add_entry.kind,
        btrim(coalesce(add_entry.text, ''), E' \t\r\n'), coalesce(add_entry.minutes, 0), coalesce(add_entry.cost_cents, 0), add_entry.state
      FROM radioshop.ticket_entry e WHERE e.agency_id = add_entry.agency AND e.ticket_id = add_entry.ticket;
END
$$;

-- The one asset to work on, locked, or the refusal.
CREATE FUNCTION radioshop.asset_to_repair(code text, OUT agency_id int, OUT asset_id uuid, OUT refusal text) LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
  found_asset record;
  it record;
BEGIN
  found_asset := radioshop.one_asset(asset_to_repair.code);
  asset_to_repair.agency_id := found_asset.agency_id;
  asset_to_repair.asset_id := found_asset.asset_id;
  refusal := found_asset.refusal;
  IF refusal IS NULL THEN
    SELECT a.status, a.tag, g.code AS agency INTO it FROM radioshop.asset a JOIN radioshop.agency g ON g.agency_id = a.agency_id
      WHERE a.agency_id = found_asset.agency_id AND a.asset_id = found_asset.asset_id FOR NO KEY UPDATE OF a;
    IF it.status IN ('retired', 'disposed') THEN
      refusal := radioshop.refuse('FAILED_PRECONDITION', 'asset',
        format('asset %s:%s is %s; change its status before it is repaired', it.agency, it.tag, it.status));
    END IF;
  END IF;
END
$$;

-- The refusal when another ticket is open for the asset; NULL when none is.
CREATE FUNCTION radioshop.refuse_second_ticket(agency int, asset uuid, field text) RETURNS text LANGUAGE plpgsql STABLE AS $$
BEGIN
  RETURN (SELECT radioshop.refuse('FAILED_PRECONDITION', field,
      format('ticket %s is open for asset %s:%s already (%s); add to it, or close it first', t.number, g.code, a.tag, t.state))
    FROM radioshop.ticket t JOIN radioshop.agency g ON g.agency_id = t.agency_id
      JOIN radioshop.asset a ON a.agency_id = t.agency_id AND a.asset_id = t.asset_id
    WHERE t.agency_id = agency AND t.asset_id = asset AND t.closed_at IS NULL);
END
$$;

-- ---------------------------------------------------------------------------------------------------------------------
-- The methods that write. Locks are taken in one order: the asset, then its ticket.

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

-- The ticket that a number or UUID means, locked after its asset, or the refusal. expected: the revision the caller has read; NULL when
-- it does not matter which.
CREATE FUNCTION radioshop.ticket_to_change(code text, expected bigint, OUT agency_id int, OUT ticket_id uuid, OUT asset_id uuid,
  OUT number text, OUT state text, OUT refusal text) LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
  it record;
  revision bigint;
BEGIN
  SELECT t.agency_id, t.ticket_id, t.asset_id INTO it FROM radioshop.find_ticket(ticket_to_change.code) f
    JOIN radioshop.ticket t ON t.agency_id = f.agency_id AND t.ticket_id = f.ticket_id;
  IF NOT FOUND THEN
    refusal := radioshop.refuse('NOT_FOUND', 'ticket', format('no ticket has the number or UUID %s', ticket_to_change.code));
    RETURN;
  END IF;
  PERFORM 1 FROM radioshop.asset a WHERE a.agency_id = it.agency_id AND a.asset_id = it.asset_id FOR NO KEY UPDATE;
  SELECT t.agency_id, t.ticket_id, t.asset_id, t.number, t.state, t.revision
    INTO ticket_to_change.agency_id, ticket_to_change.ticket_id, ticket_to_change.asset_id, ticket_to_change.number,
      ticket_to_change.state, revision
    FROM radioshop.ticket t WHERE t.agency_id = it.agency_id AND t.ticket_id = it.ticket_id FOR NO KEY UPDATE;
  IF expected <= 0 THEN
    refusal := radioshop.refuse('INVALID_ARGUMENT', 'revision',
      format('give the revision you have read; ticket %s is at %s', ticket_to_change.number, revision));
  ELSIF expected <> revision THEN
    refusal := radioshop.refuse('ABORTED', 'revision',
      format('ticket %s has moved on to revision %s; read it again', ticket_to_change.number, revision));
  END IF;
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

CREATE FUNCTION radioshop.add_ticket_entry(ticket text, kind text, text text, minutes int, cost_cents bigint)
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

COMMIT;
