-- Deploy radioshop:rma to pg
--
-- Radios sent to a maker's depot or in under warranty (return material authorisation): one number of the maker, one ticket. Shipping and
-- receiving move the ticket to and from at_depot in the same transaction, by move_ticket() and its rules, and while a radio is away its
-- ticket stays there. What comes back may be another radio: then the asset gets its serial number, and the one before stays on record and
-- finds the asset. What the vendor charges is an entry of the ticket and nowhere else.

BEGIN;

-- ---------------------------------------------------------------------------------------------------------------------
-- Business days: Monday to Friday. Depots keep holidays of their own, which nobody tells the shop.

-- The n-th business day after a day.
CREATE FUNCTION radioshop.add_weekdays(day date, n int) RETURNS date LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT d::date FROM generate_series(day + 1, day + n * 7 / 5 + 7, interval '1 day') d
  WHERE extract(isodow FROM d) < 6 ORDER BY d OFFSET greatest(n, 1) - 1 LIMIT 1
$$;

-- How many business days lie behind the first day, up to the last.
CREATE FUNCTION radioshop.weekdays_between(first date, last date) RETURNS int LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT count(*)::int FROM generate_series(first + 1, last, interval '1 day') d WHERE extract(isodow FROM d) < 6
$$;

-- ---------------------------------------------------------------------------------------------------------------------
-- Tables

CREATE TABLE radioshop.rma (
  agency_id int NOT NULL,
  rma_id uuid NOT NULL DEFAULT radioshop.uuid_v7(),
  ticket_id uuid NOT NULL,
  number text NOT NULL,
  number_key text COLLATE "C" NOT NULL GENERATED ALWAYS AS (upper(number)) STORED,
  vendor text NOT NULL,
  vendor_key text COLLATE "C" NOT NULL GENERATED ALWAYS AS (upper(vendor)) STORED,
  kind text NOT NULL,
  goodwill boolean NOT NULL DEFAULT false,
  state text NOT NULL DEFAULT 'open',
  accessories text NOT NULL DEFAULT '',
  expected_days int NOT NULL DEFAULT 0,
  carrier text NOT NULL DEFAULT '',
  tracking text NOT NULL DEFAULT '',
  shipped_on date,
  expected_on date,
  received_on date,
  serial_sent text NOT NULL DEFAULT '',
  serial_back text NOT NULL DEFAULT '',
  firmware_sent text NOT NULL DEFAULT '',
  firmware_back text NOT NULL DEFAULT '',
  codeplug_reloaded_at timestamptz,
  codeplug_reloaded_by text NOT NULL DEFAULT '',
  outcome text,
  bill_entry int,
  note text NOT NULL DEFAULT '',
  opened_by text NOT NULL DEFAULT radioshop.caller(),
  opened_at timestamptz NOT NULL DEFAULT now(),
  revision bigint NOT NULL DEFAULT 1,
  updated_at timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT rma_pkey PRIMARY KEY (agency_id, rma_id),
  CONSTRAINT rma_number_unique UNIQUE (agency_id, vendor_key, number_key),
  CONSTRAINT rma_ticket_known FOREIGN KEY (agency_id, ticket_id) REFERENCES radioshop.ticket (agency_id, ticket_id),
  CONSTRAINT rma_bill_known FOREIGN KEY (agency_id, ticket_id, bill_entry)
    REFERENCES radioshop.ticket_entry (agency_id, ticket_id, entry_no),
  CONSTRAINT rma_number_form CHECK (number <> '' AND radioshop.is_line(number, 64)),
  CONSTRAINT rma_vendor_form CHECK (vendor <> '' AND radioshop.is_line(vendor, 120)),
  CONSTRAINT rma_kind_known CHECK (kind IN ('depot', 'warranty')),
  CONSTRAINT rma_goodwill_fits CHECK (NOT goodwill OR kind = 'warranty'),
  CONSTRAINT rma_state_known CHECK (state IN ('open', 'shipped', 'received', 'cancelled')),
  CONSTRAINT rma_accessories_form CHECK (radioshop.is_line(accessories, 500)),
  CONSTRAINT rma_expected_days_range CHECK (expected_days BETWEEN 0 AND 365),
  CONSTRAINT rma_carrier_form CHECK (radioshop.is_line(carrier, 64)),
  CONSTRAINT rma_tracking_form CHECK (radioshop.is_line(tracking, 64)),
  CONSTRAINT rma_shipped_on_fits CHECK (state = 'cancelled' OR (shipped_on IS NOT NULL) = (state IN ('shipped', 'received'))),
  CONSTRAINT rma_received_on_fits CHECK ((received_on IS NOT NULL) = (state = 'received') AND received_on >= shipped_on),
  CONSTRAINT rma_serial_form CHECK (radioshop.is_line(serial_back, 64)),
  CONSTRAINT rma_firmware_form CHECK (radioshop.is_line(firmware_back, 120)),
  CONSTRAINT rma_outcome_known CHECK (outcome IN ('repaired', 'replaced', 'no_fault_found', 'unrepaired')),
  CONSTRAINT rma_outcome_fits CHECK ((outcome IS NOT NULL) = (state = 'received')),
  CONSTRAINT rma_serial_back_fits CHECK ((serial_back <> '') = (outcome IS NOT DISTINCT FROM 'replaced')),
  CONSTRAINT rma_bill_fits CHECK (bill_entry IS NULL OR state = 'received'),
  CONSTRAINT rma_note_form CHECK (radioshop.is_text(note, 4000))
);
COMMENT ON COLUMN radioshop.rma.expected_days IS 'business days that the vendor said it takes; 0: it did not say';
COMMENT ON COLUMN radioshop.rma.serial_back IS 'serial number of the radio that came back instead; empty: the same radio';
COMMENT ON CONSTRAINT rma_number_unique ON radioshop.rma IS 'number: there is an RMA of this vendor with this number already';
COMMENT ON CONSTRAINT rma_ticket_known ON radioshop.rma IS 'ticket: no such ticket';
COMMENT ON CONSTRAINT rma_number_form ON radioshop.rma IS 'number: the vendor''s RMA number is needed, one line of at most 64 characters';
COMMENT ON CONSTRAINT rma_vendor_form ON radioshop.rma IS 'vendor: a vendor is needed, one line of at most 120 characters';
COMMENT ON CONSTRAINT rma_kind_known ON radioshop.rma IS 'kind: an RMA is to a depot or under warranty';
COMMENT ON CONSTRAINT rma_goodwill_fits ON radioshop.rma IS 'goodwill: only a warranty can be claimed out of goodwill';
COMMENT ON CONSTRAINT rma_state_known ON radioshop.rma IS 'state: an RMA is open, shipped, received or cancelled';
COMMENT ON CONSTRAINT rma_accessories_form ON radioshop.rma IS 'accessories: at most 500 characters on one line';
COMMENT ON CONSTRAINT rma_expected_days_range ON radioshop.rma IS 'expected_days: give 1 to 365 business days, or 0 if nobody knows';
COMMENT ON CONSTRAINT rma_carrier_form ON radioshop.rma IS 'carrier: a carrier is one line of at most 64 characters';
COMMENT ON CONSTRAINT rma_tracking_form ON radioshop.rma IS 'tracking: a tracking number is one line of at most 64 characters';
COMMENT ON CONSTRAINT rma_shipped_on_fits ON radioshop.rma IS 'shipped_on: what was shipped has a day of shipping';
COMMENT ON CONSTRAINT rma_received_on_fits ON radioshop.rma IS 'received_on: it cannot have come back before it was shipped';
COMMENT ON CONSTRAINT rma_serial_form ON radioshop.rma IS 'serial: a serial number is one line of at most 64 characters';
COMMENT ON CONSTRAINT rma_firmware_form ON radioshop.rma IS 'firmware: a firmware version is one line of at most 120 characters';
COMMENT ON COLUMN radioshop.rma.bill_entry IS 'entry of the ticket with what the vendor charged; NULL: nothing. The amount stands only there';
COMMENT ON CONSTRAINT rma_bill_known ON radioshop.rma IS 'cost_cents: the ticket has no such entry';
COMMENT ON CONSTRAINT rma_outcome_known ON radioshop.rma IS
  'outcome: a radio comes back repaired, replaced, with no_fault_found, or unrepaired';
