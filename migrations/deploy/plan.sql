-- Deploy radioshop:plan to pg
--
-- Plans: what is to be done to which equipment of an agency, and how often. The change "schedule" makes due dates of them.

BEGIN;

-- The day it is now in a time zone. Every "today" of due dates goes through here.
CREATE FUNCTION radioshop.today(time_zone text) RETURNS date LANGUAGE sql STABLE PARALLEL SAFE AS $$
  SELECT (now() AT TIME ZONE time_zone)::date
$$;

CREATE TABLE radioshop.plan (
  agency_id int NOT NULL,
  plan_id uuid NOT NULL DEFAULT radioshop.uuid_v7(),
  code text COLLATE "C" NOT NULL,
  code_key text COLLATE "C" NOT NULL GENERATED ALWAYS AS (upper(code)) STORED,
  name text NOT NULL,
  instructions text NOT NULL DEFAULT '',
  interval_count int NOT NULL,
  interval_unit text NOT NULL,
  basis text NOT NULL DEFAULT 'scheduled',
  first_due_on date NOT NULL,
  grace_days int NOT NULL DEFAULT 0,
  escalate_days int NOT NULL DEFAULT 0,
  class text,
  model_id uuid,
  stopped boolean NOT NULL DEFAULT false,
  revision bigint NOT NULL DEFAULT 1,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT plan_pkey PRIMARY KEY (agency_id, plan_id),
  CONSTRAINT plan_agency_known FOREIGN KEY (agency_id) REFERENCES radioshop.agency,
  CONSTRAINT plan_agency_not_shop CHECK (agency_id > 0),
  CONSTRAINT plan_model_known FOREIGN KEY (model_id) REFERENCES radioshop.model (model_id),
  CONSTRAINT plan_code_unique UNIQUE (agency_id, code_key),
  CONSTRAINT plan_code_form CHECK (code ~ '^[A-Za-z0-9][A-Za-z0-9._/-]{0,31}$'),
  CONSTRAINT plan_name_form CHECK (name <> '' AND radioshop.is_line(name, 120)),
  CONSTRAINT plan_instructions_form CHECK (radioshop.is_text(instructions, 8000)),
  CONSTRAINT plan_interval_count_range CHECK (interval_count BETWEEN 1 AND 3650),
  CONSTRAINT plan_interval_unit_known CHECK (interval_unit IN ('days', 'months')),
  CONSTRAINT plan_basis_known CHECK (basis IN ('scheduled', 'completed')),
  CONSTRAINT plan_first_due_on_range CHECK (first_due_on BETWEEN '1970-01-01' AND '2199-12-31'),
  CONSTRAINT plan_grace_days_range CHECK (grace_days BETWEEN 0 AND 3650),
  CONSTRAINT plan_escalate_days_range CHECK (escalate_days BETWEEN 0 AND 3650),
  CONSTRAINT plan_class_known CHECK (radioshop.is_equipment_class(class))
);
COMMENT ON COLUMN radioshop.plan.code_key IS 'the code in capitals: PM12 and pm12 are one plan';
COMMENT ON COLUMN radioshop.plan.escalate_days IS '0: the alert is never raised again';
COMMENT ON CONSTRAINT plan_agency_known ON radioshop.plan IS 'agency: no agency has this code';
COMMENT ON CONSTRAINT plan_agency_not_shop ON radioshop.plan IS 'agency: a plan belongs to an agency, not to the shop itself';
COMMENT ON CONSTRAINT plan_model_known ON radioshop.plan IS 'model: no model of the catalogue has this number';
COMMENT ON CONSTRAINT plan_code_unique ON radioshop.plan IS 'code: another plan of this agency has this code';
COMMENT ON CONSTRAINT plan_code_form ON radioshop.plan IS
  'code: a code is one to 32 letters, digits, dots, hyphens, underscores or slashes, such as PM12, and begins with a letter or digit';
COMMENT ON CONSTRAINT plan_name_form ON radioshop.plan IS 'name: a name is needed, one line of at most 120 characters';
COMMENT ON CONSTRAINT plan_instructions_form ON radioshop.plan IS
  'instructions: at most 8000 characters, and no control characters but tabs and line ends';
COMMENT ON CONSTRAINT plan_interval_count_range ON radioshop.plan IS 'interval_count: an interval is 1 to 3650 days or months';
COMMENT ON CONSTRAINT plan_interval_unit_known ON radioshop.plan IS 'interval_unit: an interval is counted in days or in months';
COMMENT ON CONSTRAINT plan_basis_known ON radioshop.plan IS 'basis: count from the scheduled or from the completed day';
COMMENT ON CONSTRAINT plan_first_due_on_range ON radioshop.plan IS 'first_due_on: give a day from 1970-01-01 to 2199-12-31';
COMMENT ON CONSTRAINT plan_grace_days_range ON radioshop.plan IS 'grace_days: give 0 to 3650 days';
COMMENT ON CONSTRAINT plan_escalate_days_range ON radioshop.plan IS 'escalate_days: give 1 to 3650 days, or 0 for never';
COMMENT ON CONSTRAINT plan_class_known ON radioshop.plan IS 'class: no kind of equipment has this name';
CREATE INDEX plan_by_model ON radioshop.plan (model_id) WHERE model_id IS NOT NULL;

