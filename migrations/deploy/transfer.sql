-- Deploy radioshop:transfer to pg
--
-- Assets that go from one agency to another for good. The giver offers them, the receiver accepts or declines; a transfer belongs to the giver, and
-- the receiver reads it. What moves is the radio: serial number, model, FLASHcode, firmware, days of purchase and warranty, and its components.
-- At the giver the asset is disposed of, as transferred, and keeps its history, tickets and costs; at the receiver it is a new asset, linked to it
-- by a row of the transfer. A row says no more of the giver's record than that, since the receiver does not see it.

BEGIN;

CREATE TABLE radioshop.transfer (
  agency_id int NOT NULL,
  transfer_id uuid NOT NULL DEFAULT radioshop.uuid_v7(),
  number text COLLATE "C" NOT NULL,
  giver text COLLATE "C" NOT NULL,
  receiver_id int NOT NULL,
  receiver text COLLATE "C" NOT NULL,
  state text COLLATE "C" NOT NULL DEFAULT 'offered',
  price_cents bigint NOT NULL,
  note text NOT NULL DEFAULT '',
  offered_at timestamptz NOT NULL DEFAULT now(),
  offered_by text NOT NULL DEFAULT radioshop.caller(),
  decided_at timestamptz,
  decided_by text NOT NULL DEFAULT '',
  decision_note text NOT NULL DEFAULT '',
  CONSTRAINT transfer_pkey PRIMARY KEY (agency_id, transfer_id),
  CONSTRAINT transfer_number_unique UNIQUE (agency_id, number),
  CONSTRAINT transfer_agency_known FOREIGN KEY (agency_id) REFERENCES radioshop.agency,
  CONSTRAINT transfer_receiver_known FOREIGN KEY (receiver_id) REFERENCES radioshop.agency (agency_id),
  CONSTRAINT transfer_to_another CHECK (receiver_id > 0 AND receiver_id <> agency_id),
  CONSTRAINT transfer_state_known CHECK (state IN ('offered', 'accepted', 'declined', 'withdrawn')),
  CONSTRAINT transfer_decided_whole CHECK ((state = 'offered') = (decided_at IS NULL) AND (decided_at IS NULL) = (decided_by = '')
    AND (decided_at IS NOT NULL OR decision_note = '')),
  CONSTRAINT transfer_price_cents_range CHECK (price_cents BETWEEN 0 AND 100000000000000),
  CONSTRAINT transfer_note_form CHECK (radioshop.is_text(note, 2000)),
  CONSTRAINT transfer_decision_note_form CHECK (radioshop.is_text(decision_note, 2000))
);
COMMENT ON COLUMN radioshop.transfer.agency_id IS 'of the giver';
COMMENT ON CONSTRAINT transfer_number_unique ON radioshop.transfer IS 'assets: another transfer has just been offered; try again';
COMMENT ON CONSTRAINT transfer_agency_known ON radioshop.transfer IS 'assets: no agency has this code';
COMMENT ON CONSTRAINT transfer_receiver_known ON radioshop.transfer IS 'to: no agency has this code';
COMMENT ON CONSTRAINT transfer_to_another ON radioshop.transfer IS 'to: assets are transferred to another agency';
COMMENT ON CONSTRAINT transfer_state_known ON radioshop.transfer IS 'state: a transfer is offered, accepted, declined or withdrawn';
COMMENT ON CONSTRAINT transfer_decided_whole ON radioshop.transfer IS 'transfer: what is decided was decided by somebody';
COMMENT ON CONSTRAINT transfer_price_cents_range ON radioshop.transfer IS
  'price_cents: give at most 1,000,000,000,000 dollars, and not less than none';
COMMENT ON CONSTRAINT transfer_note_form ON radioshop.transfer IS
  'note: at most 2000 characters, and no control characters but tabs and line ends';
COMMENT ON CONSTRAINT transfer_decision_note_form ON radioshop.transfer IS
  'note: at most 2000 characters, and no control characters but tabs and line ends';
CREATE INDEX transfer_given_by_time ON radioshop.transfer (agency_id, offered_at DESC, transfer_id DESC);
CREATE INDEX transfer_received_by_time ON radioshop.transfer (receiver_id, offered_at DESC, transfer_id DESC);
CREATE INDEX transfer_given_by_state ON radioshop.transfer (agency_id, state, offered_at DESC, transfer_id DESC);
CREATE INDEX transfer_received_by_state ON radioshop.transfer (receiver_id, state, offered_at DESC, transfer_id DESC);
CREATE INDEX transfer_by_number ON radioshop.transfer (number);

