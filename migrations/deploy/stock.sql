-- Deploy radioshop:stock to pg
--
-- Spare parts: the shop's stock of them, and what of it went into whose radios.
--
-- The stock belongs to the shop, not to the agencies that it serves: one shelf repairs the radios of all cities. So parts, locations,
-- lots and the ledger of moves carry no agency, like the catalogue of models, and are seen and changed by those alone who act for the
-- shop itself (is_shop(): the role is held over every agency). What is used on a ticket is the agency's own business: an entry of
-- the ticket with its cost, and beside it in part_use what part it was. A fleet manager reads part_use of her own agency, and no stock,
-- no lot, and no price of what another city was charged.
--
-- The ledger part_move only grows. What is on hand (part_stock) follows it by trigger in the same transaction, and changes in no other way;
-- it cannot fall below zero. Whoever moves a part locks its row first, behind the asset and the ticket where there is one.

BEGIN;

-- ---------------------------------------------------------------------------------------------------------------------
-- Tables of the shop

CREATE TABLE radioshop.part (
  part_id uuid NOT NULL DEFAULT radioshop.uuid_v7(),
  number text NOT NULL,
  number_key text COLLATE "C" NOT NULL GENERATED ALWAYS AS (upper(number)) STORED,
  name text NOT NULL,
  manufacturer text NOT NULL DEFAULT '',
  maker_number text NOT NULL DEFAULT '',
  maker_key text COLLATE "C" GENERATED ALWAYS AS (nullif(upper(maker_number), '')) STORED,
  unit text NOT NULL DEFAULT 'each',
  class text,
  reorder_point int NOT NULL DEFAULT 0,
  reorder_quantity int NOT NULL DEFAULT 0,
  obsolete boolean NOT NULL DEFAULT false,
  revision bigint NOT NULL DEFAULT 1,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT part_pkey PRIMARY KEY (part_id),
  CONSTRAINT part_number_unique UNIQUE (number_key),
  CONSTRAINT part_number_form CHECK (number <> '' AND radioshop.is_line(number, 64)),
  CONSTRAINT part_name_form CHECK (name <> '' AND radioshop.is_line(name, 200)),
  CONSTRAINT part_manufacturer_form CHECK (radioshop.is_line(manufacturer, 120)),
  CONSTRAINT part_maker_number_form CHECK (radioshop.is_line(maker_number, 64)),
  CONSTRAINT part_unit_form CHECK (unit <> '' AND radioshop.is_line(unit, 16)),
  CONSTRAINT part_class_known CHECK (radioshop.is_equipment_class(class)),
  CONSTRAINT part_reorder_point_range CHECK (reorder_point BETWEEN 0 AND 1000000),
  CONSTRAINT part_reorder_quantity_range CHECK (reorder_quantity BETWEEN 0 AND 1000000)
);
COMMENT ON COLUMN radioshop.part.reorder_point IS 'order more when so many are left, or fewer; 0: nobody watches it';
COMMENT ON COLUMN radioshop.part.class IS 'the kind of equipment it fits; NULL: not one kind';
COMMENT ON CONSTRAINT part_number_unique ON radioshop.part IS 'number: another part has this number';
COMMENT ON CONSTRAINT part_number_form ON radioshop.part IS 'number: a part number is needed, one line of at most 64 characters';
COMMENT ON CONSTRAINT part_name_form ON radioshop.part IS 'name: a name is needed, one line of at most 200 characters';
COMMENT ON CONSTRAINT part_manufacturer_form ON radioshop.part IS 'manufacturer: a manufacturer is one line of at most 120 characters';
COMMENT ON CONSTRAINT part_maker_number_form ON radioshop.part IS 'maker_number: the maker''s number is one line of at most 64 characters';
COMMENT ON CONSTRAINT part_unit_form ON radioshop.part IS 'unit: a unit is one line of at most 16 characters, such as each or cm';
COMMENT ON CONSTRAINT part_class_known ON radioshop.part IS
  'class: a class is portable, mobile, control_station, base, console, pager, battery, charger, test_equipment or other';
COMMENT ON CONSTRAINT part_reorder_point_range ON radioshop.part IS 'reorder_point: a reorder point lies between 0 and 1000000';
COMMENT ON CONSTRAINT part_reorder_quantity_range ON radioshop.part IS 'reorder_quantity: a reorder quantity lies between 0 and 1000000';
CREATE INDEX part_by_maker_number ON radioshop.part (maker_key) WHERE maker_key IS NOT NULL;

CREATE TABLE radioshop.part_model (
  part_id uuid NOT NULL,
  model_id uuid NOT NULL,
  CONSTRAINT part_model_pkey PRIMARY KEY (part_id, model_id),
  CONSTRAINT part_model_part_known FOREIGN KEY (part_id) REFERENCES radioshop.part,
  CONSTRAINT part_model_model_known FOREIGN KEY (model_id) REFERENCES radioshop.model
);
COMMENT ON TABLE radioshop.part_model IS 'models of the catalogue that a part fits';
CREATE INDEX part_model_by_model ON radioshop.part_model (model_id);

CREATE TABLE radioshop.stock_location (
  location_id uuid NOT NULL DEFAULT radioshop.uuid_v7(),
  code text COLLATE "C" NOT NULL,
  name text NOT NULL,
  kind text NOT NULL DEFAULT 'shelf',
  closed boolean NOT NULL DEFAULT false,
  revision bigint NOT NULL DEFAULT 1,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT stock_location_pkey PRIMARY KEY (location_id),
  CONSTRAINT stock_location_code_unique UNIQUE (code),
  CONSTRAINT stock_location_code_form CHECK (code ~ '^[A-Z0-9][A-Z0-9._-]{0,31}$'),
  CONSTRAINT stock_location_name_form CHECK (name <> '' AND radioshop.is_line(name, 120)),
  CONSTRAINT stock_location_kind_known CHECK (kind IN ('shelf', 'van', 'depot'))
);
COMMENT ON CONSTRAINT stock_location_code_unique ON radioshop.stock_location IS 'code: another location has this code';
COMMENT ON CONSTRAINT stock_location_code_form ON radioshop.stock_location IS
  'code: a code is 1 to 32 letters, digits, dots, hyphens or underscores and begins with a letter or digit, such as A1 or VAN-2';
COMMENT ON CONSTRAINT stock_location_name_form ON radioshop.stock_location IS
  'name: a name is needed, one line of at most 120 characters';
COMMENT ON CONSTRAINT stock_location_kind_known ON radioshop.stock_location IS 'kind: a location is a shelf, a van or a depot';

