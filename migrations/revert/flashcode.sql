-- Revert radioshop:flashcode from pg

BEGIN;

UPDATE radioshop.schema_version SET version = 33;

DROP FUNCTION radioshop.change_flashcode_option(boolean, text, text, int, int, int, int, text, text[]);
DROP FUNCTION radioshop.get_decoding(text, text, text, text);
DROP FUNCTION radioshop.build_years(int[], int, int, date);
DROP TYPE radioshop.decoding_shown;
DROP FUNCTION radioshop.walk_capability(text, text[], text, text, text[], int);
DROP FUNCTION radioshop.refuse_capability(text, text);
DROP FUNCTION radioshop.capability_standing(boolean);
DROP FUNCTION radioshop.flashcode_gives(text, text, boolean);
DROP FUNCTION radioshop.flashcode_bits(text, int, int, int);
DROP TABLE radioshop.flashport_model;
DROP TABLE radioshop.flashcode_option;

CREATE OR REPLACE FUNCTION radioshop.asset_warnings(it radioshop.asset, fields text[]) RETURNS text[] LANGUAGE plpgsql STABLE AS $$
DECLARE
  warnings text[] := '{}';
BEGIN
  IF (fields IS NULL OR fields && '{serial,model}') AND it.serial <> ''
      AND EXISTS (SELECT FROM radioshop.model m WHERE m.model_id = it.model_id AND m.manufacturer ILIKE 'motorola%') THEN
    warnings := warnings || radioshop.motorola_serial_warning(it.serial);
  END IF;
  RETURN array_remove(warnings, NULL);
END
$$;

DROP TRIGGER record_event ON radioshop.asset;
CREATE TRIGGER record_event AFTER INSERT OR UPDATE OR DELETE ON radioshop.asset
  FOR EACH ROW EXECUTE FUNCTION radioshop.record_event('asset', 'asset_id', 'tag_key', 'serial_key', 'system_key', 'alias_key');
ALTER TABLE radioshop.asset DROP COLUMN flashcode_key, DROP COLUMN flashcode;
DROP FUNCTION radioshop.flashcode_warning(text);
DROP FUNCTION radioshop.flashcode_key(text);
DROP FUNCTION radioshop.read_flashcode(text);

COMMIT;
