-- Deploy radioshop:asset_field_import to pg
--
-- Values of fields come with the rows of an import, and what is required is asked for there, too. The functions replaced are those of
-- asset_import, import_run and import_cell, with fields in them.

BEGIN;

-- The values of fields that a row gives, as a JSON object of texts; what is no such object refuses the row.
CREATE FUNCTION radioshop.row_fields(value text) RETURNS jsonb LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
  given jsonb;
BEGIN
  BEGIN
    given := value;
  EXCEPTION WHEN data_exception THEN
    NULL;
  END;
  IF given IS NULL OR jsonb_typeof(given) <> 'object' OR jsonb_path_exists(given, 'strict $.* ? (@.type() != "string")') THEN
    PERFORM radioshop.refuse_cell('fields', 'these are no values of fields; write them as a JSON object of texts: {"fund": "grant"}');
  END IF;
  RETURN given;
END
$$;

-- The values of an asset with those of its row over them. Cells say what other cells say: an empty one leaves, \clear empties, and a
-- spreadsheet may have spoilt them.
CREATE FUNCTION radioshop.read_row_fields(want radioshop.asset, value text) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
  cells jsonb;
  names text[];
  typed text[];
  made record;
BEGIN
  IF value = '{}' THEN
    RETURN want.fields;
  END IF;
  cells := radioshop.row_fields(value);
  cells := radioshop.asset_cells((SELECT array_agg(c.key ORDER BY c.key) FROM jsonb_each_text(cells) c),
    VARIADIC (SELECT array_agg(c.value ORDER BY c.key) FROM jsonb_each_text(cells) c));
  SELECT array_agg(c.key ORDER BY c.key), array_agg(coalesce(c.value, '') ORDER BY c.key) INTO names, typed FROM jsonb_each_text(cells) c;
  IF names IS NULL THEN
    RETURN want.fields;
  END IF;
  PERFORM radioshop.refuse_spoilt_cells((SELECT jsonb_object_agg('field.' || c.key, c.value) FROM jsonb_each_text(cells) c
    WHERE c.value IS DISTINCT FROM want.fields ->> c.key), want);
  made := radioshop.changed_fields(want.agency_id, want.class, NULL, want.fields, names, typed);
  IF made.fault IS NOT NULL THEN
    PERFORM radioshop.refuse_cell('field.' || made.name, made.fault);
  END IF;
  RETURN made.fields;
END
$$;

-- Whether assets of an agency need a value of any field.
CREATE FUNCTION radioshop.requires_fields(agency int) RETURNS boolean LANGUAGE plpgsql STABLE AS $$
BEGIN
  RETURN EXISTS (SELECT FROM radioshop.asset_field f WHERE f.agency_id IN (0, requires_fields.agency) AND f.required AND NOT f.retired);
END
$$;

-- Refuses the row of an asset that is added or changed and lacks what is required.
CREATE FUNCTION radioshop.ask_required(want radioshop.asset) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  made record := radioshop.changed_fields(want.agency_id, want.class, want.status, want.fields, NULL, NULL);
BEGIN
  IF made.fault IS NOT NULL THEN
    PERFORM radioshop.refuse_cell('field.' || made.name, made.fault);
  END IF;
END
$$;

