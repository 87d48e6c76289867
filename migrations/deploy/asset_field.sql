-- Deploy radioshop:asset_field to pg
--
-- Fields of an agency's own, for its assets or those of one class, or of the shop for all agencies: what they are called, what fits into
-- them, and what each asset has there. The values are a column of the asset, so that they are read with it, count in its revision and are
-- told by its events. What fits is judged here, whichever way a value comes.

BEGIN;

-- ---------------------------------------------------------------------------------------------------------------------
-- Definitions

CREATE TABLE radioshop.asset_field (
  agency_id int NOT NULL,
  field_id uuid NOT NULL DEFAULT radioshop.uuid_v7(),
  name text COLLATE "C" NOT NULL,
  label text NOT NULL,
  class text,
  type text NOT NULL,
  required boolean NOT NULL DEFAULT false,
  max_length int,
  minimum text,
  maximum text,
  choices text[] NOT NULL DEFAULT '{}',
  place int NOT NULL DEFAULT 0,
  retired boolean NOT NULL DEFAULT false,
  revision bigint NOT NULL DEFAULT 1,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT asset_field_pkey PRIMARY KEY (agency_id, field_id),
  CONSTRAINT asset_field_name_unique UNIQUE (agency_id, name),
  CONSTRAINT asset_field_agency_known FOREIGN KEY (agency_id) REFERENCES radioshop.agency,
  CONSTRAINT asset_field_name_form CHECK (name ~ '^[a-z][a-z0-9_]{0,31}$'),
  CONSTRAINT asset_field_label_form CHECK (label <> '' AND radioshop.is_line(label, 120)),
  CONSTRAINT asset_field_class_known CHECK (radioshop.is_equipment_class(class)),
  CONSTRAINT asset_field_type_known CHECK (type IN ('text', 'number', 'date', 'yes_no', 'choice')),
  CONSTRAINT asset_field_max_length_range CHECK (max_length BETWEEN 1 AND 400),
  CONSTRAINT asset_field_max_length_fits CHECK (max_length IS NULL OR type = 'text'),
  CONSTRAINT asset_field_minimum_fits CHECK (minimum IS NULL OR type IN ('number', 'date')),
  CONSTRAINT asset_field_maximum_fits CHECK (maximum IS NULL OR type IN ('number', 'date')),
  CONSTRAINT asset_field_choices_fit CHECK ((cardinality(choices) > 0) = (type = 'choice')),
  CONSTRAINT asset_field_choices_count CHECK (cardinality(choices) <= 200),
  CONSTRAINT asset_field_place_range CHECK (place BETWEEN 0 AND 9999)
);
COMMENT ON COLUMN radioshop.asset_field.agency_id IS '0: the shop''s, for assets of all agencies';
COMMENT ON COLUMN radioshop.asset_field.class IS 'NULL: for every class';
COMMENT ON COLUMN radioshop.asset_field.minimum IS 'as read_field() writes a value; maximum likewise';
COMMENT ON CONSTRAINT asset_field_name_unique ON radioshop.asset_field IS 'name: there is a field of this name already';
COMMENT ON CONSTRAINT asset_field_agency_known ON radioshop.asset_field IS 'agency: no agency has this code';
COMMENT ON CONSTRAINT asset_field_name_form ON radioshop.asset_field IS
  'name: a name is 1 to 32 small letters, digits and underscores, such as vehicle_no, and begins with a letter';
COMMENT ON CONSTRAINT asset_field_label_form ON radioshop.asset_field IS 'label: a label is needed, one line of at most 120 characters';
COMMENT ON CONSTRAINT asset_field_class_known ON radioshop.asset_field IS
  'class: no class has this name';
COMMENT ON CONSTRAINT asset_field_type_known ON radioshop.asset_field IS 'type: a type is text, number, date, yes_no or choice';
COMMENT ON CONSTRAINT asset_field_max_length_range ON radioshop.asset_field IS 'max_length: a text has at most 1 to 400 characters';
COMMENT ON CONSTRAINT asset_field_max_length_fits ON radioshop.asset_field IS 'max_length: only a text has a greatest length';
COMMENT ON CONSTRAINT asset_field_minimum_fits ON radioshop.asset_field IS 'minimum: only a number or a date has a minimum';
COMMENT ON CONSTRAINT asset_field_maximum_fits ON radioshop.asset_field IS 'maximum: only a number or a date has a maximum';
COMMENT ON CONSTRAINT asset_field_choices_fit ON radioshop.asset_field IS 'choices: a choice has at least one choice, and nothing else has any';
COMMENT ON CONSTRAINT asset_field_choices_count ON radioshop.asset_field IS 'choices: a field has at most 200 choices';
COMMENT ON CONSTRAINT asset_field_place_range ON radioshop.asset_field IS 'place: a place is a number from 0 to 9999';

-- The shop's are read by all who have a role anywhere.
ALTER TABLE radioshop.asset_field ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY asset_field_read ON radioshop.asset_field FOR SELECT
  USING (agency_id = ANY ((SELECT 0 || nullif(current_setting('radioshop.agencies', true), '')::int[])::int[])
    AND (SELECT radioshop.agencies()) IS NOT NULL);
CREATE POLICY asset_field_add ON radioshop.asset_field FOR INSERT
  WITH CHECK (agency_id = ANY ((SELECT nullif(current_setting('radioshop.agencies', true), '')::int[])::int[]));
CREATE POLICY asset_field_change ON radioshop.asset_field FOR UPDATE
  USING (agency_id = ANY ((SELECT nullif(current_setting('radioshop.agencies', true), '')::int[])::int[]));
GRANT SELECT, INSERT, UPDATE (label, class, type, required, max_length, minimum, maximum, choices, place, retired) ON radioshop.asset_field
  TO radioshop_app;

CREATE TRIGGER touch BEFORE UPDATE ON radioshop.asset_field FOR EACH ROW EXECUTE FUNCTION radioshop.touch();
CREATE TRIGGER record_event AFTER INSERT OR UPDATE OR DELETE ON radioshop.asset_field
  FOR EACH ROW EXECUTE FUNCTION radioshop.record_event('field', 'field_id');

