-- Revert radioshop:unit_block from pg

BEGIN;

UPDATE radioshop.schema_version SET version = 37;
CREATE OR REPLACE FUNCTION radioshop.asset_warnings(it radioshop.asset, fields text[]) RETURNS text[] LANGUAGE plpgsql STABLE AS $$
DECLARE
  warnings text[] := '{}';
BEGIN
  IF (fields IS NULL OR fields && '{serial,model}') AND it.serial <> ''
      AND EXISTS (SELECT FROM radioshop.model m WHERE m.model_id = it.model_id AND m.manufacturer ILIKE 'motorola%') THEN
    warnings := warnings || radioshop.motorola_serial_warning(it.serial);
  END IF;
  IF (fields IS NULL OR 'flashcode' = ANY (fields)) AND it.flashcode <> '' THEN
    warnings := warnings || radioshop.flashcode_warning(it.flashcode);
  END IF;
  RETURN array_remove(warnings, NULL);
END
$$;
DROP FUNCTION radioshop.free_unit_ids(text, text, int);
DROP FUNCTION radioshop.revoke_unit_block(text, text, int, int);
DROP FUNCTION radioshop.grant_unit_block(text, text, int, int);
DROP FUNCTION radioshop.refuse_block(int, int);
DROP FUNCTION radioshop.block_place(text, text);
CREATE OR REPLACE FUNCTION radioshop.reissue_unit_id() RETURNS trigger LANGUAGE plpgsql AS $$
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
CREATE OR REPLACE FUNCTION radioshop.issue_unit_ids() RETURNS trigger LANGUAGE plpgsql AS $$
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
CREATE OR REPLACE FUNCTION radioshop.refuse_unit_id(agency int, self uuid, system text, unit_id int) RETURNS text LANGUAGE plpgsql STABLE AS $$
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
DROP FUNCTION radioshop.outside_sentence(int, text, int);
DROP FUNCTION radioshop.in_a_block(int, int);
DROP FUNCTION radioshop.show_blocks(int, uuid);
DROP TABLE radioshop.unit_block;
DROP TRIGGER record_event ON radioshop.radio_system;
CREATE TRIGGER record_event AFTER INSERT OR UPDATE OR DELETE ON radioshop.radio_system
  FOR EACH ROW EXECUTE FUNCTION radioshop.record_event('radio_system', 'name', 'name_key');
ALTER TABLE radioshop.radio_system DROP COLUMN place;

COMMIT;
