-- Deploy radioshop:radio_system to pg
--
-- The radio systems of the shop's catalogue, and which unit IDs are issued on them. What people type as an asset's system stays what they
-- typed. Where it names a system of the catalogue, a unit ID is one radio's over all agencies, as it is on the air; where it does not, it
-- is one radio's within its agency. A radio that is missing keeps the unit IDs it had, whatever its record says later.

BEGIN;

-- ---------------------------------------------------------------------------------------------------------------------
-- The catalogue. It is the shop's: every caller reads it, only the shop's administrators change it.

-- A number as people write it in hexadecimal, BEE00, 0xBEE00 or $BEE00; NULL when it is none or has more digits than that.
CREATE FUNCTION radioshop.read_hex(value text, digits int) RETURNS int LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
DECLARE
  part constant text[] := regexp_match(btrim(value), '^(?:0[xX]|\$)?([0-9a-fA-F]{1,7})$');
BEGIN
  IF part IS NULL OR length(part[1]) > digits THEN
    RETURN NULL;
  END IF;
  RETURN ('x' || lpad(part[1], 8, '0'))::bit(32)::int;
END
$$;

CREATE FUNCTION radioshop.show_hex(value int, digits int) RETURNS text LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
BEGIN
  RETURN coalesce(lpad(upper(to_hex(value)), digits, '0'), '');
END
$$;

CREATE TABLE radioshop.radio_system (
  system_id uuid NOT NULL DEFAULT radioshop.uuid_v7(),
  name text NOT NULL,
  name_key text COLLATE "C" NOT NULL GENERATED ALWAYS AS (upper(name)) STORED,
  wacn int,
  number int,
  notes text NOT NULL DEFAULT '',
  revision bigint NOT NULL DEFAULT 1,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT radio_system_pkey PRIMARY KEY (system_id),
  CONSTRAINT radio_system_name_unique UNIQUE (name_key),
  CONSTRAINT radio_system_pair_unique UNIQUE (wacn, number),
  CONSTRAINT radio_system_name_form CHECK (name <> '' AND radioshop.is_line(name, 64)),
  CONSTRAINT radio_system_wacn_range CHECK (wacn BETWEEN 1 AND 1048574),
  CONSTRAINT radio_system_number_range CHECK (number BETWEEN 1 AND 4094),
  CONSTRAINT radio_system_pair_whole CHECK ((wacn IS NULL) = (number IS NULL)),
  CONSTRAINT radio_system_notes_form CHECK (radioshop.is_text(notes, 10000))
);
COMMENT ON COLUMN radioshop.radio_system.number IS 'its System ID; a system that is not P25 has neither WACN nor System ID';
COMMENT ON CONSTRAINT radio_system_name_unique ON radioshop.radio_system IS 'name: the catalogue has a system with this name';
COMMENT ON CONSTRAINT radio_system_pair_unique ON radioshop.radio_system IS
  'system_id: another system of the catalogue has this WACN and System ID';
COMMENT ON CONSTRAINT radio_system_name_form ON radioshop.radio_system IS 'name: a name is needed, one line of at most 64 characters';
COMMENT ON CONSTRAINT radio_system_wacn_range ON radioshop.radio_system IS
  'wacn: a WACN has five hexadecimal digits, 00001 to FFFFE, such as BEE00';
COMMENT ON CONSTRAINT radio_system_number_range ON radioshop.radio_system IS
  'system_id: a System ID has three hexadecimal digits, 001 to FFE, such as 1A4';
COMMENT ON CONSTRAINT radio_system_pair_whole ON radioshop.radio_system IS
  'system_id: give WACN and System ID both, or neither for a system that is not P25';
COMMENT ON CONSTRAINT radio_system_notes_form ON radioshop.radio_system IS
  'notes: notes have at most 10000 characters, and no control characters';

CREATE TRIGGER touch BEFORE UPDATE ON radioshop.radio_system FOR EACH ROW EXECUTE FUNCTION radioshop.touch();
CREATE TRIGGER record_event AFTER INSERT OR UPDATE OR DELETE ON radioshop.radio_system
  FOR EACH ROW EXECUTE FUNCTION radioshop.record_event('radio_system', 'name', 'name_key');

ALTER TABLE radioshop.radio_system ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY radio_system_read ON radioshop.radio_system FOR SELECT USING (true);
CREATE POLICY radio_system_add ON radioshop.radio_system FOR INSERT WITH CHECK ((SELECT radioshop.is_shop()));
CREATE POLICY radio_system_change ON radioshop.radio_system FOR UPDATE USING ((SELECT radioshop.is_shop()));