-- Who writes values holds the definitions of the agency and of the shop as they are, and who changes one waits for them. Advisory locks:
-- each row of an import is a subtransaction, and as many row locks on one definition would be kept together at the cost of their square.
CREATE FUNCTION radioshop.hold_fields(agency int) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_advisory_xact_lock_shared(hashtextextended('radioshop.asset_field', 0));
  PERFORM pg_advisory_xact_lock_shared(hashtextextended('radioshop.asset_field', hold_fields.agency));
END
$$;
CREATE FUNCTION radioshop.hold_fields_alone(agency int) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  IF hold_fields_alone.agency <> 0 THEN
    PERFORM pg_advisory_xact_lock_shared(hashtextextended('radioshop.asset_field', 0));
  END IF;
  PERFORM pg_advisory_xact_lock(hashtextextended('radioshop.asset_field', hold_fields_alone.agency));
END
$$;

-- Whether a name is that of something every asset has: of a column of the register, or of a file that comes or goes.
CREATE FUNCTION radioshop.is_asset_column(name text) RETURNS boolean LANGUAGE plpgsql STABLE AS $$
BEGIN
  RETURN is_asset_column.name = ANY ('{id,agency,model,cost,custody,components,attached_to,field,fields,line,row,reason}')
    OR EXISTS (SELECT FROM pg_catalog.pg_attribute t WHERE t.attrelid = 'radioshop.asset'::regclass AND t.attname = is_asset_column.name);
END
$$;

-- A name is one field's among those of an agency and of the shop; two who take it at once do so one after the other.
CREATE FUNCTION radioshop.asset_field_named() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM radioshop.hold_fields_alone(NEW.agency_id);
  IF radioshop.is_asset_column(NEW.name) OR EXISTS (SELECT FROM radioshop.asset_field f WHERE f.name = NEW.name AND (NEW.agency_id = 0) <> (f.agency_id = 0)) THEN
    RAISE EXCEPTION 'the name % is taken', NEW.name
      USING ERRCODE = '23505', SCHEMA = 'radioshop', TABLE = 'asset_field', CONSTRAINT = 'asset_field_name_unique';
  END IF;
  RETURN NEW;
END
$$;
CREATE TRIGGER named BEFORE INSERT ON radioshop.asset_field FOR EACH ROW EXECUTE FUNCTION radioshop.asset_field_named();

-- ---------------------------------------------------------------------------------------------------------------------
-- What fits

-- A value, as it is kept, as text whose bytes have the order of the values: capitals, and numbers from -1e12 up in one width. Comparing
-- text is leakproof, and so keeps its index under row level security; comparing numeric is not.
CREATE FUNCTION radioshop.field_key(type text, value text) RETURNS text LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
BEGIN
  RETURN CASE WHEN type = 'number' THEN to_char(value::numeric + 1e12, 'FM0000000000000.000000') WHEN type IN ('text', 'choice') THEN upper(value)
    ELSE value END;
END
$$;

-- What was typed, as it is kept, or why it does not fit.
CREATE FUNCTION radioshop.read_field(field radioshop.asset_field, typed text, OUT value text, OUT fault text) LANGUAGE plpgsql STABLE AS $$
DECLARE
  plain constant text := btrim(typed, E' \t\r\n\u00a0');
BEGIN
  IF field.type = 'text' THEN
    fault := CASE WHEN char_length(plain) > coalesce(field.max_length, 400) THEN
        format('a text of at most %s characters fits, and this one has %s', coalesce(field.max_length, 400), char_length(plain))
      WHEN NOT radioshop.is_line(plain, 400) THEN 'a text is one line without control characters' END;
    value := plain;
  ELSIF field.type = 'number' THEN
    IF plain ~ '^[+-]?([0-9]{1,12}|[0-9]{1,3}(,[0-9]{3}){1,3})(\.[0-9]{1,6})?$' THEN
      value := trim_scale(replace(plain, ',', '')::numeric)::text;
    ELSE
      fault := format('%s is not a number; write it like 12.5, with at most 12 digits before the point and 6 behind it', left(plain, 40));
    END IF;
  ELSIF field.type = 'date' THEN
    value := to_char(radioshop.read_date(plain), 'YYYY-MM-DD');
    IF value IS NULL OR left(value, 4) NOT BETWEEN '1900' AND '2199' THEN
      fault := format('%s is not a day from 1900 to 2199; write it like 2026-01-31 or 1/31/2026', left(plain, 40));
    END IF;
  ELSIF field.type = 'yes_no' THEN
    value := CASE WHEN lower(plain) IN ('yes', 'y', 'true', '1', 'on') THEN 'yes' WHEN lower(plain) IN ('no', 'n', 'false', '0', 'off') THEN 'no' END;
    IF value IS NULL THEN
      fault := format('%s is neither yes nor no', left(plain, 40));
    END IF;
  ELSE
    SELECT c INTO value FROM unnest(field.choices) c WHERE upper(c) = upper(plain);
    IF value IS NULL THEN
      fault := format('%s is none of its choices: %s%s', left(plain, 40), array_to_string(field.choices[:30], ', '),
        CASE WHEN cardinality(field.choices) > 30 THEN format(' and %s more', cardinality(field.choices) - 30) ELSE '' END);
    END IF;
  END IF;
  IF fault IS NULL AND field.minimum IS NOT NULL AND radioshop.field_key(field.type, value) COLLATE "C" < radioshop.field_key(field.type, field.minimum) COLLATE "C" THEN
    fault := format('%s is below its minimum, %s', value, field.minimum);
  ELSIF fault IS NULL AND field.maximum IS NOT NULL AND radioshop.field_key(field.type, value) COLLATE "C" > radioshop.field_key(field.type, field.maximum) COLLATE "C" THEN
    fault := format('%s is above its maximum, %s', value, field.maximum);
  END IF;
  value := CASE WHEN fault IS NULL THEN value END;
END
$$;

-- ---------------------------------------------------------------------------------------------------------------------
-- Values

ALTER TABLE radioshop.asset ADD COLUMN fields jsonb,
  ADD CONSTRAINT asset_fields_form CHECK (jsonb_typeof(fields) = 'object' AND fields <> '{}'
    AND NOT jsonb_path_exists(fields, 'strict $.* ? (@.type() != "string")'));
COMMENT ON COLUMN radioshop.asset.fields IS 'value by name of field; NULL: none';
COMMENT ON CONSTRAINT asset_fields_form ON radioshop.asset IS 'fields: values of fields by their names, and none that is empty';
GRANT UPDATE (fields) ON radioshop.asset TO radioshop_app;