CREATE TABLE radioshop.part_lot (
  lot_id uuid NOT NULL DEFAULT radioshop.uuid_v7(),
  lot_no bigint GENERATED ALWAYS AS IDENTITY,
  code text COLLATE "C" NOT NULL GENERATED ALWAYS AS ('L' || CASE WHEN lot_no < 100000 THEN right('0000' || lot_no::text, 5) ELSE lot_no::text END) STORED,
  part_id uuid NOT NULL,
  received_on date NOT NULL,
  supplier text NOT NULL DEFAULT '',
  reference text NOT NULL DEFAULT '',
  unit_cost_cents bigint NOT NULL,
  quantity int NOT NULL,
  received_by text NOT NULL DEFAULT radioshop.caller(),
  received_at timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT part_lot_pkey PRIMARY KEY (part_id, lot_id),
  CONSTRAINT part_lot_code_unique UNIQUE (code),
  CONSTRAINT part_lot_part_known FOREIGN KEY (part_id) REFERENCES radioshop.part,
  CONSTRAINT part_lot_received_on_range CHECK (received_on BETWEEN '1950-01-01' AND '2199-12-31'),
  CONSTRAINT part_lot_supplier_form CHECK (radioshop.is_line(supplier, 120)),
  CONSTRAINT part_lot_reference_form CHECK (radioshop.is_line(reference, 120)),
  CONSTRAINT part_lot_unit_cost_cents_range CHECK (unit_cost_cents BETWEEN 0 AND 100000000),
  CONSTRAINT part_lot_quantity_range CHECK (quantity BETWEEN 1 AND 1000000)
);
COMMENT ON COLUMN radioshop.part_lot.quantity IS 'how many came; what is left of them is in part_stock';
COMMENT ON CONSTRAINT part_lot_code_unique ON radioshop.part_lot IS 'lot: another lot has this code';
COMMENT ON CONSTRAINT part_lot_received_on_range ON radioshop.part_lot IS 'received_on: the day must lie between 1950-01-01 and 2199-12-31';
COMMENT ON CONSTRAINT part_lot_supplier_form ON radioshop.part_lot IS 'supplier: a supplier is one line of at most 120 characters';
COMMENT ON CONSTRAINT part_lot_reference_form ON radioshop.part_lot IS
  'reference: an order or invoice number is one line of at most 120 characters';
COMMENT ON CONSTRAINT part_lot_unit_cost_cents_range ON radioshop.part_lot IS
  'unit_cost_cents: one costs at most 100,000,000 cents, and not less than nothing';
COMMENT ON CONSTRAINT part_lot_quantity_range ON radioshop.part_lot IS 'quantity: give a quantity from 1 to 1,000,000';

CREATE TABLE radioshop.part_stock (
  part_id uuid NOT NULL,
  lot_id uuid NOT NULL,
  location_id uuid NOT NULL,
  quantity int NOT NULL,
  CONSTRAINT part_stock_pkey PRIMARY KEY (part_id, lot_id, location_id),
  CONSTRAINT part_stock_lot_known FOREIGN KEY (part_id, lot_id) REFERENCES radioshop.part_lot (part_id, lot_id),
  CONSTRAINT part_stock_location_known FOREIGN KEY (location_id) REFERENCES radioshop.stock_location,
  CONSTRAINT part_stock_not_below_zero CHECK (quantity >= 0),
  CONSTRAINT part_stock_quantity_range CHECK (quantity <= 1000000)
);
COMMENT ON TABLE radioshop.part_stock IS 'what is on hand: always the sum of part_move, kept by its trigger';
COMMENT ON CONSTRAINT part_stock_not_below_zero ON radioshop.part_stock IS 'quantity: so many are not there';
COMMENT ON CONSTRAINT part_stock_quantity_range ON radioshop.part_stock IS 'quantity: one place holds at most 1,000,000 of a lot';
CREATE INDEX part_stock_here ON radioshop.part_stock (location_id, part_id) WHERE quantity > 0;

-- ---------------------------------------------------------------------------------------------------------------------
-- What is used on a ticket: the agency's. A correcting entry names the entry that it corrects, and no other entry may be negative: what
-- goes back on the shelf is taken off the ticket, entry by entry, and the sum of a ticket never falls below zero by it.

ALTER TABLE radioshop.ticket_entry ADD COLUMN corrects int;
COMMENT ON COLUMN radioshop.ticket_entry.corrects IS 'entry_no of the entry that this one takes back, whole or in part';
ALTER TABLE radioshop.ticket_entry
  DROP CONSTRAINT ticket_entry_cost_cents_range,
  ADD CONSTRAINT ticket_entry_cost_cents_range
    CHECK (cost_cents BETWEEN CASE WHEN corrects IS NULL THEN 0 ELSE -100000000 END AND 100000000),
  ADD CONSTRAINT ticket_entry_corrects_fits CHECK (corrects IS NULL OR kind = 'part' AND corrects < entry_no),
  ADD CONSTRAINT ticket_entry_corrects_known
    FOREIGN KEY (agency_id, ticket_id, corrects) REFERENCES radioshop.ticket_entry (agency_id, ticket_id, entry_no);
COMMENT ON CONSTRAINT ticket_entry_cost_cents_range ON radioshop.ticket_entry IS
  'cost_cents: give at most 100,000,000 cents, and not less than none';
COMMENT ON CONSTRAINT ticket_entry_corrects_fits ON radioshop.ticket_entry IS 'corrects: only a part is taken back, by a later entry';
COMMENT ON CONSTRAINT ticket_entry_corrects_known ON radioshop.ticket_entry IS 'corrects: the ticket has no such entry';

CREATE TABLE radioshop.part_use (
  agency_id int NOT NULL,
  ticket_id uuid NOT NULL,
  entry_no int NOT NULL,
  at timestamptz NOT NULL DEFAULT now(),
  part_id uuid NOT NULL,
  part_number text NOT NULL,
  part_name text NOT NULL,
  unit text NOT NULL,
  quantity int NOT NULL,
  CONSTRAINT part_use_pkey PRIMARY KEY (agency_id, ticket_id, entry_no),
  CONSTRAINT part_use_entry_known FOREIGN KEY (agency_id, ticket_id, entry_no)
    REFERENCES radioshop.ticket_entry (agency_id, ticket_id, entry_no),
  CONSTRAINT part_use_part_known FOREIGN KEY (part_id) REFERENCES radioshop.part,
  CONSTRAINT part_use_quantity_range CHECK (quantity BETWEEN -1000000 AND 1000000 AND quantity <> 0)
);
COMMENT ON TABLE radioshop.part_use IS 'what part an entry of a ticket is about, in the words of that day; below zero: it went back';
COMMENT ON CONSTRAINT part_use_quantity_range ON radioshop.part_use IS 'quantity: give a quantity from 1 to 1,000,000';
CREATE INDEX part_use_by_time ON radioshop.part_use (agency_id, at DESC, ticket_id DESC, entry_no DESC);

-- ---------------------------------------------------------------------------------------------------------------------
-- The ledger