GRANT SELECT, INSERT, UPDATE (name, wacn, number, notes) ON radioshop.radio_system TO radioshop_app;

-- ---------------------------------------------------------------------------------------------------------------------
-- Unit IDs, and the radio each is issued to: written by triggers of the register, so that whatever statement writes there is held to it

CREATE TABLE radioshop.issued_unit_id (
  agency_id int NOT NULL,
  asset_id uuid NOT NULL,
  system_key text COLLATE "C" NOT NULL,
  unit_id int NOT NULL,
  scope int NOT NULL,
  withheld boolean NOT NULL DEFAULT false,
  CONSTRAINT issued_unit_id_pkey PRIMARY KEY (agency_id, asset_id, system_key, unit_id),
  -- The one key that does not begin with the agency: it is the point of it that two agencies cannot hold the same.
  CONSTRAINT issued_unit_id_unique UNIQUE (system_key, unit_id, scope),
  CONSTRAINT issued_unit_id_scope_known CHECK (scope IN (0, agency_id)),
  CONSTRAINT issued_unit_id_asset_known FOREIGN KEY (agency_id, asset_id) REFERENCES radioshop.asset (agency_id, asset_id) ON DELETE CASCADE
);
COMMENT ON COLUMN radioshop.issued_unit_id.scope IS '0: over all agencies, since the catalogue has the system; else the agency';
COMMENT ON COLUMN radioshop.issued_unit_id.withheld IS 'the asset had it when it went missing, and keeps it until it is found';
COMMENT ON CONSTRAINT issued_unit_id_unique ON radioshop.issued_unit_id IS 'unit_id: this unit ID is taken on this system';
COMMENT ON CONSTRAINT issued_unit_id_scope_known ON radioshop.issued_unit_id IS 'unit_id: a unit ID is issued in its agency, or over all';
COMMENT ON CONSTRAINT issued_unit_id_asset_known ON radioshop.issued_unit_id IS 'asset: no such asset';

ALTER TABLE radioshop.issued_unit_id ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY issued_unit_id_of_agency ON radioshop.issued_unit_id
  USING (agency_id = ANY ((SELECT nullif(current_setting('radioshop.agencies', true), '')::int[])::int[]));

GRANT SELECT, INSERT, UPDATE (scope, withheld), DELETE ON radioshop.issued_unit_id TO radioshop_app;

-- Whoever issues a unit ID holds the catalogue as it is until the end of the transaction; whoever changes it waits for them, and then
-- sees what they have issued.
CREATE FUNCTION radioshop.hold_systems() RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_advisory_xact_lock_shared(hashtextextended('radioshop.radio_system', 0));
END
$$;
CREATE FUNCTION radioshop.hold_systems_alone() RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_advisory_xact_lock(hashtextextended('radioshop.radio_system', 0));
END
$$;

-- Over which agencies a unit ID is one radio's: 0 for all, on a system of the catalogue, else the agency itself.
CREATE FUNCTION radioshop.unit_id_scope(agency int, system_key text) RETURNS int LANGUAGE plpgsql AS $$
BEGIN
  RETURN CASE WHEN EXISTS (SELECT FROM radioshop.radio_system s WHERE s.name_key = unit_id_scope.system_key) THEN 0 ELSE agency END;
END
$$;

CREATE FUNCTION radioshop.issue_unit_ids() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NOT EXISTS (SELECT FROM added a WHERE a.unit_id IS NOT NULL) THEN
    RETURN NULL;
  END IF;
  PERFORM radioshop.hold_systems();
  INSERT INTO radioshop.issued_unit_id (agency_id, asset_id, system_key, unit_id, scope, withheld)
    SELECT a.agency_id, a.asset_id, a.system_key, a.unit_id, CASE WHEN s.system_id IS NULL THEN a.agency_id ELSE 0 END, a.status = 'missing'
    FROM added a LEFT JOIN radioshop.radio_system s ON s.name_key = a.system_key
    WHERE a.unit_id IS NOT NULL;
  RETURN NULL;
END
$$;

