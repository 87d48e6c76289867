-- Deploy radioshop:procedure to pg
--
-- What exactly is done at a service: procedures of ordered steps, in versions. They are the shop's; a plan may name one, and so may
-- the release of a repaired radio. With them a service is judged by the database: each reading against the limit of the day, and
-- what was used to judge it is kept. The analysers, with which readings are taken, are here too.

BEGIN;

-- ---------------------------------------------------------------------------------------------------------------------
-- Procedures

CREATE TABLE radioshop.procedure (
  procedure_id uuid NOT NULL DEFAULT radioshop.uuid_v7(),
  code text COLLATE "C" NOT NULL,
  code_key text COLLATE "C" NOT NULL GENERATED ALWAYS AS (upper(code)) STORED,
  name text NOT NULL,
  post_repair boolean NOT NULL DEFAULT false,
  class text,
  family text NOT NULL DEFAULT '',
  model_id uuid,
  stopped boolean NOT NULL DEFAULT false,
  version int NOT NULL DEFAULT 1,
  revision bigint NOT NULL DEFAULT 1,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT procedure_pkey PRIMARY KEY (procedure_id),
  CONSTRAINT procedure_code_unique UNIQUE (code_key),
  CONSTRAINT procedure_model_known FOREIGN KEY (model_id) REFERENCES radioshop.model (model_id),
  CONSTRAINT procedure_code_form CHECK (code ~ '^[A-Za-z0-9][A-Za-z0-9._/-]{0,31}$'),
  CONSTRAINT procedure_name_form CHECK (name <> '' AND radioshop.is_line(name, 120)),
  CONSTRAINT procedure_class_known CHECK (radioshop.is_equipment_class(class)),
  CONSTRAINT procedure_family_form CHECK (radioshop.is_line(family, 120)),
  CONSTRAINT procedure_version_range CHECK (version > 0)
);
COMMENT ON COLUMN radioshop.procedure.post_repair IS 'a ticket of such a radio cannot go from testing to ready without it';
COMMENT ON COLUMN radioshop.procedure.version IS 'the version of its steps that is followed now';
COMMENT ON CONSTRAINT procedure_code_unique ON radioshop.procedure IS 'code: another procedure has this code';
COMMENT ON CONSTRAINT procedure_model_known ON radioshop.procedure IS 'model: no model of the catalogue has this number';
COMMENT ON CONSTRAINT procedure_code_form ON radioshop.procedure IS
  'code: a code is one to 32 letters, digits, dots, hyphens, underscores or slashes, such as APX-PM, and begins with a letter or digit';
COMMENT ON CONSTRAINT procedure_name_form ON radioshop.procedure IS 'name: a name is needed, one line of at most 120 characters';
COMMENT ON CONSTRAINT procedure_class_known ON radioshop.procedure IS 'class: no kind of equipment has this name';
COMMENT ON CONSTRAINT procedure_family_form ON radioshop.procedure IS 'family: a family is one line of at most 120 characters';
COMMENT ON CONSTRAINT procedure_version_range ON radioshop.procedure IS 'version: versions are counted from 1';
CREATE INDEX procedure_post_repair ON radioshop.procedure (code_key) WHERE post_repair AND NOT stopped;

CREATE TABLE radioshop.procedure_step (
  procedure_id uuid NOT NULL,
  version int NOT NULL,
  position int NOT NULL,
  step text COLLATE "C" NOT NULL,
  title text NOT NULL DEFAULT '',
  kind text NOT NULL,
  may_skip boolean NOT NULL DEFAULT false,
  test text COLLATE "C" NOT NULL DEFAULT '',
  unit text NOT NULL DEFAULT '',
  band text NOT NULL DEFAULT '',
  mode text COLLATE "C" NOT NULL DEFAULT '',
  passing text[] NOT NULL DEFAULT '{}',
  failing text[] NOT NULL DEFAULT '{}',
  CONSTRAINT procedure_step_pkey PRIMARY KEY (procedure_id, version, position),
  CONSTRAINT procedure_step_unique UNIQUE (procedure_id, version, step),
  CONSTRAINT procedure_step_procedure_known FOREIGN KEY (procedure_id) REFERENCES radioshop.procedure,
  CONSTRAINT procedure_step_position_range CHECK (position BETWEEN 1 AND 50),
  CONSTRAINT procedure_step_form CHECK (radioshop.is_word(step)),
  CONSTRAINT procedure_step_title_form CHECK (radioshop.is_line(title, 400)),
  CONSTRAINT procedure_step_kind_known CHECK (kind IN ('check', 'choice', 'text', 'reading')),
  CONSTRAINT procedure_step_test_form CHECK (CASE kind WHEN 'reading' THEN radioshop.is_word(test) ELSE test = '' END),
  CONSTRAINT procedure_step_unit_form CHECK (CASE kind WHEN 'reading' THEN unit <> '' AND radioshop.is_line(unit, 16) ELSE unit = '' END),
  CONSTRAINT procedure_step_band_form CHECK (radioshop.is_line(band, 64)),
  CONSTRAINT procedure_step_mode_form CHECK (mode = '' OR (kind = 'reading' AND radioshop.is_word(mode))),
  CONSTRAINT procedure_step_options_fit CHECK (CASE kind WHEN 'choice' THEN cardinality(passing) > 0 AND NOT passing && failing
    ELSE cardinality(passing) + cardinality(failing) = 0 END)
);
COMMENT ON TABLE radioshop.procedure_step IS 'only grows: a procedure that is revised gets all its steps anew, with the next version';
COMMENT ON COLUMN radioshop.procedure_step.band IS 'only for radios that work on this band; empty for all';
COMMENT ON CONSTRAINT procedure_step_unique ON radioshop.procedure_step IS 'steps.step: a step stands twice in the procedure';
COMMENT ON CONSTRAINT procedure_step_procedure_known ON radioshop.procedure_step IS 'procedure: no such procedure';
COMMENT ON CONSTRAINT procedure_step_position_range ON radioshop.procedure_step IS 'steps: a procedure has 1 to 50 steps';
COMMENT ON CONSTRAINT procedure_step_form ON radioshop.procedure_step IS
  'steps.step: a step is named by small letters, digits and underscores, such as tx_power, at most 40';
COMMENT ON CONSTRAINT procedure_step_title_form ON radioshop.procedure_step IS 'steps.title: a title is one line of at most 400 characters';
COMMENT ON CONSTRAINT procedure_step_kind_known ON radioshop.procedure_step IS 'steps.kind: a step is a check, a choice, a text or a reading';
COMMENT ON CONSTRAINT procedure_step_test_form ON radioshop.procedure_step IS
  'steps.test: a reading has the name of its test, such as tx_freq_error, and nothing else has one';
COMMENT ON CONSTRAINT procedure_step_unit_form ON radioshop.procedure_step IS
  'steps.unit: a reading has a unit, one line of at most 16 characters, and nothing else has one';
COMMENT ON CONSTRAINT procedure_step_band_form ON radioshop.procedure_step IS 'steps.band: a band is one line of at most 64 characters';
COMMENT ON CONSTRAINT procedure_step_mode_form ON radioshop.procedure_step IS
  'steps.mode: a reading may have a mode such as p25 or analog, and nothing else has one';
COMMENT ON CONSTRAINT procedure_step_options_fit ON radioshop.procedure_step IS
  'steps.passing: a choice has answers that pass, none of which fails too, and nothing else has answers to choose from';

CREATE TRIGGER touch BEFORE UPDATE ON radioshop.procedure FOR EACH ROW EXECUTE FUNCTION radioshop.touch();
CREATE TRIGGER record_event AFTER INSERT OR UPDATE OR DELETE ON radioshop.procedure
  FOR EACH ROW EXECUTE FUNCTION radioshop.record_event('procedure', 'code', 'code_key');
CREATE TRIGGER only_append BEFORE UPDATE OR DELETE OR TRUNCATE ON radioshop.procedure_step
  FOR EACH STATEMENT EXECUTE FUNCTION radioshop.only_append();

ALTER TABLE radioshop.procedure ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY procedure_read ON radioshop.procedure FOR SELECT USING (true);
CREATE POLICY procedure_add ON radioshop.procedure FOR INSERT WITH CHECK ((SELECT radioshop.is_shop()));
CREATE POLICY procedure_change ON radioshop.procedure FOR UPDATE USING ((SELECT radioshop.is_shop()));
ALTER TABLE radioshop.procedure_step ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY procedure_step_read ON radioshop.procedure_step FOR SELECT USING (true);
CREATE POLICY procedure_step_add ON radioshop.procedure_step FOR INSERT WITH CHECK ((SELECT radioshop.is_shop()));
GRANT SELECT, INSERT, UPDATE (name, post_repair, class, family, model_id, stopped, version) ON radioshop.procedure TO radioshop_app;
GRANT SELECT, INSERT ON radioshop.procedure_step TO radioshop_app;