-- What a change changes, for people: "serial: 123 → 124; cost: none → 371.00". NULL when it changes nothing.
CREATE OR REPLACE FUNCTION radioshop.describe_asset_change(known radioshop.asset, want radioshop.asset) RETURNS text LANGUAGE plpgsql STABLE AS $$
BEGIN
  RETURN nullif(concat_ws('; ', (SELECT string_agg(format('%s: %s → %s', c.name, coalesce(nullif(left(c.old, 60), ''), 'none'), coalesce(nullif(left(c.new, 60), ''), 'none')),
    '; ' ORDER BY c.place)
  FROM (VALUES
    (1, 'tag', known.tag, want.tag), (2, 'serial', known.serial, want.serial),
    (3, 'model', (SELECT m.number FROM radioshop.model m WHERE m.model_id = known.model_id),
      (SELECT m.number FROM radioshop.model m WHERE m.model_id = want.model_id)),
    (4, 'class', known.class, want.class), (5, 'status', known.status, want.status),
    (6, 'assigned_to', known.assigned_to, want.assigned_to), (7, 'location', known.location, want.location),
    (8, 'system', known.system, want.system), (9, 'unit_id', known.unit_id::text, want.unit_id::text),
    (10, 'alias', known.alias, want.alias), (11, 'firmware', known.firmware, want.firmware),
    (12, 'codeplug', known.codeplug, want.codeplug), (13, 'purchased_on', known.purchased_on::text, want.purchased_on::text),
    (14, 'warranty_until', known.warranty_until::text, want.warranty_until::text),
    (15, 'cost', (known.cost_cents / 100) || '.' || lpad((known.cost_cents % 100)::text, 2, '0'),
      (want.cost_cents / 100) || '.' || lpad((want.cost_cents % 100)::text, 2, '0')),
    (16, 'quantity', known.quantity::text, want.quantity::text), (17, 'description', known.description, want.description),
    (18, 'notes', known.notes, want.notes)) c (place, name, old, new)
  WHERE c.old IS DISTINCT FROM c.new), CASE WHEN known.fields IS DISTINCT FROM want.fields THEN
    (SELECT string_agg(format('field.%s: %s → %s', coalesce(o.key, n.key), coalesce(left(o.value, 60), 'none'), coalesce(left(n.value, 60), 'none')),
        '; ' ORDER BY coalesce(o.key, n.key))
      FROM jsonb_each_text(coalesce(known.fields, '{}')) o FULL JOIN jsonb_each_text(coalesce(want.fields, '{}')) n ON n.key = o.key
      WHERE o.value IS DISTINCT FROM n.value) END), '');
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
  IF cells ? 'fields' THEN
    want.fields := radioshop.read_row_fields(want, cells ->> 'fields');
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
  IF cells ? 'fields' THEN
    PERFORM radioshop.ask_required(want);
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
        quantity = want.quantity, description = want.description, notes = want.notes, fields = want.fields
      WHERE a.agency_id = agency AND a.asset_id = result.id;
  END IF;
END
$$;

-- Writes the assets that are new. Many at once cost much less than one by one: what hangs on a statement runs once.
CREATE OR REPLACE FUNCTION radioshop.add_assets(wants radioshop.asset[]) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO radioshop.asset (agency_id, asset_id, tag, serial, model_id, class, status, assigned_to, location, system, unit_id,
      alias, firmware, codeplug, purchased_on, warranty_until, cost_cents, quantity, description, notes, fields)
    SELECT w.agency_id, w.asset_id, w.tag, coalesce(w.serial, ''), w.model_id, w.class, w.status, coalesce(w.assigned_to, ''),
      coalesce(w.location, ''), coalesce(w.system, ''), w.unit_id, coalesce(w.alias, ''), coalesce(w.firmware, ''),
      coalesce(w.codeplug, ''), w.purchased_on, w.warranty_until, w.cost_cents, w.quantity, coalesce(w.description, ''),
      coalesce(w.notes, ''), w.fields
    FROM unnest(wants) w;
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
  result.value := coalesce(CASE WHEN result."column" LIKE 'field.%'
    THEN radioshop.row_fields(cells ->> 'fields') ->> substr(result."column", 7) WHEN cells -> result."column" = 'null' THEN '\clear' ELSE cells ->> result."column" END, '');
END
$$;

DROP FUNCTION radioshop.import_assets(text, boolean, int[], text[], text[], text[], text[], text[], text[], text[], text[], text[], text[],
  text[], text[], text[], text[], text[], text[], text[], text[], text, int);
-- The method. One agency's imports go one after another, so that two of them never wait for each other's rows. New assets wait and
-- are written together, at the end or as soon as a row comes that has a code in common with one of them. A dry run does all the
-- same and then raises, which undoes the rows; what it found is in variables and stays. With a run, that run is brought forward in the
-- same transaction: what it says is in, is in.
CREATE FUNCTION radioshop.import_assets(agency text, dry_run boolean, lines int[], tag text[], serial text[], model text[],
  class text[], status text[], assigned_to text[], location text[], system text[], unit_id text[], alias text[], firmware text[],
  codeplug text[], purchased_on text[], warranty_until text[], cost text[], quantity text[], description text[], notes text[],
  run text DEFAULT NULL, rows_done int DEFAULT NULL, fields text[] DEFAULT NULL)
RETURNS TABLE (refusal text, line int, outcome text, id uuid, "column" text, value text, reason text) LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
  place int;
  asked record;
  done record;
  results radioshop.row_result[] := '{}';
  seen jsonb := '{}';
  wants radioshop.asset[] := '{}';
  want_places int[] := '{}';
  want_cells jsonb[] := '{}';
  taken text[] := '{}'; -- codes of those that wait
  codes text[];
  of_run uuid;
  unsaid text; -- what a row says of fields that says nothing of them: nothing, but where some are required they are asked for