COMMENT ON CONSTRAINT rma_outcome_fits ON radioshop.rma IS 'outcome: what came back has an outcome, and nothing else has';
COMMENT ON CONSTRAINT rma_serial_back_fits ON radioshop.rma IS 'serial: another radio has its serial number, and only another radio';
COMMENT ON CONSTRAINT rma_bill_fits ON radioshop.rma IS 'cost_cents: the bill is entered when the radio is back';
COMMENT ON CONSTRAINT rma_note_form ON radioshop.rma IS 'note: at most 4000 characters, and no control characters but tabs and line ends';
CREATE UNIQUE INDEX rma_one_open ON radioshop.rma (agency_id, ticket_id) WHERE state IN ('open', 'shipped');
COMMENT ON INDEX radioshop.rma_one_open IS 'ticket: another RMA of this ticket is open';
CREATE INDEX rma_by_time ON radioshop.rma (agency_id, opened_at DESC, rma_id DESC);
CREATE INDEX rma_open_by_time ON radioshop.rma (agency_id, opened_at DESC, rma_id DESC) WHERE state IN ('open', 'shipped');
CREATE INDEX rma_by_ticket ON radioshop.rma (agency_id, ticket_id, opened_at DESC, rma_id DESC);
-- A whole number is found without the agency first, as codes of assets are.
CREATE INDEX rma_by_number ON radioshop.rma (number_key);

CREATE TABLE radioshop.asset_former_serial (
  agency_id int NOT NULL,
  asset_id uuid NOT NULL,
  rma_id uuid NOT NULL,
  serial text NOT NULL,
  serial_key text COLLATE "C" NOT NULL GENERATED ALWAYS AS (upper(serial)) STORED,
  replaced_at timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT asset_former_serial_pkey PRIMARY KEY (agency_id, asset_id, rma_id),
  CONSTRAINT asset_former_serial_asset_known FOREIGN KEY (agency_id, asset_id) REFERENCES radioshop.asset (agency_id, asset_id),
  CONSTRAINT asset_former_serial_rma_known FOREIGN KEY (agency_id, rma_id) REFERENCES radioshop.rma (agency_id, rma_id)
);
COMMENT ON TABLE radioshop.asset_former_serial IS 'serial numbers that an asset had before a vendor sent another radio back';
CREATE INDEX asset_former_serial_by_serial ON radioshop.asset_former_serial (serial_key);

