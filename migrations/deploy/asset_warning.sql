-- Deploy radioshop:asset_warning to pg
--
-- What is odd about an asset but may be right: said beside the answer, never a refusal. And what a Motorola serial number says.

BEGIN;

-- A Motorola serial number, such as 837CXK1234: three digits of the product, a letter of unknown meaning, a letter of the year, one of
-- the half month, and four or five digits. I and O are not used, so 24 letters stand for 24 years from 1976 on, and again from 2000 on;
-- that they begin anew in 2024 is likely and not confirmed. No column is set when the number has another form.
CREATE FUNCTION radioshop.read_motorola_serial(serial text, OUT product text, OUT years int[], OUT month int, OUT half int)
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
DECLARE
  letters constant text := 'ABCDEFGHJKLMNPQRSTUVWXYZ';
  key constant text := upper(btrim(serial));
  at int;
BEGIN
  IF key !~ '^[0-9]{3}[A-HJ-NP-Z]{3}[0-9]{4,5}$' THEN
    RETURN;
  END IF;
  product := left(key, 3);
  at := strpos(letters, substr(key, 5, 1));
  years := ARRAY[1975 + at, 1999 + at, 2023 + at];
  at := strpos(letters, substr(key, 6, 1));
  month := (at + 1) / 2;
  half := 2 - at % 2;
END
$$;

-- Why a serial number may be wrong that is said to be Motorola's; NULL when nothing is odd about it, or when there is none.
CREATE FUNCTION radioshop.motorola_serial_warning(serial text) RETURNS text LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
BEGIN
  IF btrim(serial) = '' OR (radioshop.read_motorola_serial(serial)).product IS NOT NULL THEN
    RETURN NULL;
  ELSIF upper(serial) ~ '[IO]' THEN
    RETURN format('serial %s: Motorola uses no letters I and O in serial numbers; look whether it is a 1 or a 0', serial);
  END IF;
  RETURN format('serial %s: this is not the form of a Motorola serial number, three digits, three letters and four or five digits, such as 837CXK1234', serial);
END
$$;

-- What is odd about an asset that was just written. `fields` are those that were given, NULL for all: what was odd before is not said
-- again at every change of something else.
CREATE FUNCTION radioshop.asset_warnings(it radioshop.asset, fields text[]) RETURNS text[] LANGUAGE plpgsql STABLE AS $$
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

UPDATE radioshop.schema_version SET version = 29;

COMMIT;
