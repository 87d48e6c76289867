-- Revert radioshop:recurrence from pg
--
-- Plans that say what the version before cannot say keep what it can: weeks become days, years months, and a plan that goes by a meter
-- only is stopped.

BEGIN;

UPDATE radioshop.schema_version SET version = 13;

DROP FUNCTION radioshop.import_meter_readings(int[], text[], text[], bigint[], text[], boolean[]);
DROP FUNCTION radioshop.record_meter(text, text, bigint, date, boolean, text);
DROP TYPE radioshop.meter_shown;
DROP FUNCTION radioshop.decide_deferral(text, text, text);
DROP FUNCTION radioshop.defer_due(text, text, date, date, text);
DROP FUNCTION radioshop.refuse_deferral(int, uuid, uuid, date);
DROP FUNCTION radioshop.skip_due(text, text, date, text);
DROP FUNCTION radioshop.lock_due(text, text, date);
DROP FUNCTION radioshop.shown_due_change(int, uuid);
DROP TYPE radioshop.due_change_shown;
DROP FUNCTION radioshop.update_plan(text, text, bigint, text[], text, text, int, text, text, date, int, int, text, text, boolean, text, int,
  text, text, int, text, bigint);
DROP FUNCTION radioshop.create_plan(text, text, text, text, int, text, text, date, int, int, text, text, boolean, text, int, text, text, int,
  text, bigint);
ALTER TYPE radioshop.plan_shown DROP ATTRIBUTE rule, DROP ATTRIBUTE early_days, DROP ATTRIBUTE blackout_from,
  DROP ATTRIBUTE blackout_until, DROP ATTRIBUTE defer_limit_days, DROP ATTRIBUTE meter, DROP ATTRIBUTE meter_every;
COMMENT ON COLUMN radioshop.plan.interval_count IS NULL;
DROP TABLE radioshop.due_change;
DROP TABLE radioshop.meter_reading;
DROP TABLE radioshop.asset_absence;
DROP FUNCTION radioshop.reschedule_metered_assets();
DROP FUNCTION radioshop.reschedule_changed_due();
DROP TRIGGER reschedule_changed ON radioshop.plan;
DROP FUNCTION radioshop.reckon(int, uuid[], uuid, uuid[], uuid[], date[]);
ALTER TABLE radioshop.schedule DROP COLUMN occurs_on, DROP COLUMN is_deferred, DROP COLUMN by_meter, DROP COLUMN meter_left;
DROP FUNCTION radioshop.recurrence_of(radioshop.plan);

DO $$
BEGIN -- the policies hold for the owner, too
  PERFORM set_config('radioshop.agencies', '{0}', true);
  PERFORM set_config('radioshop.agencies', (SELECT array_agg(g.agency_id)::text FROM radioshop.agency g), true);
END
$$;
ALTER TABLE radioshop.plan
  DROP CONSTRAINT plan_interval_count_range, DROP CONSTRAINT plan_interval_unit_known, DROP CONSTRAINT plan_interval_whole,
  DROP CONSTRAINT plan_comes_back, DROP CONSTRAINT plan_rule_fits;
UPDATE radioshop.plan SET stopped = true, interval_count = 1, interval_unit = 'months' WHERE interval_unit IS NULL;
UPDATE radioshop.plan SET interval_count = interval_count * 7, interval_unit = 'days' WHERE interval_unit = 'weeks';
UPDATE radioshop.plan SET interval_count = interval_count * 12, interval_unit = 'months' WHERE interval_unit = 'years';
SET LOCAL radioshop.agencies = '';
ALTER TABLE radioshop.plan
  DROP COLUMN meter_every, DROP COLUMN meter, DROP COLUMN defer_limit_days, DROP COLUMN blackout_first, DROP COLUMN blackout_last,
  DROP COLUMN blackout_from, DROP COLUMN blackout_until, DROP COLUMN early_days, DROP COLUMN rule_nth, DROP COLUMN rule_weekday,
  DROP COLUMN rule,
  ALTER COLUMN interval_unit SET NOT NULL,
  ADD CONSTRAINT plan_interval_count_range CHECK (interval_count BETWEEN 1 AND 3650),
  ADD CONSTRAINT plan_interval_unit_known CHECK (interval_unit IN ('days', 'months'));