CREATE TABLE radioshop.part_move (
  move_no bigint GENERATED ALWAYS AS IDENTITY,
  change_id uuid NOT NULL,
  at timestamptz NOT NULL DEFAULT now(),
  principal text NOT NULL DEFAULT radioshop.caller(),
  kind text NOT NULL,
  part_id uuid NOT NULL,
  lot_id uuid NOT NULL,
  location_id uuid NOT NULL,
  quantity int NOT NULL,
  reason text NOT NULL DEFAULT '',
  ticket_agency_id int,
  ticket_id uuid,
  entry_no int,
  CONSTRAINT part_move_pkey PRIMARY KEY (move_no),
  CONSTRAINT part_move_lot_known FOREIGN KEY (part_id, lot_id) REFERENCES radioshop.part_lot (part_id, lot_id),
  CONSTRAINT part_move_location_known FOREIGN KEY (location_id) REFERENCES radioshop.stock_location,
  CONSTRAINT part_move_use_known FOREIGN KEY (ticket_agency_id, ticket_id, entry_no)
    REFERENCES radioshop.part_use (agency_id, ticket_id, entry_no) MATCH FULL,
  CONSTRAINT part_move_kind_known CHECK (kind IN ('receive', 'use', 'return', 'move', 'count', 'scrap')),
  CONSTRAINT part_move_quantity_range CHECK (quantity BETWEEN -1000000 AND 1000000),
  CONSTRAINT part_move_quantity_fits CHECK (CASE WHEN kind IN ('receive', 'return') THEN quantity > 0
    WHEN kind IN ('use', 'scrap') THEN quantity < 0 WHEN kind = 'move' THEN quantity <> 0 ELSE true END),
  CONSTRAINT part_move_ticket_fits CHECK ((ticket_id IS NOT NULL) = (kind IN ('use', 'return'))),
  CONSTRAINT part_move_reason_form CHECK (radioshop.is_line(reason, 500)),
  CONSTRAINT part_move_reason_needed CHECK (reason <> '' OR NOT (kind = 'scrap' OR kind = 'count' AND quantity <> 0))
);
COMMENT ON COLUMN radioshop.part_move.change_id IS 'the lines of one change: both ends of a move, and each lot that was taken from';
COMMENT ON COLUMN radioshop.part_move.quantity IS 'what came (above zero) or went; 0 only for a count that agreed';
COMMENT ON CONSTRAINT part_move_kind_known ON radioshop.part_move IS 'kind: a kind is receive, use, return, move, count or scrap';
COMMENT ON CONSTRAINT part_move_quantity_range ON radioshop.part_move IS 'quantity: give a quantity from 1 to 1,000,000';
COMMENT ON CONSTRAINT part_move_quantity_fits ON radioshop.part_move IS 'quantity: give a quantity from 1 to 1,000,000';
COMMENT ON CONSTRAINT part_move_ticket_fits ON radioshop.part_move IS 'ticket: parts are used on a ticket, and nothing else has one';
COMMENT ON CONSTRAINT part_move_reason_form ON radioshop.part_move IS 'reason: a reason is one line of at most 500 characters';
COMMENT ON CONSTRAINT part_move_reason_needed ON radioshop.part_move IS 'reason: say why';
CREATE INDEX part_move_by_part ON radioshop.part_move (part_id, move_no);
CREATE INDEX part_move_by_location ON radioshop.part_move (location_id, move_no);
CREATE INDEX part_move_by_ticket ON radioshop.part_move (ticket_agency_id, ticket_id) WHERE ticket_id IS NOT NULL;

-- Keeps what is on hand. The update goes first: ON CONFLICT would check the amount that is taken as if it were a new row.
CREATE FUNCTION radioshop.stock_follow() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  UPDATE radioshop.part_stock s SET quantity = s.quantity + NEW.quantity
    WHERE s.part_id = NEW.part_id AND s.lot_id = NEW.lot_id AND s.location_id = NEW.location_id;
  IF NOT FOUND THEN
    INSERT INTO radioshop.part_stock (part_id, lot_id, location_id, quantity)
      VALUES (NEW.part_id, NEW.lot_id, NEW.location_id, NEW.quantity);
  END IF;
  RETURN NULL;
END
$$;
CREATE FUNCTION radioshop.stock_by_moves() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'stock changes by a move only' USING ERRCODE = '42501';
END
$$;
CREATE TRIGGER follow AFTER INSERT ON radioshop.part_move FOR EACH ROW EXECUTE FUNCTION radioshop.stock_follow();
CREATE TRIGGER by_moves BEFORE INSERT OR UPDATE OR DELETE OR TRUNCATE ON radioshop.part_stock
  FOR EACH STATEMENT WHEN (pg_trigger_depth() = 0) EXECUTE FUNCTION radioshop.stock_by_moves();
-- Lots, moves and uses are their own record: they only grow and say who and when.
CREATE TRIGGER only_append BEFORE UPDATE OR DELETE OR TRUNCATE ON radioshop.part_lot
  FOR EACH STATEMENT EXECUTE FUNCTION radioshop.only_append();
CREATE TRIGGER only_append BEFORE UPDATE OR DELETE OR TRUNCATE ON radioshop.part_move
  FOR EACH STATEMENT EXECUTE FUNCTION radioshop.only_append();
CREATE TRIGGER only_append BEFORE UPDATE OR DELETE OR TRUNCATE ON radioshop.part_use
  FOR EACH STATEMENT EXECUTE FUNCTION radioshop.only_append();
CREATE TRIGGER touch BEFORE UPDATE ON radioshop.part FOR EACH ROW EXECUTE FUNCTION radioshop.touch();
CREATE TRIGGER record_event AFTER INSERT OR UPDATE OR DELETE ON radioshop.part
  FOR EACH ROW EXECUTE FUNCTION radioshop.record_event('part', 'number', 'number_key', 'maker_key');
CREATE TRIGGER record_event AFTER INSERT OR UPDATE OR DELETE ON radioshop.part_model
  FOR EACH ROW EXECUTE FUNCTION radioshop.record_event('part_model', 'part_id');
CREATE TRIGGER touch BEFORE UPDATE ON radioshop.stock_location FOR EACH ROW EXECUTE FUNCTION radioshop.touch();
CREATE TRIGGER record_event AFTER INSERT OR UPDATE OR DELETE ON radioshop.stock_location
  FOR EACH ROW EXECUTE FUNCTION radioshop.record_event('location', 'code');

ALTER TABLE radioshop.part ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY part_of_shop ON radioshop.part USING ((SELECT radioshop.is_shop()));
ALTER TABLE radioshop.part_model ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY part_model_of_shop ON radioshop.part_model USING ((SELECT radioshop.is_shop()));
ALTER TABLE radioshop.stock_location ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY stock_location_of_shop ON radioshop.stock_location USING ((SELECT radioshop.is_shop()));
ALTER TABLE radioshop.part_lot ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY part_lot_of_shop ON radioshop.part_lot USING ((SELECT radioshop.is_shop()));
ALTER TABLE radioshop.part_stock ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY part_stock_of_shop ON radioshop.part_stock USING ((SELECT radioshop.is_shop()));
ALTER TABLE radioshop.part_move ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY part_move_of_shop ON radioshop.part_move USING ((SELECT radioshop.is_shop()));
ALTER TABLE radioshop.part_use ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY part_use_agency ON radioshop.part_use
  USING (agency_id = ANY ((SELECT nullif(current_setting('radioshop.agencies', true), '')::int[])::int[]));

GRANT SELECT, INSERT, UPDATE (name, manufacturer, maker_number, unit, class, reorder_point, reorder_quantity, obsolete)
  ON radioshop.part TO radioshop_app;
GRANT SELECT, INSERT, DELETE ON radioshop.part_model TO radioshop_app;
GRANT SELECT, INSERT, UPDATE (name, kind, closed) ON radioshop.stock_location TO radioshop_app;
GRANT SELECT, INSERT ON radioshop.part_lot TO radioshop_app;
GRANT SELECT, INSERT, UPDATE (quantity) ON radioshop.part_stock TO radioshop_app;
GRANT SELECT, INSERT ON radioshop.part_move TO radioshop_app;
GRANT SELECT, INSERT ON radioshop.part_use TO radioshop_app;

-- ---------------------------------------------------------------------------------------------------------------------
-- What the methods share

-- The refusal of everybody who does not act for the shop; NULL for the shop.
CREATE FUNCTION radioshop.refuse_stock() RETURNS text LANGUAGE sql STABLE PARALLEL SAFE AS $$
  SELECT CASE WHEN NOT radioshop.is_shop() THEN radioshop.refuse('PERMISSION_DENIED', '',
    'the stock of parts is the shop''s: it takes a role over every agency; what was used for your agency is listed by part uses') END
$$;

CREATE FUNCTION radioshop.refuse_quantity(quantity int) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT CASE WHEN quantity IS NULL OR quantity NOT BETWEEN 1 AND 1000000 THEN
    radioshop.refuse('INVALID_ARGUMENT', 'quantity', 'give a quantity from 1 to 1,000,000') END
$$;

-- The part that a number means, ours before a maker's, or the refusal.
CREATE FUNCTION radioshop.one_part(code text, OUT part_id uuid, OUT refusal text) LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_column
DECLARE
  key text := upper(btrim(coalesce(one_part.code, '')));
  several text[];