-- A radio whose codeplug is not its agency's may not be handed out, unless it is written off.
ALTER TABLE radioshop.ticket
  ADD COLUMN codeplug_due boolean NOT NULL DEFAULT false,
  ADD CONSTRAINT ticket_codeplug_reloaded CHECK (NOT codeplug_due OR outcome IS NOT DISTINCT FROM 'beyond_repair'
    OR state NOT IN ('ready', 'returned', 'closed', 'cancelled'));
COMMENT ON COLUMN radioshop.ticket.codeplug_due IS 'the radio came back from an RMA without its codeplug, and nobody has said yet that it is loaded';
COMMENT ON CONSTRAINT ticket_codeplug_reloaded ON radioshop.ticket IS
  'state: the radio came back without its codeplug; load it, and say so with rma codeplug';
GRANT UPDATE (codeplug_due) ON radioshop.ticket TO radioshop_app;

-- What comes back unrepaired is looked at again: whether to try another vendor, to ask for a write-off, or to give it back as it is.
INSERT INTO radioshop.ticket_move (from_state, to_state) VALUES ('at_depot', 'diagnosing');

-- Out and back, once.
CREATE FUNCTION radioshop.rma_follow() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF (OLD.state, NEW.state) NOT IN (('open', 'open'), ('open', 'shipped'), ('open', 'cancelled'), ('shipped', 'shipped'),
      ('shipped', 'received'), ('shipped', 'cancelled'), ('received', 'received'), ('cancelled', 'cancelled')) THEN
    RAISE EXCEPTION 'RMA % cannot go from % to %', NEW.number, OLD.state, NEW.state
      USING ERRCODE = '23514', SCHEMA = 'radioshop', TABLE = 'rma', CONSTRAINT = 'rma_move_allowed';
  END IF;
  RETURN NEW;
END
$$;
CREATE TRIGGER follow BEFORE UPDATE ON radioshop.rma FOR EACH ROW EXECUTE FUNCTION radioshop.rma_follow();

-- A radio that is away is nowhere else.
CREATE FUNCTION radioshop.ticket_stays_away() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF EXISTS (SELECT FROM radioshop.rma r WHERE r.agency_id = NEW.agency_id AND r.ticket_id = NEW.ticket_id AND r.state = 'shipped') THEN
    RAISE EXCEPTION 'ticket % cannot move to % while its radio is away', NEW.number, NEW.state
      USING ERRCODE = '23514', SCHEMA = 'radioshop', TABLE = 'ticket', CONSTRAINT = 'ticket_radio_away';
  END IF;
  RETURN NEW;
END
$$;
CREATE TRIGGER stay_away BEFORE UPDATE OF state ON radioshop.ticket FOR EACH ROW
  WHEN (OLD.state = 'at_depot' AND NEW.state <> 'at_depot') EXECUTE FUNCTION radioshop.ticket_stays_away();

CREATE TRIGGER touch BEFORE UPDATE ON radioshop.rma FOR EACH ROW EXECUTE FUNCTION radioshop.touch();
CREATE TRIGGER record_event AFTER INSERT OR UPDATE OR DELETE ON radioshop.rma
  FOR EACH ROW EXECUTE FUNCTION radioshop.record_event('rma', 'rma_id', 'number_key', 'vendor_key');
CREATE TRIGGER only_append BEFORE UPDATE OR DELETE OR TRUNCATE ON radioshop.asset_former_serial
  FOR EACH STATEMENT EXECUTE FUNCTION radioshop.only_append();

ALTER TABLE radioshop.rma ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY rma_agency ON radioshop.rma
  USING (agency_id = ANY ((SELECT nullif(current_setting('radioshop.agencies', true), '')::int[])::int[]));
ALTER TABLE radioshop.asset_former_serial ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY asset_former_serial_agency ON radioshop.asset_former_serial
  USING (agency_id = ANY ((SELECT nullif(current_setting('radioshop.agencies', true), '')::int[])::int[]));
GRANT SELECT, INSERT, UPDATE (state, carrier, tracking, shipped_on, expected_on, received_on, serial_sent, serial_back, firmware_sent,
  firmware_back, outcome, bill_entry, codeplug_reloaded_at, codeplug_reloaded_by, note) ON radioshop.rma TO radioshop_app;
GRANT SELECT, INSERT ON radioshop.asset_former_serial TO radioshop_app;

-- ---------------------------------------------------------------------------------------------------------------------
-- What others ask

