-- Deploy radioshop:asset to pg
--
-- The register. Codes that people type or scan are kept as they were written; beside each is a key in capitals, ordered by
-- bytes, that carries the uniqueness and the indices: lower() and LIKE would lose theirs under row level security.

BEGIN;

CREATE TABLE radioshop.asset (
  agency_id int NOT NULL,
  asset_id uuid NOT NULL DEFAULT radioshop.uuid_v7(),
  tag text NOT NULL,
  tag_key text COLLATE "C" NOT NULL GENERATED ALWAYS AS (upper(tag)) STORED,
  serial text NOT NULL DEFAULT '',
  serial_key text COLLATE "C" GENERATED ALWAYS AS (nullif(upper(serial), '')) STORED,
  model_id uuid,
  class text NOT NULL,
  status text NOT NULL DEFAULT 'in_service',
  assigned_to text NOT NULL DEFAULT '',
  location text NOT NULL DEFAULT '',
  system text NOT NULL DEFAULT '',
  system_key text COLLATE "C" NOT NULL GENERATED ALWAYS AS (upper(system)) STORED,
  unit_id int,
  alias text NOT NULL DEFAULT '',
  alias_key text COLLATE "C" GENERATED ALWAYS AS (nullif(upper(alias), '')) STORED,
  firmware text NOT NULL DEFAULT '',
  codeplug text NOT NULL DEFAULT '',
  purchased_on date,
  warranty_until date,
  cost_cents bigint,
  quantity int NOT NULL DEFAULT 1,
  description text NOT NULL DEFAULT '',
  notes text NOT NULL DEFAULT '',
  revision bigint NOT NULL DEFAULT 1,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT asset_pkey PRIMARY KEY (agency_id, asset_id),
  CONSTRAINT asset_tag_unique UNIQUE (agency_id, tag_key),
  CONSTRAINT asset_serial_unique UNIQUE (agency_id, serial_key),
  CONSTRAINT asset_unit_id_unique UNIQUE (agency_id, unit_id, system_key),
  CONSTRAINT asset_agency_known FOREIGN KEY (agency_id) REFERENCES radioshop.agency,
  CONSTRAINT asset_agency_not_shop CHECK (agency_id > 0),
  CONSTRAINT asset_model_known FOREIGN KEY (model_id) REFERENCES radioshop.model,
  CONSTRAINT asset_tag_form CHECK (tag <> '' AND radioshop.is_line(tag, 64)),
  CONSTRAINT asset_serial_form CHECK (radioshop.is_line(serial, 64)),
  CONSTRAINT asset_class_known CHECK (radioshop.is_equipment_class(class)),
  CONSTRAINT asset_status_known
    CHECK (status IN ('in_service', 'spare', 'in_shop', 'at_depot', 'missing', 'retired', 'disposed')),
  CONSTRAINT asset_assigned_to_form CHECK (radioshop.is_line(assigned_to, 200)),
  CONSTRAINT asset_location_form CHECK (radioshop.is_line(location, 200)),
  CONSTRAINT asset_system_form CHECK (radioshop.is_line(system, 64)),
  CONSTRAINT asset_unit_id_range CHECK (unit_id BETWEEN 1 AND 16777211),
  CONSTRAINT asset_alias_form CHECK (radioshop.is_line(alias, 64)),
  CONSTRAINT asset_firmware_form CHECK (radioshop.is_line(firmware, 120)),
  CONSTRAINT asset_codeplug_form CHECK (radioshop.is_line(codeplug, 120)),
  CONSTRAINT asset_purchased_on_range CHECK (purchased_on BETWEEN '1950-01-01' AND '2199-12-31'),
  CONSTRAINT asset_warranty_until_range CHECK (warranty_until BETWEEN '1950-01-01' AND '2199-12-31'),
  CONSTRAINT asset_warranty_after_purchase CHECK (warranty_until >= purchased_on),
  CONSTRAINT asset_cost_cents_range CHECK (cost_cents BETWEEN 0 AND 100000000000000),
  CONSTRAINT asset_quantity_range CHECK (quantity BETWEEN 1 AND 1000000),
  CONSTRAINT asset_description_form CHECK (radioshop.is_line(description, 500)),
  CONSTRAINT asset_notes_form CHECK (radioshop.is_text(notes, 10000))
);
COMMENT ON CONSTRAINT asset_tag_unique ON radioshop.asset IS 'tag: another asset of this agency has this tag';
COMMENT ON CONSTRAINT asset_serial_unique ON radioshop.asset IS 'serial: another asset of this agency has this serial number';
COMMENT ON CONSTRAINT asset_unit_id_unique ON radioshop.asset IS 'unit_id: another asset of this agency has this unit ID on this system';
COMMENT ON CONSTRAINT asset_agency_known ON radioshop.asset IS 'agency: no agency has this code';
COMMENT ON CONSTRAINT asset_agency_not_shop ON radioshop.asset IS 'agency: an asset belongs to an agency, not to the shop itself';
COMMENT ON CONSTRAINT asset_model_known ON radioshop.asset IS 'model: no model of the catalogue has this number';
COMMENT ON CONSTRAINT asset_tag_form ON radioshop.asset IS 'tag: a tag is needed, one line of at most 64 characters';
COMMENT ON CONSTRAINT asset_serial_form ON radioshop.asset IS 'serial: a serial number is one line of at most 64 characters';
COMMENT ON CONSTRAINT asset_class_known ON radioshop.asset IS
  'class: a class is portable, mobile, control_station, base, console, pager, battery, charger, test_equipment or other';