CREATE TABLE radioshop.transfer_item (
  agency_id int NOT NULL,
  transfer_id uuid NOT NULL,
  asset_id uuid NOT NULL,
  place int NOT NULL,
  receiver_id int NOT NULL,
  open boolean NOT NULL DEFAULT true,
  parent_tag text NOT NULL DEFAULT '',
  tag text NOT NULL,
  serial text NOT NULL,
  model_id uuid,
  class text NOT NULL,
  quantity int NOT NULL,
  flashcode text NOT NULL,
  firmware text NOT NULL,
  purchased_on date,
  warranty_until date,
  date_code text NOT NULL DEFAULT '',
  price_cents bigint NOT NULL,
  repairs int NOT NULL,
  serviced_on date,
  new_id uuid,
  new_tag text NOT NULL DEFAULT '',
  CONSTRAINT transfer_item_pkey PRIMARY KEY (agency_id, transfer_id, asset_id),
  CONSTRAINT transfer_item_transfer_known FOREIGN KEY (agency_id, transfer_id) REFERENCES radioshop.transfer (agency_id, transfer_id),
  CONSTRAINT transfer_item_asset_known FOREIGN KEY (agency_id, asset_id) REFERENCES radioshop.asset (agency_id, asset_id),
  CONSTRAINT transfer_item_new_known FOREIGN KEY (receiver_id, new_id) REFERENCES radioshop.asset (agency_id, asset_id),
  CONSTRAINT transfer_item_new_whole CHECK ((new_id IS NULL) = (new_tag = '') AND NOT (open AND new_id IS NOT NULL))
);
COMMENT ON TABLE radioshop.transfer_item IS 'what the receiver is told of an asset, as it was when it was offered, and what it is there';
COMMENT ON COLUMN radioshop.transfer_item.parent_tag IS 'what it is attached to; it goes along with that';
COMMENT ON COLUMN radioshop.transfer_item.open IS 'neither accepted nor declined nor withdrawn yet';
COMMENT ON CONSTRAINT transfer_item_transfer_known ON radioshop.transfer_item IS 'transfer: no such transfer';
COMMENT ON CONSTRAINT transfer_item_asset_known ON radioshop.transfer_item IS 'assets: no such asset';
COMMENT ON CONSTRAINT transfer_item_new_known ON radioshop.transfer_item IS 'tags: no such asset';
COMMENT ON CONSTRAINT transfer_item_new_whole ON radioshop.transfer_item IS 'transfer: what is accepted is an asset of the receiver';
CREATE UNIQUE INDEX transfer_item_one_open ON radioshop.transfer_item (agency_id, asset_id) WHERE open;
COMMENT ON INDEX radioshop.transfer_item_one_open IS 'assets: it is offered already; see transfer list';
CREATE INDEX transfer_item_by_asset ON radioshop.transfer_item (agency_id, asset_id);
CREATE INDEX transfer_item_by_new ON radioshop.transfer_item (receiver_id, new_id) WHERE new_id IS NOT NULL;

-- A decision is for good, whatever statement tries.
CREATE FUNCTION radioshop.transfer_stays() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'transfer: transfer % is % already', OLD.number, OLD.state USING ERRCODE = 'RS412';
END
$$;
CREATE TRIGGER stays BEFORE UPDATE ON radioshop.transfer FOR EACH ROW WHEN (OLD.state <> 'offered') EXECUTE FUNCTION radioshop.transfer_stays();
CREATE TRIGGER record_event AFTER INSERT OR UPDATE OR DELETE ON radioshop.transfer
  FOR EACH ROW EXECUTE FUNCTION radioshop.record_event('transfer', 'number');
CREATE TRIGGER record_event AFTER INSERT OR UPDATE OR DELETE ON radioshop.transfer_item
  FOR EACH ROW EXECUTE FUNCTION radioshop.record_event('transfer_item', 'asset_id');

ALTER TABLE radioshop.transfer ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY transfer_agency ON radioshop.transfer
  USING (agency_id = ANY ((SELECT nullif(current_setting('radioshop.agencies', true), '')::int[])::int[]));
CREATE POLICY transfer_received ON radioshop.transfer FOR SELECT
  USING (receiver_id = ANY ((SELECT nullif(current_setting('radioshop.agencies', true), '')::int[])::int[]));
ALTER TABLE radioshop.transfer_item ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY transfer_item_agency ON radioshop.transfer_item
  USING (agency_id = ANY ((SELECT nullif(current_setting('radioshop.agencies', true), '')::int[])::int[]));
CREATE POLICY transfer_item_received ON radioshop.transfer_item FOR SELECT
  USING (receiver_id = ANY ((SELECT nullif(current_setting('radioshop.agencies', true), '')::int[])::int[]));
GRANT SELECT, INSERT, UPDATE (state, decided_at, decided_by, decision_note) ON radioshop.transfer TO radioshop_app;
GRANT SELECT, INSERT, UPDATE (open, new_id, new_tag) ON radioshop.transfer_item TO radioshop_app;