ALTER TABLE radioshop.plan ADD COLUMN procedure_id uuid,
  ADD CONSTRAINT plan_procedure_known FOREIGN KEY (procedure_id) REFERENCES radioshop.procedure;
COMMENT ON COLUMN radioshop.plan.procedure_id IS 'what is done at its services; NULL: services are recorded freely';
COMMENT ON CONSTRAINT plan_procedure_known ON radioshop.plan IS 'procedure: no such procedure';
CREATE INDEX plan_by_procedure ON radioshop.plan (procedure_id) WHERE procedure_id IS NOT NULL;
GRANT UPDATE (procedure_id) ON radioshop.plan TO radioshop_app;

-- A procedure as a caller sees it, or why not. In step with message Procedure.
CREATE TYPE radioshop.procedure_shown AS (
  refusal text, code text, name text, post_repair boolean, class text, family text, model text, stopped boolean, version int, steps jsonb,
  plans text[], revision bigint
);

-- plans: those of the caller's agencies only.
CREATE FUNCTION radioshop.shown_procedure(procedure_id uuid, version int DEFAULT NULL) RETURNS radioshop.procedure_shown
LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_column
DECLARE
  shown radioshop.procedure_shown;
BEGIN
  SELECT NULL, p.code, p.name, p.post_repair, p.class, p.family, coalesce(m.number, ''), p.stopped,
      coalesce(shown_procedure.version, p.version),
      (SELECT jsonb_agg(jsonb_strip_nulls(jsonb_build_object('step', s.step, 'title', s.title, 'kind', s.kind, 'may_skip', s.may_skip,
          'test', s.test, 'unit', s.unit, 'band', s.band, 'mode', s.mode, 'passing', array_to_string(s.passing, '|'),
          'failing', array_to_string(s.failing, '|'))) ORDER BY s.position)
        FROM radioshop.procedure_step s
        WHERE s.procedure_id = p.procedure_id AND s.version = coalesce(shown_procedure.version, p.version)),
      (SELECT coalesce(array_agg(g.code || ':' || l.code ORDER BY g.code, l.code_key), '{}')
        FROM radioshop.plan l JOIN radioshop.agency g ON g.agency_id = l.agency_id
        WHERE l.procedure_id = p.procedure_id AND l.agency_id = ANY (radioshop.agencies())),
      p.revision
    INTO shown FROM radioshop.procedure p LEFT JOIN radioshop.model m ON m.model_id = p.model_id
    WHERE p.procedure_id = shown_procedure.procedure_id;
  RETURN shown;
END
$$;

-- 'good | worn' as an array: trimmed, without empty ones.
CREATE FUNCTION radioshop.split_options(options text) RETURNS text[] LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT coalesce(array_agg(btrim(o) ORDER BY n), '{}') FROM unnest(string_to_array(options, '|')) WITH ORDINALITY x (o, n) WHERE btrim(o) <> ''
$$;

-- The steps of one version, in the order given. Named test is the step's own name where none is given.
CREATE FUNCTION radioshop.add_steps(procedure_id uuid, version int, step text[], title text[], kind text[], may_skip boolean[],
  test text[], unit text[], band text[], mode text[], passing text[], failing text[]) RETURNS void LANGUAGE plpgsql AS $$
#variable_conflict use_column
BEGIN
  INSERT INTO radioshop.procedure_step (procedure_id, version, position, step, title, kind, may_skip, test, unit, band, mode, passing, failing)
    SELECT add_steps.procedure_id, add_steps.version, s.position, btrim(s.step), btrim(s.title), s.kind, coalesce(s.may_skip, false),
        CASE WHEN btrim(s.test) <> '' OR s.kind <> 'reading' THEN btrim(s.test) ELSE btrim(s.step) END,
        CASE WHEN btrim(s.unit) <> '' THEN (radioshop.read_unit(btrim(s.unit))).name ELSE '' END, btrim(s.band), btrim(s.mode),
        radioshop.split_options(s.passing), radioshop.split_options(s.failing)
      FROM unnest(add_steps.step, add_steps.title, add_steps.kind, add_steps.may_skip, add_steps.test, add_steps.unit, add_steps.band,
          add_steps.mode, add_steps.passing, add_steps.failing)
        WITH ORDINALITY s (step, title, kind, may_skip, test, unit, band, mode, passing, failing, position);
END
$$;

-- Why these cannot be the steps of a procedure; NULL when they can, as far as the constraints do not say it.
CREATE FUNCTION radioshop.refuse_steps(step text[], kind text[]) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT CASE
    WHEN coalesce(cardinality(step), 0) NOT BETWEEN 1 AND 50 THEN
      radioshop.refuse('INVALID_ARGUMENT', 'steps', format('a procedure has 1 to 50 steps, not %s', coalesce(cardinality(step), 0)))
    WHEN array_position(kind, NULL) IS NOT NULL THEN radioshop.refuse('INVALID_ARGUMENT', 'steps.kind',
      format('say what step %s is: a check, a choice, a text or a reading', left(step[array_position(kind, NULL)], 64)))
  END
$$;

CREATE FUNCTION radioshop.create_procedure(code text, name text, post_repair boolean, class text, family text, model text, stopped boolean,
  step text[], title text[], kind text[], may_skip boolean[], test text[], unit text[], band text[], mode text[], passing text[],
  failing text[])
RETURNS radioshop.procedure_shown LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
  shown radioshop.procedure_shown;
  in_model uuid;
  made uuid;
BEGIN
  shown.refusal := CASE
    WHEN NOT radioshop.is_shop() THEN radioshop.refuse('PERMISSION_DENIED', '', 'only an administrator of the shop makes procedures')
    ELSE radioshop.refuse_steps(create_procedure.step, create_procedure.kind) END;
  IF shown.refusal IS NULL AND btrim(create_procedure.model) <> '' THEN
    SELECT m.model_id INTO in_model FROM radioshop.model m WHERE m.number_key = upper(btrim(create_procedure.model));
    IF NOT FOUND THEN
      shown.refusal := radioshop.refuse('FAILED_PRECONDITION', 'model',
        format('no model of the catalogue has the number %s', btrim(create_procedure.model)));
    END IF;
  END IF;
  IF shown.refusal IS NOT NULL THEN
    RETURN shown;
  END IF;
  INSERT INTO radioshop.procedure (code, name, post_repair, class, family, model_id, stopped)
    VALUES (btrim(coalesce(create_procedure.code, '')), btrim(coalesce(create_procedure.name, '')),
      coalesce(create_procedure.post_repair, false), create_procedure.class, btrim(coalesce(create_procedure.family, '')), in_model,
      coalesce(create_procedure.stopped, false))
    RETURNING procedure_id INTO made;
  PERFORM radioshop.add_steps(made, 1, create_procedure.step, create_procedure.title, create_procedure.kind, create_procedure.may_skip,
    create_procedure.test, create_procedure.unit, create_procedure.band, create_procedure.mode, create_procedure.passing,
    create_procedure.failing);
  RETURN radioshop.shown_procedure(made);
END
$$;

-- The procedure to change, locked, or the refusal. expected: the revision the caller has read.
CREATE FUNCTION radioshop.procedure_to_change(code text, expected bigint, OUT procedure_id uuid, OUT version int, OUT refusal text)
LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
  revision bigint;
BEGIN
  IF NOT radioshop.is_shop() THEN
    refusal := radioshop.refuse('PERMISSION_DENIED', '', 'only an administrator of the shop changes procedures');
    RETURN;
  END IF;
  SELECT p.procedure_id, p.version, p.revision INTO procedure_to_change.procedure_id, procedure_to_change.version, revision
    FROM radioshop.procedure p WHERE p.code_key = upper(btrim(procedure_to_change.code)) FOR NO KEY UPDATE;
  refusal := CASE
    WHEN revision IS NULL THEN radioshop.refuse('NOT_FOUND', 'code', format('there is no procedure %s', procedure_to_change.code))
    WHEN coalesce(expected, 0) <= 0 THEN radioshop.refuse('INVALID_ARGUMENT', 'revision', 'give the revision you have read')
    WHEN expected <> revision THEN radioshop.refuse('ABORTED', 'revision',
      format('the procedure has moved on to revision %s; read it again', revision)) END;
END
$$;

CREATE FUNCTION radioshop.revise_procedure(code text, revision bigint, step text[], title text[], kind text[], may_skip boolean[],
  test text[], unit text[], band text[], mode text[], passing text[], failing text[])
