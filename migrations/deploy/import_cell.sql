-- Deploy radioshop:import_cell to pg
--
-- What a cell of an import says. An empty one leaves what is there, \clear empties it. And each wrong one has a sentence that says what
-- to do about it: what a spreadsheet has spoilt, what another row or another agency has, a day in another order.

BEGIN;

-- The cells of each row that are not empty, trimmed: {"tag": "1042", "cost": "$371", "location": null}. null is \clear. Text that looks
-- like it has one \ more than it means, so that every text can be brought in.
CREATE OR REPLACE FUNCTION radioshop.asset_cells(names text[], VARIADIC cell_values text[]) RETURNS jsonb LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
  RETURN (SELECT coalesce(jsonb_object_agg(c.name, CASE WHEN c.trimmed ~* '^\\clear$' THEN NULL WHEN c.trimmed ~* '^\\+clear$' THEN substr(c.trimmed, 2)
        ELSE c.trimmed END), '{}')
    FROM (SELECT v.name, btrim(v.value, E' \t\r\n\u00a0') AS trimmed FROM unnest(names, cell_values) v (name, value)) c
    WHERE c.trimmed <> '');
END
$$;

-- Refuses a cell that a spreadsheet has spoilt, or that says in words that there is nothing. What is in the register already may be
-- said again, and free text may be anything.
CREATE FUNCTION radioshop.refuse_spoilt_cells(cells jsonb, known radioshop.asset) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  had jsonb;
  name text;
  value text;
BEGIN
  IF cells::text !~* '": "([0-9]+([.,][0-9]+)?e\+[0-9]+|#[a-z0-9/#]+[!?]?|-+|\?+|0+|n/?a|none|null|unknown|tbd)"' THEN
    RETURN;
  END IF;
  had := to_jsonb(known);
  FOR name, value IN SELECT c.key, c.value FROM jsonb_each_text(cells) c
      WHERE c.key NOT IN ('description', 'notes', 'cost', 'quantity', 'purchased_on', 'warranty_until') AND c.value IS DISTINCT FROM had ->> c.key ORDER BY c.key LOOP
    IF value ~* '^[0-9]+([.,][0-9]+)?e\+[0-9]+$' THEN
      PERFORM radioshop.refuse_cell(name,
        'a spreadsheet has made this of a long number, and its digits are lost: format the column as text and fill the number in again');
    ELSIF value ~* '^#(n/a|ref!|value!|name\?|div/0!|null!|num!|spill!|calc!|#+)$' THEN
      PERFORM radioshop.refuse_cell(name, 'this is a fault that a spreadsheet shows, not a value: mend the cell, or leave it empty');
    ELSIF name = 'tag' AND value ~* '^(-+|\?+|n/?a|none|null|unknown|tbd)$' THEN
      PERFORM radioshop.refuse_cell(name, 'this is no tag: give the asset one');
    ELSIF name = 'serial' AND value ~* '^(-+|\?+|0+|n/?a|none|null|unknown|tbd)$' THEN
      PERFORM radioshop.refuse_cell(name, 'this is no serial number: leave the cell empty where nobody knows it');
    END IF;
  END LOOP;
END
$$;

-- The day that a cell says, with or without a time behind it; refused with what to do about it when it says none.
CREATE FUNCTION radioshop.day_of_cell(name text, value text) RETURNS date LANGUAGE plpgsql AS $$
DECLARE
  plain text := regexp_replace(value, '[ T]+[0-9]{1,2}:[0-9]{2}(:[0-9]{2}(\.[0-9]+)?)?( *[AaPp][Mm])?$', '');
  found date := radioshop.read_date(plain);
  part text[];
BEGIN
  IF found IS NOT NULL THEN
    RETURN found;
  END IF;
  part := regexp_match(plain, '^([0-9]{1,2})[-/.]([0-9]{1,2})[-/.]([0-9]{4})$');
  found := radioshop.read_date(format('%s-%s-%s', part[3], part[2], part[1]));
  IF part[1]::int > 12 AND found IS NOT NULL THEN
    PERFORM radioshop.refuse_cell(name, format('the day stands before the month: write %s or %s', found, to_char(found, 'FMMM/FMDD/YYYY')));
  ELSIF plain ~ '^[0-9]{1,2}/[0-9]{1,2}/[0-9]{2}$' THEN
    PERFORM radioshop.refuse_cell(name, 'write the year with four digits, like 2026-01-31 or 1/31/2026');
  ELSIF plain ~ '^[2-7][0-9]{4}$' THEN
    PERFORM radioshop.refuse_cell(name,
      format('this is how a spreadsheet counts days: format the column as dates; it may mean %s', date '1899-12-30' + plain::int));
  END IF;
  PERFORM radioshop.refuse_cell(name, 'this is not a day; write it like 2026-01-31 or 1/31/2026');
END
$$;

-- The model of the catalogue that a cell names, with its class; refused with the command that adds it, where its number can stand in a
-- command as it is.
CREATE FUNCTION radioshop.model_of_cell(cells jsonb, OUT model_id uuid, OUT class text) LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
  asked constant text := cells ->> 'model';
  kind text := translate(lower(cells ->> 'class'), ' -', '__');