-- What a missing radio has is withheld for it. What it had stays so when it is written off, retired or disposed of while it is missing:
-- it may still be on the air. Any other status says that it was found, and sets free what its record no longer names.
CREATE FUNCTION radioshop.reissue_unit_id() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM radioshop.hold_systems();
  IF NEW.status = 'missing' THEN
    UPDATE radioshop.issued_unit_id i SET withheld = true WHERE i.agency_id = NEW.agency_id AND i.asset_id = NEW.asset_id AND NOT i.withheld;
  ELSIF NEW.status NOT IN ('retired', 'disposed') THEN
    UPDATE radioshop.issued_unit_id i SET withheld = false WHERE i.agency_id = NEW.agency_id AND i.asset_id = NEW.asset_id AND i.withheld;
  END IF;
  DELETE FROM radioshop.issued_unit_id i WHERE i.agency_id = NEW.agency_id AND i.asset_id = NEW.asset_id AND NOT i.withheld
    AND (i.system_key, i.unit_id) IS DISTINCT FROM (NEW.system_key, NEW.unit_id);
  IF NEW.unit_id IS NOT NULL THEN
    INSERT INTO radioshop.issued_unit_id (agency_id, asset_id, system_key, unit_id, scope, withheld)
      VALUES (NEW.agency_id, NEW.asset_id, NEW.system_key, NEW.unit_id, radioshop.unit_id_scope(NEW.agency_id, NEW.system_key),
        NEW.status = 'missing')
      ON CONFLICT ON CONSTRAINT issued_unit_id_pkey DO NOTHING;
  END IF;
  RETURN NULL;
END
$$;

-- Set by set for what is added, since an import adds many at once; row by row, and seldom, for what changes.
CREATE TRIGGER issue_unit_ids AFTER INSERT ON radioshop.asset REFERENCING NEW TABLE AS added
  FOR EACH STATEMENT EXECUTE FUNCTION radioshop.issue_unit_ids();
CREATE TRIGGER reissue_unit_id AFTER UPDATE ON radioshop.asset FOR EACH ROW
  WHEN (OLD.unit_id IS DISTINCT FROM NEW.unit_id OR OLD.system_key <> NEW.system_key
    OR OLD.status <> NEW.status AND (NEW.status = 'missing' OR OLD.status IN ('missing', 'retired', 'disposed')))
  EXECUTE FUNCTION radioshop.reissue_unit_id();

-- For the rows that are there: as the owner of the schema, who sees what the settings say. The key within the agency goes, since the
-- table keeps it.
DO $$
BEGIN
  PERFORM set_config('radioshop.agencies', '{0}', true);
  PERFORM set_config('radioshop.agencies', (SELECT array_agg(g.agency_id)::text FROM radioshop.agency g), true);
END
$$;
INSERT INTO radioshop.issued_unit_id (agency_id, asset_id, system_key, unit_id, scope, withheld)
  SELECT a.agency_id, a.asset_id, a.system_key, a.unit_id, a.agency_id, a.status = 'missing' FROM radioshop.asset a WHERE a.unit_id IS NOT NULL;
ALTER TABLE radioshop.asset DROP CONSTRAINT asset_unit_id_unique;

-- The refusal when a unit ID cannot be issued to `self`, an asset of the agency or NULL for one that is to be added; NULL when it can, or
-- is its own already. A holder that the caller may not see is found by the key alone, which does not say whose it is.
CREATE FUNCTION radioshop.refuse_unit_id(agency int, self uuid, system text, unit_id int) RETURNS text LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_column
DECLARE
  key constant text := upper(coalesce(refuse_unit_id.system, ''));
  place int;
  holder uuid;
BEGIN
  SELECT i.agency_id, i.asset_id INTO place, holder FROM radioshop.issued_unit_id i
    WHERE i.system_key = key AND i.unit_id = refuse_unit_id.unit_id AND i.scope IN (0, refuse_unit_id.agency);
  IF NOT FOUND OR holder = refuse_unit_id.self THEN
    RETURN NULL;
  END IF;
  RETURN (SELECT radioshop.refuse('ALREADY_EXISTS', 'unit_id',
      format(CASE WHEN a.unit_id = refuse_unit_id.unit_id AND a.system_key = key THEN 'asset %s has this unit ID on this system'
          ELSE 'asset %s had this unit ID when it went missing; it is not issued again before that asset is found' END,
        CASE WHEN place = refuse_unit_id.agency THEN a.tag ELSE g.code || ':' || a.tag END))
    FROM radioshop.asset a JOIN radioshop.agency g ON g.agency_id = a.agency_id WHERE a.agency_id = place AND a.asset_id = holder);
END
$$;

-- As before, but for the unit ID.
CREATE OR REPLACE FUNCTION radioshop.refuse_held(agency int, self uuid, tag text, serial text, system text, unit_id int) RETURNS text
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
  RETURN radioshop.refuse_unit_id(refuse_held.agency, refuse_held.self, refuse_held.system, refuse_held.unit_id);