RETURNS radioshop.procedure_shown LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
  shown radioshop.procedure_shown;
  it record;
BEGIN
  it := radioshop.procedure_to_change(revise_procedure.code, revise_procedure.revision);
  shown.refusal := coalesce(it.refusal, radioshop.refuse_steps(revise_procedure.step, revise_procedure.kind));
  IF shown.refusal IS NOT NULL THEN
    RETURN shown;
  END IF;
  PERFORM radioshop.add_steps(it.procedure_id, it.version + 1, revise_procedure.step, revise_procedure.title, revise_procedure.kind,
    revise_procedure.may_skip, revise_procedure.test, revise_procedure.unit, revise_procedure.band, revise_procedure.mode,
    revise_procedure.passing, revise_procedure.failing);
  UPDATE radioshop.procedure p SET version = it.version + 1 WHERE p.procedure_id = it.procedure_id;
  RETURN radioshop.shown_procedure(it.procedure_id);
END
$$;

CREATE FUNCTION radioshop.update_procedure(code text, revision bigint, mask text[], name text, post_repair boolean, class text, family text,
  model text, stopped boolean) RETURNS radioshop.procedure_shown LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
  changeable constant text[] := '{name,post_repair,class,family,model,stopped}';
  shown radioshop.procedure_shown;
  in_model uuid;
  it record;
BEGIN
  it := radioshop.procedure_to_change(update_procedure.code, update_procedure.revision);
  shown.refusal := CASE
    WHEN radioshop.is_shop() AND NOT mask <@ changeable THEN radioshop.refuse('INVALID_ARGUMENT', 'update_mask',
      format('only these can be changed: %s; revise the procedure to change its steps', array_to_string(changeable, ', ')))
    ELSE it.refusal END;
  IF shown.refusal IS NULL AND 'model' = ANY (mask) AND btrim(update_procedure.model) <> '' THEN
    SELECT m.model_id INTO in_model FROM radioshop.model m WHERE m.number_key = upper(btrim(update_procedure.model));
    IF NOT FOUND THEN
      shown.refusal := radioshop.refuse('FAILED_PRECONDITION', 'model',
        format('no model of the catalogue has the number %s', btrim(update_procedure.model)));
    END IF;
  END IF;
  IF shown.refusal IS NOT NULL THEN
    RETURN shown;
  END IF;
  UPDATE radioshop.procedure p SET
      name = CASE WHEN 'name' = ANY (mask) THEN btrim(update_procedure.name) ELSE p.name END,
      post_repair = CASE WHEN 'post_repair' = ANY (mask) THEN update_procedure.post_repair ELSE p.post_repair END,
      class = CASE WHEN 'class' = ANY (mask) THEN update_procedure.class ELSE p.class END,
      family = CASE WHEN 'family' = ANY (mask) THEN btrim(update_procedure.family) ELSE p.family END,
      model_id = CASE WHEN 'model' = ANY (mask) THEN in_model ELSE p.model_id END,
      stopped = CASE WHEN 'stopped' = ANY (mask) THEN update_procedure.stopped ELSE p.stopped END
    WHERE p.procedure_id = it.procedure_id;
  RETURN radioshop.shown_procedure(it.procedure_id);
END
$$;

-- Says which procedure a plan's services follow; an empty one: none. Guarded by the plan's revision.
CREATE FUNCTION radioshop.attach_procedure(agency text, plan text, revision bigint, procedure text)
RETURNS TABLE (refusal text, agency_code text, plan_code text, procedure_code text, plan_revision bigint) LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
  it record;
  wanted uuid;
BEGIN
  SELECT p.agency_id, p.plan_id, p.revision, p.code, g.code AS agency INTO it
    FROM radioshop.agency g JOIN radioshop.plan p ON p.agency_id = g.agency_id AND p.code_key = upper(attach_procedure.plan)
    WHERE g.agency_id = ANY (radioshop.agencies()) AND g.code = upper(attach_procedure.agency) FOR NO KEY UPDATE OF p;
  refusal := CASE
    WHEN it.plan_id IS NULL THEN radioshop.refuse('NOT_FOUND', 'plan',
      format('agency %s has no plan %s', attach_procedure.agency, attach_procedure.plan))
    WHEN coalesce(attach_procedure.revision, 0) <= 0 THEN radioshop.refuse('INVALID_ARGUMENT', 'revision', 'give the revision you have read')
    WHEN attach_procedure.revision <> it.revision THEN radioshop.refuse('ABORTED', 'revision',
      format('the plan has moved on to revision %s; read it again', it.revision)) END;
  IF refusal IS NULL AND btrim(attach_procedure.procedure) <> '' THEN
    SELECT p.procedure_id INTO wanted FROM radioshop.procedure p WHERE p.code_key = upper(btrim(attach_procedure.procedure)) AND NOT p.stopped;
    IF NOT FOUND THEN
      refusal := radioshop.refuse('FAILED_PRECONDITION', 'procedure',
        format('there is no procedure %s, or it is stopped', btrim(attach_procedure.procedure)));
    END IF;
  END IF;
  IF refusal IS NULL THEN
    UPDATE radioshop.plan p SET procedure_id = wanted WHERE p.agency_id = it.agency_id AND p.plan_id = it.plan_id
      RETURNING p.revision INTO plan_revision;
    agency_code := it.agency;
    plan_code := it.code;
    procedure_code := coalesce((SELECT p.code FROM radioshop.procedure p WHERE p.procedure_id = wanted), '');
  END IF;
  RETURN NEXT;
END
$$;

-- ---------------------------------------------------------------------------------------------------------------------
-- Analysers: the shop's test sets, and every calibration of each

CREATE TABLE radioshop.analyser (
  analyser_id uuid NOT NULL DEFAULT radioshop.uuid_v7(),
  serial text NOT NULL,
  serial_key text COLLATE "C" NOT NULL GENERATED ALWAYS AS (upper(serial)) STORED,
  manufacturer text NOT NULL,
  model text NOT NULL,
  calibrated_on date,
  calibration_due_on date,
  notes text NOT NULL DEFAULT '',
  retired boolean NOT NULL DEFAULT false,
  revision bigint NOT NULL DEFAULT 1,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT analyser_pkey PRIMARY KEY (analyser_id),
  CONSTRAINT analyser_serial_unique UNIQUE (serial_key),
  CONSTRAINT analyser_serial_form CHECK (serial <> '' AND radioshop.is_line(serial, 64)),
  CONSTRAINT analyser_manufacturer_form CHECK (manufacturer <> '' AND radioshop.is_line(manufacturer, 120)),
  CONSTRAINT analyser_model_form CHECK (model <> '' AND radioshop.is_line(model, 120)),
  CONSTRAINT analyser_calibrated_on_range CHECK (calibrated_on BETWEEN '1970-01-01' AND '2199-12-31'),
  CONSTRAINT analyser_calibration_fits CHECK ((calibrated_on IS NULL) = (calibration_due_on IS NULL) AND calibrated_on <= calibration_due_on
    AND calibration_due_on <= '2199-12-31'),
  CONSTRAINT analyser_notes_form CHECK (radioshop.is_text(notes, 4000))
);
COMMENT ON CONSTRAINT analyser_serial_unique ON radioshop.analyser IS 'serial: another analyser has this serial number';
COMMENT ON CONSTRAINT analyser_serial_form ON radioshop.analyser IS 'serial: a serial number is needed, one line of at most 64 characters';
COMMENT ON CONSTRAINT analyser_manufacturer_form ON radioshop.analyser IS
  'manufacturer: a manufacturer is needed, one line of at most 120 characters';
COMMENT ON CONSTRAINT analyser_model_form ON radioshop.analyser IS 'model: a model is needed, one line of at most 120 characters';
COMMENT ON CONSTRAINT analyser_calibrated_on_range ON radioshop.analyser IS 'calibrated_on: give a day from 1970-01-01 to 2199-12-31';
COMMENT ON CONSTRAINT analyser_calibration_fits ON radioshop.analyser IS
  'calibration_due_on: give the day of the calibration and the day until which it holds, which is not before, or neither';
COMMENT ON CONSTRAINT analyser_notes_form ON radioshop.analyser IS
  'notes: at most 4000 characters, and no control characters but tabs and line ends';