COMMENT ON CONSTRAINT plan_interval_count_range ON radioshop.plan IS 'interval_count: an interval is 1 to 3650 days or months';
COMMENT ON CONSTRAINT plan_interval_unit_known ON radioshop.plan IS 'interval_unit: an interval is counted in days or in months';
DROP FUNCTION radioshop.leaves_days(int, int);
DROP FUNCTION radioshop.is_month_day(text);
DROP FUNCTION radioshop.weekday_rule(text);

CREATE OR REPLACE FUNCTION radioshop.fold_services(first_due date, interval_count int, interval_unit text, basis text, done date[],
  OUT next_due date, OUT last_counted date) LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
DECLARE
  k int := 0;
  before date;
  day date;
  whole int;
BEGIN
  next_due := first_due;
  IF done IS NULL THEN
    RETURN;
  END IF;
  IF basis = 'completed' THEN
    last_counted := (SELECT max(d) FROM unnest(done) d);
    next_due := coalesce(radioshop.occurrence(last_counted, interval_count, interval_unit, 1), first_due);
    RETURN;
  END IF;
  FOR day IN SELECT d FROM unnest(done) d WHERE d IS NOT NULL ORDER BY d LOOP
    before := radioshop.occurrence(first_due, interval_count, interval_unit, k - 1);
    CONTINUE WHEN day - before <= next_due - day;
    last_counted := day;
    whole := CASE interval_unit
      WHEN 'months' THEN ((extract(year FROM day) - extract(year FROM first_due)) * 12
        + extract(month FROM day) - extract(month FROM first_due))::int / interval_count
      ELSE (day - first_due) / interval_count END;
    k := greatest(k + 1, whole);
    next_due := radioshop.occurrence(first_due, interval_count, interval_unit, k);
    IF next_due <= day THEN
      k := k + 1;
      next_due := radioshop.occurrence(first_due, interval_count, interval_unit, k);
    END IF;
  END LOOP;
END
$$;
COMMENT ON FUNCTION radioshop.fold_services(date, int, text, text, date[]) IS
'Next due date, and the last service that counted, after the passed services done (any order, NULLs and repeats allowed).
Occurrence k is d(k) = first_due + k intervals, for k = 0, 1, 2 …; d(-1) = first_due - 1 interval.
basis scheduled: begin with k = 0 and take the services by day. A service on day s counts for the current occurrence k
  when s is nearer to d(k) than to d(k-1), or later: s - d(k-1) > d(k) - s in days; at equal distance it does not count.
  When it counts, the smallest j > k with d(j) > s becomes current: occurrences missed meanwhile are skipped. A service that does
  not count moves nothing. The current d(k) is the next due date.
basis completed: one interval after the last service, or first_due if there is none.';
DROP FUNCTION radioshop.reckon_due(radioshop.recurrence, date, date[], date[], date[], date[], date[], date[], date[], bigint[], date);
DROP TYPE radioshop.reckoned;
DROP FUNCTION radioshop.belongs(date, date, date, int);
DROP FUNCTION radioshop.due_day_beside(radioshop.recurrence, date, int, int);
DROP FUNCTION radioshop.due_day(radioshop.recurrence, date, int);
DROP TYPE radioshop.recurrence;
DROP FUNCTION radioshop.clear_of(date, int, int);
DROP FUNCTION radioshop.nth_weekday(date, int, int);
DROP FUNCTION radioshop.first_due(date, int, text, timestamptz, timestamptz, text);
DROP FUNCTION radioshop.day_at(timestamptz, text);

CREATE OR REPLACE FUNCTION radioshop.occurrence(anchor date, interval_count int, interval_unit text, k int) RETURNS date
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT CASE interval_unit WHEN 'months' THEN (anchor + make_interval(months => interval_count * k))::date
    ELSE anchor + interval_count * k END
$$;

DROP TRIGGER reschedule_changed ON radioshop.asset;
CREATE TRIGGER reschedule_changed AFTER UPDATE ON radioshop.asset FOR EACH ROW
  WHEN (OLD.class IS DISTINCT FROM NEW.class OR OLD.model_id IS DISTINCT FROM NEW.model_id
    OR radioshop.is_in_use(OLD.status) <> radioshop.is_in_use(NEW.status))
  EXECUTE FUNCTION radioshop.reschedule_changed_asset();