-- ---------------------------------------------------------------------------------------------------------------------
-- At the giver it is disposed of, as transferred, and only by a transfer

ALTER TABLE radioshop.retirement ADD COLUMN transfer_id uuid,
  ADD CONSTRAINT retirement_transfer_known FOREIGN KEY (agency_id, transfer_id) REFERENCES radioshop.transfer (agency_id, transfer_id),
  ADD CONSTRAINT retirement_transfer_fits CHECK ((method IS NOT DISTINCT FROM 'transferred') = (transfer_id IS NOT NULL)),
  DROP CONSTRAINT retirement_reason_known,
  ADD CONSTRAINT retirement_reason_known
    CHECK (reason IN ('end_of_life', 'end_of_support', 'beyond_repair', 'replaced', 'surplus', 'lost', 'other', 'transferred')),
  DROP CONSTRAINT retirement_method_known,
  ADD CONSTRAINT retirement_method_known
    CHECK (method IN ('sold', 'scrapped', 'destroyed', 'donated', 'returned', 'traded_in', 'transferred'));
COMMENT ON CONSTRAINT retirement_transfer_known ON radioshop.retirement IS 'method: no such transfer';
COMMENT ON CONSTRAINT retirement_transfer_fits ON radioshop.retirement IS
  'method: only what the other agency has accepted is transferred; offer it with transfer offer';
COMMENT ON CONSTRAINT retirement_reason_known ON radioshop.retirement IS
  'reason: a reason is end_of_life, end_of_support, beyond_repair, replaced, surplus, lost, other or transferred';
COMMENT ON CONSTRAINT retirement_method_known ON radioshop.retirement IS
  'method: it is sold, scrapped, destroyed, donated, returned, traded_in or transferred';
GRANT UPDATE (transfer_id) ON radioshop.retirement TO radioshop_app;

CREATE FUNCTION radioshop.asset_stays_transferred() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF EXISTS (SELECT FROM radioshop.retirement r WHERE r.agency_id = NEW.agency_id AND r.asset_id = NEW.asset_id AND r.ended_at IS NULL
      AND r.transfer_id IS NOT NULL) THEN
    RAISE EXCEPTION 'asset % was transferred', NEW.tag
      USING ERRCODE = '23514', SCHEMA = 'radioshop', TABLE = 'asset', CONSTRAINT = 'asset_not_transferred';
  END IF;
  RETURN NULL;
END
$$;
CREATE CONSTRAINT TRIGGER asset_not_transferred AFTER UPDATE OF status ON radioshop.asset FOR EACH ROW
  WHEN (OLD.status = 'disposed' AND NEW.status <> 'disposed') EXECUTE FUNCTION radioshop.asset_stays_transferred();
COMMENT ON CONSTRAINT asset_not_transferred ON radioshop.asset IS
  'status: it was transferred to another agency; that one offers it back with transfer offer';

-- ---------------------------------------------------------------------------------------------------------------------
-- What the methods share

-- For the rest of a function, its caller also acts for this agency; returns what is to be set again. The agency of the other side is neither seen nor
-- written by anybody otherwise, and each function that uses it says what it reads and writes there.
CREATE FUNCTION radioshop.act_for(agency int) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  before constant text := coalesce(current_setting('radioshop.agencies', true), '');
BEGIN
  PERFORM set_config('radioshop.agencies', (coalesce(nullif(before, '')::int[], '{}') || agency)::text, true);
  RETURN before;