CREATE TABLE radioshop.asset_field_value (
  agency_id int NOT NULL,
  field_id uuid NOT NULL,
  tag_key text COLLATE "C" NOT NULL,
  value_key text COLLATE "C" NOT NULL,
  CONSTRAINT asset_field_value_pkey PRIMARY KEY (agency_id, field_id, tag_key)
);
COMMENT ON TABLE radioshop.asset_field_value IS
  'asset.fields as an index: no operator of jsonb is leakproof. Written by triggers, so that it needs no foreign key';
-- The assets with one value in order of tag, from where the last page ended.
CREATE INDEX asset_field_value_by_value ON radioshop.asset_field_value (agency_id, field_id, value_key, tag_key);
ALTER TABLE radioshop.asset_field_value ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY asset_field_value_agency ON radioshop.asset_field_value
  USING (agency_id = ANY ((SELECT nullif(current_setting('radioshop.agencies', true), '')::int[])::int[]));
GRANT SELECT, INSERT, DELETE, UPDATE (value_key) ON radioshop.asset_field_value TO radioshop_app;

-- Whatever statement writes values: each that is new or another fits its field, which is not retired; and the index follows.
CREATE FUNCTION radioshop.asset_fields_follow() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  old_fields jsonb;
  new_fields jsonb;
  old_tag text;
  new_tag text;
  one record;
  known radioshop.asset_field;
  kept record;
BEGIN
  IF TG_OP <> 'INSERT' THEN
    old_fields := OLD.fields;
    old_tag := OLD.tag_key;
  END IF;
  IF TG_OP <> 'DELETE' THEN
    new_fields := NEW.fields;
    new_tag := NEW.tag_key;
    PERFORM radioshop.hold_fields(NEW.agency_id);
  END IF;
  FOR one IN SELECT coalesce(o.key, n.key) AS name, o.value AS old, n.value AS new
    FROM jsonb_each_text(coalesce(old_fields, '{}')) o FULL JOIN jsonb_each_text(coalesce(new_fields, '{}')) n ON n.key = o.key
  LOOP
    SELECT f.* INTO known FROM radioshop.asset_field f
      WHERE f.agency_id IN (0, coalesce(NEW.agency_id, OLD.agency_id)) AND f.name = one.name;
    IF TG_OP <> 'DELETE' AND one.new IS DISTINCT FROM one.old THEN
      kept := radioshop.read_field(known, one.new);
      IF known.name IS NULL OR known.retired OR (one.new IS NOT NULL AND (kept.value IS DISTINCT FROM one.new OR known.class <> NEW.class)) THEN
        RAISE EXCEPTION 'fields: %', CASE WHEN known.name IS NULL THEN format('there is no field %s', one.name)
          WHEN known.retired THEN format('%s is retired: it is read, and not written any more', one.name)
          ELSE format('%s: %s', one.name, coalesce(kept.fault, 'this does not fit here')) END USING ERRCODE = 'RS412';
      END IF;
    END IF;
    IF (one.old IS NOT NULL) AND (one.new IS DISTINCT FROM one.old OR new_tag IS DISTINCT FROM old_tag) THEN
      DELETE FROM radioshop.asset_field_value v WHERE v.agency_id = OLD.agency_id AND v.field_id = known.field_id AND v.tag_key = old_tag;
    END IF;
    IF (one.new IS NOT NULL) AND (one.new IS DISTINCT FROM one.old OR new_tag IS DISTINCT FROM old_tag) THEN
      INSERT INTO radioshop.asset_field_value (agency_id, field_id, tag_key, value_key)
        VALUES (NEW.agency_id, known.field_id, new_tag, radioshop.field_key(known.type, one.new));
    END IF;
  END LOOP;
  RETURN NULL;
END
$$;
-- They cost a write that has nothing to do with fields one comparison.
CREATE TRIGGER fields_added AFTER INSERT ON radioshop.asset FOR EACH ROW WHEN (NEW.fields IS NOT NULL)
  EXECUTE FUNCTION radioshop.asset_fields_follow();
CREATE TRIGGER fields_changed AFTER UPDATE ON radioshop.asset FOR EACH ROW
  WHEN (NEW.fields IS DISTINCT FROM OLD.fields OR (NEW.fields IS NOT NULL AND NEW.tag_key <> OLD.tag_key))
  EXECUTE FUNCTION radioshop.asset_fields_follow();
CREATE TRIGGER fields_gone AFTER DELETE ON radioshop.asset FOR EACH ROW WHEN (OLD.fields IS NOT NULL)
  EXECUTE FUNCTION radioshop.asset_fields_follow();

-- Of what has names of its own, an event tells those that changed, each from what to what.
CREATE FUNCTION radioshop.changed_keys(one jsonb, other jsonb) RETURNS jsonb LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
BEGIN
  RETURN (SELECT jsonb_object_agg(coalesce(o.key, n.key), o.value) FROM jsonb_each(coalesce(nullif(one, 'null'), '{}')) o
    FULL JOIN jsonb_each(coalesce(nullif(other, 'null'), '{}')) n ON n.key = o.key WHERE o.value IS DISTINCT FROM n.value);
END
$$;
CREATE OR REPLACE FUNCTION radioshop.record_event() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  old_row jsonb;
  new_row jsonb;
  whole jsonb;
  id text;
  left_out text[] := coalesce((TG_ARGV)[2:], '{}') || ARRAY['updated_at'];
  old_fields jsonb;