CREATE TRIGGER touch BEFORE UPDATE ON radioshop.plan FOR EACH ROW EXECUTE FUNCTION radioshop.touch();
CREATE TRIGGER record_event AFTER INSERT OR UPDATE OR DELETE ON radioshop.plan
  FOR EACH ROW EXECUTE FUNCTION radioshop.record_event('plan', 'plan_id', 'code_key');

ALTER TABLE radioshop.plan ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY plan_agency ON radioshop.plan
  USING (agency_id = ANY ((SELECT nullif(current_setting('radioshop.agencies', true), '')::int[])::int[]));
GRANT SELECT, INSERT, UPDATE (name, instructions, interval_count, interval_unit, basis, first_due_on, grace_days, escalate_days, class,
  model_id, stopped) ON radioshop.plan TO radioshop_app;

-- A plan as a caller sees it, or why not. In step with message Plan.
CREATE TYPE radioshop.plan_shown AS (
  refusal text, agency text, code text, name text, instructions text, interval_count int, interval_unit text, basis text,
  first_due_on date, grace_days int, escalate_days int, class text, model text, stopped boolean, assets int, revision bigint
);

-- shown_plan(), which counts the assets too, comes with the change "schedule".

-- Adds a plan; the trigger of the change "schedule" gives every asset it applies to a due date.
CREATE FUNCTION radioshop.create_plan(agency text, code text, name text, instructions text, interval_count int, interval_unit text,
  basis text, first_due_on date, grace_days int, escalate_days int, class text, model text, stopped boolean)
RETURNS radioshop.plan_shown LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
  shown radioshop.plan_shown;
  a record;
  in_model uuid;
  made uuid;
BEGIN
  SELECT g.agency_id, g.time_zone INTO a FROM radioshop.agency g
    WHERE g.agency_id = ANY (radioshop.agencies()) AND g.code = upper(create_plan.agency);
  IF NOT FOUND THEN
    shown.refusal := CASE WHEN coalesce(create_plan.agency, '') = '' THEN
        radioshop.refuse('INVALID_ARGUMENT', 'agency', 'a plan needs the code of its agency')
      ELSE radioshop.refuse('NOT_FOUND', 'agency', format('no agency has the code %s', create_plan.agency)) END;
    RETURN shown;
  END IF;
  IF create_plan.interval_unit IS NULL THEN
    shown.refusal := radioshop.refuse('INVALID_ARGUMENT', 'interval_unit', 'say whether the interval is counted in days or in months');
    RETURN shown;
  END IF;
  -- Before the constraint says so, since the first due date is counted with it.
  IF create_plan.interval_count IS NULL OR create_plan.interval_count NOT BETWEEN 1 AND 3650 THEN
    shown.refusal := radioshop.refuse('INVALID_ARGUMENT', 'interval_count', 'an interval is 1 to 3650 days or months');
    RETURN shown;
  END IF;
  IF create_plan.model <> '' THEN
    SELECT m.model_id INTO in_model FROM radioshop.model m WHERE m.number_key = upper(create_plan.model);
    IF NOT FOUND THEN
      shown.refusal := radioshop.refuse('FAILED_PRECONDITION', 'model',
        format('no model of the catalogue has the number %s', create_plan.model));
      RETURN shown;
    END IF;
  END IF;
  INSERT INTO radioshop.plan (agency_id, code, name, instructions, interval_count, interval_unit, basis, first_due_on, grace_days,
      escalate_days, class, model_id, stopped)
    VALUES (a.agency_id, btrim(coalesce(create_plan.code, '')), btrim(coalesce(create_plan.name, '')),
      btrim(coalesce(create_plan.instructions, ''), E' \t\r\n'), create_plan.interval_count, create_plan.interval_unit,
      coalesce(create_plan.basis, 'scheduled'), coalesce(create_plan.first_due_on, least('2199-12-31', (radioshop.today(a.time_zone) +
        CASE create_plan.interval_unit WHEN 'months' THEN make_interval(months => create_plan.interval_count)
          ELSE make_interval(days => create_plan.interval_count) END)::date)),
      coalesce(create_plan.grace_days, 0), coalesce(create_plan.escalate_days, 0), create_plan.class, in_model,
      coalesce(create_plan.stopped, false))
    RETURNING plan_id INTO made;
  RETURN radioshop.shown_plan(a.agency_id, made);
END
$$;