-- What the analyser says is its last calibration; a service that is recorded late wants the one of its day.
CREATE TABLE radioshop.analyser_calibration (
  analyser_id uuid NOT NULL,
  calibrated_on date NOT NULL,
  due_on date NOT NULL,
  recorded_at timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT analyser_calibration_pkey PRIMARY KEY (analyser_id, calibrated_on, due_on, recorded_at),
  CONSTRAINT analyser_calibration_analyser_known FOREIGN KEY (analyser_id) REFERENCES radioshop.analyser
);
COMMENT ON CONSTRAINT analyser_calibration_analyser_known ON radioshop.analyser_calibration IS 'analyser: no such analyser';
COMMENT ON CONSTRAINT analyser_calibration_pkey ON radioshop.analyser_calibration IS 'calibrated_on: this calibration is on record';

CREATE FUNCTION radioshop.keep_calibration() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.calibrated_on IS NOT NULL AND (TG_OP = 'INSERT'
      OR (OLD.calibrated_on, OLD.calibration_due_on) IS DISTINCT FROM (NEW.calibrated_on, NEW.calibration_due_on)) THEN
    INSERT INTO radioshop.analyser_calibration (analyser_id, calibrated_on, due_on, recorded_at)
      VALUES (NEW.analyser_id, NEW.calibrated_on, NEW.calibration_due_on, clock_timestamp());
  END IF;
  RETURN NULL;
END
$$;
CREATE TRIGGER keep_calibration AFTER INSERT OR UPDATE ON radioshop.analyser FOR EACH ROW EXECUTE FUNCTION radioshop.keep_calibration();
CREATE TRIGGER touch BEFORE UPDATE ON radioshop.analyser FOR EACH ROW EXECUTE FUNCTION radioshop.touch();
CREATE TRIGGER record_event AFTER INSERT OR UPDATE OR DELETE ON radioshop.analyser
  FOR EACH ROW EXECUTE FUNCTION radioshop.record_event('analyser', 'serial', 'serial_key');
CREATE TRIGGER only_append BEFORE UPDATE OR DELETE OR TRUNCATE ON radioshop.analyser_calibration
  FOR EACH STATEMENT EXECUTE FUNCTION radioshop.only_append();
ALTER TABLE radioshop.analyser ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY analyser_read ON radioshop.analyser FOR SELECT USING (true);
CREATE POLICY analyser_add ON radioshop.analyser FOR INSERT WITH CHECK ((SELECT radioshop.is_shop()));
CREATE POLICY analyser_change ON radioshop.analyser FOR UPDATE USING ((SELECT radioshop.is_shop()));
ALTER TABLE radioshop.analyser_calibration ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY analyser_calibration_read ON radioshop.analyser_calibration FOR SELECT USING (true);
CREATE POLICY analyser_calibration_add ON radioshop.analyser_calibration FOR INSERT WITH CHECK ((SELECT radioshop.is_shop()));
GRANT SELECT, INSERT, UPDATE (manufacturer, model, calibrated_on, calibration_due_on, notes, retired) ON radioshop.analyser TO radioshop_app;
GRANT SELECT, INSERT ON radioshop.analyser_calibration TO radioshop_app;

-- Whether the analyser was inside its calibration on that day: by the calibration that was the last one then, as it was last put down.
CREATE FUNCTION radioshop.is_calibrated(analyser_id uuid, day date) RETURNS boolean LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_column
BEGIN
  RETURN coalesce((SELECT is_calibrated.day <= c.due_on FROM radioshop.analyser_calibration c
    WHERE c.analyser_id = is_calibrated.analyser_id AND c.calibrated_on <= is_calibrated.day
    ORDER BY c.calibrated_on DESC, c.recorded_at DESC LIMIT 1), false);
END
$$;

-- ---------------------------------------------------------------------------------------------------------------------
-- Services: what was answered, and what it is worth

ALTER TABLE radioshop.service_record ALTER COLUMN plan_id DROP NOT NULL,
  ADD COLUMN procedure_id uuid,
  ADD COLUMN procedure_version int,
  ADD COLUMN analyser text NOT NULL DEFAULT '',
  ADD COLUMN analyser_calibrated boolean,
  ADD COLUMN ticket_id uuid,
  ADD CONSTRAINT service_record_procedure_known FOREIGN KEY (procedure_id) REFERENCES radioshop.procedure,
  ADD CONSTRAINT service_record_ticket_known FOREIGN KEY (agency_id, ticket_id) REFERENCES radioshop.ticket (agency_id, ticket_id),
  ADD CONSTRAINT service_record_plan_needed CHECK (plan_id IS NOT NULL OR procedure_id IS NOT NULL),
  ADD CONSTRAINT service_record_procedure_version_fits CHECK ((procedure_id IS NULL) = (procedure_version IS NULL)),
  ADD CONSTRAINT service_record_analyser_fits CHECK ((analyser = '') = (analyser_calibrated IS NULL) AND radioshop.is_line(analyser, 64));
COMMENT ON COLUMN radioshop.service_record.plan_id IS 'NULL: it followed a procedure outside any plan, such as the one after a repair';
COMMENT ON COLUMN radioshop.service_record.analyser_calibrated IS 'whether the analyser was inside its own calibration on the day';
COMMENT ON COLUMN radioshop.service_record.ticket_id IS 'the ticket that its failure opened, or was added to';
COMMENT ON CONSTRAINT service_record_procedure_known ON radioshop.service_record IS 'procedure: no such procedure';
COMMENT ON CONSTRAINT service_record_ticket_known ON radioshop.service_record IS 'ticket: no such ticket';
COMMENT ON CONSTRAINT service_record_plan_needed ON radioshop.service_record IS 'plan: a service is done under a plan or by a procedure';
COMMENT ON CONSTRAINT service_record_procedure_version_fits ON radioshop.service_record IS 'procedure_version: a procedure has a version';
COMMENT ON CONSTRAINT service_record_analyser_fits ON radioshop.service_record IS 'analyser: a serial is one line of at most 64 characters';
CREATE INDEX service_record_by_procedure ON radioshop.service_record (agency_id, asset_id, procedure_id, recorded_at)
  WHERE procedure_id IS NOT NULL;

ALTER TABLE radioshop.service_reading
  ADD COLUMN test text COLLATE "C",
  ADD COLUMN band text,
  ADD COLUMN mode text COLLATE "C",
  ADD COLUMN frequency_mhz numeric,
  ADD COLUMN limit_id uuid,
  ADD COLUMN legal_limit_id uuid,
  ADD COLUMN verdict text,
  ADD CONSTRAINT service_reading_frequency_mhz_range CHECK (frequency_mhz > 0 AND frequency_mhz <= 100000),
  ADD CONSTRAINT service_reading_limit_known FOREIGN KEY (limit_id) REFERENCES radioshop.reading_limit,
  ADD CONSTRAINT service_reading_legal_limit_known FOREIGN KEY (legal_limit_id) REFERENCES radioshop.reading_limit,
  ADD CONSTRAINT service_reading_verdict_known CHECK (verdict IN ('passed', 'failed', 'no_limit')),
  ADD CONSTRAINT service_reading_judged_fits CHECK ((verdict IS NULL) = (test IS NULL));
COMMENT ON COLUMN radioshop.service_reading.verdict IS 'NULL: recorded freely, and not judged';
COMMENT ON CONSTRAINT service_reading_frequency_mhz_range ON radioshop.service_reading IS
  'readings.frequency_mhz: a frequency is more than 0 and at most 100,000 MHz';
COMMENT ON CONSTRAINT service_reading_limit_known ON radioshop.service_reading IS 'readings.limit: no such limit';
COMMENT ON CONSTRAINT service_reading_legal_limit_known ON radioshop.service_reading IS 'readings.limit: no such limit';
COMMENT ON CONSTRAINT service_reading_verdict_known ON radioshop.service_reading IS 'readings.verdict: a reading passes, fails, or has no limit';
COMMENT ON CONSTRAINT service_reading_judged_fits ON radioshop.service_reading IS 'readings.verdict: a reading that is judged has a test';

CREATE TABLE radioshop.service_answer (
  agency_id int NOT NULL,
  record_id uuid NOT NULL,
  position int NOT NULL,
  step text COLLATE "C" NOT NULL,
  answer text NOT NULL,
  verdict text NOT NULL,
  CONSTRAINT service_answer_pkey PRIMARY KEY (agency_id, record_id, position),
  CONSTRAINT service_answer_record_known FOREIGN KEY (agency_id, record_id) REFERENCES radioshop.service_record (agency_id, record_id),
  CONSTRAINT service_answer_step_form CHECK (radioshop.is_word(step)),
  CONSTRAINT service_answer_answer_form CHECK (answer <> '' AND radioshop.is_text(answer, 2000)),
  CONSTRAINT service_answer_verdict_known CHECK (verdict IN ('passed', 'failed', 'no_limit'))
);
COMMENT ON CONSTRAINT service_answer_record_known ON radioshop.service_answer IS 'answers: no such service';
COMMENT ON CONSTRAINT service_answer_step_form ON radioshop.service_answer IS 'answers.step: no step has such a name';
COMMENT ON CONSTRAINT service_answer_answer_form ON radioshop.service_answer IS
  'answers.answer: an answer is a text of at most 2000 characters without control characters';