COMMENT ON CONSTRAINT asset_status_known ON radioshop.asset IS
  'status: a status is in_service, spare, in_shop, at_depot, missing, retired or disposed';
COMMENT ON CONSTRAINT asset_assigned_to_form ON radioshop.asset IS 'assigned_to: a holder is one line of at most 200 characters';
COMMENT ON CONSTRAINT asset_location_form ON radioshop.asset IS 'location: a location is one line of at most 200 characters';
COMMENT ON CONSTRAINT asset_system_form ON radioshop.asset IS 'system: a radio system is one line of at most 64 characters';
COMMENT ON CONSTRAINT asset_unit_id_range ON radioshop.asset IS 'unit_id: a unit ID lies between 1 and 16777211';
COMMENT ON CONSTRAINT asset_alias_form ON radioshop.asset IS 'alias: an alias is one line of at most 64 characters';
COMMENT ON CONSTRAINT asset_firmware_form ON radioshop.asset IS 'firmware: a firmware version is one line of at most 120 characters';
COMMENT ON CONSTRAINT asset_codeplug_form ON radioshop.asset IS 'codeplug: a codeplug name is one line of at most 120 characters';
COMMENT ON CONSTRAINT asset_purchased_on_range ON radioshop.asset IS
  'purchased_on: the day must lie between 1950-01-01 and 2199-12-31';
COMMENT ON CONSTRAINT asset_warranty_until_range ON radioshop.asset IS
  'warranty_until: the day must lie between 1950-01-01 and 2199-12-31';
COMMENT ON CONSTRAINT asset_warranty_after_purchase ON radioshop.asset IS
  'warranty_until: the warranty cannot end before the day of purchase';
COMMENT ON CONSTRAINT asset_cost_cents_range ON radioshop.asset IS
  'cost_cents: a price is not negative and at most 1,000,000,000,000 dollars';
COMMENT ON CONSTRAINT asset_quantity_range ON radioshop.asset IS 'quantity: a quantity lies between 1 and 1000000';
COMMENT ON CONSTRAINT asset_description_form ON radioshop.asset IS 'description: a description is one line of at most 500 characters';
COMMENT ON CONSTRAINT asset_notes_form ON radioshop.asset IS 'notes: notes have at most 10000 characters, and no control characters';
-- Lists are walked in order of tag within an agency: one index for each filter that can be rare.
CREATE INDEX asset_by_model ON radioshop.asset (agency_id, model_id, tag_key);
CREATE INDEX asset_by_class ON radioshop.asset (agency_id, class, tag_key);
CREATE INDEX asset_by_status ON radioshop.asset (agency_id, status, tag_key);
CREATE INDEX asset_by_alias ON radioshop.asset (agency_id, alias_key) WHERE alias_key IS NOT NULL;
-- A whole code is found without the agency first: one descent for a caller of 300 agencies. And while nobody has analysed the table
-- yet, all indices that begin with the agency look alike to the planner, and a first import would read all rows for every row.
CREATE INDEX asset_by_id ON radioshop.asset (asset_id);
CREATE INDEX asset_by_tag ON radioshop.asset (tag_key);
CREATE INDEX asset_by_serial ON radioshop.asset (serial_key) WHERE serial_key IS NOT NULL;
CREATE INDEX asset_by_unit_id ON radioshop.asset (unit_id) WHERE unit_id IS NOT NULL;

