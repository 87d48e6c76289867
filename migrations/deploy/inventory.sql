-- Deploy radioshop:inventory to pg
--
-- Physical inventory: what the register expects of an agency, or of one location of it, against what is scanned there. What is expected is
-- written down when it begins. What nobody has scanned is judged by the register of the moment: a radio that has meanwhile been moved, retired,
-- taken to the shop or lent is accounted for. With the close every verdict is written down for good, and the register is corrected as asked.

BEGIN;

CREATE TABLE radioshop.inventory (
  agency_id int NOT NULL,
  inventory_id uuid NOT NULL DEFAULT radioshop.uuid_v7(),
  number text COLLATE "C" NOT NULL,
  location text NOT NULL DEFAULT '',
  location_key text COLLATE "C" NOT NULL GENERATED ALWAYS AS (upper(location)) STORED,
  class text,
  note text NOT NULL DEFAULT '',
  state text NOT NULL DEFAULT 'open',
  expected int NOT NULL,
  started_by text NOT NULL DEFAULT radioshop.caller(),
  started_at timestamptz NOT NULL DEFAULT now(),
  closed_by text NOT NULL DEFAULT '',
  closed_at timestamptz,
  close_note text NOT NULL DEFAULT '',
  found int,
  wrong_place int,
  missing int,
  accounted int,
  unexpected int,
  set_missing int NOT NULL DEFAULT 0,
  set_location int NOT NULL DEFAULT 0,
  CONSTRAINT inventory_pkey PRIMARY KEY (agency_id, inventory_id),
  CONSTRAINT inventory_number_unique UNIQUE (agency_id, number),
  CONSTRAINT inventory_agency_known FOREIGN KEY (agency_id) REFERENCES radioshop.agency,
  CONSTRAINT inventory_agency_not_shop CHECK (agency_id > 0),
  CONSTRAINT inventory_location_form CHECK (radioshop.is_line(location, 200)),
  CONSTRAINT inventory_class_known CHECK (radioshop.is_equipment_class(class)),
  CONSTRAINT inventory_note_form CHECK (radioshop.is_text(note, 2000)),
  CONSTRAINT inventory_close_note_form CHECK (radioshop.is_text(close_note, 2000)),
  CONSTRAINT inventory_expected_range CHECK (expected > 0),
  CONSTRAINT inventory_state_known CHECK (state IN ('open', 'closed')),
  CONSTRAINT inventory_closed_whole CHECK ((state = 'closed') = (closed_at IS NOT NULL) AND (state = 'closed') = (closed_by <> '')
    AND num_nulls(found, wrong_place, missing, accounted, unexpected) = CASE state WHEN 'open' THEN 5 ELSE 0 END)
);
COMMENT ON COLUMN radioshop.inventory.found IS 'the figures of the close; those of an open one are counted, see inventory_counts()';
COMMENT ON CONSTRAINT inventory_number_unique ON radioshop.inventory IS 'inventory: another inventory has this number';
COMMENT ON CONSTRAINT inventory_agency_not_shop ON radioshop.inventory IS 'agency: equipment belongs to an agency, not to the shop itself';
COMMENT ON CONSTRAINT inventory_location_form ON radioshop.inventory IS 'location: a location is one line of at most 200 characters';
COMMENT ON CONSTRAINT inventory_class_known ON radioshop.inventory IS
  'class: a class is portable, mobile, control_station, base, console, pager, battery, charger, test_equipment or other';
COMMENT ON CONSTRAINT inventory_note_form ON radioshop.inventory IS
  'note: at most 2000 characters, and no control characters but tabs and line ends';
COMMENT ON CONSTRAINT inventory_close_note_form ON radioshop.inventory IS
  'note: at most 2000 characters, and no control characters but tabs and line ends';
COMMENT ON CONSTRAINT inventory_closed_whole ON radioshop.inventory IS 'inventory: what is closed was closed by somebody, and has its figures';
COMMENT ON CONSTRAINT inventory_expected_range ON radioshop.inventory IS 'location: nothing is expected there';
CREATE UNIQUE INDEX inventory_one_open ON radioshop.inventory (agency_id, location_key, coalesce(class, '')) WHERE state = 'open';
COMMENT ON INDEX radioshop.inventory_one_open IS 'location: an inventory of the same is open already';
CREATE INDEX inventory_by_time ON radioshop.inventory (agency_id, started_at DESC, inventory_id DESC);

