-- Revert radioshop:import_cell from pg

BEGIN;

UPDATE radioshop.schema_version SET version = 42;

-- The cells of each row that are not empty, trimmed: {"tag": "1042", "cost": "$371"}.
CREATE OR REPLACE FUNCTION radioshop.asset_cells(names text[], VARIADIC cell_values text[]) RETURNS jsonb LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
  RETURN (SELECT coalesce(jsonb_object_agg(c.name, c.trimmed), '{}')
    FROM (SELECT v.name, btrim(v.value, E' \t\r\n\u00a0') AS trimmed FROM unnest(names, cell_values) v (name, value)) c
    WHERE c.trimmed <> '');
END
$$;

-- The row's values over those that are there. A cell that is not in `cells` was empty and leaves its value.
CREATE OR REPLACE FUNCTION radioshop.read_asset_row(cells jsonb, known radioshop.asset) RETURNS radioshop.asset LANGUAGE plpgsql AS $$
DECLARE
  want radioshop.asset := known;
  kind text;
BEGIN
  want.tag := coalesce(cells ->> 'tag', want.tag);
  want.serial := coalesce(cells ->> 'serial', want.serial);
  want.assigned_to := coalesce(cells ->> 'assigned_to', want.assigned_to);
  want.location := coalesce(cells ->> 'location', want.location);
  want.system := coalesce(cells ->> 'system', want.system);
  want.alias := coalesce(cells ->> 'alias', want.alias);
  want.firmware := coalesce(cells ->> 'firmware', want.firmware);
  want.codeplug := coalesce(cells ->> 'codeplug', want.codeplug);
  want.description := coalesce(cells ->> 'description', want.description);
  want.notes := coalesce(cells ->> 'notes', want.notes);
  IF cells ? 'model' THEN
    SELECT m.model_id, m.class INTO want.model_id, kind FROM radioshop.model m WHERE m.number_key = upper(cells ->> 'model');
    IF NOT FOUND THEN
      PERFORM radioshop.refuse_cell('model', 'the catalogue has no model with this number; add it first, or give a class instead');
    END IF;
  END IF;
  -- "In Service" and "in-service" are in_service; the constraints say which words there are.
  want.class := coalesce(translate(lower(cells ->> 'class'), ' -', '__'), want.class, kind);
  want.status := coalesce(translate(lower(cells ->> 'status'), ' -', '__'), want.status);
  IF cells ? 'unit_id' THEN
    want.unit_id := radioshop.read_whole(cells ->> 'unit_id');
    IF want.unit_id IS NULL THEN
      PERFORM radioshop.refuse_cell('unit_id', 'a unit ID is a whole number between 1 and 16777211, in decimal');
    END IF;
  END IF;
  IF cells ? 'quantity' THEN
    want.quantity := radioshop.read_whole(cells ->> 'quantity');
    IF want.quantity IS NULL THEN
      PERFORM radioshop.refuse_cell('quantity', 'a quantity is a whole number between 1 and 1000000');
    END IF;
  END IF;
  IF cells ? 'cost' THEN
    want.cost_cents := radioshop.read_cents(cells ->> 'cost');
    IF want.cost_cents IS NULL THEN
      PERFORM radioshop.refuse_cell('cost', 'this is not a price in dollars; write it like 62627, 62,627.50 or $371');
    END IF;
  END IF;
  IF cells ? 'purchased_on' THEN
    want.purchased_on := radioshop.read_date(cells ->> 'purchased_on');
    IF want.purchased_on IS NULL THEN
      PERFORM radioshop.refuse_cell('purchased_on', 'this is not a day; write it like 2026-01-31 or 1/31/2026');
    END IF;
  END IF;
  IF cells ? 'warranty_until' THEN
    want.warranty_until := radioshop.read_date(cells ->> 'warranty_until');
    IF want.warranty_until IS NULL THEN
      PERFORM radioshop.refuse_cell('warranty_until', 'this is not a day; write it like 2026-01-31 or 1/31/2026');
    END IF;
  END IF;
  RETURN want;
END
$$;

-- What a row asks for: `result` with outcome unchanged, changed (already written) or created (to be written: `want`, complete and
-- with its UUID). Raises RS422 or a constraint when the row is wrong. `seen` maps the assets of this call to their lines.
CREATE OR REPLACE FUNCTION radioshop.import_asset(agency int, line int, cells jsonb, seen jsonb, OUT result radioshop.row_result,
  OUT want radioshop.asset) LANGUAGE plpgsql AS $$
DECLARE
  known radioshop.asset;
  held text;
