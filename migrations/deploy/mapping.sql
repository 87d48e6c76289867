-- Deploy radioshop:mapping to pg
--
-- How tables of other programs are read at an import, kept under a name: an agency's own, or the shop's (agency 0) for everybody. What the
-- lines mean is the client's; here they are text.

BEGIN;

CREATE TABLE radioshop.mapping (
  agency_id int NOT NULL,
  name text COLLATE "C" NOT NULL,
  name_key text COLLATE "C" NOT NULL GENERATED ALWAYS AS (upper(name)) STORED,
  text text NOT NULL,
  note text NOT NULL DEFAULT '',
  saved_by text NOT NULL DEFAULT radioshop.caller(),
  revision bigint NOT NULL DEFAULT 1,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT mapping_pkey PRIMARY KEY (agency_id, name_key),
  CONSTRAINT mapping_agency_known FOREIGN KEY (agency_id) REFERENCES radioshop.agency,
  CONSTRAINT mapping_name_form CHECK (name ~ '^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$'),
  CONSTRAINT mapping_text_form CHECK (text <> '' AND radioshop.is_text(text, 20000)),
  CONSTRAINT mapping_note_form CHECK (radioshop.is_line(note, 200))
);
COMMENT ON CONSTRAINT mapping_pkey ON radioshop.mapping IS 'mapping.name: a mapping with this name was saved at the same moment; look at it first';
COMMENT ON CONSTRAINT mapping_agency_known ON radioshop.mapping IS 'mapping.agency: no agency has this code';
COMMENT ON CONSTRAINT mapping_name_form ON radioshop.mapping IS
  'mapping.name: a name is 1 to 63 letters, digits, dots, hyphens or underscores, such as snipe-it, and begins with a letter or digit';
COMMENT ON CONSTRAINT mapping_text_form ON radioshop.mapping IS
  'mapping.text: give the lines of the mapping, at most 20000 characters of text';
COMMENT ON CONSTRAINT mapping_note_form ON radioshop.mapping IS 'mapping.note: a note is one line of at most 200 characters';

CREATE TRIGGER touch BEFORE UPDATE ON radioshop.mapping FOR EACH ROW EXECUTE FUNCTION radioshop.touch();
CREATE TRIGGER record_event AFTER INSERT OR UPDATE OR DELETE ON radioshop.mapping
  FOR EACH ROW EXECUTE FUNCTION radioshop.record_event('mapping', 'name_key');

-- What is the shop's is read by everybody, and written by whoever acts for the shop.
ALTER TABLE radioshop.mapping ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY mapping_read ON radioshop.mapping FOR SELECT
  USING (agency_id = 0 OR agency_id = ANY ((SELECT nullif(current_setting('radioshop.agencies', true), '')::int[])::int[]));
CREATE POLICY mapping_add ON radioshop.mapping FOR INSERT
  WITH CHECK (agency_id = ANY ((SELECT nullif(current_setting('radioshop.agencies', true), '')::int[])::int[]));
CREATE POLICY mapping_change ON radioshop.mapping FOR UPDATE
  USING (agency_id = ANY ((SELECT nullif(current_setting('radioshop.agencies', true), '')::int[])::int[]));
CREATE POLICY mapping_remove ON radioshop.mapping FOR DELETE
  USING (agency_id = ANY ((SELECT nullif(current_setting('radioshop.agencies', true), '')::int[])::int[]));
GRANT SELECT, INSERT, UPDATE (text, note, saved_by), DELETE ON radioshop.mapping TO radioshop_app;

CREATE TYPE radioshop.mapping_shown AS (
  refusal text, agency text, name text, text text, note text, saved_by text, saved_at timestamptz, revision bigint
);

CREATE FUNCTION radioshop.shown_mapping(place int, key text) RETURNS radioshop.mapping_shown LANGUAGE plpgsql STABLE AS $$
DECLARE
  shown radioshop.mapping_shown;
BEGIN
  SELECT NULL, CASE WHEN place = 0 THEN 'SHOP' ELSE (SELECT g.code FROM radioshop.agency g WHERE g.agency_id = place) END,
      m.name, m.text, m.note, m.saved_by, m.updated_at, m.revision INTO shown
    FROM radioshop.mapping m WHERE m.agency_id = place AND m.name_key = key;
  RETURN shown;