BEGIN
  IF TG_OP <> 'INSERT' THEN
    old_row := to_jsonb(OLD) - left_out;
    whole := to_jsonb(OLD);
  END IF;
  IF TG_OP <> 'DELETE' THEN
    new_row := to_jsonb(NEW) - left_out;
    whole := to_jsonb(NEW);
  END IF;
  IF TG_OP = 'UPDATE' THEN
    SELECT jsonb_object_agg(o.key, o.value), jsonb_object_agg(o.key, new_row -> o.key) INTO old_row, new_row
      FROM jsonb_each(old_row) o WHERE o.value IS DISTINCT FROM new_row -> o.key;
    IF old_row IS NULL THEN
      RETURN NULL;
    END IF;
    IF TG_TABLE_NAME = 'asset' AND old_row ? 'fields' THEN
      old_fields := radioshop.changed_keys(old_row -> 'fields', new_row -> 'fields');
      new_row := new_row || jsonb_build_object('fields', radioshop.changed_keys(new_row -> 'fields', old_row -> 'fields'));
      old_row := old_row || jsonb_build_object('fields', old_fields);
    END IF;
  END IF;
  IF TG_OP <> 'UPDATE' THEN -- what has no value needs no mention
    old_row := jsonb_strip_nulls(old_row);
    new_row := jsonb_strip_nulls(new_row);
  END IF;
  id := whole ->> TG_ARGV[1];
  IF TG_ARGV[1] = 'principal_id' THEN -- people know a principal by its name only
    id := coalesce((SELECT p.name FROM radioshop.principal p WHERE p.principal_id = id::uuid), id);
  END IF;
  INSERT INTO radioshop.event (agency_id, principal, resource, resource_id, action, before, after, method, call, request_id)
    VALUES (coalesce((whole ->> 'agency_id')::int, 0), radioshop.caller(), TG_ARGV[0], id, lower(TG_OP), old_row, new_row,
      coalesce(current_setting('radioshop.method', true), ''), coalesce(current_setting('radioshop.call', true), ''),
      nullif(current_setting('radioshop.request', true), '')::uuid);
  RETURN NULL;
END
$$;

-- The values of an asset after a change, or why it is refused: a name that is not said keeps its value, an empty value clears it. What is
-- there already is no change, whatever has become of its field. Where `status` is that of an asset in hand, it must have what is required.
CREATE FUNCTION radioshop.changed_fields(agency int, class text, status text, known jsonb, names text[], typed text[], OUT fields jsonb,
  OUT name text, OUT fault text, OUT refusal_status text) LANGUAGE plpgsql AS $$
#variable_conflict use_variable
DECLARE
  field radioshop.asset_field;
  value text;
  wrong text;
  seen text[] := '{}';
BEGIN
  fields := coalesce(known, '{}');
  IF cardinality(names) > 0 THEN
    PERFORM radioshop.hold_fields(agency);
  END IF;
  FOR i IN 1 .. coalesce(cardinality(names), 0) LOOP
    name := lower(btrim(names[i]));
    SELECT f.* INTO field FROM radioshop.asset_field f WHERE f.agency_id IN (0, agency) AND f.name = name;
    IF field.name IS NULL THEN
      refusal_status := 'NOT_FOUND';
      SELECT format('the assets of %s have no such field; radioshop field list --agency %s shows those they have', g.code, g.code) INTO fault
        FROM radioshop.agency g WHERE g.agency_id = agency;
      name := left(name, 40);
      RETURN;
    ELSIF name = ANY (seen) THEN
      refusal_status := 'INVALID_ARGUMENT';
      fault := 'it is given twice';
      RETURN;
    END IF;
    seen := seen || name;
    value := NULL;
    wrong := NULL;
    SELECT r.value, r.fault INTO value, wrong FROM radioshop.read_field(field, typed[i]) r WHERE btrim(typed[i], E' \t\r\n\u00a0') <> '';
    IF wrong IS NULL AND value IS NOT DISTINCT FROM fields ->> name THEN
      CONTINUE;
    ELSIF field.retired THEN
      refusal_status := 'FAILED_PRECONDITION';
      fault := 'the field is retired: it is read, and not written any more';
      RETURN;
    ELSIF wrong IS NOT NULL THEN
      refusal_status := 'INVALID_ARGUMENT';
      fault := wrong;
      RETURN;
    ELSIF value IS NOT NULL AND field.class <> class THEN
      refusal_status := 'INVALID_ARGUMENT';
      fault := format('the field is for the class %s, and this asset is of the class %s', field.class, class);
      RETURN;
    END IF;
    fields := CASE WHEN value IS NULL THEN fields - name ELSE fields || jsonb_build_object(name, value) END;
  END LOOP;
  IF status NOT IN ('missing', 'retired', 'disposed') THEN
    SELECT f.name, format('%s is required: give it a value', f.label) INTO name, fault FROM radioshop.asset_field f
      WHERE f.agency_id IN (0, agency) AND f.required AND NOT f.retired AND (f.class IS NULL OR f.class = class) AND NOT fields ? f.name
      ORDER BY f.place, f.name LIMIT 1;
    refusal_status := CASE WHEN fault IS NOT NULL THEN 'INVALID_ARGUMENT' END;
  END IF;
  fields := nullif(fields, '{}');
END
$$;

-- The same for the statements of one asset.
CREATE FUNCTION radioshop.fields_of_asset(agency int, class text, status text, known jsonb, named boolean, names text[], typed text[],
  OUT refusal text, OUT fields jsonb) LANGUAGE plpgsql AS $$
DECLARE
  made record;
BEGIN
  IF named AND coalesce(cardinality(names), 0) = 0 THEN
    refusal := radioshop.refuse('INVALID_ARGUMENT', 'fields', 'name the fields to change; an empty value clears one');
    RETURN;
  END IF;
  made := radioshop.changed_fields(agency, class, status, known, CASE WHEN named THEN names END, typed);
  fields := made.fields;
  IF made.fault IS NOT NULL THEN
    refusal := radioshop.refuse(made.refusal_status, 'fields', format('%s: %s', made.name, made.fault));
  END IF;
END
$$;

-- The values of an asset as it is shown, in the order of the fields.
CREATE FUNCTION radioshop.shown_fields(agency int, fields jsonb) RETURNS jsonb LANGUAGE plpgsql STABLE AS $$
BEGIN
  RETURN (SELECT jsonb_agg(jsonb_build_object('name', v.key, 'value', v.value) ORDER BY f.place, v.key)
    FROM jsonb_each_text(shown_fields.fields) v
    LEFT JOIN radioshop.asset_field f ON f.agency_id IN (0, shown_fields.agency) AND f.name = v.key);
END
$$;

-- ---------------------------------------------------------------------------------------------------------------------
-- Assets by their values

-- What a filter asks: a field, and the least and the greatest key of it; NULL for both: assets without a value.
CREATE FUNCTION radioshop.read_where(said text, field radioshop.asset_field, OUT low text, OUT high text, OUT fault text)
LANGUAGE plpgsql STABLE AS $$
DECLARE
  part constant text[] := regexp_match(said, '^\s*[A-Za-z0-9_]+\s*(<=|>=|=|<|>)(.*)$');
  plain radioshop.asset_field := field;
  one record;
  step text;