CREATE TRIGGER touch BEFORE UPDATE ON radioshop.asset FOR EACH ROW EXECUTE FUNCTION radioshop.touch();
CREATE TRIGGER record_event AFTER INSERT OR UPDATE OR DELETE ON radioshop.asset
  FOR EACH ROW EXECUTE FUNCTION radioshop.record_event('asset', 'asset_id', 'tag_key', 'serial_key', 'system_key', 'alias_key');

ALTER TABLE radioshop.asset ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY asset_of_agency ON radioshop.asset
  USING (agency_id = ANY ((SELECT nullif(current_setting('radioshop.agencies', true), '')::int[])::int[]));

GRANT SELECT, INSERT, UPDATE (tag, serial, model_id, class, status, assigned_to, location, system, unit_id, alias, firmware,
  codeplug, purchased_on, warranty_until, cost_cents, quantity, description, notes) ON radioshop.asset TO radioshop_app;

-- Any code a person can scan or read, to the assets that carry it: no row means not found, several mean ambiguous.
-- Tried in this order, and the first kind that matches ends the search: UUID, AGENCY:code, tag, serial, unit ID, alias.
CREATE FUNCTION radioshop.find_assets(code text) RETURNS TABLE (agency_id int, asset_id uuid) LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_column
DECLARE
  scope int[] := radioshop.agencies();
  key text := upper(btrim(find_assets.code));
  place int;
BEGIN
  IF key ~ '^[0-9A-F]{8}(-[0-9A-F]{4}){3}-[0-9A-F]{12}$' THEN
    RETURN QUERY SELECT a.agency_id, a.asset_id FROM radioshop.asset a WHERE a.agency_id = ANY (scope) AND a.asset_id = key::uuid;
    IF FOUND THEN RETURN; END IF;
  END IF;
  IF key ~ '^[A-Z0-9]{2,8}:.' THEN
    SELECT g.agency_id INTO place FROM radioshop.agency g WHERE g.code = split_part(key, ':', 1) AND g.agency_id = ANY (scope);
    IF place IS NOT NULL THEN
      RETURN QUERY SELECT f.agency_id, f.asset_id
        FROM radioshop.find_assets_within(ARRAY[place], btrim(substr(key, position(':' IN key) + 1))) f;
      IF FOUND THEN RETURN; END IF;
    END IF;
  END IF;
  RETURN QUERY SELECT f.agency_id, f.asset_id FROM radioshop.find_assets_within(scope, key) f;
END
$$;

-- The part of find_assets() after the agencies are known; key is in capitals.
CREATE FUNCTION radioshop.find_assets_within(scope int[], key text) RETURNS TABLE (agency_id int, asset_id uuid)
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
END
$$;

-- The keys of at most `most` assets in order of agency and tag, behind `after` (code of the agency, tag key). It goes through the
-- agencies one by one and stops when it has enough: a join would read `most` rows of every agency and sort them all.
-- The filter that is likeliest to be rare picks the index; the others are checked row by row.
CREATE FUNCTION radioshop.walk_assets(agency text, status text, class text, model text, after text[], most int)
RETURNS TABLE (code text, agency_id int, asset_id uuid, tag_key text) LANGUAGE plpgsql STABLE ROWS 50 AS $$
#variable_conflict use_column
DECLARE
  place record;
  wanted uuid;
  behind text;
  n int;