BEGIN
  result.line := line;
  result.id := radioshop.match_asset_row(agency, cells);
  IF result.id IS NOT NULL THEN
    SELECT a.* INTO known FROM radioshop.asset a WHERE a.agency_id = agency AND a.asset_id = result.id FOR NO KEY UPDATE;
  ELSIF NOT cells ? 'tag' THEN
    PERFORM radioshop.refuse_cell('tag', CASE WHEN cells ? 'serial'
      THEN 'no asset has this row''s serial number, and a new asset needs a tag' ELSE 'a new asset needs a tag' END);
  ELSE
    known.agency_id := agency;
    known.status := 'in_service';
    known.quantity := 1;
  END IF;
  want := radioshop.read_asset_row(cells, known);
  IF want.class IS NULL THEN
    PERFORM radioshop.refuse_cell('class', 'a new asset needs a class, such as portable, or a model of the catalogue');
  END IF;

  IF result.id IS NOT NULL THEN
    result.outcome := 'unchanged';
    result.reason := radioshop.describe_asset_change(known, want);
    IF result.reason IS NULL THEN
      RETURN;
    ELSIF seen ? result.id::text THEN
      PERFORM radioshop.refuse_cell(CASE WHEN cells ? 'tag' THEN 'tag' ELSE 'serial' END,
        format('line %s already set this asset, with other values: %s', seen ->> result.id::text, result.reason));
    END IF;
  END IF;
  held := radioshop.refuse_held(agency, result.id, want.tag, want.serial, want.system, want.unit_id);
  IF held IS NOT NULL THEN
    PERFORM radioshop.refuse_cell(split_part(held, chr(31), 2), split_part(held, chr(31), 3));
  END IF;

  IF result.id IS NULL THEN
    result.outcome := 'created';
    result.id := radioshop.uuid_v7();
    want.asset_id := result.id;
  ELSE
    result.outcome := 'changed';
    UPDATE radioshop.asset a SET tag = want.tag, serial = want.serial, model_id = want.model_id, class = want.class,
        status = want.status, assigned_to = want.assigned_to, location = want.location, system = want.system,
        unit_id = want.unit_id, alias = want.alias, firmware = want.firmware, codeplug = want.codeplug,
        purchased_on = want.purchased_on, warranty_until = want.warranty_until, cost_cents = want.cost_cents,
        quantity = want.quantity, description = want.description, notes = want.notes
      WHERE a.agency_id = agency AND a.asset_id = result.id;
  END IF;
END
$$;

-- import_asset(), or the writing of the new asset `want` when it is given; but a wrong row comes back as refused, with its column
-- and value, and has changed nothing.
CREATE OR REPLACE FUNCTION radioshop.try_import_asset(agency int, line int, cells jsonb, seen jsonb, OUT result radioshop.row_result,
  INOUT want radioshop.asset) LANGUAGE plpgsql AS $$
DECLARE
  done record;
  rule text;
  rule_table text;
  comment text;
BEGIN
  IF want.asset_id IS NULL THEN
    done := radioshop.import_asset(agency, line, cells, seen);
    result := done.result;
    want := done.want;
  ELSE
    PERFORM radioshop.add_assets(ARRAY[want]);
    result := (line, 'created', want.asset_id, NULL, NULL, NULL)::radioshop.row_result;
  END IF;
EXCEPTION WHEN integrity_constraint_violation OR SQLSTATE 'RS422' THEN
  GET STACKED DIAGNOSTICS rule = CONSTRAINT_NAME, rule_table = TABLE_NAME;
  result := (line, 'refused', NULL, NULL, NULL, NULL)::radioshop.row_result;
  GET STACKED DIAGNOSTICS result."column" = COLUMN_NAME, result.reason = MESSAGE_TEXT;
  IF SQLSTATE <> 'RS422' THEN
    SELECT obj_description(c.oid, 'pg_constraint') INTO comment FROM pg_catalog.pg_constraint c
      WHERE c.conname = rule AND c.conrelid = to_regclass('radioshop.' || quote_ident(rule_table));
    IF comment IS NULL THEN
      RAISE; -- not a fault of the row that a client could mend
    END IF;
    result."column" := replace(split_part(comment, ': ', 1), 'cost_cents', 'cost');
    result.reason := substr(comment, position(': ' IN comment) + 2);
  END IF;
  result.value := coalesce(cells ->> result."column", '');
END
$$;

-- Writes the new assets that wait, all at once; if one of them is wrong, one by one, so that only that one is refused.
CREATE OR REPLACE FUNCTION radioshop.flush_assets(agency int, wants radioshop.asset[], lines int[], cells jsonb[])
RETURNS radioshop.row_result[] LANGUAGE plpgsql AS $$
DECLARE
  results radioshop.row_result[] := '{}';
  done record;
BEGIN
  IF cardinality(wants) > 0 THEN
    PERFORM radioshop.add_assets(wants);
    FOR i IN 1 .. cardinality(wants) LOOP
      results := results || (lines[i], 'created', (wants[i]).asset_id, NULL, NULL, NULL)::radioshop.row_result;
    END LOOP;
  END IF;
  RETURN results;
EXCEPTION WHEN integrity_constraint_violation THEN
  FOR i IN 1 .. cardinality(wants) LOOP
    done := radioshop.try_import_asset(agency, lines[i], cells[i], '{}', wants[i]);
    results := results || done.result;
  END LOOP;
  RETURN results;
END
$$;

-- As before, and what is odd about a unit ID.
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
  IF (fields IS NULL OR 'unit_id' = ANY (fields)) AND it.unit_id > 9999999 THEN
    warnings := warnings || format('unit ID %s: radios are numbered up to 9999999 as a rule; look whether it is typed right', it.unit_id);
  END IF;
  RETURN array_remove(warnings, NULL);
END
$$;

DROP FUNCTION radioshop.serial_warning(int, text, uuid);
DROP FUNCTION radioshop.refuse_others_codes(int, jsonb, radioshop.asset, radioshop.asset);
DROP FUNCTION radioshop.serial_elsewhere(int, text, uuid, boolean);
DROP FUNCTION radioshop.model_of_cell(jsonb);
DROP FUNCTION radioshop.day_of_cell(text, text);
DROP FUNCTION radioshop.refuse_spoilt_cells(jsonb, radioshop.asset);

COMMIT;