CREATE TABLE radioshop.inventory_item (
  agency_id int NOT NULL,
  inventory_id uuid NOT NULL,
  asset_id uuid NOT NULL,
  tag text NOT NULL,
  tag_key text COLLATE "C" NOT NULL GENERATED ALWAYS AS (upper(tag)) STORED,
  place text NOT NULL,
  expected boolean NOT NULL,
  verdict text COLLATE "C" NOT NULL DEFAULT 'open',
  reason text NOT NULL DEFAULT '',
  code text NOT NULL DEFAULT '',
  scanned_place text NOT NULL DEFAULT '',
  place_then text NOT NULL DEFAULT '',
  scanned_by text NOT NULL DEFAULT '',
  scanned_at timestamptz,
  CONSTRAINT inventory_item_pkey PRIMARY KEY (agency_id, inventory_id, asset_id),
  CONSTRAINT inventory_item_inventory_known FOREIGN KEY (agency_id, inventory_id) REFERENCES radioshop.inventory (agency_id, inventory_id),
  CONSTRAINT inventory_item_asset_known FOREIGN KEY (agency_id, asset_id) REFERENCES radioshop.asset (agency_id, asset_id),
  CONSTRAINT inventory_item_verdict_known CHECK (verdict IN ('open', 'found', 'wrong_place', 'unexpected', 'missing', 'accounted')),
  CONSTRAINT inventory_item_scan_whole CHECK ((verdict IN ('found', 'wrong_place', 'unexpected')) = (scanned_at IS NOT NULL)
    AND (scanned_at IS NULL) = (scanned_by = '')),
  CONSTRAINT inventory_item_expected_fits CHECK (CASE verdict WHEN 'wrong_place' THEN true WHEN 'unexpected' THEN NOT expected ELSE expected END),
  CONSTRAINT inventory_item_scanned_place_form CHECK (radioshop.is_line(scanned_place, 200))
);
COMMENT ON TABLE radioshop.inventory_item IS 'the radios of the agency: those expected, and those that were scanned though they were not';
COMMENT ON COLUMN radioshop.inventory_item.place IS 'where the register had it when the inventory began, or when it was scanned unexpectedly';
COMMENT ON COLUMN radioshop.inventory_item.place_then IS 'where the register had it when it was scanned';
COMMENT ON CONSTRAINT inventory_item_verdict_known ON radioshop.inventory_item IS
  'verdict: a radio is found, in the wrong place, unexpected, missing or accounted for';
COMMENT ON CONSTRAINT inventory_item_scan_whole ON radioshop.inventory_item IS 'code: what is scanned was scanned by somebody';
COMMENT ON CONSTRAINT inventory_item_expected_fits ON radioshop.inventory_item IS 'verdict: what was expected is not unexpected';
COMMENT ON CONSTRAINT inventory_item_scanned_place_form ON radioshop.inventory_item IS 'location: a location is one line of at most 200 characters';
CREATE INDEX inventory_item_by_verdict ON radioshop.inventory_item (agency_id, inventory_id, verdict, tag_key, asset_id);
CREATE INDEX inventory_item_by_asset ON radioshop.inventory_item (agency_id, asset_id);

-- Codes that are on no radio of the agency, as they were read. Whose they are is not written down: who may see the owner is told when reading.
CREATE TABLE radioshop.inventory_stray (
  agency_id int NOT NULL,
  inventory_id uuid NOT NULL,
  code text NOT NULL,
  code_key text COLLATE "C" NOT NULL GENERATED ALWAYS AS (upper(code)) STORED,
  scanned_place text NOT NULL DEFAULT '',
  scanned_by text NOT NULL DEFAULT radioshop.caller(),
  scanned_at timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT inventory_stray_pkey PRIMARY KEY (agency_id, inventory_id, code_key),
  CONSTRAINT inventory_stray_inventory_known FOREIGN KEY (agency_id, inventory_id) REFERENCES radioshop.inventory (agency_id, inventory_id),
  CONSTRAINT inventory_stray_code_form CHECK (code <> '' AND radioshop.is_line(code, 100)),
  CONSTRAINT inventory_stray_scanned_place_form CHECK (radioshop.is_line(scanned_place, 200))
);
COMMENT ON CONSTRAINT inventory_stray_code_form ON radioshop.inventory_stray IS 'code: a code is one line of at most 100 characters';
COMMENT ON CONSTRAINT inventory_stray_scanned_place_form ON radioshop.inventory_stray IS
  'location: a location is one line of at most 200 characters';

-- ---------------------------------------------------------------------------------------------------------------------
-- Guards

-- What is closed stays as it is, whatever statement would change it. The close itself writes the verdicts before the state.
CREATE FUNCTION radioshop.inventory_stays_closed() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  it constant record := CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
BEGIN
  IF EXISTS (SELECT FROM radioshop.inventory i WHERE i.agency_id = it.agency_id AND i.inventory_id = it.inventory_id AND i.state = 'closed') THEN
    RAISE EXCEPTION 'the inventory is closed'
      USING ERRCODE = '23514', SCHEMA = 'radioshop', TABLE = 'inventory', CONSTRAINT = 'inventory_state_known';
  END IF;
  RETURN it;
END
$$;
COMMENT ON CONSTRAINT inventory_state_known ON radioshop.inventory IS 'inventory: it is closed, and nothing of it changes any more';
CREATE TRIGGER stays_closed BEFORE UPDATE OR DELETE ON radioshop.inventory
  FOR EACH ROW WHEN (OLD.state = 'closed') EXECUTE FUNCTION radioshop.inventory_stays_closed();
CREATE TRIGGER stays_closed BEFORE UPDATE OR DELETE ON radioshop.inventory_item
  FOR EACH ROW EXECUTE FUNCTION radioshop.inventory_stays_closed();
-- Not for each of the thousands that are expected: they come with the inventory itself.
CREATE TRIGGER stays_closed_to_scans BEFORE INSERT ON radioshop.inventory_item
  FOR EACH ROW WHEN (NEW.verdict <> 'open') EXECUTE FUNCTION radioshop.inventory_stays_closed();
CREATE TRIGGER stays_closed BEFORE INSERT OR UPDATE OR DELETE ON radioshop.inventory_stray
  FOR EACH ROW EXECUTE FUNCTION radioshop.inventory_stays_closed();

-- The event of all that is expected is that of the inventory; of each radio, that it was scanned, or that a scan was taken back.
CREATE TRIGGER record_event AFTER INSERT OR UPDATE OR DELETE ON radioshop.inventory
  FOR EACH ROW EXECUTE FUNCTION radioshop.record_event('inventory', 'number', 'location_key');