-- As before, and last of all by a serial number that the asset had before: whoever reads it on old paper means that asset.
CREATE OR REPLACE FUNCTION radioshop.find_assets_within(scope int[], key text) RETURNS TABLE (agency_id int, asset_id uuid)
LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_column
BEGIN
  RETURN QUERY SELECT a.agency_id, a.asset_id FROM radioshop.asset a WHERE a.agency_id = ANY (scope) AND a.tag_key = key;
  IF FOUND THEN RETURN; END IF;
  RETURN QUERY SELECT a.agency_id, a.asset_id FROM radioshop.asset a WHERE a.agency_id = ANY (scope) AND a.serial_key = key;
  IF FOUND THEN RETURN; END IF;
  IF key ~ '^[0-9]{1,9}$' THEN
    RETURN QUERY SELECT a.agency_id, a.asset_id FROM radioshop.asset a WHERE a.agency_id = ANY (scope) AND a.unit_id = key::int;
    IF FOUND THEN RETURN; END IF;
  END IF;
  RETURN QUERY SELECT a.agency_id, a.asset_id FROM radioshop.asset a WHERE a.agency_id = ANY (scope) AND a.alias_key = key;
  IF FOUND THEN RETURN; END IF;
  RETURN QUERY SELECT DISTINCT f.agency_id, f.asset_id FROM radioshop.asset_former_serial f
    WHERE f.agency_id = ANY (scope) AND f.serial_key = key;
END
$$;

-- As before, and no radio leaves the shop whose codeplug is still to be loaded, unless it is written off.
CREATE OR REPLACE FUNCTION radioshop.refuse_outcome(agency int, ticket uuid, to_state text, asked text, retire boolean) RETURNS text
LANGUAGE plpgsql STABLE AS $$
DECLARE
  it record;
  allowed text;
BEGIN
  SELECT t.number, t.state, t.outcome, t.write_off_approved, t.codeplug_due INTO it
    FROM radioshop.ticket t WHERE t.agency_id = agency AND t.ticket_id = ticket;
  IF asked IS NOT NULL THEN
    SELECT string_agg(o.outcome, ', ' ORDER BY array_position('{repaired,no_fault_found,beyond_repair,cancelled}'::text[], o.outcome)) INTO allowed
      FROM radioshop.ticket_outcome o WHERE o.from_state = it.state AND o.to_state = refuse_outcome.to_state;
    IF allowed IS NULL THEN
      RETURN radioshop.refuse('FAILED_PRECONDITION', 'outcome',
        format('a move to %s has no outcome; give it when the ticket becomes ready', refuse_outcome.to_state));
    ELSIF asked <> ALL (string_to_array(allowed, ', ')) THEN
      RETURN radioshop.refuse('FAILED_PRECONDITION', 'outcome', format('from %s to %s the outcome can be %s, not %s', it.state,
        refuse_outcome.to_state, allowed, asked));
    ELSIF asked = 'beyond_repair' AND NOT it.write_off_approved THEN
      RETURN radioshop.refuse('FAILED_PRECONDITION', 'outcome', format('the fleet manager of the agency has not agreed to write the asset of '
        'ticket %s off; ask for it first', it.number));
    END IF;
  END IF;
  IF retire AND (refuse_outcome.to_state IN ('ready', 'returned', 'closed') AND coalesce(asked, it.outcome) = 'beyond_repair') IS NOT TRUE THEN
    RETURN radioshop.refuse('FAILED_PRECONDITION', 'retire_asset',
      'an asset is retired by its ticket only where the outcome is beyond_repair');
  END IF;
  IF it.codeplug_due AND refuse_outcome.to_state IN ('ready', 'returned', 'closed', 'cancelled')
      AND coalesce(asked, it.outcome) IS DISTINCT FROM 'beyond_repair' THEN
    RETURN radioshop.refuse('FAILED_PRECONDITION', 'state', format('ticket %s cannot move to %s: the radio came back without its codeplug; '
      'load it, and say so with rma codeplug', it.number, refuse_outcome.to_state));
  END IF;
  RETURN NULL;
END
$$;

-- As before, and a ticket stays at the depot while its radio is away.
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

-- ---------------------------------------------------------------------------------------------------------------------
-- What the methods share

-- An RMA as a caller sees it, or why not. In step with message Rma.
CREATE TYPE radioshop.rma_shown AS (
  refusal text, id uuid, number text, agency text, ticket text, ticket_state text, tag text, vendor text, kind text, goodwill boolean,
  state text, accessories text, expected_days int, carrier text, tracking text, shipped_on date, expected_on date, received_on date,
  turnaround_days int, days_late int, serial_sent text, serial_back text, firmware_sent text, firmware_back text, codeplug_due boolean,
  codeplug_reloaded_at timestamptz, codeplug_reloaded_by text, outcome text, cost_cents bigint, note text, opened_by text,
  opened_at timestamptz, revision bigint
);

CREATE FUNCTION radioshop.shown_rma(agency int, rma uuid) RETURNS radioshop.rma_shown LANGUAGE plpgsql STABLE AS $$
DECLARE
  shown radioshop.rma_shown;