BEGIN
  SELECT m.model_id, m.class INTO model_of_cell.model_id, model_of_cell.class FROM radioshop.model m WHERE m.number_key = upper(asked);
  IF NOT FOUND THEN
    PERFORM radioshop.refuse_cell('model', 'the catalogue has no model with this number; ' || CASE
      WHEN asked ~ '^[A-Za-z0-9][A-Za-z0-9._/+-]*$' THEN
        format('an administrator of the shop adds it with radioshop model create %s --class %s; or give a class instead', asked,
          CASE WHEN radioshop.is_equipment_class(kind) THEN replace(kind, '_', '-') ELSE 'CLASS' END)
      ELSE 'an administrator of the shop adds it with radioshop model create; or give a class instead' END);
  END IF;
END
$$;

-- The row's values over those that are there. A cell that is not in `cells` was empty and leaves its value; null empties it.
CREATE OR REPLACE FUNCTION radioshop.read_asset_row(cells jsonb, known radioshop.asset) RETURNS radioshop.asset LANGUAGE plpgsql AS $$
DECLARE
  want radioshop.asset := known;
  kind text;
  name text;
BEGIN
  PERFORM radioshop.refuse_spoilt_cells(cells, known);
  FOREACH name IN ARRAY '{tag,class,status,quantity}'::text[] LOOP
    IF cells -> name = 'null' THEN
      PERFORM radioshop.refuse_cell(name, format('this cannot be emptied: every asset has a %s; give one, or leave the cell empty', name));
    END IF;
  END LOOP;
  want.tag := coalesce(cells ->> 'tag', want.tag);
  want.serial := CASE WHEN cells ? 'serial' THEN coalesce(cells ->> 'serial', '') ELSE want.serial END;
  want.assigned_to := CASE WHEN cells ? 'assigned_to' THEN coalesce(cells ->> 'assigned_to', '') ELSE want.assigned_to END;
  want.location := CASE WHEN cells ? 'location' THEN coalesce(cells ->> 'location', '') ELSE want.location END;
  want.system := CASE WHEN cells ? 'system' THEN coalesce(cells ->> 'system', '') ELSE want.system END;
  want.alias := CASE WHEN cells ? 'alias' THEN coalesce(cells ->> 'alias', '') ELSE want.alias END;
  want.firmware := CASE WHEN cells ? 'firmware' THEN coalesce(cells ->> 'firmware', '') ELSE want.firmware END;
  want.codeplug := CASE WHEN cells ? 'codeplug' THEN coalesce(cells ->> 'codeplug', '') ELSE want.codeplug END;
  want.description := CASE WHEN cells ? 'description' THEN coalesce(cells ->> 'description', '') ELSE want.description END;
  want.notes := CASE WHEN cells ? 'notes' THEN coalesce(cells ->> 'notes', '') ELSE want.notes END;
  IF cells -> 'model' = 'null' THEN
    want.model_id := NULL;
  ELSIF cells ? 'model' THEN
    SELECT m.model_id, m.class INTO want.model_id, kind FROM radioshop.model_of_cell(cells) m;
  END IF;
  -- "In Service" and "in-service" are in_service; the constraints say which words there are.
  want.class := coalesce(translate(lower(cells ->> 'class'), ' -', '__'), want.class, kind);
  want.status := coalesce(translate(lower(cells ->> 'status'), ' -', '__'), want.status);
  IF cells ? 'unit_id' THEN
    want.unit_id := CASE WHEN cells -> 'unit_id' <> 'null' THEN radioshop.read_whole(cells ->> 'unit_id') END;
    IF want.unit_id IS NULL AND cells -> 'unit_id' <> 'null' THEN
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
    IF want.cost_cents IS NULL AND cells -> 'cost' <> 'null' THEN
      PERFORM radioshop.refuse_cell('cost', 'this is not a price in dollars; write it like 62627, 62,627.50 or $371');
    END IF;
  END IF;
  IF cells ? 'purchased_on' THEN
    want.purchased_on := CASE WHEN cells -> 'purchased_on' <> 'null' THEN radioshop.day_of_cell('purchased_on', cells ->> 'purchased_on') END;
  END IF;
  IF cells ? 'warranty_until' THEN
    want.warranty_until := CASE WHEN cells -> 'warranty_until' <> 'null' THEN
      radioshop.day_of_cell('warranty_until', cells ->> 'warranty_until') END;
  END IF;
  RETURN want;
END
$$;

-- ---------------------------------------------------------------------------------------------------------------------
-- What another row or another agency has