CREATE TRIGGER record_event_of_scan AFTER INSERT ON radioshop.inventory_item
  FOR EACH ROW WHEN (NEW.scanned_at IS NOT NULL) EXECUTE FUNCTION radioshop.record_event('inventory_item', 'asset_id', 'tag_key');
CREATE TRIGGER record_event AFTER UPDATE ON radioshop.inventory_item FOR EACH ROW WHEN (OLD.scanned_at IS DISTINCT FROM NEW.scanned_at)
  EXECUTE FUNCTION radioshop.record_event('inventory_item', 'asset_id', 'tag_key');
CREATE TRIGGER record_event_of_undo AFTER DELETE ON radioshop.inventory_item
  FOR EACH ROW EXECUTE FUNCTION radioshop.record_event('inventory_item', 'asset_id', 'tag_key');
CREATE TRIGGER record_event AFTER INSERT OR UPDATE OR DELETE ON radioshop.inventory_stray
  FOR EACH ROW EXECUTE FUNCTION radioshop.record_event('inventory_stray', 'code', 'code_key');

ALTER TABLE radioshop.inventory ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY inventory_agency ON radioshop.inventory
  USING (agency_id = ANY ((SELECT nullif(current_setting('radioshop.agencies', true), '')::int[])::int[]));
ALTER TABLE radioshop.inventory_item ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY inventory_item_agency ON radioshop.inventory_item
  USING (agency_id = ANY ((SELECT nullif(current_setting('radioshop.agencies', true), '')::int[])::int[]));
ALTER TABLE radioshop.inventory_stray ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY inventory_stray_agency ON radioshop.inventory_stray
  USING (agency_id = ANY ((SELECT nullif(current_setting('radioshop.agencies', true), '')::int[])::int[]));
GRANT SELECT, INSERT, UPDATE (state, closed_by, closed_at, close_note, found, wrong_place, missing, accounted, unexpected, set_missing,
  set_location) ON radioshop.inventory TO radioshop_app;
GRANT SELECT, INSERT, DELETE, UPDATE (verdict, reason, code, scanned_place, place_then, scanned_by, scanned_at) ON radioshop.inventory_item
  TO radioshop_app;
GRANT SELECT, INSERT, DELETE ON radioshop.inventory_stray TO radioshop_app;

-- ---------------------------------------------------------------------------------------------------------------------
-- What the methods share