BEGIN
  IF btrim(part[2]) = '' THEN
    fault := CASE WHEN part[1] <> '=' THEN format('say than what, such as %s%s5', field.name, part[1]) END;
    RETURN;
  END IF;
  plain.minimum := NULL; -- a filter may ask for what does not fit any more
  plain.maximum := NULL;
  plain.max_length := NULL;
  one := radioshop.read_field(plain, part[2]);
  IF one.fault IS NOT NULL OR (part[1] <> '=' AND field.type NOT IN ('number', 'date')) THEN
    fault := CASE WHEN part[1] <> '=' AND field.type NOT IN ('number', 'date')
      THEN format('only numbers and dates are compared by %s, and this holds %s', part[1], CASE field.type WHEN 'yes_no' THEN 'yes or no' ELSE 'a ' || field.type END)
      ELSE one.fault END;
    RETURN;
  END IF;
  -- Numbers have six digits behind the point, so what is less than one is at most its neighbour.
  step := CASE WHEN part[1] IN ('<', '>') THEN CASE field.type
    WHEN 'number' THEN (one.value::numeric + CASE part[1] WHEN '<' THEN -0.000001 ELSE 0.000001 END)::text
    ELSE to_char(one.value::date + CASE part[1] WHEN '<' THEN -1 ELSE 1 END, 'YYYY-MM-DD') END ELSE one.value END;
  low := CASE WHEN part[1] IN ('<', '<=') THEN '' ELSE radioshop.field_key(field.type, step) END;
  high := CASE WHEN part[1] IN ('>', '>=') THEN '~' ELSE radioshop.field_key(field.type, step) END;
END
$$;

-- The refusal of filters that nothing can be found by; NULL if they can. A field that none of the caller's agencies asked for has does not exist.
CREATE FUNCTION radioshop.refuse_where(agency text, said text[]) RETURNS text LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_column
DECLARE
  one text;
  own text;
  field radioshop.asset_field;
  fault text;
  good boolean;
BEGIN
  IF cardinality(said) > 8 THEN
    RETURN radioshop.refuse('INVALID_ARGUMENT', 'where', format('at most 8 conditions, not %s', cardinality(said)));
  END IF;
  FOREACH one IN ARRAY said LOOP
    own := lower((regexp_match(one, '^\s*([A-Za-z0-9_]+)\s*(<=|>=|=|<|>)'))[1]);
    IF own IS NULL THEN
      RETURN radioshop.refuse('INVALID_ARGUMENT', 'where', format('%s: write it like fund=general, or hours>100 for numbers and dates', left(one, 40)));
    END IF;
    good := false;
    fault := NULL;
    FOR field IN SELECT f.* FROM radioshop.asset_field f
      WHERE f.name = own AND (f.agency_id = 0 OR f.agency_id IN (SELECT g.agency_id FROM radioshop.agency g
        WHERE g.agency_id = ANY (radioshop.agencies()) AND (refuse_where.agency = '' OR g.code = upper(btrim(refuse_where.agency)))))
    LOOP
      fault := (radioshop.read_where(one, field)).fault;
      good := good OR fault IS NULL;
    END LOOP;
    IF fault IS NOT NULL AND NOT good THEN
      RETURN radioshop.refuse('INVALID_ARGUMENT', 'where', format('%s: %s', own, fault));
    ELSIF NOT good THEN
      RETURN radioshop.refuse('NOT_FOUND', 'where', format('%s: there is no such field; radioshop field list shows those there are', left(own, 40)));
    END IF;
  END LOOP;
  RETURN NULL;
END
$$;

-- walk_assets() with conditions on fields. One that asks for a single value leads, on the index of values, which has its assets in order of
-- tag; else one that asks for a range; else the register. The others are looked up asset by asset.
CREATE FUNCTION radioshop.walk_assets_where(agency text, status text, class text, model text, said text[], after text[], most int)
RETURNS TABLE (code text, agency_id int, asset_id uuid, tag_key text) LANGUAGE plpgsql STABLE ROWS 50 AS $$
#variable_conflict use_column
DECLARE
  place record;
  one record;
  wanted uuid;
  behind text;
  n int;
  leads record;
  ids uuid[];
  lows text[];
  highs text[];
  classes text[];
BEGIN
  IF walk_assets_where.model <> '' THEN
    SELECT m.model_id INTO wanted FROM radioshop.model m WHERE m.number_key = upper(btrim(walk_assets_where.model));
    IF NOT FOUND THEN RETURN; END IF;
  END IF;
  FOR place IN
    SELECT g.agency_id, g.code FROM radioshop.agency g
      WHERE g.agency_id = ANY (radioshop.agencies()) AND (walk_assets_where.agency = '' OR g.code = upper(btrim(walk_assets_where.agency)))
        AND g.code >= coalesce(walk_assets_where.after[1], '')
      ORDER BY g.code
  LOOP
    behind := CASE WHEN place.code = walk_assets_where.after[1] THEN walk_assets_where.after[2] ELSE '' END;
    -- What the conditions mean here; an agency that lacks a field, or has it of another kind, has nothing that fits.
    SELECT array_agg(c.field_id ORDER BY c.rank), array_agg(c.low ORDER BY c.rank), array_agg(c.high ORDER BY c.rank),
        array_agg(c.class ORDER BY c.rank)
      INTO ids, lows, highs, classes
      FROM (SELECT f.field_id, f.class, w.low, w.high, CASE WHEN w.low = w.high THEN 0 WHEN w.low IS NOT NULL THEN 1 ELSE 2 END AS rank
        FROM unnest(said) s CROSS JOIN LATERAL (SELECT lower((regexp_match(s, '^\s*([A-Za-z0-9_]+)'))[1]) AS name) x
        JOIN radioshop.asset_field f ON f.agency_id IN (0, place.agency_id) AND f.name = x.name
        CROSS JOIN LATERAL radioshop.read_where(s, f) w WHERE w.fault IS NULL) c;
    CONTINUE WHEN coalesce(cardinality(ids), 0) < cardinality(said);
    IF lows[1] = highs[1] THEN
      RETURN QUERY SELECT place.code, a.agency_id, a.asset_id, v.tag_key
        FROM radioshop.asset_field_value v JOIN radioshop.asset a ON a.agency_id = v.agency_id AND a.tag_key = v.tag_key
        WHERE v.agency_id = place.agency_id AND v.field_id = ids[1] AND v.value_key = lows[1] AND v.tag_key > behind
          AND (wanted IS NULL OR a.model_id = wanted) AND (walk_assets_where.status IS NULL OR a.status = walk_assets_where.status)
          AND (walk_assets_where.class IS NULL OR a.class = walk_assets_where.class)
          AND (cardinality(ids) = 1 OR radioshop.has_values(v.agency_id, v.tag_key, a.class, ids[2:], lows[2:], highs[2:], classes[2:]))
        ORDER BY v.tag_key LIMIT most;
    ELSIF lows[1] IS NOT NULL THEN
      RETURN QUERY SELECT place.code, a.agency_id, a.asset_id, v.tag_key
        FROM radioshop.asset_field_value v JOIN radioshop.asset a ON a.agency_id = v.agency_id AND a.tag_key = v.tag_key
        WHERE v.agency_id = place.agency_id AND v.field_id = ids[1] AND v.value_key BETWEEN lows[1] AND highs[1] AND v.tag_key > behind
          AND (wanted IS NULL OR a.model_id = wanted) AND (walk_assets_where.status IS NULL OR a.status = walk_assets_where.status)
          AND (walk_assets_where.class IS NULL OR a.class = walk_assets_where.class)
          AND (cardinality(ids) = 1 OR radioshop.has_values(v.agency_id, v.tag_key, a.class, ids[2:], lows[2:], highs[2:], classes[2:]))
        ORDER BY v.tag_key LIMIT most;
    ELSE
      RETURN QUERY SELECT place.code, a.agency_id, a.asset_id, a.tag_key FROM radioshop.asset a
        WHERE a.agency_id = place.agency_id AND a.tag_key > behind
          AND (wanted IS NULL OR a.model_id = wanted) AND (walk_assets_where.status IS NULL OR a.status = walk_assets_where.status)
          AND (walk_assets_where.class IS NULL OR a.class = walk_assets_where.class)
          AND radioshop.has_values(a.agency_id, a.tag_key, a.class, ids, lows, highs, classes)
        ORDER BY a.tag_key LIMIT most;
    END IF;
    GET DIAGNOSTICS n = ROW_COUNT;
    most := most - n;
    EXIT WHEN most <= 0;
  END LOOP;