COMMENT ON CONSTRAINT service_answer_verdict_known ON radioshop.service_answer IS 'answers.verdict: an answer passes, fails, or is not judged';
CREATE TRIGGER only_append BEFORE UPDATE OR DELETE OR TRUNCATE ON radioshop.service_answer
  FOR EACH STATEMENT EXECUTE FUNCTION radioshop.only_append();
ALTER TABLE radioshop.service_answer ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY service_answer_agency ON radioshop.service_answer
  USING (agency_id = ANY ((SELECT nullif(current_setting('radioshop.agencies', true), '')::int[])::int[]));
GRANT SELECT, INSERT ON radioshop.service_answer TO radioshop_app;

-- A service without a plan moves no due date.
CREATE OR REPLACE FUNCTION radioshop.reschedule_serviced_assets() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  group_of record;
BEGIN
  FOR group_of IN SELECT n.agency_id, n.plan_id, array_agg(DISTINCT n.asset_id) AS assets FROM added n
      WHERE n.result <> 'failed' AND n.plan_id IS NOT NULL
      GROUP BY n.agency_id, n.plan_id ORDER BY n.agency_id, n.plan_id LOOP
    PERFORM radioshop.reschedule(group_of.agency_id, group_of.assets, group_of.plan_id);
  END LOOP;
  RETURN NULL;
END
$$;

CREATE OR REPLACE FUNCTION radioshop.readings_of(agency int, record uuid) RETURNS jsonb LANGUAGE plpgsql STABLE AS $$
BEGIN
  RETURN (SELECT coalesce(jsonb_agg(jsonb_strip_nulls(jsonb_build_object('name', r.name, 'value', r.value, 'unit', r.unit,
        'frequency_mhz', r.frequency_mhz, 'verdict', r.verdict, 'limit', r.limit_id,
        'limit_text', radioshop.limit_text(l.direction, l.low, l.high, l.unit),
        'legal_limit_text', radioshop.limit_text(f.direction, f.low, f.high, f.unit))) ORDER BY r.position), '[]')
    FROM radioshop.service_reading r LEFT JOIN radioshop.reading_limit l ON l.limit_id = r.limit_id
      LEFT JOIN radioshop.reading_limit f ON f.limit_id = r.legal_limit_id
    WHERE r.agency_id = agency AND r.record_id = record);
END
$$;

ALTER TYPE radioshop.service_shown ADD ATTRIBUTE procedure text, ADD ATTRIBUTE procedure_version int, ADD ATTRIBUTE answers jsonb,
  ADD ATTRIBUTE analyser text, ADD ATTRIBUTE analyser_out_of_date boolean, ADD ATTRIBUTE ticket text;

CREATE FUNCTION radioshop.shown_service(agency int, record uuid) RETURNS radioshop.service_shown LANGUAGE plpgsql STABLE AS $$
DECLARE
  shown radioshop.service_shown;
BEGIN
  SELECT NULL, r.record_id, g.code, a.tag, coalesce(p.code, ''), r.done_on, r.result, radioshop.readings_of(r.agency_id, r.record_id), r.notes,
      r.recorded_by, r.recorded_at, s.next_due, coalesce(c.code, ''), coalesce(r.procedure_version, 0),
      (SELECT coalesce(jsonb_agg(jsonb_build_object('step', w.step, 'answer', w.answer, 'verdict', w.verdict) ORDER BY w.position), '[]')
        FROM radioshop.service_answer w WHERE w.agency_id = r.agency_id AND w.record_id = r.record_id),
      r.analyser, r.analyser_calibrated IS false, coalesce(t.number, '')
    INTO shown
    FROM radioshop.service_record r JOIN radioshop.agency g ON g.agency_id = r.agency_id
      JOIN radioshop.asset a ON a.agency_id = r.agency_id AND a.asset_id = r.asset_id
      LEFT JOIN radioshop.plan p ON p.agency_id = r.agency_id AND p.plan_id = r.plan_id
      LEFT JOIN radioshop.procedure c ON c.procedure_id = r.procedure_id
      LEFT JOIN radioshop.schedule s ON s.agency_id = r.agency_id AND s.asset_id = r.asset_id AND s.plan_id = r.plan_id
      LEFT JOIN radioshop.ticket t ON t.agency_id = r.agency_id AND t.ticket_id = r.ticket_id
    WHERE r.agency_id = agency AND r.record_id = record;
  RETURN shown;
END
$$;

-- Whether a band fits a radio's: VHF fits VHF, UHF fits UHF 2, everything fits Multiple and a radio whose band is not known.
CREATE FUNCTION radioshop.band_fits(wanted text, of_radio text) RETURNS boolean LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT wanted = '' OR upper(of_radio) IN ('', 'MULTIPLE', upper(wanted)) OR starts_with(upper(of_radio), upper(wanted) || ' ')
    OR starts_with(upper(wanted), upper(of_radio) || ' ')
$$;

-- The steps of a version that apply to a radio, with the band that each is measured on: the step's, or the radio's if it has just one.
CREATE FUNCTION radioshop.steps_for(procedure_id uuid, version int, radio_band text)
RETURNS TABLE ("position" int, step text, title text, kind text, may_skip boolean, test text, unit text, band text, mode text, passing text[],
  failing text[]) LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_column
BEGIN
  RETURN QUERY SELECT s.position, s.step, s.title, s.kind, s.may_skip, s.test, s.unit,
      CASE WHEN s.band <> '' THEN s.band WHEN upper(radio_band) = 'MULTIPLE' THEN '' ELSE radio_band END, s.mode, s.passing, s.failing
    FROM radioshop.procedure_step s
    WHERE s.procedure_id = steps_for.procedure_id AND s.version = steps_for.version AND radioshop.band_fits(s.band, steps_for.radio_band)
    ORDER BY s.position;
END
$$;

-- What a reading is worth, or why it is none. The maker's limit and the legal floor must both hold; a floor that cannot be applied,
-- because it goes by a frequency that was not given, is left out. seen: the limit that the caller has looked at, if it says so.
CREATE TYPE radioshop.judged AS (refusal text, unit text, mhz numeric, limit_id uuid, legal_limit_id uuid, verdict text, sentence text);

CREATE FUNCTION radioshop.judge_reading(name text, test text, family text, band text, mode text, day date, value float8, unit text,
  wanted_unit text, frequency_mhz float8, seen text) RETURNS radioshop.judged LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_column
DECLARE
  judged radioshop.judged;
  maker radioshop.reading_limit%ROWTYPE;
  legal radioshop.reading_limit%ROWTYPE;
  read record := radioshop.read_unit(btrim(coalesce(judge_reading.unit, '')));
  exact numeric;
  failed_limit radioshop.reading_limit%ROWTYPE;