CREATE OR REPLACE FUNCTION radioshop.reschedule_plan() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  anew boolean := false;
  assets uuid[];
BEGIN
  IF TG_OP = 'UPDATE' THEN
    anew := OLD.first_due_on <> NEW.first_due_on;
  END IF;
  PERFORM radioshop.lock_schedules(NEW.agency_id, true);
  SELECT array_agg(x.asset_id) INTO assets FROM (
    SELECT a.asset_id FROM radioshop.asset a
      WHERE NOT NEW.stopped AND a.agency_id = NEW.agency_id AND (NEW.class IS NULL OR a.class = NEW.class)
        AND (NEW.model_id IS NULL OR a.model_id = NEW.model_id) AND radioshop.is_in_use(a.status)
    UNION
    SELECT s.asset_id FROM radioshop.schedule s WHERE s.agency_id = NEW.agency_id AND s.plan_id = NEW.plan_id) x;
  IF assets IS NOT NULL THEN
    PERFORM radioshop.reschedule(NEW.agency_id, assets, NEW.plan_id, anew);
  END IF;
  RETURN NULL;
END
$$;
DROP FUNCTION radioshop.is_at_hand(text);

CREATE OR REPLACE FUNCTION radioshop.reschedule(agency int, assets uuid[], plan uuid DEFAULT NULL, anew boolean DEFAULT false) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
  many constant int := 20;
  planned constant text := current_setting('plan_cache_mode');
  ignored text;
  old_assets uuid[];
  old_plans uuid[];
  old_anchors date[];
BEGIN
  IF cardinality(assets) > many THEN
    ignored := set_config('plan_cache_mode', 'force_custom_plan', true); -- only a known array is hashed, and not gone through for each row
  END IF;
  SELECT array_agg(l.asset_id), array_agg(l.plan_id), array_agg(l.first_due_on) INTO old_assets, old_plans, old_anchors FROM (
    SELECT s.asset_id, s.plan_id, s.first_due_on FROM radioshop.schedule s
      WHERE s.agency_id = agency AND s.asset_id = ANY (assets) AND (plan IS NULL OR s.plan_id = plan)
      ORDER BY s.asset_id, s.plan_id FOR NO KEY UPDATE) l;
  ignored := set_config('plan_cache_mode', planned, true); -- the triggers of the rows below must not plan for each
  EXECUTE $statement$
  INSERT INTO radioshop.schedule AS s (agency_id, asset_id, plan_id, first_due_on, next_due, last_done_on, grace_days, escalate_days)
    SELECT a.agency_id, a.asset_id, p.plan_id, f.first_due_on, CASE WHEN w.applies THEN d.next_due END, d.last_counted,
        p.grace_days, p.escalate_days
      FROM unnest($2) x (asset_id)
      JOIN radioshop.asset a ON a.agency_id = $1 AND a.asset_id = x.asset_id
      JOIN radioshop.agency g ON g.agency_id = a.agency_id
      JOIN radioshop.plan p ON p.agency_id = a.agency_id AND ($3 IS NULL OR p.plan_id = $3)
      LEFT JOIN unnest($5, $6, $7) o (asset_id, plan_id, first_due_on) ON o.asset_id = a.asset_id AND o.plan_id = p.plan_id
      LEFT JOIN radioshop.services_done($1, $2, $3) v ON v.asset_id = a.asset_id AND v.plan_id = p.plan_id
      CROSS JOIN LATERAL (SELECT NOT p.stopped AND (p.class IS NULL OR p.class = a.class)
        AND (p.model_id IS NULL OR p.model_id = a.model_id) IS TRUE AND radioshop.is_in_use(a.status) AS applies) w
      CROSS JOIN LATERAL (SELECT CASE
          WHEN o.first_due_on IS NOT NULL AND NOT $4 THEN o.first_due_on
          WHEN a.created_at <= p.created_at THEN p.first_due_on
          ELSE greatest(p.first_due_on,
            radioshop.occurrence((a.created_at AT TIME ZONE g.time_zone)::date, p.interval_count, p.interval_unit, 1))
        END AS first_due_on) f
      CROSS JOIN LATERAL radioshop.fold_services(f.first_due_on, p.interval_count, p.interval_unit, p.basis, v.days) d
      WHERE w.applies OR o.asset_id IS NOT NULL
  ON CONFLICT (agency_id, asset_id, plan_id) DO UPDATE
    SET first_due_on = excluded.first_due_on, next_due = excluded.next_due, last_done_on = excluded.last_done_on,
      grace_days = excluded.grace_days, escalate_days = excluded.escalate_days
    WHERE (s.first_due_on, s.next_due, s.last_done_on, s.grace_days, s.escalate_days)
      IS DISTINCT FROM (excluded.first_due_on, excluded.next_due, excluded.last_done_on, excluded.grace_days, excluded.escalate_days)
  $statement$ USING agency, assets, plan, anew, old_assets, old_plans, old_anchors;