END
$$;

-- Whether an asset has all these values, or lacks those that are to be lacked; what its class does not have it does not lack.
CREATE FUNCTION radioshop.has_values(agency int, tag_key text, class text, ids uuid[], lows text[], highs text[], classes text[])
RETURNS boolean LANGUAGE plpgsql STABLE AS $$
DECLARE
  held text;
BEGIN
  FOR i IN 1 .. cardinality(ids) LOOP
    SELECT v.value_key INTO held FROM radioshop.asset_field_value v
      WHERE v.agency_id = has_values.agency AND v.field_id = ids[i] AND v.tag_key = has_values.tag_key;
    IF lows[i] IS NULL THEN
      IF held IS NOT NULL OR classes[i] <> has_values.class THEN
        RETURN false;
      END IF;
    ELSIF held IS NULL OR held COLLATE "C" < lows[i] COLLATE "C" OR held COLLATE "C" > highs[i] COLLATE "C" THEN
      RETURN false;
    END IF;
  END LOOP;
  RETURN true;
END
$$;

-- ---------------------------------------------------------------------------------------------------------------------
-- Methods of the definitions

-- A field as a caller sees it, or why not. In step with message Field.
CREATE TYPE radioshop.field_shown AS (
  refusal text, id uuid, agency text, class text, name text, label text, type text, required boolean, max_length int, minimum text,
  maximum text, choices text[], place int, retired boolean, revision bigint, warnings text[]
);

CREATE FUNCTION radioshop.shown_field(agency int, field uuid) RETURNS radioshop.field_shown LANGUAGE plpgsql AS $$
DECLARE
  shown radioshop.field_shown;
BEGIN
  SELECT NULL, f.field_id, CASE WHEN f.agency_id = 0 THEN 'SHOP' ELSE g.code END, f.class, f.name, f.label, f.type, f.required,
      coalesce(f.max_length, 0), coalesce(f.minimum, ''), coalesce(f.maximum, ''), f.choices, f.place, f.retired, f.revision, '{}'::text[]
    INTO shown
    FROM radioshop.asset_field f LEFT JOIN radioshop.agency g ON g.agency_id = f.agency_id
    WHERE f.agency_id = shown_field.agency AND f.field_id = shown_field.field;
  RETURN shown;
END
$$;

-- The field that a code means: its UUID, its name, or its name behind the code of its owner, such as SHOP:fund.
CREATE FUNCTION radioshop.one_field(code text, OUT agency_id int, OUT field_id uuid, OUT refusal text) LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_column
DECLARE
  key constant text := lower(btrim(coalesce(one_field.code, '')));
  owners text[];
BEGIN
  SELECT (array_agg(f.agency_id))[1], (array_agg(f.field_id))[1], array_agg(coalesce(g.code, 'SHOP') || ':' || f.name ORDER BY f.agency_id)
    INTO one_field.agency_id, one_field.field_id, owners
    FROM radioshop.asset_field f LEFT JOIN radioshop.agency g ON g.agency_id = f.agency_id
    WHERE f.name = key OR f.field_id::text = key
      OR (key ~ ':' AND f.name = split_part(key, ':', 2) AND lower(coalesce(g.code, 'SHOP')) = split_part(key, ':', 1));
  refusal := CASE
    WHEN key = '' THEN radioshop.refuse('INVALID_ARGUMENT', 'field', 'give the name of a field, such as fund or IND:fund')
    WHEN owners IS NULL THEN radioshop.refuse('NOT_FOUND', 'field', format('there is no field %s', btrim(one_field.code)))
    WHEN cardinality(owners) > 1 THEN radioshop.refuse('INVALID_ARGUMENT', 'field', format('%s fields have the name %s; say which: %s',
      cardinality(owners), btrim(one_field.code), array_to_string(owners[:8], ', '))) END;
END
$$;

-- A definition as it is kept, or what is wrong with it that a constraint cannot say so well.
CREATE FUNCTION radioshop.whole_field(INOUT field radioshop.asset_field, OUT refusal text) LANGUAGE plpgsql STABLE AS $$
DECLARE
  plain radioshop.asset_field := field;
  low text;
  low_fault text;
  high text;
  high_fault text;
  wrong text;