BEGIN
  SELECT g.agency_id INTO place FROM radioshop.agency g
    WHERE g.code = upper(btrim(import_assets.agency)) AND g.agency_id = ANY (radioshop.agencies()) AND g.agency_id <> 0;
  IF btrim(import_assets.agency) = '' THEN
    refusal := radioshop.refuse('INVALID_ARGUMENT', 'agency', 'give the code of the agency that owns the assets');
  ELSIF place IS NULL THEN
    refusal := radioshop.refuse('NOT_FOUND', 'agency', format('there is no agency %s', btrim(import_assets.agency)));
  ELSIF coalesce(cardinality(lines), 0) = 0 THEN
    refusal := radioshop.refuse('INVALID_ARGUMENT', 'rows', 'give at least one row');
  ELSIF cardinality(lines) > 500 THEN
    refusal := radioshop.refuse('INVALID_ARGUMENT', 'rows', format('at most 500 rows a call, not %s', cardinality(lines)));
  END IF;
  IF refusal IS NOT NULL THEN
    RETURN NEXT;
    RETURN;
  END IF;

  PERFORM radioshop.lock_imports(place);
  IF btrim(coalesce(import_assets.run, '')) <> '' THEN
    SELECT t.run_id, t.refusal INTO of_run, refusal FROM radioshop.run_to_continue(place, import_assets.run, import_assets.rows_done) t;
    IF refusal IS NOT NULL THEN
      RETURN NEXT;
      RETURN;
    END IF;
  END IF;
  unsaid := CASE WHEN radioshop.requires_fields(place) THEN '{}' END;
  BEGIN
    FOR asked IN
      SELECT r.n, lines[r.n] AS line, radioshop.asset_cells('{tag,serial,model,class,status,assigned_to,location,system,unit_id,alias,
          firmware,codeplug,purchased_on,warranty_until,cost,quantity,description,notes,fields}', tag[r.n], serial[r.n], model[r.n],
          class[r.n], status[r.n], assigned_to[r.n], location[r.n], system[r.n], unit_id[r.n], alias[r.n], firmware[r.n],
          codeplug[r.n], purchased_on[r.n], warranty_until[r.n], cost[r.n], quantity[r.n], description[r.n], notes[r.n],
          coalesce(nullif(import_assets.fields[r.n], ''), unsaid, '')) AS cells
        FROM generate_subscripts(lines, 1) r (n) ORDER BY r.n
    LOOP
      codes := array_remove(ARRAY['tag ' || upper(asked.cells ->> 'tag'), 'serial ' || upper(asked.cells ->> 'serial'),
        'unit ' || (asked.cells ->> 'unit_id')], NULL);
      IF codes && taken THEN
        results := results || radioshop.flush_assets(place, wants, want_places, want_cells);
        wants := '{}';
        want_places := '{}';
        want_cells := '{}';
        taken := '{}';
      END IF;
      done := radioshop.try_import_asset(place, asked.n, asked.cells, seen, NULL);
      IF (done.result).outcome = 'created' THEN
        wants := wants || done.want;
        want_places := want_places || asked.n;
        want_cells := want_cells || asked.cells;
        taken := taken || codes;
      ELSE
        results := results || done.result;
      END IF;
      IF (done.result).id IS NOT NULL AND NOT seen ? (done.result).id::text THEN
        seen := seen || jsonb_build_object((done.result).id::text, asked.line);
      END IF;
    END LOOP;
    results := results || radioshop.flush_assets(place, wants, want_places, want_cells);
    IF import_assets.dry_run THEN
      RAISE EXCEPTION 'a dry run keeps nothing' USING ERRCODE = 'RS000';
    END IF;
  EXCEPTION WHEN SQLSTATE 'RS000' THEN
    NULL;
  END;
  IF NOT import_assets.dry_run THEN
    IF of_run IS NOT NULL THEN
      PERFORM radioshop.bring_run_forward(place, of_run, import_assets.rows_done, lines, results);
    END IF;
    PERFORM radioshop.refresh_statistics();
  END IF;
  -- Results carry the place of their row until here, since a client may number its lines as it likes. After a dry run the UUIDs of
  -- assets that it added mean nothing, and are not found any more.
  RETURN QUERY SELECT NULL::text, lines[r.line], r.outcome,
      CASE WHEN import_assets.dry_run THEN (SELECT a.asset_id FROM radioshop.asset a WHERE a.agency_id = place AND a.asset_id = r.id)
        ELSE r.id END, coalesce(r."column", ''), coalesce(r.value, ''), coalesce(r.reason, '')
    FROM unnest(results) r ORDER BY r.line;
END
$$;

UPDATE radioshop.schema_version SET version = 46;

COMMIT;