BEGIN
  refusal := radioshop.refuse_stock();
  IF refusal IS NOT NULL THEN
    RETURN;
  ELSIF key = '' THEN
    refusal := radioshop.refuse('INVALID_ARGUMENT', 'part', 'give the number of a part');
    RETURN;
  END IF;
  SELECT p.part_id INTO one_part.part_id FROM radioshop.part p WHERE p.number_key = key;
  IF FOUND THEN
    RETURN;
  END IF;
  SELECT array_agg(p.number ORDER BY p.number_key), (array_agg(p.part_id))[1] INTO several, one_part.part_id
    FROM radioshop.part p WHERE p.maker_key = key;
  IF several IS NULL THEN
    refusal := radioshop.refuse('NOT_FOUND', 'part', format('no part has the number %s', btrim(one_part.code)));
  ELSIF cardinality(several) > 1 THEN
    part_id := NULL;
    refusal := radioshop.refuse('INVALID_ARGUMENT', 'part', format('the maker''s number %s fits %s parts: %s; give the number of one of them',
      btrim(one_part.code), cardinality(several), array_to_string(several[:8], ', ')));
  END IF;
END
$$;

-- The location that a code means, or the refusal. opened: it must not be closed, and is kept from being closed until the end.
CREATE FUNCTION radioshop.one_location(code text, field text, opened boolean, OUT location_id uuid, OUT refusal text) LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
  it record;
BEGIN
  IF btrim(coalesce(one_location.code, '')) = '' THEN
    refusal := radioshop.refuse('INVALID_ARGUMENT', field, 'give the code of a location');
    RETURN;
  ELSIF opened THEN
    SELECT l.location_id, l.closed INTO it FROM radioshop.stock_location l WHERE l.code = upper(btrim(one_location.code)) FOR SHARE;
  ELSE
    SELECT l.location_id, false AS closed INTO it FROM radioshop.stock_location l WHERE l.code = upper(btrim(one_location.code));
  END IF;
  IF it.location_id IS NULL THEN
    refusal := radioshop.refuse('NOT_FOUND', field, format('no location has the code %s', btrim(one_location.code)));
  ELSIF it.closed THEN
    refusal := radioshop.refuse('FAILED_PRECONDITION', field, format('location %s is closed', upper(btrim(one_location.code))));
  END IF;
  one_location.location_id := it.location_id;
END
$$;

-- The refusal when something lies at a location that is to be closed; NULL when nothing does. VOLATILE, so that it sees what was put there
-- while the caller waited for the lock.
CREATE FUNCTION radioshop.refuse_full_location(location uuid) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
  RETURN (SELECT radioshop.refuse('FAILED_PRECONDITION', 'closed', format('there is still %s of part %s; move or scrap it first',
      sum(s.quantity), p.number))
    FROM radioshop.part_stock s JOIN radioshop.part p ON p.part_id = s.part_id
    WHERE s.location_id = location AND s.quantity > 0 GROUP BY p.number_key, p.number ORDER BY p.number_key LIMIT 1);
END
$$;

-- The lot of the part that a code means, NULL if no code is given, or the refusal.
CREATE FUNCTION radioshop.one_lot(part uuid, code text, OUT lot_id uuid, OUT refusal text) LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_column
DECLARE
  it record;
BEGIN
  IF btrim(coalesce(one_lot.code, '')) = '' THEN
    RETURN;
  END IF;
  SELECT l.lot_id, l.part_id, p.number INTO it FROM radioshop.part_lot l JOIN radioshop.part p ON p.part_id = l.part_id
    WHERE l.code = upper(btrim(one_lot.code));
  IF NOT FOUND THEN
    refusal := radioshop.refuse('NOT_FOUND', 'lot', format('no lot has the code %s', btrim(one_lot.code)));
  ELSIF it.part_id <> part THEN
    refusal := radioshop.refuse('FAILED_PRECONDITION', 'lot', format('lot %s is of part %s', upper(btrim(one_lot.code)), it.number));
  ELSE
    one_lot.lot_id := it.lot_id;
  END IF;
END
$$;

-- What is on hand of a part, place by place, for people.
CREATE FUNCTION radioshop.where_on_hand(part uuid) RETURNS text LANGUAGE plpgsql STABLE AS $$
BEGIN
  RETURN coalesce((SELECT string_agg(format('%s at %s', x.quantity, x.code), ', ' ORDER BY x.code)
    FROM (SELECT l.code, sum(s.quantity) AS quantity FROM radioshop.part_stock s
      JOIN radioshop.stock_location l ON l.location_id = s.location_id
      WHERE s.part_id = part AND s.quantity > 0 GROUP BY l.code ORDER BY l.code LIMIT 10) x), 'none anywhere');
END
$$;

CREATE FUNCTION radioshop.on_hand(part uuid) RETURNS bigint LANGUAGE plpgsql STABLE AS $$
BEGIN
  RETURN (SELECT coalesce(sum(s.quantity), 0) FROM radioshop.part_stock s WHERE s.part_id = part);
END
$$;