BEGIN
  field.label := btrim(field.label);
  field.minimum := nullif(btrim(field.minimum), '');
  field.maximum := nullif(btrim(field.maximum), '');
  field.max_length := nullif(field.max_length, 0);
  field.choices := ARRAY(SELECT btrim(c) FROM unnest(field.choices) WITH ORDINALITY x (c, n) ORDER BY x.n);
  plain.minimum := NULL;
  plain.maximum := NULL;
  IF field.type IN ('number', 'date') THEN
    SELECT r.value, r.fault INTO low, low_fault FROM radioshop.read_field(plain, field.minimum) r WHERE field.minimum IS NOT NULL;
    SELECT r.value, r.fault INTO high, high_fault FROM radioshop.read_field(plain, field.maximum) r WHERE field.maximum IS NOT NULL;
    field.minimum := coalesce(low, field.minimum);
    field.maximum := coalesce(high, field.maximum);
  END IF;
  wrong := (SELECT c FROM unnest(field.choices) c WHERE c = '' OR NOT radioshop.is_line(c, 80) LIMIT 1);
  refusal := CASE
    WHEN field.type IS NULL THEN radioshop.refuse('INVALID_ARGUMENT', 'field.type', 'say what it holds: text, number, date, yes_no or choice')
    WHEN low_fault IS NOT NULL THEN radioshop.refuse('INVALID_ARGUMENT', 'field.minimum', low_fault)
    WHEN high_fault IS NOT NULL THEN radioshop.refuse('INVALID_ARGUMENT', 'field.maximum', high_fault)
    WHEN radioshop.field_key(field.type, low) COLLATE "C" > radioshop.field_key(field.type, high) COLLATE "C" THEN
      radioshop.refuse('INVALID_ARGUMENT', 'field.maximum', 'the maximum is below the minimum')
    WHEN wrong IS NOT NULL THEN radioshop.refuse('INVALID_ARGUMENT', 'field.choices', 'a choice is one line of 1 to 80 characters')
    WHEN (SELECT count(*) <> count(DISTINCT upper(c)) FROM unnest(field.choices) c) THEN
      radioshop.refuse('INVALID_ARGUMENT', 'field.choices', 'a choice is there twice') END;
END
$$;

-- How many of the assets that should have a value have none.
CREATE FUNCTION radioshop.lacking_warnings(it radioshop.asset_field) RETURNS text[] LANGUAGE plpgsql AS $$
DECLARE
  lacking bigint;
BEGIN
  IF NOT it.required OR it.retired THEN
    RETURN '{}';
  END IF;
  SELECT count(*) INTO lacking FROM radioshop.asset a
    WHERE (it.agency_id = 0 OR a.agency_id = it.agency_id) AND a.agency_id = ANY (radioshop.agencies()) AND (it.class IS NULL OR a.class = it.class)
      AND NOT coalesce(a.fields ? it.name, false) AND a.status NOT IN ('missing', 'retired', 'disposed');
  RETURN CASE WHEN lacking = 0 THEN '{}' ELSE ARRAY[format('%s assets have no %s yet, and are asked for it when they are changed; radioshop asset list --where %2$s= lists them',
    lacking, it.name)] END;
END
$$;

CREATE FUNCTION radioshop.create_field(agency text, class text, name text, label text, type text, required boolean, max_length int, minimum text,
  maximum text, choices text[], place int, retired boolean) RETURNS radioshop.field_shown LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
  shown radioshop.field_shown;
  made record;
  want radioshop.asset_field;
  owner int;
  twin text;
BEGIN
  SELECT g.agency_id INTO owner FROM radioshop.agency g
    WHERE g.code = upper(btrim(create_field.agency)) AND g.agency_id = ANY (radioshop.agencies());
  IF upper(btrim(create_field.agency)) = 'SHOP' THEN
    owner := 0;
  END IF;
  want.name := btrim(create_field.name);
  shown.refusal := CASE
    WHEN coalesce(btrim(create_field.agency), '') = '' THEN radioshop.refuse('INVALID_ARGUMENT', 'field.agency',
      'say whose it is: the code of an agency, or SHOP for assets of all agencies')
    WHEN owner IS NULL THEN radioshop.refuse('NOT_FOUND', 'field.agency', format('no agency has the code %s', btrim(create_field.agency)))
    WHEN owner = 0 AND NOT radioshop.is_shop() THEN radioshop.refuse('PERMISSION_DENIED', '',
      'a field for all agencies is the shop''s, and only who manages for every agency makes one')
    WHEN want.name = '' THEN radioshop.refuse('INVALID_ARGUMENT', 'field.name', 'give it a name, such as vehicle_no')
    WHEN radioshop.is_asset_column(want.name) THEN radioshop.refuse('INVALID_ARGUMENT', 'field.name',
      format('every asset has %s already; give the field another name', want.name)) END;
  IF shown.refusal IS NOT NULL THEN
    RETURN shown;
  END IF;
  PERFORM radioshop.hold_fields_alone(owner);
  SELECT coalesce(g.code, 'SHOP') || ':' || f.name INTO twin FROM radioshop.asset_field f LEFT JOIN radioshop.agency g ON g.agency_id = f.agency_id
    WHERE f.name = want.name AND (f.agency_id IN (0, owner) OR owner = 0) ORDER BY f.agency_id LIMIT 1;
  want.agency_id := owner;
  want.field_id := radioshop.uuid_v7();
  want.class := create_field.class;
  want.label := coalesce(nullif(btrim(create_field.label), ''), replace(want.name, '_', ' '));
  want.type := create_field.type;
  want.required := create_field.required;
  want.max_length := create_field.max_length;
  want.minimum := create_field.minimum;
  want.maximum := create_field.maximum;
  want.choices := coalesce(create_field.choices, '{}');
  want.place := create_field.place;
  want.retired := create_field.retired;
  made := radioshop.whole_field(want);
  want := made.field;
  shown.refusal := CASE
    WHEN twin IS NOT NULL THEN radioshop.refuse('ALREADY_EXISTS', 'field.name', format('there is a field %s already', twin))
    WHEN made.refusal IS NOT NULL THEN made.refusal
    WHEN (SELECT count(*) >= 200 FROM radioshop.asset_field f WHERE f.agency_id = owner) THEN
      radioshop.refuse('FAILED_PRECONDITION', 'field.name', 'it has 200 fields already, and no more are kept') END;
  IF shown.refusal IS NOT NULL THEN
    RETURN shown;
  END IF;
  INSERT INTO radioshop.asset_field (agency_id, field_id, name, label, class, type, required, max_length, minimum, maximum, choices, place, retired)
    VALUES (want.agency_id, want.field_id, want.name, want.label, want.class, want.type, coalesce(want.required, false), want.max_length, want.minimum,
      want.maximum, want.choices, coalesce(want.place, 0), coalesce(want.retired, false));
  shown := radioshop.shown_field(owner, want.field_id);
  shown.warnings := radioshop.lacking_warnings(want);
  RETURN shown;
