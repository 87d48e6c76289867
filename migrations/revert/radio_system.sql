-- Revert radioshop:radio_system from pg
--
-- A unit ID of two assets of one agency, which cannot be while this change is deployed, would stop it at the old key.

BEGIN;

UPDATE radioshop.schema_version SET version = 31;
DROP TRIGGER reissue_unit_id ON radioshop.asset;
DROP TRIGGER issue_unit_ids ON radioshop.asset;
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
  SELECT a.tag INTO holder FROM radioshop.asset a WHERE a.agency_id = refuse_held.agency AND a.unit_id = refuse_held.unit_id
    AND a.system_key = upper(refuse_held.system) AND a.asset_id IS DISTINCT FROM refuse_held.self;
  IF FOUND THEN
    RETURN radioshop.refuse('ALREADY_EXISTS', 'unit_id', format('asset %s has this unit ID on this system', holder));
  END IF;
  RETURN NULL;
END
$$;
ALTER TABLE radioshop.asset ADD CONSTRAINT asset_unit_id_unique UNIQUE (agency_id, unit_id, system_key);
COMMENT ON CONSTRAINT asset_unit_id_unique ON radioshop.asset IS 'unit_id: another asset of this agency has this unit ID on this system';
DROP FUNCTION radioshop.update_radio_system(uuid, bigint, text[], text, text, text, text);
DROP FUNCTION radioshop.create_radio_system(text, text, text, text);
DROP FUNCTION radioshop.refuse_system_name(uuid, text);
DROP FUNCTION radioshop.refuse_system_pair(uuid, text, text);
DROP FUNCTION radioshop.shown_radio_system(uuid);
DROP TYPE radioshop.radio_system_shown;
DROP FUNCTION radioshop.refuse_unit_id(int, uuid, text, int);
DROP FUNCTION radioshop.reissue_unit_id();
DROP FUNCTION radioshop.issue_unit_ids();
DROP FUNCTION radioshop.unit_id_scope(int, text);
DROP FUNCTION radioshop.hold_systems_alone();
DROP FUNCTION radioshop.hold_systems();
DROP TABLE radioshop.issued_unit_id;
DROP TABLE radioshop.radio_system;
DROP FUNCTION radioshop.show_hex(int, int);
DROP FUNCTION radioshop.read_hex(text, int);

COMMIT;