BEGIN
  SELECT NULL, r.rma_id, r.number, g.code, t.number, t.state, a.tag, r.vendor, r.kind, r.goodwill, r.state, r.accessories, r.expected_days,
      r.carrier, r.tracking, r.shipped_on, r.expected_on, r.received_on,
      CASE WHEN r.state IN ('shipped', 'received') THEN radioshop.weekdays_between(r.shipped_on, coalesce(r.received_on, d.today)) ELSE 0 END,
      CASE WHEN r.state IN ('shipped', 'received') AND coalesce(r.received_on, d.today) > r.expected_on
        THEN radioshop.weekdays_between(r.expected_on, coalesce(r.received_on, d.today)) ELSE 0 END,
      r.serial_sent, r.serial_back, r.firmware_sent, r.firmware_back, t.codeplug_due AND r.state = 'received' AND r.codeplug_reloaded_at IS NULL,
      r.codeplug_reloaded_at, r.codeplug_reloaded_by, r.outcome, coalesce(b.cost_cents, 0), r.note, r.opened_by, r.opened_at, r.revision
    INTO shown
    FROM radioshop.rma r JOIN radioshop.agency g ON g.agency_id = r.agency_id
      CROSS JOIN LATERAL (SELECT radioshop.today(g.time_zone) AS today) d
      JOIN radioshop.ticket t ON t.agency_id = r.agency_id AND t.ticket_id = r.ticket_id
      JOIN radioshop.asset a ON a.agency_id = t.agency_id AND a.asset_id = t.asset_id
      LEFT JOIN radioshop.ticket_entry b ON b.agency_id = r.agency_id AND b.ticket_id = r.ticket_id AND b.entry_no = r.bill_entry
    WHERE r.agency_id = agency AND r.rma_id = rma;
  RETURN shown;
END
$$;

-- The RMA that a code means: its UUID, the vendor's number, or the number of its ticket, which means the last one of the ticket.
CREATE FUNCTION radioshop.one_rma(code text, OUT agency_id int, OUT rma_id uuid, OUT refusal text) LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_column
DECLARE
  key text := upper(btrim(coalesce(one_rma.code, '')));
  several text[];
BEGIN
  IF key = '' THEN
    refusal := radioshop.refuse('INVALID_ARGUMENT', 'rma', 'give the number of an RMA, or of its ticket');
    RETURN;
  ELSIF key ~ '^[0-9A-F]{8}(-[0-9A-F]{4}){3}-[0-9A-F]{12}$' THEN
    SELECT r.agency_id, r.rma_id INTO one_rma.agency_id, one_rma.rma_id FROM radioshop.rma r
      WHERE r.agency_id = ANY (radioshop.agencies()) AND r.rma_id = key::uuid;
  END IF;
  IF one_rma.rma_id IS NULL THEN
    SELECT array_agg(format('%s of %s (%s)', r.rma_id, r.vendor, g.code) ORDER BY g.code, r.vendor_key), min(r.agency_id), (array_agg(r.rma_id))[1]
      INTO several, one_rma.agency_id, one_rma.rma_id
      FROM radioshop.rma r JOIN radioshop.agency g ON g.agency_id = r.agency_id
      WHERE r.agency_id = ANY (radioshop.agencies()) AND r.number_key = key;
    IF cardinality(several) > 1 THEN
      refusal := radioshop.refuse('INVALID_ARGUMENT', 'rma', format('%s RMAs have the number %s: %s; give the UUID or the ticket of one',
        cardinality(several), btrim(one_rma.code), array_to_string(several[:8], ', ')));
      RETURN;
    END IF;
  END IF;
  IF one_rma.rma_id IS NULL THEN
    SELECT r.agency_id, r.rma_id INTO one_rma.agency_id, one_rma.rma_id FROM radioshop.find_ticket(key) f
      JOIN radioshop.rma r ON r.agency_id = f.agency_id AND r.ticket_id = f.ticket_id
      ORDER BY r.opened_at DESC, r.rma_id DESC LIMIT 1;
  END IF;
  IF one_rma.rma_id IS NULL THEN
    refusal := radioshop.refuse('NOT_FOUND', 'rma', format('no RMA has the number %s, and no ticket with that number has one', btrim(one_rma.code)));
  END IF;
END
$$;

-- The RMA that a code means, locked behind its asset and its ticket, or the refusal when it is not at the revision read, or in none of
-- the states from which this can be done.
CREATE FUNCTION radioshop.rma_to_change(code text, expected bigint, states text[], OUT agency_id int, OUT rma_id uuid, OUT ticket_id uuid,
  OUT asset_id uuid, OUT ticket text, OUT ticket_state text, OUT ticket_revision bigint, OUT number text, OUT vendor text, OUT state text,
  OUT expected_days int, OUT shipped_on date, OUT today date, OUT refusal text) LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
  found_rma record;
  on_ticket record;
  revision bigint;