BEGIN
  IF value IS NULL OR value NOT BETWEEN -1e15 AND 1e15 THEN
    judged.refusal := radioshop.refuse('INVALID_ARGUMENT', 'readings.value',
      format('the reading of %s is no number between -1e15 and 1e15; it may not be infinite or NaN', name));
    RETURN judged;
  ELSIF frequency_mhz IS NOT NULL AND NOT (frequency_mhz > 0 AND frequency_mhz <= 100000) THEN
    judged.refusal := radioshop.refuse('INVALID_ARGUMENT', 'readings.frequency_mhz', 'a frequency is more than 0 and at most 100,000 MHz');
    RETURN judged;
  ELSIF read.name = '' THEN
    judged.refusal := radioshop.refuse('INVALID_ARGUMENT', 'readings.unit', format('say the unit of %s, such as %s', name,
      coalesce(nullif(wanted_unit, ''), 'Hz')));
    RETURN judged;
  END IF;
  judged.unit := read.name;
  judged.mhz := radioshop.exact(frequency_mhz);
  exact := radioshop.exact(value);
  IF wanted_unit <> '' AND radioshop.unit_quantity(wanted_unit) <> read.quantity
      AND radioshop.convert_reading(exact, read.name, wanted_unit, judged.mhz) IS NULL THEN
    judged.refusal := radioshop.refuse('INVALID_ARGUMENT', 'readings.unit',
      format('%s is measured in %s; %s does not convert into that', name, wanted_unit, read.name));
    RETURN judged;
  END IF;
  SELECT l.* INTO maker FROM radioshop.limit_for(test, 'maker', family, band, mode, day, read.quantity, judged.mhz) l;
  SELECT l.* INTO legal FROM radioshop.limit_for(test, 'legal', family, band, mode, day, read.quantity, judged.mhz) l;
  IF seen <> '' AND lower(seen) IS DISTINCT FROM maker.limit_id::text THEN
    judged.refusal := radioshop.refuse('ABORTED', 'readings.limit', CASE WHEN maker.limit_id IS NULL
      THEN format('%s has no limit any more; look at the reading again', name)
      ELSE format('the limit of %s is now %s (version %s, %s); look at the reading again', name,
        radioshop.limit_text(maker.direction, maker.low, maker.high, maker.unit), maker.version, maker.limit_id) END);
    RETURN judged;
  ELSIF maker.quantity <> read.quantity AND judged.mhz IS NULL THEN
    judged.refusal := radioshop.refuse('INVALID_ARGUMENT', 'readings.frequency_mhz',
      format('the limit of %s is %s: give the frequency in MHz at which it was measured', name,
        radioshop.limit_text(maker.direction, maker.low, maker.high, maker.unit)));
    RETURN judged;
  END IF;
  IF legal.quantity <> read.quantity AND judged.mhz IS NULL THEN
    legal := NULL;
  END IF;
  judged.limit_id := maker.limit_id;
  judged.legal_limit_id := legal.limit_id;
  -- No power at all is less than any figure in dBm.
  IF NOT radioshop.is_within(coalesce(radioshop.convert_reading(exact, read.name, maker.unit, judged.mhz), -1e15), maker.direction, maker.low,
      maker.high) THEN
    failed_limit := maker;
  ELSIF NOT radioshop.is_within(coalesce(radioshop.convert_reading(exact, read.name, legal.unit, judged.mhz), -1e15), legal.direction,
      legal.low, legal.high) THEN
    failed_limit := legal;
  END IF;
  judged.verdict := CASE WHEN failed_limit.limit_id IS NOT NULL THEN 'failed'
    WHEN coalesce(judged.limit_id, judged.legal_limit_id) IS NOT NULL THEN 'passed' ELSE 'no_limit' END;
  IF judged.verdict = 'failed' THEN
    judged.sentence := format('%s is %s %s, the %slimit is %s', name, exact, read.name,
      CASE failed_limit.kind WHEN 'legal' THEN 'legal ' ELSE '' END,
      radioshop.limit_text(failed_limit.direction, failed_limit.low, failed_limit.high, failed_limit.unit));
  END IF;
  RETURN judged;
END
$$;

-- What an answer to a step that is no reading is worth, as it is kept, or why it is none.
CREATE FUNCTION radioshop.judge_answer(step text, kind text, passing text[], failing text[], answer text,
  OUT refusal text, OUT kept text, OUT verdict text) LANGUAGE plpgsql IMMUTABLE AS $$
#variable_conflict use_column
DECLARE
  plain text := lower(btrim(coalesce(answer, ''), E' \t\r\n'));
BEGIN
  IF kind = 'check' THEN
    verdict := CASE WHEN plain IN ('yes', 'y', 'ok', 'pass', 'passed', 'true') THEN 'passed'
      WHEN plain IN ('no', 'n', 'fail', 'failed', 'false') THEN 'failed' END;
    kept := CASE verdict WHEN 'passed' THEN 'yes' WHEN 'failed' THEN 'no' END;
    IF verdict IS NULL THEN
      refusal := radioshop.refuse('INVALID_ARGUMENT', 'answers.answer', format('step %s is a check: answer yes or no', step));
    END IF;
  ELSIF kind = 'choice' THEN
    SELECT o.option, o.verdict INTO kept, verdict FROM (
      SELECT unnest(passing) AS option, 'passed' AS verdict UNION ALL SELECT unnest(failing), 'failed') o WHERE lower(o.option) = plain LIMIT 1;
    IF verdict IS NULL THEN
      refusal := radioshop.refuse('INVALID_ARGUMENT', 'answers.answer',
        format('answer step %s with one of: %s', step, array_to_string(passing || failing, ', ')));
    END IF;
  ELSE
    kept := btrim(coalesce(answer, ''), E' \t\r\n');
    verdict := 'no_limit';
    IF kept = '' THEN
      refusal := radioshop.refuse('INVALID_ARGUMENT', 'answers.answer', format('step %s needs a text', step));
    END IF;
  END IF;
END
$$;

-- All that was said of a service that follows a procedure, judged; or the refusal. sentences: what failed, in words.
CREATE TYPE radioshop.service_judged AS (refusal text, result text, readings radioshop.judged[], answers text[], answer_verdicts text[],
  tests text[], bands text[], modes text[], sentences text[]);

CREATE FUNCTION radioshop.judge_service(procedure_id uuid, version int, code text, family text, radio_band text, day date,
  reading_names text[], reading_values float8[], reading_units text[], reading_mhz float8[], reading_limits text[], answer_steps text[],
  answers text[]) RETURNS radioshop.service_judged LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_column
DECLARE
  done radioshop.service_judged;
  given text[] := '{}';
  name text;
  it record;
  one radioshop.judged;
  worth record;
BEGIN
  done.sentences := '{}';
  FOR i IN 1 .. coalesce(cardinality(reading_names), 0) + coalesce(cardinality(answer_steps), 0) LOOP
    name := lower(btrim(CASE WHEN i <= cardinality(reading_names) THEN reading_names[i] ELSE answer_steps[i - cardinality(reading_names)] END));
    SELECT s.* INTO it FROM radioshop.steps_for(judge_service.procedure_id, judge_service.version, judge_service.radio_band) s
      WHERE s.step = name;
    IF NOT FOUND OR (it.kind = 'reading') <> (i <= cardinality(reading_names)) THEN
      done.refusal := radioshop.refuse('INVALID_ARGUMENT', CASE WHEN i <= cardinality(reading_names) THEN 'readings.name' ELSE 'answers.step' END,
        CASE WHEN it.kind = 'reading' THEN format('step %s is a reading: give its value and unit as a reading', name)
          WHEN it.kind IS NOT NULL THEN format('step %s is a %s: give it as an answer', name, it.kind)
          ELSE format('procedure %s has no step %s for this radio; its steps are: %s', judge_service.code, left(name, 80),
            (SELECT string_agg(s.step, ', ' ORDER BY s.position) FROM radioshop.steps_for(judge_service.procedure_id, judge_service.version,
              judge_service.radio_band) s)) END);
      RETURN done;
    ELSIF name = ANY (given) THEN
      done.refusal := radioshop.refuse('INVALID_ARGUMENT', CASE WHEN i <= cardinality(reading_names) THEN 'readings.name' ELSE 'answers.step' END,
        format('step %s is answered twice', name));
      RETURN done;
    END IF;
    given := given || name;
    IF it.kind = 'reading' THEN
      one := radioshop.judge_reading(name, it.test, family, it.band, it.mode, day, reading_values[i], reading_units[i], it.unit, reading_mhz[i],
        coalesce(reading_limits[i], ''));
      done.refusal := one.refusal;
      done.readings := done.readings || one;
      done.tests := done.tests || it.test;
      done.bands := done.bands || it.band;
      done.modes := done.modes || it.mode;
      IF one.verdict = 'failed' THEN
        done.sentences := done.sentences || one.sentence;
      END IF;
    ELSE
      worth := radioshop.judge_answer(name, it.kind, it.passing, it.failing, answers[i - cardinality(reading_names)]);
      done.refusal := worth.refusal;
      done.answers := done.answers || worth.kept;
      done.answer_verdicts := done.answer_verdicts || worth.verdict;
      IF worth.verdict = 'failed' THEN
        done.sentences := done.sentences || format('%s: %s', coalesce(nullif(it.title, ''), name), worth.kept);
      END IF;
    END IF;
    IF done.refusal IS NOT NULL THEN
      RETURN done;
    END IF;
  END LOOP;
  SELECT string_agg(s.step || CASE s.kind WHEN 'reading' THEN ' (' || s.unit || ')' ELSE '' END, ', ' ORDER BY s.position) AS names,
      bool_or(s.kind = 'reading') AS reading INTO it
    FROM radioshop.steps_for(judge_service.procedure_id, judge_service.version, judge_service.radio_band) s
    WHERE NOT s.may_skip AND s.step <> ALL (given);
  IF it.names IS NOT NULL THEN
    done.refusal := radioshop.refuse('INVALID_ARGUMENT', CASE WHEN it.reading THEN 'readings' ELSE 'answers' END,
      format('these steps of procedure %s are needed and missing: %s', judge_service.code, it.names));
  END IF;
  done.result := CASE WHEN cardinality(done.sentences) > 0 THEN 'failed' ELSE 'passed' END;
  RETURN done;