END
$$;

-- ---------------------------------------------------------------------------------------------------------------------
-- Methods

CREATE TYPE radioshop.radio_system_shown AS (
  refusal text, id uuid, name text, wacn text, system_id text, notes text, revision bigint
);

CREATE FUNCTION radioshop.shown_radio_system(system uuid) RETURNS radioshop.radio_system_shown LANGUAGE plpgsql AS $$
DECLARE
  shown radioshop.radio_system_shown;
BEGIN
  SELECT NULL, s.system_id, s.name, radioshop.show_hex(s.wacn, 5), radioshop.show_hex(s.number, 3), s.notes, s.revision INTO shown
    FROM radioshop.radio_system s WHERE s.system_id = shown_radio_system.system;
  RETURN shown;
END
$$;

-- The refusal of a WACN and a System ID that are no such numbers, or another system's than `self`; NULL when they are all right.
CREATE FUNCTION radioshop.refuse_system_pair(self uuid, wacn text, number text) RETURNS text LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
  first constant int := radioshop.read_hex(refuse_system_pair.wacn, 5);
  second constant int := radioshop.read_hex(refuse_system_pair.number, 3);
BEGIN
  IF refuse_system_pair.wacn <> '' AND coalesce(first NOT BETWEEN 1 AND 1048574, true) THEN
    RETURN radioshop.refuse('INVALID_ARGUMENT', 'wacn', 'a WACN has five hexadecimal digits, 00001 to FFFFE, such as BEE00');
  ELSIF refuse_system_pair.number <> '' AND coalesce(second NOT BETWEEN 1 AND 4094, true) THEN
    RETURN radioshop.refuse('INVALID_ARGUMENT', 'system_id', 'a System ID has three hexadecimal digits, 001 to FFE, such as 1A4');
  ELSIF (first IS NULL) <> (second IS NULL) THEN
    RETURN radioshop.refuse('INVALID_ARGUMENT', CASE WHEN first IS NULL THEN 'wacn' ELSE 'system_id' END,
      'give WACN and System ID both, or neither for a system that is not P25');
  END IF;
  RETURN (SELECT radioshop.refuse('ALREADY_EXISTS', 'system_id', format('%s has this WACN and System ID', s.name))
    FROM radioshop.radio_system s WHERE s.wacn = first AND s.number = second AND s.system_id IS DISTINCT FROM self);
END
$$;

-- The refusal of a name: another system's than `self`, or one under which a unit ID is more than one agency's; NULL when it is all right.
CREATE FUNCTION radioshop.refuse_system_name(self uuid, name text) RETURNS text LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
  twice record;
BEGIN
  IF EXISTS (SELECT FROM radioshop.radio_system s WHERE s.name_key = upper(refuse_system_name.name) AND s.system_id IS DISTINCT FROM self) THEN
    RETURN radioshop.refuse('ALREADY_EXISTS', 'name', format('the catalogue has system %s already', refuse_system_name.name));
  END IF;
  SELECT count(*) AS n, min(d.unit_id) AS first INTO twice FROM (
    SELECT i.unit_id FROM radioshop.issued_unit_id i WHERE i.system_key = upper(refuse_system_name.name)
    GROUP BY i.unit_id HAVING count(*) > 1) d;
  IF twice.n = 0 THEN
    RETURN NULL;
  END IF;
  RETURN radioshop.refuse('FAILED_PRECONDITION', 'name',
    format('%s %s of assets in more than one agency on %s, such as %s of %s; give those assets others first', twice.n,
      CASE twice.n WHEN 1 THEN 'unit ID is that' ELSE 'unit IDs are those' END, refuse_system_name.name, twice.first,
      (SELECT string_agg(g.code || ':' || a.tag, ' and ' ORDER BY g.code) FROM radioshop.issued_unit_id i
        JOIN radioshop.asset a ON a.agency_id = i.agency_id AND a.asset_id = i.asset_id JOIN radioshop.agency g ON g.agency_id = i.agency_id
        WHERE i.system_key = upper(refuse_system_name.name) AND i.unit_id = twice.first)));
END
$$;

CREATE FUNCTION radioshop.create_radio_system(name text, wacn text, number text, notes text) RETURNS radioshop.radio_system_shown
LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
  shown radioshop.radio_system_shown;
  wanted constant text := btrim(coalesce(create_radio_system.name, ''));
  wanted_wacn constant text := btrim(coalesce(create_radio_system.wacn, ''));
  wanted_number constant text := btrim(coalesce(create_radio_system.number, ''));
  made uuid;