-- Changes the fields that mask names; the trigger of the change "schedule" counts the due dates again.
CREATE FUNCTION radioshop.update_plan(agency text, code text, revision bigint, mask text[], name text, instructions text,
  interval_count int, interval_unit text, basis text, first_due_on date, grace_days int, escalate_days int, class text, model text,
  stopped boolean)
RETURNS radioshop.plan_shown LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
  changeable constant text[] := '{name,instructions,interval_count,interval_unit,basis,first_due_on,grace_days,escalate_days,class,model,
    stopped}';
  shown radioshop.plan_shown;
  now_is radioshop.plan%ROWTYPE;
  in_model uuid;
  wrong text;
BEGIN
  SELECT p.agency_id, p.plan_id, p.revision INTO now_is.agency_id, now_is.plan_id, now_is.revision
    FROM radioshop.agency g JOIN radioshop.plan p ON p.agency_id = g.agency_id AND p.code_key = upper(update_plan.code)
    WHERE g.agency_id = ANY (radioshop.agencies()) AND g.code = upper(update_plan.agency) FOR NO KEY UPDATE OF p;
  SELECT m INTO wrong FROM unnest(mask) m WHERE m <> ALL (changeable) LIMIT 1;
  shown.refusal := CASE
    WHEN now_is.plan_id IS NULL THEN
      radioshop.refuse('NOT_FOUND', 'code', format('agency %s has no plan %s', update_plan.agency, update_plan.code))
    WHEN coalesce(cardinality(mask), 0) = 0 THEN
      radioshop.refuse('INVALID_ARGUMENT', 'update_mask', 'name the fields to change')
    WHEN wrong IS NOT NULL THEN
      radioshop.refuse('INVALID_ARGUMENT', 'update_mask',
        format('%s cannot be changed; these can: %s', wrong, array_to_string(changeable, ', ')))
    WHEN coalesce(update_plan.revision, 0) <= 0 THEN
      radioshop.refuse('INVALID_ARGUMENT', 'revision', 'give the revision you have read')
    WHEN update_plan.revision <> now_is.revision THEN
      radioshop.refuse('ABORTED', 'revision', format('the plan has moved on to revision %s; read it again', now_is.revision))
    WHEN 'first_due_on' = ANY (mask) AND update_plan.first_due_on IS NULL THEN
      radioshop.refuse('INVALID_ARGUMENT', 'first_due_on', 'give the first day it is due')
    WHEN 'interval_unit' = ANY (mask) AND update_plan.interval_unit IS NULL THEN
      radioshop.refuse('INVALID_ARGUMENT', 'interval_unit', 'say whether the interval is counted in days or in months')
  END;
  IF shown.refusal IS NULL AND 'model' = ANY (mask) AND update_plan.model <> '' THEN
    SELECT m.model_id INTO in_model FROM radioshop.model m WHERE m.number_key = upper(update_plan.model);
    IF NOT FOUND THEN
      shown.refusal := radioshop.refuse('FAILED_PRECONDITION', 'model',
        format('no model of the catalogue has the number %s', update_plan.model));
    END IF;
  END IF;
  IF shown.refusal IS NOT NULL THEN
    RETURN shown;
  END IF;
  UPDATE radioshop.plan p SET
      name = CASE WHEN 'name' = ANY (mask) THEN btrim(update_plan.name) ELSE p.name END,
      instructions = CASE WHEN 'instructions' = ANY (mask) THEN btrim(update_plan.instructions, E' \t\r\n') ELSE p.instructions END,
      interval_count = CASE WHEN 'interval_count' = ANY (mask) THEN update_plan.interval_count ELSE p.interval_count END,
      interval_unit = CASE WHEN 'interval_unit' = ANY (mask) THEN update_plan.interval_unit ELSE p.interval_unit END,
      basis = CASE WHEN 'basis' = ANY (mask) THEN coalesce(update_plan.basis, 'scheduled') ELSE p.basis END,
      first_due_on = CASE WHEN 'first_due_on' = ANY (mask) THEN update_plan.first_due_on ELSE p.first_due_on END,
      grace_days = CASE WHEN 'grace_days' = ANY (mask) THEN update_plan.grace_days ELSE p.grace_days END,
      escalate_days = CASE WHEN 'escalate_days' = ANY (mask) THEN update_plan.escalate_days ELSE p.escalate_days END,
      class = CASE WHEN 'class' = ANY (mask) THEN update_plan.class ELSE p.class END,
      model_id = CASE WHEN 'model' = ANY (mask) THEN in_model ELSE p.model_id END,
      stopped = CASE WHEN 'stopped' = ANY (mask) THEN update_plan.stopped ELSE p.stopped END
    WHERE p.agency_id = now_is.agency_id AND p.plan_id = now_is.plan_id;
  RETURN radioshop.shown_plan(now_is.agency_id, now_is.plan_id);
END
$$;

COMMIT;