END
$$;

-- The ticket of a failed service: the one that is open for the asset gets a note, or one is opened. The asset is locked. Its UUID.
CREATE FUNCTION radioshop.ticket_for_failure(agency int, asset uuid, problem text, OUT ticket_id uuid, OUT refusal text) LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
  opened record;
BEGIN
  SELECT t.ticket_id INTO ticket_for_failure.ticket_id FROM radioshop.ticket t
    WHERE t.agency_id = ticket_for_failure.agency AND t.asset_id = ticket_for_failure.asset AND t.closed_at IS NULL FOR NO KEY UPDATE;
  IF FOUND THEN
    PERFORM radioshop.add_entry(ticket_for_failure.agency, ticket_for_failure.ticket_id, 'note', left(ticket_for_failure.problem, 4000), 0, 0, NULL);
    UPDATE radioshop.ticket t SET cost_cents = t.cost_cents -- the ticket has moved on
      WHERE t.agency_id = ticket_for_failure.agency AND t.ticket_id = ticket_for_failure.ticket_id;
    RETURN;
  END IF;
  SELECT o.id, o.refusal INTO opened FROM radioshop.open_ticket(asset => ticket_for_failure.asset::text,
    problem => left(ticket_for_failure.problem, 4000), priority => NULL, received => true) o;
  ticket_for_failure.ticket_id := opened.id;
  refusal := opened.refusal;
END
$$;

-- The procedure that a service follows: the one named, which must apply to the radio, or its plan's. No row: none.
CREATE FUNCTION radioshop.procedure_for_service(named text, plan uuid, agency int, class text, model_id uuid, family text, seen int,
  OUT procedure_id uuid, OUT version int, OUT code text, OUT refusal text) LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_column
DECLARE
  it radioshop.procedure%ROWTYPE;
BEGIN
  IF coalesce(named, '') <> '' THEN
    SELECT p.* INTO it FROM radioshop.procedure p WHERE p.code_key = upper(btrim(named));
    refusal := CASE
      WHEN it.procedure_id IS NULL THEN radioshop.refuse('NOT_FOUND', 'procedure', format('there is no procedure %s', named))
      WHEN it.stopped THEN radioshop.refuse('FAILED_PRECONDITION', 'procedure', format('procedure %s is stopped', it.code))
      WHEN it.class <> procedure_for_service.class OR upper(it.family) NOT IN ('', upper(procedure_for_service.family))
        OR (it.model_id = procedure_for_service.model_id) IS NOT TRUE AND it.model_id IS NOT NULL THEN
        radioshop.refuse('FAILED_PRECONDITION', 'procedure', format('procedure %s does not apply to this class, family or model', it.code)) END;
  ELSE
    SELECT p.* INTO it FROM radioshop.plan l JOIN radioshop.procedure p ON p.procedure_id = l.procedure_id
      WHERE l.agency_id = procedure_for_service.agency AND l.plan_id = procedure_for_service.plan;
  END IF;
  IF refusal IS NULL AND seen > 0 AND seen IS DISTINCT FROM it.version THEN
    refusal := radioshop.refuse('ABORTED', 'procedure_version', CASE WHEN it.procedure_id IS NULL THEN 'the plan follows no procedure any more'
      ELSE format('procedure %s is at version %s now; look at its steps again', it.code, it.version) END);
  END IF;
  procedure_id := it.procedure_id;
  version := it.version;
  code := it.code;
END
$$;

-- What is to be done at a service of this radio, with the limits of today, to be looked at before and taken along. No rows: freely.
CREATE FUNCTION radioshop.service_sheet(asset text, plan text, procedure text) RETURNS TABLE (refusal text, asset_code text, plan_code text,
  procedure_code text, version int, step text, title text, kind text, may_skip boolean, test text, unit text, band text, mode text, passing text,
  failing text, limit_id uuid, limit_text text, limit_source text, legal_limit_text text) LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_column
DECLARE
  found_asset record := radioshop.one_asset(service_sheet.asset);
  of_plan record;
  follows record;
  it record;
BEGIN
  SELECT a.tag, a.class, a.model_id, g.code AS agency, radioshop.today(g.time_zone) AS today, coalesce(m.family, '') AS family,
      coalesce(m.band, '') AS band INTO it
    FROM radioshop.asset a JOIN radioshop.agency g ON g.agency_id = a.agency_id LEFT JOIN radioshop.model m ON m.model_id = a.model_id
    WHERE a.agency_id = found_asset.agency_id AND a.asset_id = found_asset.asset_id;
  IF found_asset.refusal IS NULL AND service_sheet.procedure = '' THEN
    of_plan := radioshop.plan_for_service(found_asset.agency_id, found_asset.asset_id, service_sheet.plan);
  ELSE
    SELECT NULL::uuid AS plan_id, NULL::text AS refusal INTO of_plan;
  END IF;
  follows := radioshop.procedure_for_service(service_sheet.procedure, of_plan.plan_id, found_asset.agency_id, it.class, it.model_id, it.family, 0);
  refusal := coalesce(found_asset.refusal, of_plan.refusal, follows.refusal, CASE WHEN follows.procedure_id IS NULL THEN
    radioshop.refuse('FAILED_PRECONDITION', 'plan', 'the plan follows no procedure: its services are recorded freely') END);
  IF refusal IS NOT NULL THEN
    RETURN NEXT;
    RETURN;
  END IF;
  RETURN QUERY SELECT NULL::text, it.agency || ':' || it.tag, coalesce((SELECT p.code FROM radioshop.plan p
        WHERE p.agency_id = found_asset.agency_id AND p.plan_id = of_plan.plan_id), ''), follows.code, follows.version, s.step, s.title, s.kind,
      s.may_skip, s.test, s.unit, s.band, s.mode, array_to_string(s.passing, '|'), array_to_string(s.failing, '|'), l.limit_id,
      coalesce(radioshop.limit_text(l.direction, l.low, l.high, l.unit), ''), coalesce(l.source, ''),
      coalesce(radioshop.limit_text(f.direction, f.low, f.high, f.unit), '')
    FROM radioshop.steps_for(follows.procedure_id, follows.version, it.band) s
      LEFT JOIN LATERAL radioshop.limit_for(s.test, 'maker', it.family, s.band, s.mode, it.today, radioshop.unit_quantity(s.unit), NULL) l
        ON s.kind = 'reading'
      LEFT JOIN LATERAL radioshop.limit_for(s.test, 'legal', it.family, s.band, s.mode, it.today, radioshop.unit_quantity(s.unit), NULL) f
        ON s.kind = 'reading'
    ORDER BY s.position;
END
$$;

-- Records a service; the trigger moves the due date. The asset is locked first, so that it cannot be retired meanwhile. Where a
-- procedure is followed the result is computed; "adjusted" is the one thing that only the caller knows of a service that passed.
DROP FUNCTION radioshop.record_service(text, text, text, date, text[], float8[], text[], text);
CREATE FUNCTION radioshop.record_service(asset text, plan text, result text, done_on date, reading_names text[], reading_values float8[],
  reading_units text[], notes text, reading_mhz float8[] DEFAULT '{}', reading_limits text[] DEFAULT '{}', answer_steps text[] DEFAULT '{}',
  answers text[] DEFAULT '{}', analyser text DEFAULT '', open_ticket boolean DEFAULT false, procedure text DEFAULT '',
  procedure_version int DEFAULT 0)
RETURNS radioshop.service_shown LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
  shown radioshop.service_shown;
  found_asset record;
  of_plan record;
  follows record;
  it record;
  done radioshop.service_judged;
  tool record;
  ticket record;
  made uuid := radioshop.uuid_v7();
  day date;