BEGIN
  IF NOT radioshop.is_shop() THEN
    shown.refusal := radioshop.refuse('PERMISSION_DENIED', '', 'only an administrator of the shop changes the catalogue of systems');
  ELSIF wanted = '' THEN
    shown.refusal := radioshop.refuse('INVALID_ARGUMENT', 'name', 'give the name that people write on assets, such as MARRS');
  ELSE
    PERFORM radioshop.hold_systems_alone();
    shown.refusal := coalesce(radioshop.refuse_system_pair(NULL, wanted_wacn, wanted_number), radioshop.refuse_system_name(NULL, wanted));
  END IF;
  IF shown.refusal IS NOT NULL THEN
    RETURN shown;
  END IF;
  INSERT INTO radioshop.radio_system (name, wacn, number, notes)
    VALUES (wanted, radioshop.read_hex(wanted_wacn, 5), radioshop.read_hex(wanted_number, 3), btrim(coalesce(create_radio_system.notes, ''), E' \t\r\n'))
    RETURNING system_id INTO made;
  UPDATE radioshop.issued_unit_id i SET scope = 0 WHERE i.system_key = upper(wanted) AND i.scope <> 0;
  RETURN radioshop.shown_radio_system(made);
END
$$;

-- A name under which unit IDs are issued stays, since the assets would go on saying the old one, and nobody would look after them.
CREATE FUNCTION radioshop.update_radio_system(system uuid, revision bigint, paths text[], name text, wacn text, number text, notes text)
RETURNS radioshop.radio_system_shown LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
  shown radioshop.radio_system_shown;
  was radioshop.radio_system%ROWTYPE;
  wanted text;
  wanted_wacn text;
  wanted_number text;
  issued bigint;
BEGIN
  IF NOT radioshop.is_shop() THEN
    shown.refusal := radioshop.refuse('PERMISSION_DENIED', '', 'only an administrator of the shop changes the catalogue of systems');
    RETURN shown;
  END IF;
  PERFORM radioshop.hold_systems_alone();
  SELECT s.* INTO was FROM radioshop.radio_system s WHERE s.system_id = update_radio_system.system FOR NO KEY UPDATE;
  wanted := CASE WHEN 'name' = ANY (paths) THEN btrim(coalesce(update_radio_system.name, '')) ELSE was.name END;
  wanted_wacn := CASE WHEN 'wacn' = ANY (paths) THEN btrim(coalesce(update_radio_system.wacn, '')) ELSE radioshop.show_hex(was.wacn, 5) END;
  wanted_number := CASE WHEN 'system_id' = ANY (paths) THEN btrim(coalesce(update_radio_system.number, '')) ELSE radioshop.show_hex(was.number, 3) END;
  IF upper(wanted) <> was.name_key THEN
    SELECT count(*) INTO issued FROM radioshop.issued_unit_id i WHERE i.system_key = was.name_key;
  END IF;
  shown.refusal := coalesce(radioshop.refuse_update(paths, '{name,wacn,system_id,notes}', update_radio_system.revision, was.revision,
      coalesce('system ' || was.name, 'such system')),
    CASE WHEN wanted = '' THEN radioshop.refuse('INVALID_ARGUMENT', 'name', 'give the name that people write on assets, such as MARRS')
      WHEN issued > 0 THEN radioshop.refuse('FAILED_PRECONDITION', 'name',
        format('unit IDs are issued on %s by this name, to %s assets; the name can change while there are none', was.name, issued)) END,
    radioshop.refuse_system_pair(was.system_id, wanted_wacn, wanted_number), radioshop.refuse_system_name(was.system_id, wanted));
  IF shown.refusal IS NOT NULL THEN
    RETURN shown;
  END IF;
  UPDATE radioshop.radio_system s SET name = wanted, wacn = radioshop.read_hex(wanted_wacn, 5), number = radioshop.read_hex(wanted_number, 3),
      notes = CASE WHEN 'notes' = ANY (paths) THEN btrim(coalesce(update_radio_system.notes, ''), E' \t\r\n') ELSE s.notes END
    WHERE s.system_id = was.system_id;
  UPDATE radioshop.issued_unit_id i SET scope = 0 WHERE i.system_key = upper(wanted) AND i.scope <> 0;
  RETURN radioshop.shown_radio_system(was.system_id);
END
$$;

UPDATE radioshop.schema_version SET version = 32;

COMMIT;