END
$$;

CREATE OR REPLACE FUNCTION radioshop.reschedule_added_assets() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  group_of record;
BEGIN
  FOR group_of IN SELECT n.agency_id, array_agg(n.asset_id) AS assets FROM added n GROUP BY n.agency_id ORDER BY n.agency_id LOOP
    PERFORM radioshop.lock_schedules(group_of.agency_id, false);
    PERFORM radioshop.reschedule(group_of.agency_id, group_of.assets);
  END LOOP;
  RETURN NULL;
END
$$;

CREATE OR REPLACE FUNCTION radioshop.reschedule_changed_asset() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM radioshop.lock_schedules(NEW.agency_id, false);
  PERFORM radioshop.reschedule(NEW.agency_id, ARRAY[NEW.asset_id]);
  RETURN NULL;
END
$$;

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

CREATE OR REPLACE FUNCTION radioshop.note_due_met() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO radioshop.due_met (agency_id, asset_id, plan_id, due_on, overdue_from, done_on)
    SELECT OLD.agency_id, OLD.asset_id, OLD.plan_id, OLD.next_due, OLD.overdue_from, NEW.last_done_on
      FROM radioshop.plan p
      WHERE p.agency_id = OLD.agency_id AND p.plan_id = OLD.plan_id
        AND NEW.last_done_on > radioshop.occurrence(OLD.next_due, p.interval_count, p.interval_unit, -1)
    ON CONFLICT ON CONSTRAINT due_met_pkey DO NOTHING;
  RETURN NULL;
END
$$;

CREATE OR REPLACE FUNCTION radioshop.shown_plan(agency int, plan uuid) RETURNS radioshop.plan_shown LANGUAGE plpgsql STABLE AS $$
DECLARE
  shown radioshop.plan_shown;
BEGIN
  SELECT NULL, g.code, p.code, p.name, p.instructions, p.interval_count, p.interval_unit, p.basis, p.first_due_on, p.grace_days,
      p.escalate_days, p.class, coalesce(m.number, ''), p.stopped,
      (SELECT count(*) FROM radioshop.schedule s
        WHERE s.agency_id = p.agency_id AND s.plan_id = p.plan_id AND s.next_due IS NOT NULL)::int, p.revision
    INTO shown
    FROM radioshop.plan p JOIN radioshop.agency g ON g.agency_id = p.agency_id LEFT JOIN radioshop.model m ON m.model_id = p.model_id
    WHERE p.agency_id = agency AND p.plan_id = plan;
  RETURN shown;
END
$$;

CREATE OR REPLACE FUNCTION radioshop.create_plan(agency text, code text, name text, instructions text, interval_count int, interval_unit text,
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

CREATE OR REPLACE FUNCTION radioshop.update_plan(agency text, code text, revision bigint, mask text[], name text, instructions text,
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

CREATE TRIGGER reschedule_changed AFTER UPDATE ON radioshop.plan FOR EACH ROW
  WHEN ((OLD.interval_count, OLD.interval_unit, OLD.basis, OLD.first_due_on, OLD.grace_days, OLD.escalate_days, OLD.class,
      OLD.model_id, OLD.stopped)
    IS DISTINCT FROM (NEW.interval_count, NEW.interval_unit, NEW.basis, NEW.first_due_on, NEW.grace_days, NEW.escalate_days,
      NEW.class, NEW.model_id, NEW.stopped))
  EXECUTE FUNCTION radioshop.reschedule_plan();

COMMIT;