END
$$;

-- Values that would not fit any more stop a change, and are counted.
CREATE FUNCTION radioshop.refuse_unfit(want radioshop.asset_field, at text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  n record;
BEGIN
  SELECT count(*) AS whole, count(*) FILTER (WHERE x.unfit) AS unfit,
      (array_agg(format('%s (asset %s:%s)', left(x.value, 40), x.code, x.tag) ORDER BY x.code, x.tag) FILTER (WHERE x.unfit))[1] AS example INTO n
    FROM (SELECT g.code, a.tag, a.fields ->> want.name AS value,
        r.value IS DISTINCT FROM a.fields ->> want.name OR coalesce(a.class <> want.class, false) AS unfit
      FROM radioshop.asset_field_value v JOIN radioshop.asset a ON a.agency_id = v.agency_id AND a.tag_key = v.tag_key
        JOIN radioshop.agency g ON g.agency_id = a.agency_id
        CROSS JOIN LATERAL radioshop.read_field(want, a.fields ->> want.name) r
      WHERE v.agency_id = ANY (radioshop.agencies()) AND v.field_id = want.field_id) x;
  RETURN CASE WHEN n.unfit > 0 THEN radioshop.refuse('FAILED_PRECONDITION', at,
    format('%s of %s values would not fit any more, such as %s; change or clear them first', n.unfit, n.whole, n.example)) END;
END
$$;

CREATE FUNCTION radioshop.update_field(field text, revision bigint, mask text[], class text, label text, type text, required boolean, max_length int,
  minimum text, maximum text, choices text[], place int, retired boolean) RETURNS radioshop.field_shown LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
  shown radioshop.field_shown;
  it record;
  made record;
  old radioshop.asset_field;
  want radioshop.asset_field;
BEGIN
  it := radioshop.one_field(update_field.field);
  shown.refusal := coalesce(it.refusal, CASE WHEN it.agency_id = 0 AND NOT radioshop.is_shop() THEN radioshop.refuse('PERMISSION_DENIED', '',
    'this field is the shop''s, and only who manages for every agency changes it') END);
  IF shown.refusal IS NOT NULL THEN
    RETURN shown;
  END IF;
  PERFORM radioshop.hold_fields_alone(it.agency_id);
  SELECT f.* INTO old FROM radioshop.asset_field f WHERE f.agency_id = it.agency_id AND f.field_id = it.field_id FOR NO KEY UPDATE;
  want := old;
  want.class := CASE WHEN 'class' = ANY (mask) THEN update_field.class ELSE old.class END;
  want.label := CASE WHEN 'label' = ANY (mask) THEN update_field.label ELSE old.label END;
  want.type := CASE WHEN 'type' = ANY (mask) THEN update_field.type ELSE old.type END;
  want.required := CASE WHEN 'required' = ANY (mask) THEN update_field.required ELSE old.required END;
  want.max_length := CASE WHEN 'max_length' = ANY (mask) THEN update_field.max_length ELSE old.max_length END;
  want.minimum := CASE WHEN 'minimum' = ANY (mask) THEN update_field.minimum ELSE old.minimum END;
  want.maximum := CASE WHEN 'maximum' = ANY (mask) THEN update_field.maximum ELSE old.maximum END;
  want.choices := CASE WHEN 'choices' = ANY (mask) THEN coalesce(update_field.choices, '{}') ELSE old.choices END;
  want.place := CASE WHEN 'place' = ANY (mask) THEN update_field.place ELSE old.place END;
  want.retired := CASE WHEN 'retired' = ANY (mask) THEN update_field.retired ELSE old.retired END;
  made := radioshop.whole_field(want);
  want := made.field;
  shown.refusal := coalesce(
    radioshop.refuse_update(mask, '{class,label,type,required,max_length,minimum,maximum,choices,place,retired}', update_field.revision, old.revision,
      'field ' || old.name),
    made.refusal, CASE WHEN want.class IS DISTINCT FROM old.class OR want.type <> old.type OR want.max_length IS DISTINCT FROM old.max_length
        OR want.minimum IS DISTINCT FROM old.minimum OR want.maximum IS DISTINCT FROM old.maximum OR want.choices <> old.choices THEN
      radioshop.refuse_unfit(want, 'field.' || CASE WHEN want.type <> old.type THEN 'type' WHEN want.choices <> old.choices THEN 'choices'
        WHEN want.max_length IS DISTINCT FROM old.max_length THEN 'max_length' WHEN want.minimum IS DISTINCT FROM old.minimum THEN 'minimum'
        WHEN want.maximum IS DISTINCT FROM old.maximum THEN 'maximum' ELSE 'class' END) END);
  IF shown.refusal IS NOT NULL THEN
    RETURN shown;
  END IF;
  UPDATE radioshop.asset_field f SET label = want.label, class = want.class, type = want.type, required = want.required, max_length = want.max_length,
      minimum = want.minimum, maximum = want.maximum, choices = want.choices, place = want.place, retired = want.retired
    WHERE f.agency_id = it.agency_id AND f.field_id = it.field_id;
  IF want.type <> old.type THEN
    UPDATE radioshop.asset_field_value v SET value_key = radioshop.field_key(want.type, a.fields ->> want.name)
      FROM radioshop.asset a
      WHERE v.agency_id = ANY (radioshop.agencies()) AND v.field_id = want.field_id AND a.agency_id = v.agency_id AND a.tag_key = v.tag_key;
  END IF;
  shown := radioshop.shown_field(it.agency_id, it.field_id);
  shown.warnings := CASE WHEN mask && '{required,class}' THEN radioshop.lacking_warnings(want) ELSE '{}' END;
  RETURN shown;
END
$$;

UPDATE radioshop.schema_version SET version = 44;

COMMIT;