END
$$;
CREATE FUNCTION radioshop.act_again(before text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  PERFORM set_config('radioshop.agencies', act_again.before, true);
END
$$;

-- The agency of a code, whoever asks: that it shares the shop is no secret, and nothing else of it is read.
CREATE FUNCTION radioshop.any_agency(code text, OUT agency_id int, OUT code_of text) LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
  before constant text := coalesce(current_setting('radioshop.agencies', true), '');
BEGIN
  PERFORM set_config('radioshop.agencies', '{0}', true);
  SELECT g.agency_id, g.code INTO any_agency.agency_id, any_agency.code_of FROM radioshop.agency g
    WHERE g.code = upper(btrim(any_agency.code)) AND g.agency_id > 0;
  PERFORM set_config('radioshop.agencies', before, true);
END
$$;

-- Why an asset does not leave its agency, with everything that is in the way; NULL when it may. `along`: all that goes with it.
CREATE FUNCTION radioshop.why_not_transfer(agency int, asset uuid, along uuid[]) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  it record;
BEGIN
  SELECT g.code || ':' || a.tag AS name, a.status INTO it FROM radioshop.asset a JOIN radioshop.agency g ON g.agency_id = a.agency_id
    WHERE a.agency_id = agency AND a.asset_id = asset;
  RETURN nullif(concat_ws('; ',
    CASE WHEN it.status IN ('missing', 'disposed') THEN format('asset %s is %s and is not transferred', it.name, it.status) END,
    (SELECT format('asset %s is lent to %s since %s; take it in with loan return first', it.name, l.borrower, l.out_on)
      FROM radioshop.loan l WHERE l.agency_id = agency AND l.asset_id = asset AND l.in_at IS NULL),
    (SELECT format('asset %s is checked out to %s (%s) since %s; check it in with asset checkin first', it.name, c.name, c.code, k.out_on)
      FROM radioshop.custody k JOIN radioshop.custodian c ON c.agency_id = k.agency_id AND c.custodian_id = k.custodian_id
      WHERE k.agency_id = agency AND k.asset_id = asset AND k.in_at IS NULL),
    (SELECT format('ticket %s is open for asset %s (%s); close it first', t.number, it.name, replace(t.state, '_', ' '))
      FROM radioshop.ticket t WHERE t.agency_id = agency AND t.asset_id = asset AND t.closed_at IS NULL),
    (SELECT format('asset %s is attached to %s; transfer that, or detach it first', it.name, p.tag)
      FROM radioshop.component c JOIN radioshop.asset p ON p.agency_id = c.agency_id AND p.asset_id = c.parent_id
      WHERE c.agency_id = agency AND c.asset_id = asset AND c.until_at IS NULL AND c.parent_id <> ALL (along)),
    (SELECT format('asset %s is attached to %s since it was offered; detach it first', a.tag, it.name)
      FROM radioshop.component c JOIN radioshop.asset a ON a.agency_id = c.agency_id AND a.asset_id = c.asset_id
      WHERE c.agency_id = agency AND c.parent_id = asset AND c.until_at IS NULL AND c.asset_id <> ALL (along) LIMIT 1),
    (SELECT format('asset %s holds keys of %s; erase them and record it with key erase or key zeroize first', it.name,
        string_agg(radioshop.keyset_name(l.keyset_agency_id, l.keyset_id), ', ' ORDER BY radioshop.keyset_name(l.keyset_agency_id, l.keyset_id)))
      FROM radioshop.key_load l WHERE l.agency_id = agency AND l.asset_id = asset AND l.ended_at IS NULL HAVING count(*) > 0)), '');
END
$$;

-- A transfer as a caller sees it, or why not. In step with message Transfer.
CREATE TYPE radioshop.transfer_shown AS (
  refusal text, id uuid, number text, agency text, receiver text, state text, price_cents bigint, note text, items jsonb, offered_at timestamptz,
  offered_by text, decided_at timestamptz, decided_by text, decision_note text
);

CREATE FUNCTION radioshop.shown_transfer(agency int, transfer uuid) RETURNS radioshop.transfer_shown LANGUAGE plpgsql AS $$
DECLARE
  shown radioshop.transfer_shown;
BEGIN
  SELECT NULL, t.transfer_id, t.number, t.giver, t.receiver, t.state, t.price_cents, t.note,
      (SELECT jsonb_agg(jsonb_strip_nulls(jsonb_build_object('tag', i.tag, 'serial', i.serial, 'model', coalesce(m.number, ''), 'class', i.class, 'quantity', i.quantity,
          'flashcode', i.flashcode, 'firmware', i.firmware, 'purchased_on', i.purchased_on, 'warranty_until', i.warranty_until, 'attached_to', i.parent_tag,
          'price_cents', i.price_cents, 'repairs', i.repairs, 'serviced_on', i.serviced_on, 'new_tag', i.new_tag)) ORDER BY i.place)
        FROM radioshop.transfer_item i LEFT JOIN radioshop.model m ON m.model_id = i.model_id
        WHERE i.agency_id = t.agency_id AND i.transfer_id = t.transfer_id),
      t.offered_at, t.offered_by, t.decided_at, t.decided_by, t.decision_note
    INTO shown
    FROM radioshop.transfer t WHERE t.agency_id = shown_transfer.agency AND t.transfer_id = transfer;
  RETURN shown;
END
$$;

-- The transfer that a code means, of which the caller is on either side: its number or its UUID.
CREATE FUNCTION radioshop.one_transfer(code text, OUT agency_id int, OUT transfer_id uuid, OUT receiver_id int, OUT giver text, OUT receiver text,
  OUT number text, OUT state text, OUT refusal text) LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_column
DECLARE
  key constant text := upper(btrim(coalesce(one_transfer.code, '')));
BEGIN
  SELECT t.agency_id, t.transfer_id, t.receiver_id, t.giver, t.receiver, t.number, t.state
    INTO one_transfer.agency_id, one_transfer.transfer_id, one_transfer.receiver_id, one_transfer.giver, one_transfer.receiver, one_transfer.number,
      one_transfer.state
    FROM radioshop.transfer t
    WHERE (t.agency_id = ANY (radioshop.agencies()) OR t.receiver_id = ANY (radioshop.agencies())) AND (t.number = key OR t.transfer_id::text = lower(key));
  refusal := CASE WHEN key = '' THEN radioshop.refuse('INVALID_ARGUMENT', 'transfer', 'give the number of a transfer, such as IND-T-7')
    WHEN one_transfer.transfer_id IS NULL THEN radioshop.refuse('NOT_FOUND', 'transfer', format('no transfer has the number %s', btrim(one_transfer.code))) END;
END
$$;

-- ---------------------------------------------------------------------------------------------------------------------
-- Decided by the receiver, or withdrawn by the giver

-- What the receiver writes at the giver: the decision, and of each asset that it is disposed of and what was attached to it. It reads nothing there but
-- what the transfer says already, and is told that something is in the way, but not what.
CREATE FUNCTION radioshop.accept_transfer(transfer text, tags text[], note text) RETURNS radioshop.transfer_shown LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
  shown radioshop.transfer_shown;
  it record;
  before text;
  ids uuid[];
  wrong text[];
  names text[];
  held text;
  here record;
  made uuid;
  giver_sees boolean;
BEGIN
  it := radioshop.one_transfer(accept_transfer.transfer);
  shown.refusal := CASE
    WHEN it.refusal IS NOT NULL THEN it.refusal
    WHEN it.receiver_id <> ALL (radioshop.agencies()) THEN radioshop.refuse('FAILED_PRECONDITION', 'transfer',
      format('transfer %s was offered to %s, which accepts or declines it', it.number, it.receiver)) END;
  IF shown.refusal IS NOT NULL THEN
    RETURN shown;
  END IF;
  giver_sees := it.agency_id = ANY (radioshop.agencies());
  before := radioshop.act_for(it.agency_id);
  SELECT t.state, t.price_cents INTO here FROM radioshop.transfer t WHERE t.agency_id = it.agency_id AND t.transfer_id = it.transfer_id FOR NO KEY UPDATE;
  IF here.state <> 'offered' THEN
    shown.refusal := radioshop.refuse('FAILED_PRECONDITION', 'transfer', format('transfer %s is %s already', it.number, here.state));
  ELSE
    ids := ARRAY(SELECT i.asset_id FROM radioshop.transfer_item i WHERE i.agency_id = it.agency_id AND i.transfer_id = it.transfer_id ORDER BY i.place);
    PERFORM radioshop.lock_assets(ids);
    wrong := ARRAY(SELECT CASE WHEN giver_sees THEN w.why_not ELSE i.tag END FROM radioshop.transfer_item i
        JOIN radioshop.asset a ON a.agency_id = i.agency_id AND a.asset_id = i.asset_id
        CROSS JOIN LATERAL (SELECT CASE WHEN (a.tag, a.serial, a.model_id) IS DISTINCT FROM (i.tag, i.serial, i.model_id)
          THEN format('asset %s has another tag, serial number or model than when it was offered; offer it anew', a.tag)
          ELSE radioshop.why_not_transfer(i.agency_id, i.asset_id, ids) END AS why_not) w
      WHERE i.agency_id = it.agency_id AND i.transfer_id = it.transfer_id AND w.why_not IS NOT NULL ORDER BY i.place);
    names := ARRAY(SELECT coalesce((SELECT btrim(split_part(n, '=', 2)) FROM unnest(accept_transfer.tags) n WHERE upper(btrim(split_part(n, '=', 1))) = upper(i.tag) LIMIT 1), i.tag)
      FROM radioshop.transfer_item i WHERE i.agency_id = it.agency_id AND i.transfer_id = it.transfer_id ORDER BY i.place);
    shown.refusal := CASE
      WHEN cardinality(wrong) > 0 THEN radioshop.refuse('FAILED_PRECONDITION', 'transfer', CASE WHEN giver_sees THEN radioshop.some_of(wrong)
        ELSE format('asset %s cannot leave %s as it is now; ask there to look at it', array_to_string(wrong[:10], ', '), it.giver) END)
      ELSE (SELECT radioshop.refuse('INVALID_ARGUMENT', 'tags', format('%s does not name an asset of the transfer and its new tag; write it like 1042=L-77', n))
        FROM unnest(accept_transfer.tags) n WHERE n !~ '^[^=]+=[^=]+$' OR NOT EXISTS (SELECT FROM radioshop.transfer_item i
          WHERE i.agency_id = it.agency_id AND i.transfer_id = it.transfer_id AND upper(i.tag) = upper(btrim(split_part(n, '=', 1)))) LIMIT 1) END;
    IF shown.refusal IS NULL THEN
      SELECT string_agg(a.tag, ', ' ORDER BY a.tag_key) INTO held FROM radioshop.asset a
        WHERE a.agency_id = it.receiver_id AND a.tag_key = ANY (SELECT upper(n) COLLATE "C" FROM unnest(names) n);
      shown.refusal := CASE
        WHEN held IS NOT NULL THEN radioshop.refuse('ALREADY_EXISTS', 'tags',
          format('%s has assets with the tags %s already; give others with --tags, like %s=%s-%s', it.receiver, held, split_part(held, ',', 1), it.giver, split_part(held, ',', 1)))
        WHEN (SELECT count(DISTINCT upper(n)) < count(*) FROM unnest(names) n) THEN radioshop.refuse('INVALID_ARGUMENT', 'tags', 'two assets cannot have one tag')
        ELSE (SELECT radioshop.refuse('ALREADY_EXISTS', 'transfer', format('asset %s:%s has the serial number %s', it.receiver, a.tag, a.serial))
          FROM radioshop.transfer_item i JOIN radioshop.asset a ON a.agency_id = it.receiver_id AND a.serial_key = upper(i.serial)
          WHERE i.agency_id = it.agency_id AND i.transfer_id = it.transfer_id AND i.serial <> ''
            AND NOT EXISTS (SELECT FROM radioshop.retirement r WHERE r.agency_id = a.agency_id AND r.asset_id = a.asset_id AND r.ended_at IS NULL AND r.transfer_id IS NOT NULL)
          LIMIT 1) END;
    END IF;
  END IF;
  IF shown.refusal IS NOT NULL THEN
    PERFORM radioshop.act_again(before);
    RETURN shown;
  END IF;
  UPDATE radioshop.component c SET until_at = greatest(now(), c.from_at), until_by = radioshop.caller(), until_note = 'transfer ' || it.number
    WHERE c.agency_id = it.agency_id AND c.asset_id = ANY (ids) AND c.until_at IS NULL;
  INSERT INTO radioshop.retirement (agency_id, asset_id, reason, note, retired_on)
    SELECT it.agency_id, x.id, 'transferred', 'transfer ' || it.number, radioshop.today(g.time_zone) FROM unnest(ids) WITH ORDINALITY x (id, place)
      JOIN radioshop.agency g ON g.agency_id = it.agency_id ORDER BY x.place
    ON CONFLICT (agency_id, asset_id) WHERE ended_at IS NULL DO NOTHING; -- what was retired before was so for a reason of its own
  UPDATE radioshop.retirement r SET method = 'transferred', transfer_id = it.transfer_id, disposed_on = greatest(r.retired_on, radioshop.today(g.time_zone)),
      recipient = it.receiver, proceeds_cents = i.price_cents, disposed_at = now(), disposed_by = radioshop.caller(),
      system = CASE WHEN a.unit_id IS NULL THEN '' ELSE a.system END, unit_id = a.unit_id
    FROM radioshop.transfer_item i JOIN radioshop.asset a ON a.agency_id = i.agency_id AND a.asset_id = i.asset_id JOIN radioshop.agency g ON g.agency_id = i.agency_id
    WHERE i.agency_id = it.agency_id AND i.transfer_id = it.transfer_id AND r.agency_id = i.agency_id AND r.asset_id = i.asset_id AND r.ended_at IS NULL;
  UPDATE radioshop.asset a SET status = 'disposed', unit_id = NULL WHERE a.agency_id = it.agency_id AND a.asset_id = ANY (ids);
  -- What comes back has its serial number on the new record, and the old one keeps the rest.
  UPDATE radioshop.asset a SET serial = '' FROM radioshop.transfer_item i
    WHERE i.agency_id = it.agency_id AND i.transfer_id = it.transfer_id AND i.serial <> '' AND a.agency_id = it.receiver_id AND a.serial_key = upper(i.serial);
  FOR here IN SELECT i.asset_id, i.place, i.serial, i.model_id, i.class, i.quantity, i.flashcode, i.firmware, i.purchased_on, i.warranty_until,
        i.date_code, i.price_cents
      FROM radioshop.transfer_item i
      WHERE i.agency_id = it.agency_id AND i.transfer_id = it.transfer_id ORDER BY i.place LOOP
    made := radioshop.uuid_v7();
    INSERT INTO radioshop.asset (agency_id, asset_id, tag, serial, model_id, class, status, quantity, flashcode, firmware, purchased_on, warranty_until, cost_cents)
      VALUES (it.receiver_id, made, names[here.place], here.serial, here.model_id, here.class, 'spare', here.quantity, here.flashcode, here.firmware, here.purchased_on,
        here.warranty_until, nullif(here.price_cents, 0));
    IF here.date_code <> '' THEN
      INSERT INTO radioshop.date_code (agency_id, asset_id, code, made_on)
        SELECT it.receiver_id, made, here.date_code, radioshop.read_date_code(here.date_code, radioshop.today(g.time_zone)) FROM radioshop.agency g WHERE g.agency_id = it.receiver_id;
    END IF;
    UPDATE radioshop.transfer_item i SET open = false, new_id = made, new_tag = names[here.place]
      WHERE i.agency_id = it.agency_id AND i.transfer_id = it.transfer_id AND i.asset_id = here.asset_id;
  END LOOP;
  INSERT INTO radioshop.component (agency_id, asset_id, parent_id, note)
    SELECT it.receiver_id, i.new_id, p.new_id, 'transfer ' || it.number FROM radioshop.transfer_item i
      JOIN radioshop.transfer_item p ON p.agency_id = i.agency_id AND p.transfer_id = i.transfer_id AND p.tag = i.parent_tag
    WHERE i.agency_id = it.agency_id AND i.transfer_id = it.transfer_id AND i.parent_tag <> '' ORDER BY i.place;
  UPDATE radioshop.transfer t SET state = 'accepted', decided_at = now(), decided_by = radioshop.caller(),
      decision_note = btrim(coalesce(accept_transfer.note, ''), E' \t\r\n')
    WHERE t.agency_id = it.agency_id AND t.transfer_id = it.transfer_id;
  PERFORM radioshop.act_again(before);
  RETURN radioshop.shown_transfer(it.agency_id, it.transfer_id);
END
$$;

-- Declined by the receiver, who writes nothing at the giver but this, or withdrawn by the giver.
CREATE FUNCTION radioshop.drop_transfer(transfer text, receiving boolean, note text) RETURNS radioshop.transfer_shown LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
  shown radioshop.transfer_shown;
  it record;
  before text;
  now_is text;
BEGIN
  it := radioshop.one_transfer(drop_transfer.transfer);
  shown.refusal := CASE
    WHEN it.refusal IS NOT NULL THEN it.refusal
    WHEN receiving AND it.receiver_id <> ALL (radioshop.agencies()) THEN radioshop.refuse('FAILED_PRECONDITION', 'transfer',
      format('transfer %s was offered to %s; %s withdraws it with transfer withdraw', it.number, it.receiver, it.giver))
    WHEN NOT receiving AND it.agency_id <> ALL (radioshop.agencies()) THEN radioshop.refuse('FAILED_PRECONDITION', 'transfer',
      format('transfer %s was offered by %s; %s declines it with transfer decline', it.number, it.giver, it.receiver)) END;
  IF shown.refusal IS NOT NULL THEN
    RETURN shown;
  END IF;
  before := radioshop.act_for(it.agency_id);
  SELECT t.state INTO now_is FROM radioshop.transfer t WHERE t.agency_id = it.agency_id AND t.transfer_id = it.transfer_id FOR NO KEY UPDATE;
  IF now_is <> 'offered' THEN
    shown.refusal := radioshop.refuse('FAILED_PRECONDITION', 'transfer', format('transfer %s is %s already', it.number, now_is));
  ELSE
    UPDATE radioshop.transfer t SET state = CASE WHEN receiving THEN 'declined' ELSE 'withdrawn' END, decided_at = now(), decided_by = radioshop.caller(),
        decision_note = btrim(coalesce(drop_transfer.note, ''), E' \t\r\n')
      WHERE t.agency_id = it.agency_id AND t.transfer_id = it.transfer_id;
    UPDATE radioshop.transfer_item i SET open = false WHERE i.agency_id = it.agency_id AND i.transfer_id = it.transfer_id;
    shown := radioshop.shown_transfer(it.agency_id, it.transfer_id);
  END IF;
  PERFORM radioshop.act_again(before);
  RETURN shown;
END
$$;

-- ---------------------------------------------------------------------------------------------------------------------
-- Offered by the giver, all or none; who acts for both agencies may hand them over at once

CREATE FUNCTION radioshop.offer_transfer(assets text[], receiver text, price_cents bigint, note text, at_once boolean, tags text[])
RETURNS radioshop.transfer_shown LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
  shown radioshop.transfer_shown;
  those record;
  place record;
  whole uuid[];
  wrong text[];
  made constant uuid := radioshop.uuid_v7();
BEGIN
  those := radioshop.some_assets(offer_transfer.assets);
  place := radioshop.any_agency(coalesce(offer_transfer.receiver, ''));
  shown.refusal := CASE
    WHEN those.refusal IS NOT NULL THEN those.refusal
    WHEN btrim(coalesce(offer_transfer.receiver, '')) = '' THEN radioshop.refuse('INVALID_ARGUMENT', 'to', 'give the code of the agency that is to have them')
    WHEN place.agency_id IS NULL THEN radioshop.refuse('NOT_FOUND', 'to', format('no agency has the code %s', btrim(offer_transfer.receiver)))
    WHEN place.agency_id = those.agency_id THEN radioshop.refuse('INVALID_ARGUMENT', 'to', format('they are of %s already', place.code_of))
    WHEN at_once AND place.agency_id <> ALL (radioshop.agencies()) THEN radioshop.refuse('PERMISSION_DENIED', 'at_once',
      format('only who manages both agencies hands over at once; %s accepts or declines the offer', place.code_of))
    WHEN NOT at_once AND cardinality(offer_transfer.tags) > 0 THEN radioshop.refuse('INVALID_ARGUMENT', 'tags', 'the receiver gives tags when it accepts') END;
  IF shown.refusal IS NULL THEN
    -- The asset that comes first, so that what is attached to it finds it there.
    whole := those.assets || ARRAY(SELECT c.asset_id FROM radioshop.component c
      WHERE c.agency_id = those.agency_id AND c.parent_id = ANY (those.assets) AND c.asset_id <> ALL (those.assets) AND c.until_at IS NULL ORDER BY c.component_id);
    PERFORM radioshop.lock_assets(whole);
    wrong := ARRAY(SELECT w.sentence FROM (
        SELECT coalesce((SELECT format('asset %s is offered to %s already, as %s; withdraw that first', a.tag, t.receiver, t.number) FROM radioshop.transfer_item i
              JOIN radioshop.transfer t ON t.agency_id = i.agency_id AND t.transfer_id = i.transfer_id WHERE i.agency_id = a.agency_id AND i.asset_id = a.asset_id AND i.open),
            radioshop.why_not_transfer(a.agency_id, a.asset_id, whole)) AS sentence, a.tag_key
        FROM radioshop.asset a WHERE a.agency_id = those.agency_id AND a.asset_id = ANY (whole)) w
      WHERE w.sentence IS NOT NULL ORDER BY w.tag_key);
    IF cardinality(wrong) > 0 THEN
      shown.refusal := radioshop.refuse('FAILED_PRECONDITION', 'assets', radioshop.some_of(wrong));
    END IF;
  END IF;
  IF shown.refusal IS NOT NULL THEN
    RETURN shown;
  END IF;
  PERFORM pg_advisory_xact_lock(hashtextextended('radioshop.transfer', those.agency_id));
  INSERT INTO radioshop.transfer (agency_id, transfer_id, number, giver, receiver_id, receiver, price_cents, note)
    SELECT g.agency_id, made, format('%s-T-%s', g.code, (SELECT count(*) + 1 FROM radioshop.transfer t WHERE t.agency_id = g.agency_id)), g.code, place.agency_id,
      place.code_of, coalesce(offer_transfer.price_cents, 0), btrim(coalesce(offer_transfer.note, ''), E' \t\r\n')
    FROM radioshop.agency g WHERE g.agency_id = those.agency_id;
  INSERT INTO radioshop.transfer_item (agency_id, transfer_id, asset_id, place, receiver_id, parent_tag, tag, serial, model_id, class, quantity, flashcode, firmware,
      purchased_on, warranty_until, date_code, price_cents, repairs, serviced_on)
    SELECT a.agency_id, made, a.asset_id, x.place, place.agency_id, radioshop.parent_of(a.agency_id, a.asset_id), a.tag, a.serial, a.model_id, a.class, a.quantity,
      a.flashcode, a.firmware, a.purchased_on, a.warranty_until, coalesce(d.code, ''),
      CASE WHEN x.place <= cardinality(those.assets) THEN radioshop.share_of(coalesce(offer_transfer.price_cents, 0), cardinality(those.assets), x.place) ELSE 0 END,
      (SELECT count(*)::int FROM radioshop.ticket t WHERE t.agency_id = a.agency_id AND t.asset_id = a.asset_id AND t.outcome = 'repaired'),
      (SELECT max(s.done_on) FROM radioshop.service_record s WHERE s.agency_id = a.agency_id AND s.asset_id = a.asset_id)
    FROM unnest(whole) WITH ORDINALITY x (asset, place) JOIN radioshop.asset a ON a.agency_id = those.agency_id AND a.asset_id = x.asset
      LEFT JOIN radioshop.date_code d ON d.agency_id = a.agency_id AND d.asset_id = a.asset_id
    ORDER BY x.place;
  IF at_once THEN
    shown := radioshop.accept_transfer(made::text, offer_transfer.tags, '');
    IF shown.refusal IS NOT NULL THEN
      RAISE EXCEPTION 'not handed over' USING ERRCODE = 'RS000', DETAIL = shown.refusal; -- the offer goes with it
    END IF;
    RETURN shown;
  END IF;
  RETURN radioshop.shown_transfer(those.agency_id, made);
EXCEPTION WHEN SQLSTATE 'RS000' THEN
  GET STACKED DIAGNOSTICS shown.refusal = PG_EXCEPTION_DETAIL;
  RETURN shown;
END
$$;

UPDATE radioshop.schema_version SET version = 48;

COMMIT;