BEGIN
  found_rma := radioshop.one_rma(rma_to_change.code);
  refusal := found_rma.refusal;
  IF refusal IS NOT NULL THEN
    RETURN;
  END IF;
  agency_id := found_rma.agency_id;
  rma_id := found_rma.rma_id;
  SELECT r.ticket_id INTO rma_to_change.ticket_id FROM radioshop.rma r
    WHERE r.agency_id = found_rma.agency_id AND r.rma_id = found_rma.rma_id;
  on_ticket := radioshop.ticket_to_change(rma_to_change.ticket_id::text, NULL);
  asset_id := on_ticket.asset_id;
  ticket := on_ticket.number;
  ticket_state := on_ticket.state;
  SELECT t.revision, radioshop.today(g.time_zone) INTO rma_to_change.ticket_revision, rma_to_change.today
    FROM radioshop.ticket t JOIN radioshop.agency g ON g.agency_id = t.agency_id
    WHERE t.agency_id = on_ticket.agency_id AND t.ticket_id = on_ticket.ticket_id;
  SELECT r.number, r.vendor, r.state, r.expected_days, r.shipped_on, r.revision
    INTO rma_to_change.number, rma_to_change.vendor, rma_to_change.state, rma_to_change.expected_days, rma_to_change.shipped_on, revision
    FROM radioshop.rma r WHERE r.agency_id = found_rma.agency_id AND r.rma_id = found_rma.rma_id FOR NO KEY UPDATE;
  refusal := CASE
    WHEN coalesce(expected, 0) <= 0 THEN radioshop.refuse('INVALID_ARGUMENT', 'revision',
      format('give the revision you have read; RMA %s is at %s', rma_to_change.number, revision))
    WHEN expected <> revision THEN radioshop.refuse('ABORTED', 'revision',
      format('RMA %s has moved on to revision %s; read it again', rma_to_change.number, revision))
    WHEN rma_to_change.state <> ALL (states) THEN radioshop.refuse('FAILED_PRECONDITION', 'rma',
      format('RMA %s is %s; this can be done when it is %s', rma_to_change.number, rma_to_change.state, array_to_string(states, ' or '))) END;
END
$$;

-- Moves a ticket, locked by the caller, away from the depot. Its RMA has been ended before, without which no ticket leaves the depot; so
-- what refuses it now takes that back too.
CREATE FUNCTION radioshop.move_back(agency int, ticket uuid, state text, note text) RETURNS void LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
  moved record;
BEGIN
  moved := radioshop.move_ticket(move_back.ticket::text,
    (SELECT t.revision FROM radioshop.ticket t WHERE t.agency_id = move_back.agency AND t.ticket_id = move_back.ticket),
    move_back.state, move_back.note, '', '');
  IF moved.refusal IS NOT NULL THEN
    RAISE EXCEPTION 'ticket % does not come back from the depot: %', move_back.ticket, moved.refusal;
  END IF;
END
$$;

-- ---------------------------------------------------------------------------------------------------------------------
-- The methods that write

CREATE FUNCTION radioshop.open_rma(ticket text, number text, vendor text, kind text, goodwill boolean, expected_days int, accessories text)
RETURNS radioshop.rma_shown LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
  shown radioshop.rma_shown;
  it record;
  what record;
  maker text;
  made constant uuid := radioshop.uuid_v7();
BEGIN
  it := radioshop.ticket_to_change(open_rma.ticket, NULL);
  SELECT a.tag, a.warranty_until, coalesce(m.manufacturer, '') AS manufacturer, radioshop.today(g.time_zone) AS today INTO what
    FROM radioshop.asset a JOIN radioshop.agency g ON g.agency_id = a.agency_id LEFT JOIN radioshop.model m ON m.model_id = a.model_id
    WHERE a.agency_id = it.agency_id AND a.asset_id = it.asset_id;
  maker := coalesce(nullif(btrim(coalesce(open_rma.vendor, '')), ''), what.manufacturer);
  shown.refusal := CASE
    WHEN it.refusal IS NOT NULL THEN it.refusal
    WHEN open_rma.kind IS NULL THEN radioshop.refuse('INVALID_ARGUMENT', 'kind', 'say what it is: depot or warranty')
    WHEN open_rma.goodwill AND open_rma.kind <> 'warranty' THEN
      radioshop.refuse('INVALID_ARGUMENT', 'goodwill', 'only a warranty can be claimed out of goodwill')
    WHEN maker = '' THEN radioshop.refuse('INVALID_ARGUMENT', 'vendor', 'name the vendor; the asset is of no model that says who makes it')
    WHEN it.state IN ('closed', 'cancelled') THEN radioshop.refuse('FAILED_PRECONDITION', 'ticket',
      format('ticket %s is %s; reopen it before the radio is sent in', it.number, it.state))
    WHEN open_rma.kind = 'warranty' AND NOT open_rma.goodwill AND what.warranty_until IS NULL THEN radioshop.refuse('FAILED_PRECONDITION', 'kind',
      format('nobody has entered until when asset %s has a warranty; enter it with asset update --warranty-until, or claim it out of goodwill',
        what.tag))
    WHEN open_rma.kind = 'warranty' AND NOT open_rma.goodwill AND what.warranty_until < what.today THEN
      radioshop.refuse('FAILED_PRECONDITION', 'kind', format('the warranty of asset %s ended on %s; send it to the depot, or claim it out of goodwill',
        what.tag, what.warranty_until))
    ELSE coalesce(
      (SELECT radioshop.refuse('FAILED_PRECONDITION', 'ticket', format('RMA %s of ticket %s is %s; receive or cancel it first', r.number, it.number,
          r.state))
        FROM radioshop.rma r WHERE r.agency_id = it.agency_id AND r.ticket_id = it.ticket_id AND r.state IN ('open', 'shipped')),
      (SELECT radioshop.refuse('ALREADY_EXISTS', 'number', format('RMA %s of %s is there already, on ticket %s; if one '
          'number covers several radios, add the line, such as %s/2', r.number, r.vendor, t.number, r.number))
        FROM radioshop.rma r JOIN radioshop.ticket t ON t.agency_id = r.agency_id AND t.ticket_id = r.ticket_id
        WHERE r.agency_id = it.agency_id AND r.vendor_key = upper(maker) AND r.number_key = upper(btrim(open_rma.number))))
  END;
  IF shown.refusal IS NOT NULL THEN
    RETURN shown;
  END IF;
  INSERT INTO radioshop.rma (agency_id, rma_id, ticket_id, number, vendor, kind, goodwill, expected_days, accessories)
    VALUES (it.agency_id, made, it.ticket_id, btrim(coalesce(open_rma.number, '')), maker, open_rma.kind, coalesce(open_rma.goodwill, false),
      coalesce(open_rma.expected_days, 0), btrim(coalesce(open_rma.accessories, '')));
  RETURN radioshop.shown_rma(it.agency_id, made);