BEGIN
  found_asset := radioshop.one_asset(record_service.asset);
  IF found_asset.refusal IS NOT NULL THEN
    shown.refusal := found_asset.refusal;
    RETURN shown;
  END IF;
  SELECT a.status, a.tag, a.class, a.model_id, g.code AS agency, radioshop.today(g.time_zone) AS today, coalesce(m.family, '') AS family,
      coalesce(m.band, '') AS band INTO it
    FROM radioshop.asset a JOIN radioshop.agency g ON g.agency_id = a.agency_id LEFT JOIN radioshop.model m ON m.model_id = a.model_id
    WHERE a.agency_id = found_asset.agency_id AND a.asset_id = found_asset.asset_id FOR NO KEY UPDATE OF a;
  IF coalesce(record_service.procedure, '') = '' THEN
    of_plan := radioshop.plan_for_service(found_asset.agency_id, found_asset.asset_id, record_service.plan);
  ELSE
    SELECT NULL::uuid AS plan_id, CASE WHEN record_service.plan <> '' THEN radioshop.refuse('INVALID_ARGUMENT', 'procedure',
      'a service follows its plan''s procedure; name a procedure only where it is done outside a plan') END AS refusal INTO of_plan;
  END IF;
  follows := radioshop.procedure_for_service(record_service.procedure, of_plan.plan_id, found_asset.agency_id, it.class, it.model_id, it.family,
    record_service.procedure_version);
  day := coalesce(record_service.done_on, it.today);
  SELECT a.analyser_id, a.serial, a.retired INTO tool FROM radioshop.analyser a WHERE a.serial_key = upper(btrim(record_service.analyser));
  shown.refusal := CASE
    WHEN it.status IN ('retired', 'disposed') THEN radioshop.refuse('FAILED_PRECONDITION', 'asset',
      format('asset %s:%s is %s; nothing is serviced on it', it.agency, it.tag, it.status))
    WHEN of_plan.refusal IS NOT NULL THEN of_plan.refusal
    WHEN follows.refusal IS NOT NULL THEN follows.refusal
    WHEN record_service.result IS NULL AND follows.procedure_id IS NULL THEN
      radioshop.refuse('INVALID_ARGUMENT', 'result', 'say how the service ended: passed, adjusted or failed')
    WHEN day > it.today THEN radioshop.refuse('INVALID_ARGUMENT', 'done_on',
      format('%s is in the future; it is %s at agency %s', record_service.done_on, it.today, it.agency))
    WHEN cardinality(reading_names) > 50 THEN
      radioshop.refuse('INVALID_ARGUMENT', 'readings', format('a service has at most 50 readings, not %s', cardinality(reading_names)))
    WHEN follows.procedure_id IS NULL AND cardinality(answer_steps) > 0 THEN radioshop.refuse('INVALID_ARGUMENT', 'answers',
      'the plan follows no procedure, so it has no steps to answer; put it into the notes')
    WHEN btrim(record_service.analyser) <> '' AND tool.analyser_id IS NULL THEN radioshop.refuse('NOT_FOUND', 'analyser',
      format('the shop has no analyser with the serial number %s', btrim(record_service.analyser)))
    WHEN tool.retired THEN radioshop.refuse('FAILED_PRECONDITION', 'analyser', format('analyser %s is retired', tool.serial))
  END;
  IF shown.refusal IS NULL AND follows.procedure_id IS NOT NULL THEN
    done := radioshop.judge_service(follows.procedure_id, follows.version, follows.code, it.family, it.band, day, reading_names, reading_values,
      reading_units, reading_mhz, reading_limits, answer_steps, record_service.answers);
    shown.refusal := CASE
      WHEN done.refusal IS NOT NULL THEN done.refusal
      WHEN done.result = 'failed' AND record_service.result <> 'failed' THEN radioshop.refuse('INVALID_ARGUMENT', 'result',
        format('it was not %s: %s; leave the result out, it follows from the steps', record_service.result,
          array_to_string(done.sentences, '; ')))
      WHEN done.result = 'passed' AND record_service.result = 'failed' THEN radioshop.refuse('INVALID_ARGUMENT', 'result',
        'every step has passed; leave the result out, it follows from the steps') END;
  END IF;
  IF shown.refusal IS NULL AND record_service.open_ticket AND coalesce(done.result, record_service.result) = 'failed' THEN
    ticket := radioshop.ticket_for_failure(found_asset.agency_id, found_asset.asset_id,
      format('service %s of %s has failed%s', coalesce(nullif(follows.code, ''), (SELECT p.code FROM radioshop.plan p
        WHERE p.agency_id = found_asset.agency_id AND p.plan_id = of_plan.plan_id)), day,
        coalesce(': ' || nullif(array_to_string(done.sentences, '; '), ''), '')));
    shown.refusal := ticket.refusal;
  ELSE
    SELECT NULL::uuid AS ticket_id INTO ticket;
  END IF;
  IF shown.refusal IS NOT NULL THEN
    RETURN shown;
  END IF;
  INSERT INTO radioshop.service_record (agency_id, record_id, asset_id, plan_id, done_on, result, notes, procedure_id, procedure_version,
      analyser, analyser_calibrated, ticket_id)
    VALUES (found_asset.agency_id, made, found_asset.asset_id, of_plan.plan_id, day,
      CASE WHEN done.result = 'passed' THEN coalesce(record_service.result, 'passed') ELSE coalesce(done.result, record_service.result) END,
      btrim(coalesce(record_service.notes, ''), E' \t\r\n'), follows.procedure_id, follows.version, coalesce(tool.serial, ''),
      CASE WHEN tool.analyser_id IS NOT NULL THEN radioshop.is_calibrated(tool.analyser_id, day) END, ticket.ticket_id);
  INSERT INTO radioshop.service_reading (agency_id, record_id, position, name, value, unit, frequency_mhz, test, band, mode, limit_id,
      legal_limit_id, verdict)
    SELECT found_asset.agency_id, made, r.position, CASE WHEN follows.procedure_id IS NULL THEN btrim(coalesce(r.name, '')) ELSE lower(btrim(r.name)) END,
        r.value, coalesce((done.readings[r.position]).unit, btrim(coalesce(r.unit, ''))), radioshop.exact(r.mhz), done.tests[r.position],
        done.bands[r.position], done.modes[r.position], (done.readings[r.position]).limit_id, (done.readings[r.position]).legal_limit_id,
        (done.readings[r.position]).verdict
      FROM unnest(reading_names, reading_values, reading_units, reading_mhz) WITH ORDINALITY r (name, value, unit, mhz, position)
      WHERE r.position <= cardinality(reading_names);
  INSERT INTO radioshop.service_answer (agency_id, record_id, position, step, answer, verdict)
    SELECT found_asset.agency_id, made, w.position, lower(btrim(w.step)), done.answers[w.position], done.answer_verdicts[w.position]
      FROM unnest(answer_steps) WITH ORDINALITY w (step, position);
  RETURN radioshop.shown_service(found_asset.agency_id, made);
END
$$;

-- ---------------------------------------------------------------------------------------------------------------------
-- After a repair

-- The refusal when a ticket is to go from testing to ready, and a procedure that is to be followed after a repair has not been passed
-- since it came to testing; NULL when it may go. Whoever moves the ticket names the revision it has read, so what was found here
-- holds when it moves.
CREATE FUNCTION radioshop.refuse_untested(ticket text, to_state text) RETURNS text LANGUAGE plpgsql STABLE AS $$
DECLARE
  it record;
  missing text;
BEGIN
  IF to_state IS DISTINCT FROM 'ready' THEN
    RETURN NULL;
  END IF;
  SELECT t.agency_id, t.ticket_id, t.asset_id, t.number, a.class, a.model_id, coalesce(m.family, '') AS family, a.tag INTO it
    FROM radioshop.find_ticket(refuse_untested.ticket) f
    JOIN radioshop.ticket t ON t.agency_id = f.agency_id AND t.ticket_id = f.ticket_id
    JOIN radioshop.asset a ON a.agency_id = t.agency_id AND a.asset_id = t.asset_id
    LEFT JOIN radioshop.model m ON m.model_id = a.model_id
    WHERE t.state = 'testing';
  IF NOT FOUND THEN
    RETURN NULL;
  END IF;
  SELECT string_agg(format('%s (%s)', p.code, p.name), ' and ' ORDER BY p.code_key) INTO missing FROM radioshop.procedure p
    WHERE p.post_repair AND NOT p.stopped AND (p.class IS NULL OR p.class = it.class) AND upper(p.family) IN ('', upper(it.family))
      AND (p.model_id IS NULL OR p.model_id = it.model_id)
      AND NOT EXISTS (SELECT FROM radioshop.service_record r
        WHERE r.agency_id = it.agency_id AND r.asset_id = it.asset_id AND r.procedure_id = p.procedure_id AND r.result <> 'failed'
          AND r.recorded_at >= (SELECT max(e.at) FROM radioshop.ticket_entry e
            WHERE e.agency_id = it.agency_id AND e.ticket_id = it.ticket_id AND e.kind = 'move' AND e.state = 'testing'));
  RETURN CASE WHEN missing IS NOT NULL THEN radioshop.refuse('FAILED_PRECONDITION', 'state',
    format('ticket %s is not ready before its radio has passed %s since it came to testing; record that first, for asset %s', it.number,
      missing, it.tag)) END;
END
$$;

UPDATE radioshop.schema_version SET version = 10;

COMMIT;