-- From which lots and places `quantity` of a part is taken, oldest lot first; fewer rows when there is not enough. Without a location
-- from shelves alone: what lies in a van or at a depot is not within reach of the bench. The part is locked by the caller.
CREATE FUNCTION radioshop.pick_lots(part uuid, lot uuid, location uuid, quantity int)
RETURNS TABLE (lot_id uuid, location_id uuid, picked int, unit_cost_cents bigint) LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_column
BEGIN
  RETURN QUERY SELECT x.lot_id, x.location_id, least(x.quantity, pick_lots.quantity - x.before)::int, x.unit_cost_cents
    FROM (SELECT s.lot_id, s.location_id, s.quantity, l.unit_cost_cents, coalesce(sum(s.quantity) OVER (
          ORDER BY l.received_on, l.lot_no, c.code ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0) AS before
      FROM radioshop.part_stock s JOIN radioshop.part_lot l ON l.part_id = s.part_id AND l.lot_id = s.lot_id
        JOIN radioshop.stock_location c ON c.location_id = s.location_id
      WHERE s.part_id = pick_lots.part AND s.quantity > 0 AND (pick_lots.lot IS NULL OR s.lot_id = pick_lots.lot)
        AND CASE WHEN pick_lots.location IS NULL THEN c.kind = 'shelf' ELSE s.location_id = pick_lots.location END) x
    WHERE x.before < pick_lots.quantity ORDER BY x.before;
END
$$;

-- A change of the stock as a caller sees it, or why not. In step with message StockChange.
CREATE TYPE radioshop.stock_changed AS (
  refusal text, id uuid, at timestamptz, kind text, part text, name text, unit text, quantity int, location text, to_location text,
  ticket text, cost_cents bigint, expected bigint, found int, on_hand bigint, lots jsonb
);

-- What the ledger says of a change, with all lots. The sign of the quantity is the stock's but for a move, whose two ends are one amount.
CREATE FUNCTION radioshop.shown_change(change uuid, part uuid) RETURNS radioshop.stock_changed LANGUAGE plpgsql STABLE AS $$
DECLARE
  shown radioshop.stock_changed;
BEGIN
  SELECT NULL, change, min(m.at), min(m.kind), min(p.number), min(p.name), min(p.unit),
      sum(m.quantity) FILTER (WHERE m.kind <> 'move' OR m.quantity > 0),
      coalesce(string_agg(DISTINCT c.code, ',' ORDER BY c.code) FILTER (WHERE m.kind <> 'move' OR m.quantity < 0), ''),
      coalesce(string_agg(DISTINCT c.code, ',' ORDER BY c.code) FILTER (WHERE m.kind = 'move' AND m.quantity > 0), ''),
      coalesce(min(t.number), ''),
      sum(m.quantity * l.unit_cost_cents) FILTER (WHERE m.kind <> 'move' OR m.quantity > 0), NULL, NULL, radioshop.on_hand(part),
      jsonb_agg(jsonb_build_object('lot', l.code, 'location', c.code, 'quantity', m.quantity, 'unit_cost_cents', l.unit_cost_cents)
        ORDER BY m.move_no)
    INTO shown
    FROM radioshop.part_move m JOIN radioshop.part p ON p.part_id = m.part_id
      JOIN radioshop.part_lot l ON l.part_id = m.part_id AND l.lot_id = m.lot_id
      JOIN radioshop.stock_location c ON c.location_id = m.location_id
      LEFT JOIN radioshop.ticket t ON t.agency_id = m.ticket_agency_id AND t.ticket_id = m.ticket_id
    WHERE m.part_id = part AND m.change_id = change;
  RETURN shown;
END
$$;

-- A part as a caller sees it. In step with message Part, but for the places.
CREATE TYPE radioshop.part_shown AS (
  refusal text, number text, name text, manufacturer text, maker_number text, unit text, class text, models text[], reorder_point int,
  reorder_quantity int, obsolete boolean, on_hand bigint, revision bigint
);

CREATE FUNCTION radioshop.shown_part(part uuid) RETURNS radioshop.part_shown LANGUAGE plpgsql STABLE AS $$
DECLARE
  shown radioshop.part_shown;
BEGIN
  SELECT NULL, p.number, p.name, p.manufacturer, p.maker_number, p.unit, p.class,
      ARRAY(SELECT m.number FROM radioshop.part_model f JOIN radioshop.model m ON m.model_id = f.model_id
        WHERE f.part_id = p.part_id ORDER BY m.number_key),
      p.reorder_point, p.reorder_quantity, p.obsolete, radioshop.on_hand(p.part_id), p.revision
    INTO shown
    FROM radioshop.part p WHERE p.part_id = part;
  RETURN shown;
END
$$;

-- Where a part lies, lot by lot in the order in which they are used, as JSON; in step with message StockPlace.
CREATE FUNCTION radioshop.places_of(part uuid) RETURNS jsonb LANGUAGE plpgsql STABLE AS $$
BEGIN
  RETURN (SELECT coalesce(jsonb_agg(jsonb_build_object('location', c.code, 'lot', l.code, 'quantity', s.quantity,
      'unit_cost_cents', l.unit_cost_cents, 'received_on', to_char(l.received_on, 'YYYY-MM-DD'), 'supplier', l.supplier)
      ORDER BY l.received_on, l.lot_no, c.code), '[]')
    FROM radioshop.part_stock s JOIN radioshop.part_lot l ON l.part_id = s.part_id AND l.lot_id = s.lot_id
      JOIN radioshop.stock_location c ON c.location_id = s.location_id
    WHERE s.part_id = part AND s.quantity > 0);
END
$$;

-- Parts of which as many are left as their reorder point, or fewer: what is to be ordered. Obsolete parts are not ordered any more.
CREATE FUNCTION radioshop.parts_below_reorder() RETURNS TABLE (part_id uuid, number text, name text, unit text, on_hand bigint,
  reorder_point int, reorder_quantity int) LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_column
BEGIN
  RETURN QUERY SELECT p.part_id, p.number, p.name, p.unit, o.on_hand, p.reorder_point, p.reorder_quantity
    FROM radioshop.part p CROSS JOIN LATERAL (
      SELECT coalesce(sum(s.quantity), 0) AS on_hand FROM radioshop.part_stock s WHERE s.part_id = p.part_id) o
    WHERE p.reorder_point > 0 AND NOT p.obsolete AND o.on_hand <= p.reorder_point
    ORDER BY p.number_key;
END
$$;

-- ---------------------------------------------------------------------------------------------------------------------
-- Parts and locations

-- Makes these models the ones that a part fits; the refusal if the catalogue lacks one.
CREATE FUNCTION radioshop.fit_models(part uuid, models text[]) RETURNS text LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
  unknown text;
BEGIN
  SELECT n INTO unknown FROM unnest(models) n
    WHERE NOT EXISTS (SELECT FROM radioshop.model m WHERE m.number_key = upper(btrim(n))) LIMIT 1;
  IF unknown IS NOT NULL THEN
    RETURN radioshop.refuse('FAILED_PRECONDITION', 'models', format('the catalogue has no model %s; add it first', left(unknown, 64)));
  END IF;
  IF part IS NOT NULL THEN
    DELETE FROM radioshop.part_model f WHERE f.part_id = part AND NOT EXISTS (
      SELECT FROM radioshop.model m JOIN unnest(models) n ON m.number_key = upper(btrim(n)) WHERE m.model_id = f.model_id);
    INSERT INTO radioshop.part_model (part_id, model_id)
      SELECT DISTINCT part, m.model_id FROM radioshop.model m JOIN unnest(models) n ON m.number_key = upper(btrim(n))
      ON CONFLICT DO NOTHING;
  END IF;
  RETURN NULL;
END
$$;

CREATE FUNCTION radioshop.create_part(number text, name text, manufacturer text, maker_number text, unit text, class text, models text[],
  reorder_point int, reorder_quantity int, obsolete boolean) RETURNS radioshop.part_shown LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
  shown radioshop.part_shown;
  made constant uuid := radioshop.uuid_v7();
BEGIN
  shown.refusal := CASE
    WHEN NOT radioshop.is_shop() THEN radioshop.refuse_stock()
    WHEN create_part.number IS NULL THEN radioshop.refuse('INVALID_ARGUMENT', 'part', 'give the part to add')
    ELSE coalesce((SELECT radioshop.refuse('ALREADY_EXISTS', 'number', format('part %s is there already: %s', p.number, p.name))
      FROM radioshop.part p WHERE p.number_key = upper(btrim(create_part.number))), radioshop.fit_models(NULL, create_part.models))
  END;
  IF shown.refusal IS NOT NULL THEN
    RETURN shown;
  END IF;
  INSERT INTO radioshop.part (part_id, number, name, manufacturer, maker_number, unit, class, reorder_point, reorder_quantity, obsolete)
    VALUES (made, btrim(create_part.number), btrim(create_part.name), btrim(create_part.manufacturer), btrim(create_part.maker_number),
      coalesce(nullif(btrim(create_part.unit), ''), 'each'), create_part.class, create_part.reorder_point,
      create_part.reorder_quantity, create_part.obsolete);
  PERFORM radioshop.fit_models(made, create_part.models);
  RETURN radioshop.shown_part(made);
END
$$;

CREATE FUNCTION radioshop.update_part(number text, revision bigint, mask text[], name text, manufacturer text, maker_number text, unit text,
  class text, models text[], reorder_point int, reorder_quantity int, obsolete boolean) RETURNS radioshop.part_shown
LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
  shown radioshop.part_shown;
  it radioshop.part%ROWTYPE;
BEGIN
  SELECT p.part_id, p.revision INTO it.part_id, it.revision FROM radioshop.part p WHERE p.number_key = upper(btrim(update_part.number)) FOR NO KEY UPDATE;
  shown.refusal := coalesce(radioshop.refuse_stock(), radioshop.refuse_update(mask,
    '{name,manufacturer,maker_number,unit,class,models,reorder_point,reorder_quantity,obsolete}', update_part.revision, it.revision,
    'part ' || btrim(coalesce(update_part.number, ''))));
  IF shown.refusal IS NULL AND 'models' = ANY (mask) THEN
    shown.refusal := radioshop.fit_models(NULL, update_part.models);
  END IF;
  IF shown.refusal IS NULL AND 'unit' = ANY (mask) AND EXISTS (SELECT FROM radioshop.part_lot l WHERE l.part_id = it.part_id) THEN
    shown.refusal := radioshop.refuse('FAILED_PRECONDITION', 'unit',
      'lots of this part were received in its unit; make a new part for another unit');
  END IF;
  IF shown.refusal IS NOT NULL THEN
    RETURN shown;
  END IF;
  UPDATE radioshop.part p SET
      name = CASE WHEN 'name' = ANY (mask) THEN btrim(update_part.name) ELSE p.name END,
      manufacturer = CASE WHEN 'manufacturer' = ANY (mask) THEN btrim(update_part.manufacturer) ELSE p.manufacturer END,
      maker_number = CASE WHEN 'maker_number' = ANY (mask) THEN btrim(update_part.maker_number) ELSE p.maker_number END,
      unit = CASE WHEN 'unit' = ANY (mask) THEN btrim(update_part.unit) ELSE p.unit END,
      class = CASE WHEN 'class' = ANY (mask) THEN update_part.class ELSE p.class END,
      reorder_point = CASE WHEN 'reorder_point' = ANY (mask) THEN update_part.reorder_point ELSE p.reorder_point END,
      reorder_quantity = CASE WHEN 'reorder_quantity' = ANY (mask) THEN update_part.reorder_quantity ELSE p.reorder_quantity END,
      obsolete = CASE WHEN 'obsolete' = ANY (mask) THEN update_part.obsolete ELSE p.obsolete END
    WHERE p.part_id = it.part_id;
  IF 'models' = ANY (mask) THEN
    PERFORM radioshop.fit_models(it.part_id, update_part.models);
  END IF;
  RETURN radioshop.shown_part(it.part_id);
END
$$;

-- ---------------------------------------------------------------------------------------------------------------------
-- Changes of the stock

-- The part that a number means, locked: whoever moves it comes one after the other.
CREATE FUNCTION radioshop.part_to_move(code text, OUT part_id uuid, OUT number text, OUT name text, OUT unit text, OUT obsolete boolean,
  OUT refusal text) LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
  found_part record;
BEGIN
  found_part := radioshop.one_part(part_to_move.code);
  refusal := found_part.refusal;
  IF refusal IS NULL THEN
    SELECT p.part_id, p.number, p.name, p.unit, p.obsolete
      INTO part_to_move.part_id, part_to_move.number, part_to_move.name, part_to_move.unit, part_to_move.obsolete
      FROM radioshop.part p WHERE p.part_id = found_part.part_id FOR NO KEY UPDATE;
  END IF;
END
$$;

-- The refusal when fewer are where they are wanted from.
CREATE FUNCTION radioshop.refuse_shortage(part uuid, lot uuid, location uuid, quantity int, number text, from_place text) RETURNS text
LANGUAGE plpgsql STABLE AS $$
DECLARE
  there constant bigint := coalesce((SELECT sum(k.picked) FROM radioshop.pick_lots(part, lot, location, quantity) k), 0);
BEGIN
  RETURN CASE WHEN there < quantity THEN radioshop.refuse('FAILED_PRECONDITION', 'quantity', format(
    'part %s: %s wanted, %s there%s%s; on hand: %s', number, quantity, there,
    CASE WHEN location IS NULL THEN ' on the shelves' ELSE ' at ' || upper(btrim(from_place)) END,
    CASE WHEN lot IS NOT NULL THEN ' of this lot' ELSE '' END, radioshop.where_on_hand(part))) END;
END
$$;

CREATE FUNCTION radioshop.receive_parts(part text, location text, quantity int, unit_cost_cents bigint, supplier text, reference text,
  received_on date) RETURNS radioshop.stock_changed LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
  shown radioshop.stock_changed;
  what record;
  place record;
  change constant uuid := radioshop.uuid_v7();
  made constant uuid := radioshop.uuid_v7();
BEGIN
  shown.refusal := coalesce(radioshop.refuse_stock(), radioshop.refuse_quantity(receive_parts.quantity));
  IF shown.refusal IS NULL AND receive_parts.unit_cost_cents IS NULL THEN
    shown.refusal := radioshop.refuse('INVALID_ARGUMENT', 'unit_cost_cents', 'say what one of them cost; 0 if nothing');
  END IF;
  IF shown.refusal IS NULL THEN
    what := radioshop.part_to_move(receive_parts.part);
    place := radioshop.one_location(receive_parts.location, 'location', true);
    shown.refusal := CASE WHEN what.refusal IS NOT NULL THEN what.refusal
      WHEN what.obsolete THEN radioshop.refuse('FAILED_PRECONDITION', 'part',
        format('part %s is obsolete; say that it is not with part update before more is received', what.number))
      ELSE place.refusal END;
  END IF;
  IF shown.refusal IS NOT NULL THEN
    RETURN shown;
  END IF;
  INSERT INTO radioshop.part_lot (lot_id, part_id, received_on, supplier, reference, unit_cost_cents, quantity)
    VALUES (made, what.part_id, coalesce(receive_parts.received_on,
      (SELECT radioshop.today(g.time_zone) FROM radioshop.agency g WHERE g.agency_id = 0)), btrim(coalesce(receive_parts.supplier, '')),
      btrim(coalesce(receive_parts.reference, '')), receive_parts.unit_cost_cents, receive_parts.quantity);
  INSERT INTO radioshop.part_move (change_id, kind, part_id, lot_id, location_id, quantity)
    VALUES (change, 'receive', what.part_id, made, place.location_id, receive_parts.quantity);
  RETURN radioshop.shown_change(change, what.part_id);
END
$$;

-- Adds the entry of a part to a ticket that is locked, and says which number it got.
CREATE FUNCTION radioshop.add_part_entry(agency int, ticket uuid, part uuid, quantity int, cost_cents bigint, corrects int) RETURNS int
LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
  what record;
  made int;
BEGIN
  SELECT p.number, p.name, p.unit INTO what FROM radioshop.part p WHERE p.part_id = add_part_entry.part;
  INSERT INTO radioshop.ticket_entry (agency_id, ticket_id, entry_no, kind, text, cost_cents, corrects)
    SELECT add_part_entry.agency, add_part_entry.ticket, coalesce(max(e.entry_no), 0) + 1, 'part',
        format('%s %s, %s %s%s', what.number, what.name, abs(add_part_entry.quantity), what.unit,
          CASE WHEN add_part_entry.corrects IS NOT NULL THEN ': back to the stock' ELSE '' END),
        add_part_entry.cost_cents, add_part_entry.corrects
      FROM radioshop.ticket_entry e WHERE e.agency_id = add_part_entry.agency AND e.ticket_id = add_part_entry.ticket
    RETURNING entry_no INTO made;
  INSERT INTO radioshop.part_use (agency_id, ticket_id, entry_no, part_id, part_number, part_name, unit, quantity)
    VALUES (add_part_entry.agency, add_part_entry.ticket, made, add_part_entry.part, what.number, what.name, what.unit,
      add_part_entry.quantity);
  UPDATE radioshop.ticket t SET cost_cents = t.cost_cents + add_part_entry.cost_cents
    WHERE t.agency_id = add_part_entry.agency AND t.ticket_id = add_part_entry.ticket;
  RETURN made;
END
$$;

-- The open ticket that parts go into or come from, locked after its asset, or the refusal.
CREATE FUNCTION radioshop.ticket_for_parts(code text, OUT agency_id int, OUT ticket_id uuid, OUT number text, OUT cost_cents bigint,
  OUT refusal text) LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
  it record;
BEGIN
  it := radioshop.ticket_to_change(ticket_for_parts.code, NULL);
  agency_id := it.agency_id;
  ticket_id := it.ticket_id;
  ticket_for_parts.number := it.number;
  refusal := CASE WHEN it.refusal IS NOT NULL THEN it.refusal
    WHEN it.state IN ('closed', 'cancelled') THEN radioshop.refuse('FAILED_PRECONDITION', 'ticket',
      format('ticket %s is %s; reopen it before parts are booked on it', it.number, it.state)) END;
  SELECT t.cost_cents INTO ticket_for_parts.cost_cents FROM radioshop.ticket t
    WHERE t.agency_id = it.agency_id AND t.ticket_id = it.ticket_id;
END
$$;

CREATE FUNCTION radioshop.use_parts(ticket text, part text, quantity int, location text, lot text) RETURNS radioshop.stock_changed
LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
  shown radioshop.stock_changed;
  amount constant int := coalesce(use_parts.quantity, 1);
  it record;
  what record;
  place record;
  lots record;
  cost bigint;
  entry int;
  change constant uuid := radioshop.uuid_v7();
BEGIN
  shown.refusal := coalesce(radioshop.refuse_stock(), radioshop.refuse_quantity(amount));
  IF shown.refusal IS NULL THEN
    it := radioshop.ticket_for_parts(use_parts.ticket);
    shown.refusal := it.refusal;
  END IF;
  IF shown.refusal IS NULL THEN
    what := radioshop.part_to_move(use_parts.part);
    shown.refusal := what.refusal;
  END IF;
  IF shown.refusal IS NOT NULL THEN
    RETURN shown;
  END IF;
  SELECT NULL::uuid AS location_id, NULL::text AS refusal INTO place;
  IF btrim(coalesce(use_parts.location, '')) <> '' THEN
    place := radioshop.one_location(use_parts.location, 'location', false);
  END IF;
  lots := radioshop.one_lot(what.part_id, use_parts.lot);
  shown.refusal := coalesce(place.refusal, lots.refusal,
    radioshop.refuse_shortage(what.part_id, lots.lot_id, place.location_id, amount, what.number, use_parts.location));
  IF shown.refusal IS NOT NULL THEN
    RETURN shown;
  END IF;
  SELECT sum(k.picked * k.unit_cost_cents) INTO cost FROM radioshop.pick_lots(what.part_id, lots.lot_id, place.location_id, amount) k;
  IF cost + it.cost_cents > 100000000 THEN
    shown.refusal := radioshop.refuse('FAILED_PRECONDITION', 'quantity',
      format('%s of part %s cost %s cents, and ticket %s has %s already; the cost of one ticket is at most 100,000,000 cents',
        amount, what.number, cost, it.number, it.cost_cents));
    RETURN shown;
  END IF;
  entry := radioshop.add_part_entry(it.agency_id, it.ticket_id, what.part_id, amount, cost, NULL);
  INSERT INTO radioshop.part_move (change_id, kind, part_id, lot_id, location_id, quantity, ticket_agency_id, ticket_id, entry_no)
    SELECT change, 'use', what.part_id, k.lot_id, k.location_id, -k.picked, it.agency_id, it.ticket_id, entry
      FROM radioshop.pick_lots(what.part_id, lots.lot_id, place.location_id, amount) k;
  RETURN radioshop.shown_change(change, what.part_id);
END
$$;

-- Takes parts off a ticket again: the entry used last first, and of it the lot used last, so that each goes back for what was charged.
-- Without a location, to where it was taken from.
CREATE FUNCTION radioshop.return_parts(ticket text, part text, quantity int, location text) RETURNS radioshop.stock_changed
LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
  shown radioshop.stock_changed;
  amount constant int := coalesce(return_parts.quantity, 1);
  it record;
  what record;
  place record;
  used int;
  back record;
  entry int;
  change constant uuid := radioshop.uuid_v7();
BEGIN
  shown.refusal := coalesce(radioshop.refuse_stock(), radioshop.refuse_quantity(amount));
  IF shown.refusal IS NULL THEN
    it := radioshop.ticket_for_parts(return_parts.ticket);
    shown.refusal := it.refusal;
  END IF;
  IF shown.refusal IS NULL THEN
    what := radioshop.part_to_move(return_parts.part);
    shown.refusal := what.refusal;
  END IF;
  SELECT NULL::uuid AS location_id, NULL::text AS refusal INTO place;
  IF shown.refusal IS NULL AND btrim(coalesce(return_parts.location, '')) <> '' THEN
    place := radioshop.one_location(return_parts.location, 'location', true);
    shown.refusal := place.refusal;
  END IF;
  IF shown.refusal IS NULL THEN
    SELECT coalesce(sum(u.quantity), 0) INTO used FROM radioshop.part_use u
      WHERE u.agency_id = it.agency_id AND u.ticket_id = it.ticket_id AND u.part_id = what.part_id;
    IF used < amount THEN
      shown.refusal := radioshop.refuse('FAILED_PRECONDITION', 'quantity',
        format('ticket %s has %s of part %s from the stock, not %s', it.number, used, what.number, amount));
    END IF;
  END IF;
  IF shown.refusal IS NOT NULL THEN
    RETURN shown;
  END IF;
  FOR back IN
    WITH net AS (
      SELECT coalesce(e.corrects, e.entry_no) AS entry_no, m.lot_id, -sum(m.quantity) AS quantity, min(l.unit_cost_cents) AS unit_cost_cents,
          max(m.move_no) FILTER (WHERE m.kind = 'use') AS turn, (array_agg(m.location_id ORDER BY m.move_no DESC) FILTER (WHERE m.kind = 'use'))[1] AS location_id
        FROM radioshop.part_move m
          JOIN radioshop.ticket_entry e ON e.agency_id = m.ticket_agency_id AND e.ticket_id = m.ticket_id AND e.entry_no = m.entry_no
          JOIN radioshop.part_lot l ON l.part_id = m.part_id AND l.lot_id = m.lot_id
        WHERE m.ticket_agency_id = it.agency_id AND m.ticket_id = it.ticket_id AND m.part_id = what.part_id
        GROUP BY 1, 2 HAVING sum(m.quantity) < 0
    ), picked AS (
      SELECT x.entry_no, x.lot_id, x.location_id, x.turn, x.unit_cost_cents, least(x.quantity, amount - x.before)::int AS quantity
        FROM (SELECT n.entry_no, n.lot_id, n.location_id, n.turn, n.unit_cost_cents, n.quantity, coalesce(sum(n.quantity) OVER (
            ORDER BY n.entry_no DESC, n.turn DESC ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0) AS before FROM net n) x
        WHERE x.before < amount
    )
    SELECT p.entry_no, sum(p.quantity)::int AS quantity, sum(p.quantity * p.unit_cost_cents)::bigint AS cost_cents,
        array_agg(p.lot_id ORDER BY p.turn DESC) AS lots, array_agg(p.quantity ORDER BY p.turn DESC) AS quantities,
        array_agg(p.location_id ORDER BY p.turn DESC) AS locations
      FROM picked p GROUP BY p.entry_no ORDER BY p.entry_no DESC
  LOOP
    entry := radioshop.add_part_entry(it.agency_id, it.ticket_id, what.part_id, -back.quantity, -back.cost_cents, back.entry_no);
    INSERT INTO radioshop.part_move (change_id, kind, part_id, lot_id, location_id, quantity, ticket_agency_id, ticket_id, entry_no)
      SELECT change, 'return', what.part_id, b.lot_id, coalesce(place.location_id, b.location_id), b.quantity, it.agency_id, it.ticket_id,
          entry
        FROM unnest(back.lots, back.quantities, back.locations) b (lot_id, quantity, location_id);
  END LOOP;
  RETURN radioshop.shown_change(change, what.part_id);
END
$$;

CREATE FUNCTION radioshop.move_parts(part text, location text, to_location text, quantity int, lot text, reason text)
RETURNS radioshop.stock_changed LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
  shown radioshop.stock_changed;
  amount constant int := coalesce(move_parts.quantity, 1);
  what record;
  place record;
  target record;
  lots record;
  change constant uuid := radioshop.uuid_v7();
BEGIN
  shown.refusal := coalesce(radioshop.refuse_stock(), radioshop.refuse_quantity(amount));
  IF shown.refusal IS NULL THEN
    what := radioshop.part_to_move(move_parts.part);
    place := radioshop.one_location(move_parts.location, 'location', false);
    target := radioshop.one_location(move_parts.to_location, 'to_location', true);
    lots := radioshop.one_lot(what.part_id, move_parts.lot);
    shown.refusal := coalesce(what.refusal, place.refusal, target.refusal, lots.refusal,
      CASE WHEN place.location_id = target.location_id THEN
        radioshop.refuse('INVALID_ARGUMENT', 'to_location', 'they are there already; name another location') END,
      radioshop.refuse_shortage(what.part_id, lots.lot_id, place.location_id, amount, what.number, move_parts.location));
  END IF;
  IF shown.refusal IS NOT NULL THEN
    RETURN shown;
  END IF;
  INSERT INTO radioshop.part_move (change_id, kind, part_id, lot_id, location_id, quantity, reason)
    SELECT change, 'move', what.part_id, k.lot_id, e.location_id, e.sign * k.picked, btrim(coalesce(move_parts.reason, ''))
      FROM radioshop.pick_lots(what.part_id, lots.lot_id, place.location_id, amount) k
        CROSS JOIN (VALUES (place.location_id, -1), (target.location_id, 1)) e (location_id, sign);
  RETURN radioshop.shown_change(change, what.part_id);
END
$$;

CREATE FUNCTION radioshop.scrap_parts(part text, location text, quantity int, lot text, reason text) RETURNS radioshop.stock_changed
LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
  shown radioshop.stock_changed;
  amount constant int := coalesce(scrap_parts.quantity, 1);
  what record;
  place record;
  lots record;
  change constant uuid := radioshop.uuid_v7();
BEGIN
  shown.refusal := coalesce(radioshop.refuse_stock(), radioshop.refuse_quantity(amount));
  IF shown.refusal IS NULL THEN
    what := radioshop.part_to_move(scrap_parts.part);
    place := radioshop.one_location(scrap_parts.location, 'location', false);
    lots := radioshop.one_lot(what.part_id, scrap_parts.lot);
    shown.refusal := coalesce(what.refusal, place.refusal, lots.refusal,
      CASE WHEN btrim(coalesce(scrap_parts.reason, '')) = '' THEN
        radioshop.refuse('INVALID_ARGUMENT', 'reason', 'say why they are thrown away') END,
      radioshop.refuse_shortage(what.part_id, lots.lot_id, place.location_id, amount, what.number, scrap_parts.location));
  END IF;
  IF shown.refusal IS NOT NULL THEN
    RETURN shown;
  END IF;
  INSERT INTO radioshop.part_move (change_id, kind, part_id, lot_id, location_id, quantity, reason)
    SELECT change, 'scrap', what.part_id, k.lot_id, k.location_id, -k.picked, btrim(scrap_parts.reason)
      FROM radioshop.pick_lots(what.part_id, lots.lot_id, place.location_id, amount) k;
  RETURN radioshop.shown_change(change, what.part_id);
END
$$;

-- A physical count. What is missing is taken from the oldest lots there; what is too many is added to the newest one there, or of the part.
-- A count that agrees is written down too. expected: what the counter was told to find; if somebody has moved the part since, the
-- count is of a shelf that is no more, and is refused.
CREATE FUNCTION radioshop.count_parts(part text, location text, counted int, expected int, lot text, reason text)
RETURNS radioshop.stock_changed LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
  shown radioshop.stock_changed;
  what record;
  place record;
  lots record;
  booked bigint;
  into_lot uuid;
  change constant uuid := radioshop.uuid_v7();
BEGIN
  shown.refusal := coalesce(radioshop.refuse_stock(), CASE WHEN count_parts.counted IS NULL OR count_parts.counted NOT BETWEEN 0 AND 1000000 THEN
    radioshop.refuse('INVALID_ARGUMENT', 'found', 'say how many are there, from 0 to 1,000,000') END);
  IF shown.refusal IS NULL THEN
    what := radioshop.part_to_move(count_parts.part);
    place := radioshop.one_location(count_parts.location, 'location', true);
    lots := radioshop.one_lot(what.part_id, count_parts.lot);
    shown.refusal := coalesce(what.refusal, place.refusal, lots.refusal);
  END IF;
  IF shown.refusal IS NOT NULL THEN
    RETURN shown;
  END IF;
  SELECT coalesce(sum(s.quantity), 0) INTO booked FROM radioshop.part_stock s
    WHERE s.part_id = what.part_id AND s.location_id = place.location_id AND (lots.lot_id IS NULL OR s.lot_id = lots.lot_id);
  -- The newest lot there, or else the newest of the part.
  into_lot := coalesce(lots.lot_id, (SELECT l.lot_id FROM radioshop.part_lot l
    LEFT JOIN radioshop.part_stock s ON s.part_id = l.part_id AND s.lot_id = l.lot_id AND s.location_id = place.location_id AND s.quantity > 0
    WHERE l.part_id = what.part_id ORDER BY s.quantity IS NOT NULL DESC, l.received_on DESC, l.lot_no DESC LIMIT 1));
  shown.refusal := CASE
    WHEN count_parts.expected <> booked THEN radioshop.refuse('ABORTED', 'expected',
      format('part %s: the book says %s at %s now, not %s; count again', what.number, booked, upper(btrim(count_parts.location)),
        count_parts.expected))
    WHEN into_lot IS NULL THEN radioshop.refuse('FAILED_PRECONDITION', 'part',
      format('part %s was never received, so nobody knows what it cost; receive it', what.number))
    WHEN count_parts.counted <> booked AND btrim(coalesce(count_parts.reason, '')) = '' THEN radioshop.refuse('INVALID_ARGUMENT', 'reason',
      format('part %s: the book says %s at %s, found are %s; say why', what.number, booked, upper(btrim(count_parts.location)),
        count_parts.counted)) END;
  IF shown.refusal IS NOT NULL THEN
    RETURN shown;
  END IF;
  IF count_parts.counted < booked THEN
    INSERT INTO radioshop.part_move (change_id, kind, part_id, lot_id, location_id, quantity, reason)
      SELECT change, 'count', what.part_id, k.lot_id, k.location_id, -k.picked, btrim(count_parts.reason)
        FROM radioshop.pick_lots(what.part_id, lots.lot_id, place.location_id, (booked - count_parts.counted)::int) k;
  ELSE
    INSERT INTO radioshop.part_move (change_id, kind, part_id, lot_id, location_id, quantity, reason)
      VALUES (change, 'count', what.part_id, into_lot, place.location_id, (count_parts.counted - booked)::int,
        btrim(coalesce(count_parts.reason, '')));
  END IF;
  shown := radioshop.shown_change(change, what.part_id);
  shown.expected := booked;
  shown.found := count_parts.counted;
  RETURN shown;
END
$$;

UPDATE radioshop.schema_version SET version = 7;

COMMIT;