END
$$;

-- The radio goes out, and its ticket with it. A ticket that somebody has moved to the depot already stays there.
CREATE FUNCTION radioshop.ship_rma(rma text, revision bigint, shipped_on date, carrier text, tracking text) RETURNS radioshop.rma_shown
LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
  shown radioshop.rma_shown;
  it record;
  moved record;
  gone date;
BEGIN
  it := radioshop.rma_to_change(ship_rma.rma, ship_rma.revision, '{open}');
  gone := coalesce(ship_rma.shipped_on, it.today);
  shown.refusal := CASE WHEN it.refusal IS NOT NULL THEN it.refusal
    WHEN gone NOT BETWEEN it.today - 366 AND it.today THEN radioshop.refuse('INVALID_ARGUMENT', 'shipped_on',
      'the day of shipping lies within the last year, and not ahead') END;
  IF shown.refusal IS NULL AND it.ticket_state <> 'at_depot' THEN
    moved := radioshop.move_ticket(it.ticket, it.ticket_revision, 'at_depot', format('RMA %s to %s', it.number, it.vendor), '', '');
    shown.refusal := moved.refusal;
  END IF;
  IF shown.refusal IS NOT NULL THEN
    RETURN shown;
  END IF;
  UPDATE radioshop.rma r SET state = 'shipped', shipped_on = gone, carrier = btrim(coalesce(ship_rma.carrier, '')),
      tracking = btrim(coalesce(ship_rma.tracking, '')), serial_sent = a.serial, firmware_sent = a.firmware,
      expected_on = CASE WHEN it.expected_days > 0 THEN radioshop.add_weekdays(gone, it.expected_days) END
    FROM radioshop.asset a
    WHERE r.agency_id = it.agency_id AND r.rma_id = it.rma_id AND a.agency_id = it.agency_id AND a.asset_id = it.asset_id;
  RETURN radioshop.shown_rma(it.agency_id, it.rma_id);
END
$$;

-- The radio is back, or another in its place. The ticket goes on to testing, or back to the diagnosis when nothing was done. The bill is
-- an entry of the ticket.
CREATE FUNCTION radioshop.receive_rma(rma text, revision bigint, received_on date, outcome text, serial text, firmware text,
  codeplug_due boolean, cost_cents bigint, note text) RETURNS radioshop.rma_shown LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
  shown radioshop.rma_shown;
  it record;
  had record;
  back date;
  bill int;
  new_serial text := btrim(coalesce(receive_rma.serial, ''));
  new_firmware constant text := btrim(coalesce(receive_rma.firmware, ''));
  came text;