BEGIN
  IF walk_assets.model <> '' THEN
    SELECT m.model_id INTO wanted FROM radioshop.model m WHERE m.number_key = upper(btrim(walk_assets.model));
    IF NOT FOUND THEN RETURN; END IF;
  END IF;
  FOR place IN
    SELECT g.agency_id, g.code FROM radioshop.agency g
      WHERE g.agency_id = ANY (radioshop.agencies()) AND (walk_assets.agency = '' OR g.code = upper(btrim(walk_assets.agency)))
        AND g.code >= coalesce(walk_assets.after[1], '')
      ORDER BY g.code
  LOOP
    behind := CASE WHEN place.code = walk_assets.after[1] THEN walk_assets.after[2] ELSE '' END;
    IF wanted IS NOT NULL THEN
      RETURN QUERY SELECT place.code, a.agency_id, a.asset_id, a.tag_key FROM radioshop.asset a
        WHERE a.agency_id = place.agency_id AND a.model_id = wanted AND a.tag_key > behind
          AND (walk_assets.status IS NULL OR a.status = walk_assets.status) AND (walk_assets.class IS NULL OR a.class = walk_assets.class)
        ORDER BY a.tag_key LIMIT most;
    ELSIF walk_assets.status IS NOT NULL THEN
      RETURN QUERY SELECT place.code, a.agency_id, a.asset_id, a.tag_key FROM radioshop.asset a
        WHERE a.agency_id = place.agency_id AND a.status = walk_assets.status AND a.tag_key > behind
          AND (walk_assets.class IS NULL OR a.class = walk_assets.class)
        ORDER BY a.tag_key LIMIT most;
    ELSIF walk_assets.class IS NOT NULL THEN
      RETURN QUERY SELECT place.code, a.agency_id, a.asset_id, a.tag_key FROM radioshop.asset a
        WHERE a.agency_id = place.agency_id AND a.class = walk_assets.class AND a.tag_key > behind ORDER BY a.tag_key LIMIT most;
    ELSE
      RETURN QUERY SELECT place.code, a.agency_id, a.asset_id, a.tag_key FROM radioshop.asset a
        WHERE a.agency_id = place.agency_id AND a.tag_key > behind ORDER BY a.tag_key LIMIT most;
    END IF;
    GET DIAGNOSTICS n = ROW_COUNT;
    most := most - n;
    EXIT WHEN most <= 0;
  END LOOP;
END
$$;

-- The refusal when another asset of the agency (not `self`) holds the tag, the serial number or the unit ID; NULL when none does.
-- The constraints say the same of two writers at once, but cannot name the holder.
CREATE FUNCTION radioshop.refuse_held(agency int, self uuid, tag text, serial text, system text, unit_id int) RETURNS text
LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_column
DECLARE
  holder text;
BEGIN
  SELECT a.tag INTO holder FROM radioshop.asset a WHERE a.agency_id = refuse_held.agency
    AND a.tag_key = upper(refuse_held.tag) AND a.asset_id IS DISTINCT FROM refuse_held.self;
  IF FOUND THEN
    RETURN radioshop.refuse('ALREADY_EXISTS', 'tag', format('the agency has an asset with the tag %s already', holder));
  END IF;
  SELECT a.tag INTO holder FROM radioshop.asset a WHERE a.agency_id = refuse_held.agency
    AND a.serial_key = upper(refuse_held.serial) AND a.asset_id IS DISTINCT FROM refuse_held.self;
  IF FOUND THEN
    RETURN radioshop.refuse('ALREADY_EXISTS', 'serial', format('asset %s has this serial number', holder));
  END IF;
  SELECT a.tag INTO holder FROM radioshop.asset a WHERE a.agency_id = refuse_held.agency AND a.unit_id = refuse_held.unit_id
    AND a.system_key = upper(refuse_held.system) AND a.asset_id IS DISTINCT FROM refuse_held.self;
  IF FOUND THEN
    RETURN radioshop.refuse('ALREADY_EXISTS', 'unit_id', format('asset %s has this unit ID on this system', holder));
  END IF;
  RETURN NULL;
END
$$;

COMMIT;