END
$$;

-- The agency of a code, 0 for SHOP; NULL when the caller has none. To write, the shop's is for those who act for it.
CREATE FUNCTION radioshop.mapping_place(code text, writes boolean) RETURNS int LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_column
BEGIN
  IF upper(btrim(mapping_place.code)) = 'SHOP' THEN
    RETURN CASE WHEN NOT writes OR radioshop.is_shop() THEN 0 END;
  END IF;
  RETURN (SELECT g.agency_id FROM radioshop.agency g
    WHERE g.code = upper(btrim(mapping_place.code)) AND g.agency_id = ANY (radioshop.agencies()));
END
$$;

-- An agency's own mapping, else the shop's with that name.
CREATE FUNCTION radioshop.get_mapping(agency text, name text) RETURNS radioshop.mapping_shown LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_column
DECLARE
  place constant int := radioshop.mapping_place(get_mapping.agency, false);
  key constant text := upper(btrim(coalesce(get_mapping.name, '')));
  shown radioshop.mapping_shown;
BEGIN
  IF place IS NOT NULL THEN
    shown := radioshop.shown_mapping(place, key);
    IF shown.name IS NULL THEN
      shown := radioshop.shown_mapping(0, key);
    END IF;
  END IF;
  shown.refusal := CASE
    WHEN btrim(coalesce(get_mapping.agency, '')) = '' THEN
      radioshop.refuse('INVALID_ARGUMENT', 'agency', 'give the code of the agency, or SHOP for what the shop keeps for all')
    WHEN place IS NULL THEN radioshop.refuse('NOT_FOUND', 'agency', format('there is no agency %s', btrim(get_mapping.agency)))
    WHEN key = '' THEN radioshop.refuse('INVALID_ARGUMENT', 'name', 'give the name of a mapping')
    WHEN shown.name IS NULL THEN radioshop.refuse('NOT_FOUND', 'name', format('neither %s nor the shop has a mapping %s',
      upper(btrim(get_mapping.agency)), btrim(get_mapping.name)))
  END;
  RETURN shown;
END
$$;

-- Adds a mapping, or, with the revision that was read, replaces its text.
CREATE FUNCTION radioshop.save_mapping(agency text, name text, text text, note text, revision bigint) RETURNS radioshop.mapping_shown
LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
  place constant int := radioshop.mapping_place(save_mapping.agency, true);
  key constant text := upper(btrim(coalesce(save_mapping.name, '')));
  at_revision bigint;
  shown radioshop.mapping_shown;
BEGIN
  SELECT m.revision INTO at_revision FROM radioshop.mapping m WHERE m.agency_id = place AND m.name_key = key FOR NO KEY UPDATE;
  shown.refusal := CASE
    WHEN btrim(coalesce(save_mapping.agency, '')) = '' THEN
      radioshop.refuse('INVALID_ARGUMENT', 'mapping.agency', 'give the code of the agency, or SHOP for what the shop keeps for all')
    WHEN place IS NULL AND upper(btrim(save_mapping.agency)) = 'SHOP' THEN
      radioshop.refuse('PERMISSION_DENIED', 'mapping.agency', 'only who acts for the shop saves mappings for all agencies')
    WHEN place IS NULL THEN radioshop.refuse('NOT_FOUND', 'mapping.agency', format('there is no agency %s', btrim(save_mapping.agency)))
    WHEN at_revision IS NOT NULL AND coalesce(save_mapping.revision, 0) = 0 THEN radioshop.refuse('ALREADY_EXISTS', 'mapping.name',
      format('there is a mapping %s already; give its revision, %s, to replace it', btrim(save_mapping.name), at_revision))
    WHEN at_revision <> save_mapping.revision THEN radioshop.refuse('ABORTED', 'mapping.revision',
      format('mapping %s is at revision %s now, not %s; read it again and repeat the change', btrim(save_mapping.name), at_revision, save_mapping.revision))
    WHEN at_revision IS NULL AND coalesce(save_mapping.revision, 0) <> 0 THEN radioshop.refuse('NOT_FOUND', 'mapping.name',
      format('there is no mapping %s; leave out the revision to add it', btrim(save_mapping.name)))
  END;
  IF shown.refusal IS NOT NULL THEN
    RETURN shown;
  END IF;
  IF at_revision IS NULL THEN
    INSERT INTO radioshop.mapping (agency_id, name, text, note)
      VALUES (place, btrim(coalesce(save_mapping.name, '')), btrim(coalesce(save_mapping.text, ''), E' \t\r\n'), btrim(coalesce(save_mapping.note, '')));
  ELSE
    UPDATE radioshop.mapping m SET text = btrim(coalesce(save_mapping.text, ''), E' \t\r\n'), note = btrim(coalesce(save_mapping.note, '')),
        saved_by = radioshop.caller()
      WHERE m.agency_id = place AND m.name_key = key;
  END IF;
  RETURN radioshop.shown_mapping(place, key);