-- The asset of another agency, as AGENCY:TAG, that has this serial number and may be the same piece: not of another model, and not
-- disposed of. Among those that the caller may see; of others nothing is told. NULL when there is none.
CREATE FUNCTION radioshop.serial_elsewhere(agency int, serial text, model uuid, surely boolean DEFAULT false) RETURNS text
LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_column
BEGIN
  IF coalesce(serial_elsewhere.serial, '') = '' THEN
    RETURN NULL;
  END IF;
  RETURN (SELECT g.code || ':' || a.tag FROM radioshop.asset a JOIN radioshop.agency g ON g.agency_id = a.agency_id
    WHERE a.serial_key = upper(serial_elsewhere.serial) AND a.agency_id <> serial_elsewhere.agency
      AND a.agency_id = ANY (radioshop.agencies()) AND a.status <> 'disposed'
      AND CASE WHEN surely THEN a.model_id = serial_elsewhere.model ELSE coalesce(a.model_id = serial_elsewhere.model, true) END
    ORDER BY g.code LIMIT 1);
END
$$;

-- Refuses a row whose tag names its agency, or whose serial number a radio of the same model of another agency has.
CREATE FUNCTION radioshop.refuse_others_codes(agency int, cells jsonb, known radioshop.asset, want radioshop.asset) RETURNS void
LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
  place record;
  holder text;
BEGIN
  IF want.tag IS DISTINCT FROM known.tag AND want.tag ~ '^[A-Za-z0-9]{2,8}:.' THEN
    SELECT g.agency_id, g.code INTO place FROM radioshop.agency g
      WHERE g.code = upper(split_part(want.tag, ':', 1)) AND g.agency_id = ANY (radioshop.agencies());
    IF place.agency_id = agency THEN
      PERFORM radioshop.refuse_cell('tag', format('write the tag without its agency: %s', substr(want.tag, position(':' IN want.tag) + 1)));
    ELSIF place.agency_id IS NOT NULL THEN
      PERFORM radioshop.refuse_cell('tag', format('this is a tag of agency %s: bring the row in with the rows of that agency', place.code));
    END IF;
  END IF;
  IF want.serial <> '' AND want.serial IS DISTINCT FROM known.serial AND want.status <> 'disposed' THEN
    holder := radioshop.serial_elsewhere(agency, want.serial, want.model_id, true);
    IF holder IS NOT NULL THEN
      PERFORM radioshop.refuse_cell('serial',
        format('asset %s is of this model and has this serial number: it was handed over, or one of the two is typed wrong', holder));
    END IF;
  END IF;
END
$$;

-- What is said when the serial number of an asset is one of another agency, too; NULL when it is not. Not the same model, or nobody
-- knows: makers number on their own, so this may be right.
CREATE FUNCTION radioshop.serial_warning(agency int, serial text, model uuid) RETURNS text LANGUAGE plpgsql STABLE AS $$
DECLARE
  holder constant text := radioshop.serial_elsewhere(agency, serial, model);
BEGIN
  RETURN CASE WHEN holder IS NOT NULL THEN format('serial %s: asset %s has it, too; look whether they are one and the same', serial, holder) END;
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
    ELSIF seen ? result.id::text AND want.tag <> known.tag AND cells ? 'serial' THEN
      PERFORM radioshop.refuse_cell('serial',
        format('line %s has this serial number too, as tag %s: one serial number is one asset', seen ->> result.id::text, known.tag));
    ELSIF seen ? result.id::text THEN
      PERFORM radioshop.refuse_cell(CASE WHEN cells ? 'tag' THEN 'tag' ELSE 'serial' END,
        format('line %s already set this asset, with other values: %s', seen ->> result.id::text, result.reason));
    END IF;
  END IF;
  PERFORM radioshop.refuse_others_codes(agency, cells, known, want);
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
    IF want.serial <> known.serial THEN
      result.reason := concat_ws('; ', result.reason, radioshop.serial_warning(agency, want.serial, want.model_id));
    END IF;
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
    result := (line, 'created', want.asset_id, NULL, NULL,
      radioshop.serial_warning(agency, want.serial, want.model_id))::radioshop.row_result;
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
  result.value := coalesce(CASE WHEN cells -> result."column" = 'null' THEN '\clear' ELSE cells ->> result."column" END, '');
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
      results := results || (lines[i], 'created', (wants[i]).asset_id, NULL, NULL,
        radioshop.serial_warning(agency, (wants[i]).serial, (wants[i]).model_id))::radioshop.row_result;
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

-- As before, and a serial number that another agency has.
CREATE OR REPLACE FUNCTION radioshop.asset_warnings(it radioshop.asset, fields text[]) RETURNS text[] LANGUAGE plpgsql STABLE AS $$
DECLARE
  warnings text[] := '{}';
BEGIN
  IF (fields IS NULL OR fields && '{serial,model}') AND it.serial <> ''
      AND EXISTS (SELECT FROM radioshop.model m WHERE m.model_id = it.model_id AND m.manufacturer ILIKE 'motorola%') THEN
    warnings := warnings || radioshop.motorola_serial_warning(it.serial);
  END IF;
  IF fields IS NULL OR 'serial' = ANY (fields) THEN
    warnings := warnings || radioshop.serial_warning(it.agency_id, it.serial, it.model_id);
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

UPDATE radioshop.schema_version SET version = 43;

COMMIT;