-- What accounts for a radio that nobody has scanned, in words; NULL when nothing does, and it is missing.
CREATE FUNCTION radioshop.inventory_away(place text, status text, location text, lent_to text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT CASE
    WHEN status IN ('retired', 'disposed') THEN status
    WHEN status = 'in_shop' THEN 'in the shop'
    WHEN status = 'at_depot' THEN 'at the depot'
    WHEN upper(location) <> upper(place) THEN CASE location WHEN '' THEN 'moved' ELSE 'moved to ' || location END
    WHEN lent_to IS NOT NULL THEN 'lent to ' || lent_to END
$$;

-- How an inventory stands, location by location: what was expected there, and what unexpected was scanned there.
CREATE FUNCTION radioshop.inventory_counts(agency int, inventory uuid)
RETURNS TABLE (location text, expected int, found int, wrong_place int, missing int, accounted int, unexpected int) LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_column
BEGIN
  RETURN QUERY SELECT min(c.location), (sum(c.n) FILTER (WHERE c.expected))::int,
      (coalesce(sum(c.n) FILTER (WHERE c.verdict = 'found'), 0))::int,
      (coalesce(sum(c.n) FILTER (WHERE c.verdict = 'wrong_place'), 0))::int,
      (coalesce(sum(c.n) FILTER (WHERE c.verdict = 'missing'), 0))::int,
      (coalesce(sum(c.n) FILTER (WHERE c.verdict = 'accounted'), 0))::int,
      (coalesce(sum(c.n) FILTER (WHERE c.verdict = 'unexpected'), 0))::int
    FROM (
      SELECT CASE WHEN i.expected THEN i.place ELSE i.scanned_place END AS location, i.expected, i.verdict, count(*) AS n
        FROM radioshop.inventory_item i
        WHERE i.agency_id = inventory_counts.agency AND i.inventory_id = inventory_counts.inventory AND i.verdict <> 'open'
        GROUP BY 1, 2, 3
      UNION ALL
      SELECT i.place, true, CASE WHEN radioshop.inventory_away(i.place, a.status, a.location, l.borrower) IS NULL THEN 'missing' ELSE 'accounted' END,
          count(*)
        FROM radioshop.inventory_item i
          JOIN radioshop.asset a ON a.agency_id = i.agency_id AND a.asset_id = i.asset_id
          LEFT JOIN radioshop.loan l ON l.agency_id = i.agency_id AND l.asset_id = i.asset_id AND l.in_at IS NULL
        WHERE i.agency_id = inventory_counts.agency AND i.inventory_id = inventory_counts.inventory AND i.verdict = 'open'
        GROUP BY 1, 2, 3
      UNION ALL
      SELECT s.scanned_place, false, 'unexpected', count(*) FROM radioshop.inventory_stray s
        WHERE s.agency_id = inventory_counts.agency AND s.inventory_id = inventory_counts.inventory GROUP BY 1
    ) c
    GROUP BY upper(c.location);
END
$$;

-- An inventory as a caller sees it, or why not. In step with message Inventory.
CREATE TYPE radioshop.inventory_shown AS (
  refusal text, number text, agency text, location text, class text, state text, expected int, found int, wrong_place int, missing int,
  accounted int, unexpected int, percent int, note text, started_by text, started_at timestamptz, closed_by text, closed_at timestamptz,
  close_note text, set_missing int, set_location int
);

-- What is complete of what is expected, in percent, rounded down: 100 means that nothing is missing.
CREATE FUNCTION radioshop.inventory_percent(expected int, missing int) RETURNS int LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT (100 * (expected - missing)::bigint / greatest(expected, 1))::int
$$;

-- Volatile, so that it sees what the same statement has just done.
CREATE FUNCTION radioshop.shown_inventory(agency int, inventory uuid) RETURNS radioshop.inventory_shown LANGUAGE plpgsql AS $$
DECLARE
  shown radioshop.inventory_shown;
BEGIN
  SELECT NULL, i.number, g.code, i.location, i.class, i.state, i.expected, coalesce(i.found, c.found), coalesce(i.wrong_place, c.wrong_place),
      coalesce(i.missing, c.missing), coalesce(i.accounted, c.accounted), coalesce(i.unexpected, c.unexpected),
      radioshop.inventory_percent(i.expected, coalesce(i.missing, c.missing)), i.note, i.started_by, i.started_at, i.closed_by, i.closed_at,
      i.close_note, i.set_missing, i.set_location
    INTO shown
    FROM radioshop.inventory i JOIN radioshop.agency g ON g.agency_id = i.agency_id
      LEFT JOIN LATERAL (SELECT sum(x.found)::int AS found, sum(x.wrong_place)::int AS wrong_place, sum(x.missing)::int AS missing,
          sum(x.accounted)::int AS accounted, sum(x.unexpected)::int AS unexpected
        FROM radioshop.inventory_counts(i.agency_id, i.inventory_id) x) c ON i.state = 'open'
    WHERE i.agency_id = shown_inventory.agency AND i.inventory_id = shown_inventory.inventory;
  RETURN shown;
END
$$;

CREATE FUNCTION radioshop.one_inventory(number text, OUT agency_id int, OUT inventory_id uuid, OUT refusal text) LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_column
BEGIN
  SELECT i.agency_id, i.inventory_id INTO one_inventory.agency_id, one_inventory.inventory_id FROM radioshop.inventory i
    WHERE i.agency_id = ANY (radioshop.agencies()) AND i.number = upper(btrim(one_inventory.number));
  IF NOT FOUND THEN
    refusal := CASE WHEN coalesce(btrim(one_inventory.number), '') = '' THEN
        radioshop.refuse('INVALID_ARGUMENT', 'inventory', 'give the number of an inventory, such as IND-INV-2026-001')
      ELSE radioshop.refuse('NOT_FOUND', 'inventory', format('no inventory has the number %s', one_inventory.number)) END;
  END IF;
END
$$;

-- The inventory that is about to change, locked, or why it cannot be: against the close (ending: false) shared with other scanners.
CREATE FUNCTION radioshop.inventory_to_change(number text, ending boolean, OUT refusal text, OUT agency_id int, OUT inventory_id uuid,
  OUT agency text, OUT code text, OUT location text, OUT class text) LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
  now_is record;
BEGIN
  SELECT o.agency_id, o.inventory_id, o.refusal INTO inventory_to_change.agency_id, inventory_to_change.inventory_id, inventory_to_change.refusal
    FROM radioshop.one_inventory(inventory_to_change.number) o;
  IF refusal IS NOT NULL THEN
    RETURN;
  END IF;
  IF ending THEN
    PERFORM 1 FROM radioshop.inventory i WHERE i.agency_id = inventory_to_change.agency_id
      AND i.inventory_id = inventory_to_change.inventory_id FOR NO KEY UPDATE;
  ELSE
    PERFORM 1 FROM radioshop.inventory i WHERE i.agency_id = inventory_to_change.agency_id
      AND i.inventory_id = inventory_to_change.inventory_id FOR SHARE;
  END IF;
  SELECT i.number, i.state, i.location, i.class, g.code AS agency, i.closed_by,
      to_char(i.closed_at AT TIME ZONE g.time_zone, 'YYYY-MM-DD HH24:MI') AS closed INTO now_is
    FROM radioshop.inventory i JOIN radioshop.agency g ON g.agency_id = i.agency_id
    WHERE i.agency_id = inventory_to_change.agency_id AND i.inventory_id = inventory_to_change.inventory_id;
  agency := now_is.agency;
  code := now_is.number;
  location := now_is.location;
  class := now_is.class;
  IF now_is.state = 'closed' THEN
    refusal := radioshop.refuse('FAILED_PRECONDITION', 'inventory', format(
      'inventory %s was closed by %s on %s, and nothing of it changes any more; begin another one: radioshop inventory start %s', now_is.number, now_is.closed_by, now_is.closed, now_is.agency));
  END IF;
END
$$;

-- The radio of one agency that carries a code, or how many do. Codes of other agencies do not come into it.
CREATE FUNCTION radioshop.asset_of_agency(agency int, agency_code text, code text, OUT asset_id uuid, OUT fits int, OUT names text)
LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_column
DECLARE
  key text := upper(btrim(asset_of_agency.code));
BEGIN
  fits := 0;
  IF key = '' OR char_length(key) > 100 THEN
    RETURN;
  ELSIF key ~ '^[0-9A-F]{8}(-[0-9A-F]{4}){3}-[0-9A-F]{12}$' THEN
    SELECT a.asset_id INTO asset_of_agency.asset_id FROM radioshop.asset a WHERE a.agency_id = agency AND a.asset_id = key::uuid;
    fits := (asset_of_agency.asset_id IS NOT NULL)::int;
  END IF;
  IF fits = 0 THEN
    SELECT count(*), (array_agg(f.asset_id))[1] INTO fits, asset_of_agency.asset_id FROM radioshop.find_assets_within(ARRAY[agency], key) f;
  END IF;
  IF fits = 0 AND split_part(key, ':', 1) = agency_code THEN
    key := btrim(substr(key, strpos(key, ':') + 1));
    SELECT count(*), (array_agg(f.asset_id))[1] INTO fits, asset_of_agency.asset_id FROM radioshop.find_assets_within(ARRAY[agency], key) f;
  END IF;
  IF fits > 1 THEN
    asset_id := NULL;
    SELECT string_agg(x.tag, ', ') INTO names FROM (
      SELECT a.tag FROM radioshop.find_assets_within(ARRAY[agency], key) f
        JOIN radioshop.asset a ON a.agency_id = f.agency_id AND a.asset_id = f.asset_id ORDER BY a.tag_key LIMIT 8) x;
  END IF;
END
$$;

-- One radio or one code of an inventory as a caller sees it. In step with message InventoryItem.
CREATE TYPE radioshop.inventory_item_shown AS (
  refusal text, inventory text, agency text, code text, tag text, serial text, model text, status text, assigned_to text, verdict text,
  location text, scanned_location text, scanned_by text, scanned_at timestamptz, reason text, owner text, already boolean, refused text, asset_id uuid
);

-- Volatile, so that a scan sees what it has just done.
CREATE FUNCTION radioshop.shown_inventory_item(agency int, inventory uuid, asset uuid) RETURNS radioshop.inventory_item_shown LANGUAGE plpgsql AS $$
DECLARE
  shown radioshop.inventory_item_shown;
BEGIN
  SELECT NULL, n.number, g.code, i.code, i.tag, a.serial, coalesce(m.number, ''), a.status, a.assigned_to,
      CASE WHEN i.verdict <> 'open' THEN i.verdict WHEN w.away IS NULL THEN 'missing' ELSE 'accounted' END,
      i.place, i.scanned_place, i.scanned_by, i.scanned_at, CASE WHEN i.verdict <> 'open' THEN i.reason ELSE coalesce(w.away, '') END,
      '', false, '', i.asset_id
    INTO shown
    FROM radioshop.inventory_item i
      JOIN radioshop.inventory n ON n.agency_id = i.agency_id AND n.inventory_id = i.inventory_id
      JOIN radioshop.agency g ON g.agency_id = i.agency_id
      JOIN radioshop.asset a ON a.agency_id = i.agency_id AND a.asset_id = i.asset_id
      LEFT JOIN radioshop.model m ON m.model_id = a.model_id
      LEFT JOIN radioshop.loan l ON l.agency_id = i.agency_id AND l.asset_id = i.asset_id AND l.in_at IS NULL
      CROSS JOIN LATERAL (SELECT radioshop.inventory_away(i.place, a.status, a.location, l.borrower) AS away) w
    WHERE i.agency_id = shown_inventory_item.agency AND i.inventory_id = shown_inventory_item.inventory
      AND i.asset_id = shown_inventory_item.asset;
  RETURN shown;
END
$$;

-- A code on no radio of the agency. Whose it is is told to who sees that register: nobody else is told that there is anything to see.
CREATE FUNCTION radioshop.shown_inventory_stray(agency int, inventory uuid, code_key text) RETURNS radioshop.inventory_item_shown LANGUAGE plpgsql AS $$
DECLARE
  shown radioshop.inventory_item_shown;
BEGIN
  SELECT NULL, n.number, g.code, s.code, '', '', '', NULL, '', 'unexpected', '', s.scanned_place, s.scanned_by, s.scanned_at,
      format('no radio of %s has this code', g.code),
      coalesce((SELECT string_agg(o.code || ':' || a.tag, ', ' ORDER BY o.code, a.tag_key) FROM radioshop.find_assets(s.code) f
        JOIN radioshop.agency o ON o.agency_id = f.agency_id
        JOIN radioshop.asset a ON a.agency_id = f.agency_id AND a.asset_id = f.asset_id WHERE f.agency_id <> s.agency_id), ''),
      false, '', NULL
    INTO shown
    FROM radioshop.inventory_stray s
      JOIN radioshop.inventory n ON n.agency_id = s.agency_id AND n.inventory_id = s.inventory_id
      JOIN radioshop.agency g ON g.agency_id = s.agency_id
    WHERE s.agency_id = shown_inventory_stray.agency AND s.inventory_id = shown_inventory_stray.inventory
      AND s.code_key = shown_inventory_stray.code_key;
  RETURN shown;
END
$$;

-- ---------------------------------------------------------------------------------------------------------------------
-- The methods

CREATE FUNCTION radioshop.start_inventory(agency text, location text, class text, note text) RETURNS radioshop.inventory_shown LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
  shown radioshop.inventory_shown;
  place record;
  scope constant text := btrim(coalesce(start_inventory.location, ''));
  inventory constant uuid := radioshop.uuid_v7();
  n int;
  another text;
  series text;
BEGIN
  SELECT g.agency_id, g.code, g.time_zone INTO place FROM radioshop.agency g
    WHERE g.code = upper(btrim(start_inventory.agency)) AND g.agency_id = ANY (radioshop.agencies());
  IF place.agency_id IS NULL OR place.agency_id = 0 THEN
    shown.refusal := CASE
      WHEN coalesce(btrim(start_inventory.agency), '') = '' THEN radioshop.refuse('INVALID_ARGUMENT', 'agency', 'say whose equipment is counted')
      WHEN place.agency_id = 0 THEN radioshop.refuse('INVALID_ARGUMENT', 'agency', 'equipment belongs to an agency, not to the shop itself')
      ELSE radioshop.refuse('NOT_FOUND', 'agency', format('no agency has the code %s', start_inventory.agency)) END;
    RETURN shown;
  END IF;
  -- Of two who begin the same, the second finds it begun; and numbers have no holes.
  PERFORM pg_advisory_xact_lock(hashtextextended('radioshop.inventory', place.agency_id));
  SELECT i.number INTO another FROM radioshop.inventory i WHERE i.agency_id = place.agency_id AND i.state = 'open'
    AND i.location_key = upper(scope) AND coalesce(i.class, '') = coalesce(start_inventory.class, '');
  IF another IS NOT NULL THEN
    shown.refusal := radioshop.refuse('ALREADY_EXISTS', 'location', format('inventory %s of the same is open; scan into it, or close it: '
      'radioshop inventory scan %s', another, another));
    RETURN shown;
  END IF;
  SELECT count(*) INTO n FROM radioshop.asset a WHERE a.agency_id = place.agency_id AND a.status IN ('in_service', 'spare')
    AND (start_inventory.class IS NULL OR a.class = start_inventory.class) AND (scope = '' OR upper(a.location) = upper(scope));
  IF n = 0 THEN
    shown.refusal := radioshop.refuse('FAILED_PRECONDITION', CASE scope WHEN '' THEN 'agency' ELSE 'location' END, format(
      'the register has nothing of %s in service or spare%s%s', place.code,
      CASE WHEN start_inventory.class IS NULL THEN '' ELSE ' of the class ' || start_inventory.class END, CASE scope WHEN '' THEN '' ELSE format(
        ' at %s; it must be written as in the register%s', scope, coalesce((SELECT ', such as ' || string_agg(x.location, ', ') FROM (
          SELECT a.location FROM radioshop.asset a WHERE a.agency_id = place.agency_id AND a.status IN ('in_service', 'spare') AND a.location <> ''
            GROUP BY a.location ORDER BY count(*) DESC, a.location LIMIT 5) x), '')) END));
    RETURN shown;
  END IF;
  series := format('%s-INV-%s-', place.code, to_char(now() AT TIME ZONE place.time_zone, 'YYYY'));
  -- In one statement, so that what is expected and how many they are is the same register.
  WITH item AS (
    INSERT INTO radioshop.inventory_item (agency_id, inventory_id, asset_id, tag, place, expected)
      SELECT a.agency_id, inventory, a.asset_id, a.tag, a.location, true FROM radioshop.asset a
        WHERE a.agency_id = place.agency_id AND a.status IN ('in_service', 'spare')
          AND (start_inventory.class IS NULL OR a.class = start_inventory.class) AND (scope = '' OR upper(a.location) = upper(scope))
      RETURNING 1
  )
  INSERT INTO radioshop.inventory (agency_id, inventory_id, number, location, class, note, expected)
    VALUES (place.agency_id, inventory, series || to_char(1 + coalesce((SELECT max(substr(i.number, length(series) + 1)::int)
        FROM radioshop.inventory i WHERE i.agency_id = place.agency_id AND starts_with(i.number, series)), 0), 'FM9999000'),
      scope, start_inventory.class, btrim(coalesce(start_inventory.note, ''), E' \t\r\n'), (SELECT count(*) FROM item));
  RETURN radioshop.shown_inventory(place.agency_id, inventory);
END
$$;

-- What a scan makes of a radio of the agency. Where nobody says where it was scanned, or the register where it is kept, no place is wrong.
CREATE FUNCTION radioshop.inventory_verdict(expected boolean, status text, class text, location text, counted_class text, counted_location text,
  scanned_place text, OUT verdict text, OUT reason text) LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
  elsewhere constant boolean := scanned_place <> '' AND location <> '' AND upper(scanned_place) <> upper(location);
BEGIN
  reason := '';
  IF expected THEN
    verdict := CASE WHEN elsewhere THEN 'wrong_place' ELSE 'found' END;
    IF status NOT IN ('in_service', 'spare') THEN
      reason := format('the register says since then that it is %s', replace(status, '_', ' '));
    END IF;
  ELSIF status NOT IN ('in_service', 'spare') THEN
    verdict := 'unexpected';
    reason := format('the register says that it is %s', replace(status, '_', ' '));
  ELSIF class <> counted_class THEN
    verdict := 'unexpected';
    reason := format('it is a %s, and not counted here', replace(class, '_', ' '));
  ELSIF elsewhere THEN
    verdict := 'wrong_place';
  ELSE
    verdict := 'unexpected';
    reason := CASE WHEN counted_location <> '' AND location = '' THEN 'the register does not say where it is kept'
      ELSE 'it was not in service or spare here when the inventory began' END;
  END IF;
END
$$;

-- Takes what was scanned, each code by itself. Radios are taken in one order, so that two scanners with the same radios do not wait for each
-- other; who comes second is told who was first, and nothing changes.
CREATE FUNCTION radioshop.scan_inventory(number text, codes text[], location text) RETURNS SETOF radioshop.inventory_item_shown LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
  it record;
  one record;
  thing record;
  judged record;
  new boolean;
  spot text := btrim(coalesce(scan_inventory.location, ''));
  results radioshop.inventory_item_shown[] := array_fill(NULL::radioshop.inventory_item_shown, ARRAY[coalesce(cardinality(codes), 0)]);
  shown radioshop.inventory_item_shown;
BEGIN
  it := radioshop.inventory_to_change(scan_inventory.number, false);
  shown.refusal := CASE
    WHEN it.refusal IS NOT NULL THEN it.refusal
    WHEN coalesce(cardinality(codes), 0) = 0 THEN radioshop.refuse('INVALID_ARGUMENT', 'code', 'give the codes that were scanned')
    WHEN cardinality(codes) > 200 THEN radioshop.refuse('INVALID_ARGUMENT', 'code', 'send at most 200 codes at once')
    WHEN NOT radioshop.is_line(spot, 200) THEN
      radioshop.refuse('INVALID_ARGUMENT', 'location', 'a location is one line of at most 200 characters') END;
  IF shown.refusal IS NOT NULL THEN
    RETURN NEXT shown;
    RETURN;
  END IF;
  spot := CASE spot WHEN '' THEN it.location ELSE spot END;
  FOR one IN SELECT u.n::int AS n, btrim(u.code) AS code, f.asset_id, f.fits, f.names
      FROM unnest(codes) WITH ORDINALITY u (code, n) CROSS JOIN LATERAL radioshop.asset_of_agency(it.agency_id, it.agency, u.code) f
      ORDER BY f.asset_id, CASE WHEN f.asset_id IS NULL THEN upper(btrim(u.code)) COLLATE "C" END, u.n LOOP
    shown := NULL;
    IF one.code = '' OR NOT radioshop.is_line(one.code, 100) OR one.fits > 1 THEN
      shown.code := left(regexp_replace(one.code, '[[:cntrl:]]', ' ', 'g'), 100);
      shown.refused := CASE WHEN one.code = '' THEN 'there is no code' WHEN one.fits > 1 THEN
          format('the code fits %s radios: %s%s; scan the tag', one.fits, one.names, CASE WHEN one.fits > 8 THEN ' and more' ELSE '' END)
        ELSE 'a code is one line of at most 100 characters' END;
    ELSIF one.asset_id IS NULL THEN
      INSERT INTO radioshop.inventory_stray (agency_id, inventory_id, code, scanned_place)
        VALUES (it.agency_id, it.inventory_id, one.code, spot) ON CONFLICT ON CONSTRAINT inventory_stray_pkey DO NOTHING;
      new := FOUND;
      shown := radioshop.shown_inventory_stray(it.agency_id, it.inventory_id, upper(one.code));
      shown.already := NOT new;
    ELSE
      SELECT a.tag, a.status, a.class, a.location, i.verdict INTO thing
        FROM radioshop.asset a LEFT JOIN radioshop.inventory_item i
          ON i.agency_id = a.agency_id AND i.inventory_id = it.inventory_id AND i.asset_id = a.asset_id
        WHERE a.agency_id = it.agency_id AND a.asset_id = one.asset_id;
      judged := radioshop.inventory_verdict(thing.verdict IS NOT NULL, thing.status, thing.class, thing.location, it.class, it.location, spot);
      IF thing.verdict IS NULL THEN
        INSERT INTO radioshop.inventory_item (agency_id, inventory_id, asset_id, tag, place, expected, verdict, reason, code, scanned_place,
            place_then, scanned_by, scanned_at)
          VALUES (it.agency_id, it.inventory_id, one.asset_id, thing.tag, thing.location, false, judged.verdict, judged.reason, one.code, spot,
            thing.location, radioshop.caller(), now()) ON CONFLICT ON CONSTRAINT inventory_item_pkey DO NOTHING;
      ELSE
        UPDATE radioshop.inventory_item i SET verdict = judged.verdict, reason = judged.reason, code = one.code, scanned_place = spot,
            place_then = thing.location, scanned_by = radioshop.caller(), scanned_at = now()
          WHERE i.agency_id = it.agency_id AND i.inventory_id = it.inventory_id AND i.asset_id = one.asset_id AND i.verdict = 'open';
      END IF;
      new := FOUND;
      shown := radioshop.shown_inventory_item(it.agency_id, it.inventory_id, one.asset_id);
      shown.already := NOT new;
      shown.code := one.code;
    END IF;
    results[one.n] := shown;
  END LOOP;
  RETURN QUERY SELECT r.* FROM unnest(results) r;
END
$$;

-- Takes back what was scanned by mistake: the radio is to be found again, or the code was never read.
CREATE FUNCTION radioshop.undo_inventory_scan(number text, code text) RETURNS radioshop.inventory_item_shown LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
  it record;
  radio record;
  item record;
  shown radioshop.inventory_item_shown;
  key constant text := upper(btrim(coalesce(undo_inventory_scan.code, '')));
BEGIN
  it := radioshop.inventory_to_change(undo_inventory_scan.number, false);
  shown.refusal := coalesce(it.refusal, CASE WHEN key = '' THEN radioshop.refuse('INVALID_ARGUMENT', 'code', 'give the code that was scanned') END);
  IF shown.refusal IS NOT NULL THEN
    RETURN shown;
  END IF;
  radio := radioshop.asset_of_agency(it.agency_id, it.agency, undo_inventory_scan.code);
  SELECT i.expected, i.verdict INTO item FROM radioshop.inventory_item i
    WHERE i.agency_id = it.agency_id AND i.inventory_id = it.inventory_id AND i.asset_id = radio.asset_id FOR NO KEY UPDATE;
  IF item.verdict IN ('found', 'wrong_place', 'unexpected') AND item.expected THEN
    UPDATE radioshop.inventory_item i SET verdict = 'open', reason = '', code = '', scanned_place = '', place_then = '', scanned_by = '', scanned_at = NULL
      WHERE i.agency_id = it.agency_id AND i.inventory_id = it.inventory_id AND i.asset_id = radio.asset_id;
    RETURN radioshop.shown_inventory_item(it.agency_id, it.inventory_id, radio.asset_id);
  ELSIF item.verdict IN ('found', 'wrong_place', 'unexpected') THEN
    shown := radioshop.shown_inventory_item(it.agency_id, it.inventory_id, radio.asset_id);
    DELETE FROM radioshop.inventory_item i
      WHERE i.agency_id = it.agency_id AND i.inventory_id = it.inventory_id AND i.asset_id = radio.asset_id;
  ELSE
    shown := radioshop.shown_inventory_stray(it.agency_id, it.inventory_id, key);
    DELETE FROM radioshop.inventory_stray s WHERE s.agency_id = it.agency_id AND s.inventory_id = it.inventory_id AND s.code_key = key;
    IF NOT FOUND THEN
      shown.refusal := radioshop.refuse('FAILED_PRECONDITION', 'code', format('%s was not scanned in inventory %s', undo_inventory_scan.code, it.code));
      RETURN shown;
    END IF;
  END IF;
  -- It was not expected, so nothing of it is left.
  shown.verdict := NULL;
  shown.reason := 'no longer in this inventory';
  shown.scanned_location := '';
  shown.scanned_by := '';
  shown.scanned_at := NULL;
  RETURN shown;
END
$$;

-- Closes an inventory for good and corrects the register as asked, all or nothing. What somebody has changed in the register since a radio was
-- scanned is newer than the scan, and stays.
CREATE FUNCTION radioshop.close_inventory(number text, set_missing boolean, set_location boolean, note text) RETURNS radioshop.inventory_shown
LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
  shown radioshop.inventory_shown;
  it record;
  sums record;
  lost int := 0;
  moved int := 0;
BEGIN
  it := radioshop.inventory_to_change(close_inventory.number, true);
  IF it.refusal IS NOT NULL THEN
    shown.refusal := it.refusal;
    RETURN shown;
  END IF;
  -- First the locks, in the order in which all take them: what is judged below is then the newest.
  PERFORM 1 FROM radioshop.asset a JOIN radioshop.inventory_item i ON i.agency_id = a.agency_id AND i.asset_id = a.asset_id
    WHERE i.agency_id = it.agency_id AND i.inventory_id = it.inventory_id AND ((close_inventory.set_missing AND i.verdict = 'open')
      OR (close_inventory.set_location AND i.verdict IN ('found', 'wrong_place') AND i.scanned_place <> '' AND i.scanned_place <> i.place_then))
    ORDER BY a.asset_id FOR NO KEY UPDATE OF a;
  UPDATE radioshop.inventory_item i SET verdict = CASE WHEN w.away IS NULL THEN 'missing' ELSE 'accounted' END, reason = coalesce(w.away, '')
    FROM (SELECT x.asset_id, radioshop.inventory_away(x.place, a.status, a.location, l.borrower) AS away
      FROM radioshop.inventory_item x
        JOIN radioshop.asset a ON a.agency_id = x.agency_id AND a.asset_id = x.asset_id
        LEFT JOIN radioshop.loan l ON l.agency_id = x.agency_id AND l.asset_id = x.asset_id AND l.in_at IS NULL
      WHERE x.agency_id = it.agency_id AND x.inventory_id = it.inventory_id AND x.verdict = 'open') w
    WHERE i.agency_id = it.agency_id AND i.inventory_id = it.inventory_id AND i.asset_id = w.asset_id;
  SELECT sum(c.found)::int AS found, sum(c.wrong_place)::int AS wrong_place, sum(c.missing)::int AS missing, sum(c.accounted)::int AS accounted,
      sum(c.unexpected)::int AS unexpected INTO sums
    FROM radioshop.inventory_counts(it.agency_id, it.inventory_id) c;
  IF close_inventory.set_missing THEN
    UPDATE radioshop.asset a SET status = 'missing' FROM radioshop.inventory_item i
      WHERE i.agency_id = it.agency_id AND i.inventory_id = it.inventory_id AND i.verdict = 'missing'
        AND a.agency_id = i.agency_id AND a.asset_id = i.asset_id AND a.status IN ('in_service', 'spare');
    GET DIAGNOSTICS lost = ROW_COUNT;
  END IF;
  IF close_inventory.set_location THEN
    UPDATE radioshop.asset a SET location = i.scanned_place FROM radioshop.inventory_item i
      WHERE i.agency_id = it.agency_id AND i.inventory_id = it.inventory_id AND i.verdict IN ('found', 'wrong_place')
        AND i.scanned_place <> '' AND upper(i.scanned_place) <> upper(i.place_then)
        AND a.agency_id = i.agency_id AND a.asset_id = i.asset_id AND a.location = i.place_then;
    GET DIAGNOSTICS moved = ROW_COUNT;
  END IF;
  UPDATE radioshop.inventory i SET state = 'closed', closed_by = radioshop.caller(), closed_at = now(),
      close_note = btrim(coalesce(close_inventory.note, ''), E' \t\r\n'), found = sums.found, wrong_place = sums.wrong_place, missing = sums.missing,
      accounted = sums.accounted, unexpected = sums.unexpected, set_missing = lost, set_location = moved
    WHERE i.agency_id = it.agency_id AND i.inventory_id = it.inventory_id;
  RETURN radioshop.shown_inventory(it.agency_id, it.inventory_id);
END
$$;

UPDATE radioshop.schema_version SET version = 33;

COMMIT;