END
$$;

CREATE FUNCTION radioshop.remove_mapping(agency text, name text) RETURNS radioshop.mapping_shown LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
  place constant int := radioshop.mapping_place(remove_mapping.agency, true);
  key constant text := upper(btrim(coalesce(remove_mapping.name, '')));
  shown radioshop.mapping_shown;
BEGIN
  shown := radioshop.shown_mapping(place, key);
  shown.refusal := CASE
    WHEN btrim(coalesce(remove_mapping.agency, '')) = '' THEN
      radioshop.refuse('INVALID_ARGUMENT', 'agency', 'give the code of the agency, or SHOP for what the shop keeps for all')
    WHEN place IS NULL AND upper(btrim(remove_mapping.agency)) = 'SHOP' THEN
      radioshop.refuse('PERMISSION_DENIED', 'agency', 'only who acts for the shop removes mappings of all agencies')
    WHEN place IS NULL THEN radioshop.refuse('NOT_FOUND', 'agency', format('there is no agency %s', btrim(remove_mapping.agency)))
    WHEN shown.name IS NULL THEN radioshop.refuse('NOT_FOUND', 'name', format('there is no mapping %s of its own', btrim(remove_mapping.name)))
  END;
  IF shown.refusal IS NULL THEN
    DELETE FROM radioshop.mapping m WHERE m.agency_id = place AND m.name_key = key;
  END IF;
  RETURN shown;
END
$$;

-- ---------------------------------------------------------------------------------------------------------------------
-- Serial numbers that assets of several agencies have

-- In order of serial number and agency, behind `after`. With an agency: those that it has a part in. It reads every serial number behind
-- `after` until the page is full.
CREATE FUNCTION radioshop.walk_shared_serials(agency text, after text[], most int)
RETURNS TABLE (serial_key text, code text, agency_id int, asset_id uuid) LANGUAGE plpgsql STABLE ROWS 50 AS $$
#variable_conflict use_column
DECLARE
  place int;
  behind constant text := coalesce(after[1], '');
BEGIN
  IF walk_shared_serials.agency <> '' THEN
    SELECT g.agency_id INTO place FROM radioshop.agency g
      WHERE g.code = upper(btrim(walk_shared_serials.agency)) AND g.agency_id = ANY (radioshop.agencies());
  END IF;
  RETURN QUERY
    WITH shared AS MATERIALIZED (
      SELECT a.serial_key FROM radioshop.asset a
      WHERE a.agency_id = ANY (radioshop.agencies()) AND a.serial_key >= behind AND a.status <> 'disposed'
      GROUP BY a.serial_key
      HAVING min(a.agency_id) <> max(a.agency_id) AND (place IS NULL OR bool_or(a.agency_id = place))
      ORDER BY a.serial_key LIMIT most + 1
    )
    SELECT a.serial_key, g.code, a.agency_id, a.asset_id
    FROM shared s JOIN radioshop.asset a ON a.serial_key = s.serial_key JOIN radioshop.agency g ON g.agency_id = a.agency_id
    WHERE a.agency_id = ANY (radioshop.agencies()) AND a.status <> 'disposed' AND (a.serial_key, g.code) > (behind, coalesce(after[2], ''))
    ORDER BY a.serial_key, g.code LIMIT most;
END
$$;

UPDATE radioshop.schema_version SET version = 47;

COMMIT;