BEGIN
  it := radioshop.rma_to_change(receive_rma.rma, receive_rma.revision, '{shipped}');
  back := coalesce(receive_rma.received_on, it.today);
  SELECT a.tag, a.serial, a.system, a.unit_id INTO had FROM radioshop.asset a WHERE a.agency_id = it.agency_id AND a.asset_id = it.asset_id;
  IF upper(new_serial) = upper(had.serial) THEN
    new_serial := '';
  END IF;
  came := coalesce(receive_rma.outcome, CASE WHEN new_serial <> '' THEN 'replaced' ELSE 'repaired' END);
  shown.refusal := CASE WHEN it.refusal IS NOT NULL THEN it.refusal
    WHEN back NOT BETWEEN it.shipped_on AND it.today THEN radioshop.refuse('INVALID_ARGUMENT', 'received_on',
      format('it was shipped on %s; the day it came back lies between that and today', it.shipped_on))
    WHEN coalesce(receive_rma.cost_cents, 0) NOT BETWEEN 0 AND 100000000 THEN
      radioshop.refuse('INVALID_ARGUMENT', 'cost_cents', 'give at most 100,000,000 cents, and not less than none')
    WHEN came = 'replaced' AND new_serial = '' THEN radioshop.refuse('INVALID_ARGUMENT', 'serial',
      'give the serial number of the radio that came in its place')
    WHEN came <> 'replaced' AND new_serial <> '' THEN radioshop.refuse('INVALID_ARGUMENT', 'outcome',
      format('asset %s has the serial number %s, so %s is another radio, and the outcome is replaced', had.tag,
        coalesce(nullif(had.serial, ''), '(none)'), new_serial))
    WHEN new_serial <> '' THEN radioshop.refuse_held(it.agency_id, it.asset_id, had.tag, new_serial, had.system, had.unit_id) END;
  IF shown.refusal IS NOT NULL THEN
    RETURN shown;
  END IF;
  IF receive_rma.cost_cents > 0 THEN
    PERFORM radioshop.add_entry(it.agency_id, it.ticket_id, 'outside', format('RMA %s of %s', it.number, it.vendor), 0,
      receive_rma.cost_cents, NULL);
    SELECT max(e.entry_no) INTO bill FROM radioshop.ticket_entry e WHERE e.agency_id = it.agency_id AND e.ticket_id = it.ticket_id;
  END IF;
  UPDATE radioshop.ticket t SET cost_cents = t.cost_cents + coalesce(receive_rma.cost_cents, 0),
      codeplug_due = t.codeplug_due OR coalesce(receive_rma.codeplug_due, false) OR came = 'replaced' -- another radio never has it
    WHERE t.agency_id = it.agency_id AND t.ticket_id = it.ticket_id;
  UPDATE radioshop.rma r SET state = 'received', received_on = back, outcome = came, serial_back = new_serial, firmware_back = new_firmware,
      bill_entry = bill, note = btrim(coalesce(receive_rma.note, ''), E' \t\r\n')
    WHERE r.agency_id = it.agency_id AND r.rma_id = it.rma_id;
  PERFORM radioshop.move_back(it.agency_id, it.ticket_id, CASE came WHEN 'unrepaired' THEN 'diagnosing' ELSE 'testing' END,
    format('back from RMA %s of %s: %s', it.number, it.vendor, replace(came, '_', ' ')));
  IF new_serial <> '' AND had.serial <> '' THEN
    INSERT INTO radioshop.asset_former_serial (agency_id, asset_id, rma_id, serial) VALUES (it.agency_id, it.asset_id, it.rma_id, had.serial);
  END IF;
  UPDATE radioshop.asset a SET serial = coalesce(nullif(new_serial, ''), a.serial), firmware = coalesce(nullif(new_firmware, ''), a.firmware)
    WHERE a.agency_id = it.agency_id AND a.asset_id = it.asset_id AND (new_serial <> '' OR new_firmware NOT IN ('', a.firmware));
  RETURN radioshop.shown_rma(it.agency_id, it.rma_id);
END
$$;

-- It is not sent after all, or never was; a ticket that is at the depot with it goes back to the diagnosis.
CREATE FUNCTION radioshop.cancel_rma(rma text, revision bigint, reason text) RETURNS radioshop.rma_shown LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
  shown radioshop.rma_shown;
  it record;
BEGIN
  it := radioshop.rma_to_change(cancel_rma.rma, cancel_rma.revision, '{open,shipped}');
  shown.refusal := CASE WHEN it.refusal IS NOT NULL THEN it.refusal
    WHEN btrim(coalesce(cancel_rma.reason, ''), E' \t\r\n') = '' THEN radioshop.refuse('INVALID_ARGUMENT', 'reason', 'say why it is cancelled') END;
  IF shown.refusal IS NOT NULL THEN
    RETURN shown;
  END IF;
  UPDATE radioshop.rma r SET state = 'cancelled', note = btrim(cancel_rma.reason, E' \t\r\n')
    WHERE r.agency_id = it.agency_id AND r.rma_id = it.rma_id;
  IF it.state = 'shipped' THEN
    PERFORM radioshop.move_back(it.agency_id, it.ticket_id, 'diagnosing', format('RMA %s of %s cancelled', it.number, it.vendor));
  END IF;
  RETURN radioshop.shown_rma(it.agency_id, it.rma_id);
END
$$;

-- The codeplug is loaded; the radio may be handed out.
CREATE FUNCTION radioshop.confirm_rma_codeplug(rma text, revision bigint, codeplug text) RETURNS radioshop.rma_shown LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
  shown radioshop.rma_shown;
  it record;
BEGIN
  it := radioshop.rma_to_change(confirm_rma_codeplug.rma, confirm_rma_codeplug.revision, '{received}');
  shown.refusal := coalesce(it.refusal, (SELECT radioshop.refuse('FAILED_PRECONDITION', 'rma',
      format('no codeplug is to be loaded after RMA %s', it.number))
    FROM radioshop.ticket t WHERE t.agency_id = it.agency_id AND t.ticket_id = it.ticket_id AND NOT t.codeplug_due));
  IF shown.refusal IS NOT NULL THEN
    RETURN shown;
  END IF;
  UPDATE radioshop.rma r SET codeplug_reloaded_at = now(), codeplug_reloaded_by = radioshop.caller()
    WHERE r.agency_id = it.agency_id AND r.rma_id = it.rma_id;
  UPDATE radioshop.ticket t SET codeplug_due = false WHERE t.agency_id = it.agency_id AND t.ticket_id = it.ticket_id;
  UPDATE radioshop.asset a SET codeplug = btrim(confirm_rma_codeplug.codeplug)
    WHERE a.agency_id = it.agency_id AND a.asset_id = it.asset_id AND btrim(confirm_rma_codeplug.codeplug) NOT IN ('', a.codeplug);
  RETURN radioshop.shown_rma(it.agency_id, it.rma_id);
END
$$;

UPDATE radioshop.schema_version SET version = 16;

COMMIT;
