-- Deploy radioshop:recurrence to pg
--
-- Schedules in depth: weeks, years and weekdays of a month, blackouts, early windows, skipped and deferred occurrences, meters, and
-- what happens to due dates while an asset is away. The arithmetic is reckon_due(), one function without a table in it; reckon()
-- brings it what the tables say, and reschedule() keeps radioshop.schedule at what comes out.
--
-- Away: an asset that is retired, disposed of, missing or at the maker's depot. Nothing is due meanwhile. When it is back in use,
--   what was due before the day it left is due on that same day, overdue or not: nothing is lost;
--   what came due from the day it left until the day before it was back is due on the day it was back: nobody could have
--     done it, so nothing is invented, and it is not forgotten either;
--   what comes due from the day it was back on is untouched. The anchor never moves.
-- Several occurrences of one absence are one service, as always when some were missed.

BEGIN;

-- ---------------------------------------------------------------------------------------------------------------------
-- Arithmetic. Days only, no clock and no time zone: those end at day_at().

-- The day it is at that moment in a time zone.
CREATE FUNCTION radioshop.day_at(at timestamptz, time_zone text) RETURNS date LANGUAGE sql STABLE PARALLEL SAFE AS $$
  SELECT (at AT TIME ZONE time_zone)::date
$$;

-- Occurrence k of a recurrence, counted from its anchor and never from the occurrence before: 31 January and one month is
-- the last day of February, and two months is 31 March.
CREATE OR REPLACE FUNCTION radioshop.occurrence(anchor date, interval_count int, interval_unit text, k int) RETURNS date
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT CASE interval_unit WHEN 'months' THEN (anchor + make_interval(months => interval_count * k))::date
    WHEN 'years' THEN (anchor + make_interval(months => interval_count * 12 * k))::date
    WHEN 'weeks' THEN anchor + interval_count * 7 * k
    ELSE anchor + interval_count * k END
$$;

-- The anchor of an asset under a plan: an asset that came after the plan is first due one interval after the day it came.
CREATE FUNCTION radioshop.first_due(plan_first_due date, interval_count int, interval_unit text, plan_made timestamptz, asset_made timestamptz,
  time_zone text) RETURNS date LANGUAGE sql STABLE PARALLEL SAFE AS $$
  SELECT CASE WHEN asset_made <= plan_made THEN plan_first_due
    ELSE greatest(plan_first_due, radioshop.occurrence(radioshop.day_at(asset_made, time_zone), interval_count, interval_unit, 1)) END
$$;

-- The nth such weekday (1 Monday … 7 Sunday) of the month that `day` is in; nth -1 is the last one.
CREATE FUNCTION radioshop.nth_weekday(day date, nth int, weekday int) RETURNS date LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
DECLARE
  first constant date := day - (date_part('day', day)::int - 1);
  last date;
BEGIN
  IF nth > 0 THEN
    RETURN first + (weekday - date_part('isodow', first)::int + 7) % 7 + 7 * (nth - 1);
  END IF;
  last := (first + interval '1 month')::date - 1;
  RETURN last - (date_part('isodow', last)::int - weekday + 7) % 7;
END
$$;

-- The day itself, or the first day after the blackout that it lies in. from and until are month * 100 + day, both within; from
-- after until goes over the end of the year. 29 February is the end of February in any year.
CREATE FUNCTION radioshop.clear_of(day date, blackout_from int, blackout_until int) RETURNS date
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
DECLARE
  month_day int;
  ends_in int;
  first date;
BEGIN
  IF blackout_from IS NULL THEN
    RETURN day;
  END IF;
  month_day := date_part('month', day)::int * 100 + date_part('day', day)::int;
  IF blackout_from <= blackout_until AND month_day NOT BETWEEN blackout_from AND blackout_until
    OR blackout_from > blackout_until AND month_day < blackout_from AND month_day > blackout_until THEN
    RETURN day;
  END IF;
  ends_in := date_part('year', day)::int + CASE WHEN month_day > blackout_until THEN 1 ELSE 0 END;
  first := make_date(ends_in, blackout_until / 100, 1);
  RETURN least(first + blackout_until % 100, (first + interval '1 month')::date);
END
$$;

-- How something comes back: what of a plan decides when it is due.
CREATE TYPE radioshop.recurrence AS (
  interval_count int, interval_unit text, basis text, nth int, weekday int, early_days int, blackout_from int, blackout_until int,
  meter_every bigint
);

-- Due day k of a recurrence: the occurrence, on its weekday of the month if it has one, moved out of the blackout.
CREATE FUNCTION radioshop.due_day(r radioshop.recurrence, anchor date, k int) RETURNS date LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
DECLARE
  day date := radioshop.occurrence(anchor, r.interval_count, r.interval_unit, k);
BEGIN
  IF r.nth IS NOT NULL THEN
    day := radioshop.nth_weekday(day, r.nth, r.weekday);
  END IF;
  RETURN radioshop.clear_of(day, r.blackout_from, r.blackout_until);
END
$$;

-- The due day nearest to due day k on that side (1 later, -1 earlier) that is another day.
CREATE FUNCTION radioshop.due_day_beside(r radioshop.recurrence, anchor date, k int, side int) RETURNS date
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
DECLARE
  here constant date := radioshop.due_day(r, anchor, k);
  there date := here;
  j int := k;
BEGIN
  WHILE there = here LOOP
    j := j + side;
    there := radioshop.due_day(r, anchor, j);
  END LOOP;
  RETURN there;
END
$$;

-- Whether what happened or was decided on `day` belongs to the due day `due`, the one before being `before` (NULL: there is none).
CREATE FUNCTION radioshop.belongs(day date, before date, due date, early_days int) RETURNS boolean
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
BEGIN
  RETURN day >= due OR (before IS NULL OR day > before)
    AND CASE WHEN early_days > 0 THEN day >= due - early_days ELSE before IS NULL OR day - before > due - day END;
END
$$;

-- What comes out: the day it is due; the day calendar or meter have it; the last service that counted; whether it was deferred;
-- whether the meter came first; units until the meter makes it due; the calendar's day after, if there is one.
CREATE TYPE radioshop.reckoned AS (
  next_due date, occurs_on date, last_counted date, is_deferred boolean, by_meter boolean, meter_left bigint, following date
);

CREATE FUNCTION radioshop.reckon_due(r radioshop.recurrence, first_due date, done date[], skipped date[], deferred date[],
  deferred_to date[], away_from date[], back_on date[], read_on date[], read_total bigint[], meter_since date)
RETURNS radioshop.reckoned LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
DECLARE
  next_due date;
  occurs_on date;
  last_counted date;
  is_deferred boolean := false;
  by_meter boolean;
  meter_left bigint;
  following date;
  calendar constant boolean := r.interval_count > 0;
  scheduled constant boolean := r.basis = 'scheduled';
  anchor date := first_due;
  k int := 0;
  due date;
  before date;
  reached date;
  last date;
  base bigint;
  day date;
  is_skip boolean;
  from_day date;
BEGIN
  IF calendar THEN
    IF r.nth IS NOT NULL THEN
      anchor := first_due - (date_part('day', first_due)::int - 1);
      IF radioshop.nth_weekday(anchor, r.nth, r.weekday) < first_due THEN
        anchor := (anchor + interval '1 month')::date;
      END IF;
    END IF;
    due := radioshop.due_day(r, anchor, 0);
    IF scheduled AND (done IS NOT NULL OR skipped IS NOT NULL OR deferred IS NOT NULL) THEN
      before := radioshop.due_day_beside(r, anchor, 0, -1);
    END IF;
  END IF;

  FOR day, is_skip IN SELECT e.day, e.is_skip FROM (SELECT unnest(done), false UNION ALL SELECT unnest(skipped), true) e (day, is_skip)
      WHERE e.day IS NOT NULL ORDER BY e.day, e.is_skip LOOP
    last := day;
    IF calendar AND scheduled THEN
      CONTINUE WHEN NOT radioshop.belongs(day, before, due, r.early_days);
      from_day := greatest(day, due);
      k := greatest(k + 1, CASE r.interval_unit
        WHEN 'days' THEN (day - anchor) / r.interval_count
        WHEN 'weeks' THEN (day - anchor) / (7 * r.interval_count)
        ELSE ((date_part('year', day) - date_part('year', anchor)) * 12 + date_part('month', day) - date_part('month', anchor))::int
          / CASE r.interval_unit WHEN 'years' THEN 12 * r.interval_count ELSE r.interval_count END - 1 END);
      due := radioshop.due_day(r, anchor, k);
      WHILE due <= from_day LOOP
        k := k + 1;
        due := radioshop.due_day(r, anchor, k);
      END LOOP;
      before := radioshop.due_day_beside(r, anchor, k, -1);
    ELSIF calendar THEN
      CONTINUE WHEN r.early_days > 0 AND day < due - r.early_days;
      before := day;
      due := radioshop.due_day(r, day, 1);
    END IF;
    IF NOT is_skip THEN
      last_counted := day;
    END IF;
  END LOOP;
  IF calendar THEN
    following := CASE WHEN scheduled THEN radioshop.due_day_beside(r, anchor, k, 1) ELSE radioshop.due_day(r, due, 1) END;
  END IF;

  IF r.meter_every > 0 AND cardinality(read_on) > 0 THEN
    base := read_total[1];
    FOR i IN 1 .. cardinality(read_on) LOOP
      IF read_on[i] <= coalesce(last, meter_since) THEN
        base := read_total[i];
      ELSIF read_total[i] >= base + r.meter_every THEN
        reached := radioshop.clear_of(read_on[i], r.blackout_from, r.blackout_until);
        EXIT;
      END IF;
    END LOOP;
    meter_left := base + r.meter_every - read_total[cardinality(read_total)];
  END IF;

  occurs_on := least(due, reached);
  by_meter := reached IS NOT NULL AND (due IS NULL OR reached < due);
  next_due := occurs_on;
  FOR i IN 1 .. coalesce(cardinality(deferred), 0) LOOP
    IF deferred_to[i] > next_due AND (coalesce(deferred[i] = reached, false)
      OR calendar AND deferred[i] < following AND radioshop.belongs(deferred[i], before, due, r.early_days)) THEN
      next_due := deferred_to[i];
      is_deferred := true;
    END IF;
  END LOOP;
  FOR i IN 1 .. coalesce(cardinality(away_from), 0) LOOP
    IF away_from[i] <= next_due AND next_due < back_on[i] THEN
      next_due := radioshop.clear_of(back_on[i], r.blackout_from, r.blackout_until);
    END IF;
  END LOOP;
  RETURN ROW(next_due, occurs_on, last_counted, is_deferred, by_meter, meter_left, following)::radioshop.reckoned;
END
$$;
COMMENT ON FUNCTION radioshop.reckon_due(radioshop.recurrence, date, date[], date[], date[], date[], date[], date[], date[], bigint[], date) IS
'When the work of a plan is due on an asset, from everything that has happened; lists in any order, but absences and readings by day.
1  Occurrence k is the anchor and k intervals, k counted from 0; in months and years a day that does not exist is the month''s last.
2  With a weekday rule the anchor is the month of the first such day on or after first_due, and an occurrence is that weekday of its month.
3  An occurrence in the blackout moves to the first day after it. Occurrences that then fall on one day are one. What is left, in
   order, are the due days D(0) < D(1) < …; D(-1) is the one that would stand before D(0).
4  basis scheduled: D(0) is current. What was done on day s belongs to the current D when s >= D; or when s > D(before) and s is
   within early_days before D; early_days 0: s is nearer to D than to D(before). Then the first due day after both s and D
   is current: what was missed meanwhile is skipped. What does not belong moves nothing.
5  basis completed: one interval after the last service, on the weekday of that month if there is a rule, moved out of the blackout;
   first_due, ruled and moved, before any. With early_days, a service earlier than so many days before the due day does not count.
6  A skipped occurrence moves as if it had been done on its due day, after what was done that day; it is no last service.
7  A meter makes due when it has gone on by meter_every since the last service or skip (whatever the calendar says of it; before any,
   since the day meter_since; without a reading until then, since the first one): on the day of the first reading that far, moved
   out of the blackout. Calendar or meter, whichever comes first, is due: occurs_on.
8  An approved deferral holds while the work it was for is due: its day is the meter''s, or lies before D(after) and belongs to D as in
   4 (completed: counted from the last service). The latest such day is next_due, for calendar and meter both.
9  What would be due while the asset was away (away_from <= day < back_on) is due on back_on, moved out of the blackout.';

-- The simplest case of all of it.
CREATE OR REPLACE FUNCTION radioshop.fold_services(first_due date, interval_count int, interval_unit text, basis text, done date[],
  OUT next_due date, OUT last_counted date) LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT d.next_due, d.last_counted
    FROM radioshop.reckon_due(ROW(interval_count, interval_unit, basis, NULL, NULL, 0, NULL, NULL, 0)::radioshop.recurrence, first_due, done,
      NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL) d
$$;
COMMENT ON FUNCTION radioshop.fold_services(date, int, text, text, date[]) IS 'reckon_due() of a plan with nothing but services';

-- ---------------------------------------------------------------------------------------------------------------------
-- Plans

-- "first Monday" however it is typed; anything else comes back as it is, and the constraint says what is wrong.
CREATE FUNCTION radioshop.weekday_rule(typed text) RETURNS text LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
DECLARE
  words constant text[] := regexp_split_to_array(lower(btrim(typed)), '\s+');
BEGIN
  RETURN CASE WHEN cardinality(words) = 2 THEN words[1] || ' ' || initcap(words[2]) ELSE btrim(typed) END;
END
$$;

-- A day of any year as MM-DD, 29 February included.
CREATE FUNCTION radioshop.is_month_day(value text) RETURNS boolean LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
BEGIN
  RETURN value ~ '^((0[13578]|1[02])-(0[1-9]|[12][0-9]|3[01])|(0[469]|11)-(0[1-9]|[12][0-9]|30)|02-(0[1-9]|[12][0-9]))$';
END
$$;

-- Whether a blackout leaves days of the year: the day after it must not be in it. In a common year; others have one day more.
CREATE FUNCTION radioshop.leaves_days(blackout_from int, blackout_until int) RETURNS boolean LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
DECLARE
  day constant date := radioshop.clear_of(make_date(2001, blackout_until / 100, least(blackout_until % 100, 28)),
    blackout_from, blackout_until);
BEGIN
  RETURN radioshop.clear_of(day, blackout_from, blackout_until) = day;
END
$$;

ALTER TABLE radioshop.plan
  ALTER COLUMN interval_unit DROP NOT NULL,
  ADD COLUMN rule text NOT NULL DEFAULT '',
  ADD COLUMN rule_nth int GENERATED ALWAYS AS (CASE split_part(rule, ' ', 1)
    WHEN 'first' THEN 1 WHEN 'second' THEN 2 WHEN 'third' THEN 3 WHEN 'fourth' THEN 4 WHEN 'last' THEN -1 END) STORED,
  ADD COLUMN rule_weekday int GENERATED ALWAYS AS (CASE split_part(rule, ' ', 2)
    WHEN 'Monday' THEN 1 WHEN 'Tuesday' THEN 2 WHEN 'Wednesday' THEN 3 WHEN 'Thursday' THEN 4 WHEN 'Friday' THEN 5
    WHEN 'Saturday' THEN 6 WHEN 'Sunday' THEN 7 END) STORED,
  ADD COLUMN early_days int NOT NULL DEFAULT 0,
  ADD COLUMN blackout_from text NOT NULL DEFAULT '',
  ADD COLUMN blackout_until text NOT NULL DEFAULT '',
  ADD COLUMN blackout_first int GENERATED ALWAYS AS (nullif(replace(blackout_from, '-', ''), '')::int) STORED,
  ADD COLUMN blackout_last int GENERATED ALWAYS AS (nullif(replace(blackout_until, '-', ''), '')::int) STORED,
  ADD COLUMN defer_limit_days int NOT NULL DEFAULT 0,
  ADD COLUMN meter text,
  ADD COLUMN meter_every bigint NOT NULL DEFAULT 0,
  DROP CONSTRAINT plan_interval_count_range,
  DROP CONSTRAINT plan_interval_unit_known,
  ADD CONSTRAINT plan_interval_count_range CHECK (CASE interval_unit WHEN 'years' THEN interval_count BETWEEN 1 AND 100
    ELSE interval_count BETWEEN 0 AND 3650 END),
  ADD CONSTRAINT plan_interval_unit_known CHECK (interval_unit IN ('days', 'weeks', 'months', 'years')),
  ADD CONSTRAINT plan_interval_whole CHECK ((interval_count = 0) = (interval_unit IS NULL)),
  ADD CONSTRAINT plan_comes_back CHECK (interval_count > 0 OR meter_every > 0),
  ADD CONSTRAINT plan_rule_form CHECK
    (rule ~ '^((first|second|third|fourth|last) (Monday|Tuesday|Wednesday|Thursday|Friday|Saturday|Sunday))?$'),
  ADD CONSTRAINT plan_rule_fits CHECK (rule = '' OR coalesce(interval_unit IN ('months', 'years'), false)),
  ADD CONSTRAINT plan_early_days_range CHECK (early_days BETWEEN 0 AND 3650),
  ADD CONSTRAINT plan_blackout_from_form CHECK (blackout_from = '' OR radioshop.is_month_day(blackout_from)),
  ADD CONSTRAINT plan_blackout_until_form CHECK (blackout_until = '' OR radioshop.is_month_day(blackout_until)),
  ADD CONSTRAINT plan_blackout_whole CHECK ((blackout_from = '') = (blackout_until = '')),
  ADD CONSTRAINT plan_blackout_leaves_days CHECK (blackout_first IS NULL OR blackout_last IS NULL
    OR radioshop.leaves_days(blackout_first, blackout_last)),
  ADD CONSTRAINT plan_defer_limit_days_range CHECK (defer_limit_days BETWEEN 0 AND 3650),
  ADD CONSTRAINT plan_meter_known CHECK (meter IN ('hours', 'cycles', 'ptt')),
  ADD CONSTRAINT plan_meter_every_range CHECK (meter_every BETWEEN 0 AND 1000000000),
  ADD CONSTRAINT plan_meter_whole CHECK ((meter IS NULL) = (meter_every = 0));
COMMENT ON CONSTRAINT plan_interval_count_range ON radioshop.plan IS
  'interval_count: an interval is 1 to 3650 days, weeks or months, or 1 to 100 years';
COMMENT ON CONSTRAINT plan_interval_unit_known ON radioshop.plan IS 'interval_unit: an interval is counted in days, weeks, months or years';
COMMENT ON CONSTRAINT plan_interval_whole ON radioshop.plan IS
  'interval_unit: interval_count and interval_unit go together: give both, or neither in a plan that goes by a meter only';
COMMENT ON CONSTRAINT plan_comes_back ON radioshop.plan IS
  'interval_count: say how often: an interval, or meter and meter_every, or both';
COMMENT ON CONSTRAINT plan_rule_form ON radioshop.plan IS
  'rule: a rule is first, second, third, fourth or last and a weekday, such as "first Monday"; not every month has a fifth one';
COMMENT ON CONSTRAINT plan_rule_fits ON radioshop.plan IS 'rule: a weekday of the month needs an interval in months or years';
COMMENT ON CONSTRAINT plan_early_days_range ON radioshop.plan IS 'early_days: give 0 to 3650 days';
COMMENT ON CONSTRAINT plan_blackout_from_form ON radioshop.plan IS 'blackout_from: give month and day as MM-DD, such as 11-15';
COMMENT ON CONSTRAINT plan_blackout_until_form ON radioshop.plan IS 'blackout_until: give month and day as MM-DD, such as 01-05';
COMMENT ON CONSTRAINT plan_blackout_whole ON radioshop.plan IS 'blackout_until: a blackout needs both its first and its last day';
COMMENT ON CONSTRAINT plan_blackout_leaves_days ON radioshop.plan IS 'blackout_until: a blackout of the whole year leaves no day to be due on';
COMMENT ON CONSTRAINT plan_defer_limit_days_range ON radioshop.plan IS 'defer_limit_days: give 0 to 3650 days';
COMMENT ON CONSTRAINT plan_meter_known ON radioshop.plan IS 'meter: a meter counts hours, cycles or ptt';
COMMENT ON CONSTRAINT plan_meter_every_range ON radioshop.plan IS 'meter_every: give 1 to 1000000000 units';
COMMENT ON CONSTRAINT plan_meter_whole ON radioshop.plan IS
  'meter_every: meter and meter_every go together: which meter, and after how many of its units';
COMMENT ON COLUMN radioshop.plan.interval_count IS '0: by the meter only';
COMMENT ON COLUMN radioshop.plan.early_days IS '0: what is nearer to its due date than to the one before';
COMMENT ON COLUMN radioshop.plan.defer_limit_days IS '0: until the day before the next occurrence';
GRANT UPDATE (rule, early_days, blackout_from, blackout_until, defer_limit_days, meter, meter_every) ON radioshop.plan TO radioshop_app;

-- What decides when a plan's work is due.
CREATE FUNCTION radioshop.recurrence_of(p radioshop.plan) RETURNS radioshop.recurrence LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT ROW(p.interval_count, p.interval_unit, p.basis, p.rule_nth, p.rule_weekday, p.early_days, p.blackout_first, p.blackout_last,
    p.meter_every)::radioshop.recurrence
$$;

-- ---------------------------------------------------------------------------------------------------------------------
-- What changes a due date beside services: decisions about single occurrences, meters, absences

CREATE TABLE radioshop.due_change (
  agency_id int NOT NULL,
  change_id uuid NOT NULL DEFAULT radioshop.uuid_v7(),
  asset_id uuid NOT NULL,
  plan_id uuid NOT NULL,
  kind text NOT NULL,
  due_on date NOT NULL,
  deferred_to date,
  reason text NOT NULL,
  state text NOT NULL,
  asked_by text NOT NULL DEFAULT radioshop.caller(),
  asked_at timestamptz NOT NULL DEFAULT now(),
  decided_by text NOT NULL DEFAULT '',
  decided_at timestamptz,
  note text NOT NULL DEFAULT '',
  CONSTRAINT due_change_pkey PRIMARY KEY (agency_id, change_id),
  CONSTRAINT due_change_asset_known FOREIGN KEY (agency_id, asset_id) REFERENCES radioshop.asset (agency_id, asset_id),
  CONSTRAINT due_change_plan_known FOREIGN KEY (agency_id, plan_id) REFERENCES radioshop.plan (agency_id, plan_id),
  CONSTRAINT due_change_kind_known CHECK (kind IN ('skipped', 'deferred')),
  CONSTRAINT due_change_state_known CHECK (state IN ('asked', 'approved', 'refused')),
  CONSTRAINT due_change_deferred_later CHECK (CASE kind WHEN 'deferred' THEN coalesce(deferred_to > due_on, false)
    ELSE deferred_to IS NULL END),
  CONSTRAINT due_change_reason_form CHECK (reason <> '' AND radioshop.is_text(reason, 4000)),
  CONSTRAINT due_change_decided_whole CHECK ((state = 'asked') = (decided_at IS NULL) AND (decided_at IS NULL) = (decided_by = '')),
  CONSTRAINT due_change_note_form CHECK (radioshop.is_text(note, 4000))
);
COMMENT ON COLUMN radioshop.due_change.due_on IS 'the due day it was for, as calendar or meter had it';
COMMENT ON CONSTRAINT due_change_kind_known ON radioshop.due_change IS 'kind: an occurrence is skipped or deferred';
COMMENT ON CONSTRAINT due_change_state_known ON radioshop.due_change IS 'state: a deferral is asked for, approved or refused';
COMMENT ON CONSTRAINT due_change_deferred_later ON radioshop.due_change IS 'deferred_to: give a day after the due date';
COMMENT ON CONSTRAINT due_change_reason_form ON radioshop.due_change IS
  'reason: a reason is needed, at most 4000 characters, and no control characters but tabs and line ends';
COMMENT ON CONSTRAINT due_change_decided_whole ON radioshop.due_change IS 'state: what is decided has been decided by somebody';
COMMENT ON CONSTRAINT due_change_note_form ON radioshop.due_change IS
  'note: at most 4000 characters, and no control characters but tabs and line ends';
CREATE INDEX due_change_by_time ON radioshop.due_change (agency_id, asked_at DESC, change_id DESC);
CREATE INDEX due_change_open_by_time ON radioshop.due_change (agency_id, asked_at DESC, change_id DESC) WHERE state = 'asked';
CREATE INDEX due_change_by_asset ON radioshop.due_change (agency_id, asset_id, asked_at DESC, change_id DESC);

CREATE TRIGGER record_event AFTER INSERT OR UPDATE OR DELETE ON radioshop.due_change
  FOR EACH ROW EXECUTE FUNCTION radioshop.record_event('due_change', 'change_id');
ALTER TABLE radioshop.due_change ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY due_change_agency ON radioshop.due_change
  USING (agency_id = ANY ((SELECT nullif(current_setting('radioshop.agencies', true), '')::int[])::int[]));
GRANT SELECT, INSERT, UPDATE (state, decided_by, decided_at, note) ON radioshop.due_change TO radioshop_app;

-- What a meter of an asset showed. total goes on where the meter begins anew: it is what plans count by.
CREATE TABLE radioshop.meter_reading (
  agency_id int NOT NULL,
  reading_id uuid NOT NULL DEFAULT radioshop.uuid_v7(),
  asset_id uuid NOT NULL,
  meter text NOT NULL,
  read_on date NOT NULL,
  ordinal int NOT NULL,
  value bigint NOT NULL,
  replaced boolean NOT NULL DEFAULT false,
  total bigint NOT NULL,
  note text NOT NULL DEFAULT '',
  recorded_by text NOT NULL DEFAULT radioshop.caller(),
  recorded_at timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT meter_reading_pkey PRIMARY KEY (agency_id, reading_id),
  CONSTRAINT meter_reading_asset_known FOREIGN KEY (agency_id, asset_id) REFERENCES radioshop.asset (agency_id, asset_id),
  CONSTRAINT meter_reading_meter_known CHECK (meter IN ('hours', 'cycles', 'ptt')),
  CONSTRAINT meter_reading_read_on_range CHECK (read_on >= '1970-01-01'),
  CONSTRAINT meter_reading_value_range CHECK (value BETWEEN 0 AND 1000000000000),
  CONSTRAINT meter_reading_total_range CHECK (total BETWEEN 0 AND 1000000000000000),
  CONSTRAINT meter_reading_note_form CHECK (radioshop.is_text(note, 4000))
);
COMMENT ON CONSTRAINT meter_reading_meter_known ON radioshop.meter_reading IS 'meter: a meter counts hours, cycles or ptt';
COMMENT ON CONSTRAINT meter_reading_read_on_range ON radioshop.meter_reading IS 'read_on: give a day from 1970-01-01 to today';
COMMENT ON CONSTRAINT meter_reading_value_range ON radioshop.meter_reading IS 'value: a reading is 0 to 1000000000000';
COMMENT ON CONSTRAINT meter_reading_total_range ON radioshop.meter_reading IS 'value: all meters of the asset together have gone too far';
COMMENT ON CONSTRAINT meter_reading_note_form ON radioshop.meter_reading IS
  'note: at most 4000 characters, and no control characters but tabs and line ends';
COMMENT ON COLUMN radioshop.meter_reading.ordinal IS 'in which order the readings of one day were recorded: ids of one moment say nothing of it';
CREATE INDEX meter_reading_by_day ON radioshop.meter_reading (agency_id, read_on DESC, ordinal DESC, reading_id DESC);
CREATE INDEX meter_reading_by_asset ON radioshop.meter_reading (agency_id, asset_id, read_on DESC, ordinal DESC, reading_id DESC);

CREATE TRIGGER only_append BEFORE UPDATE OR DELETE OR TRUNCATE ON radioshop.meter_reading
  FOR EACH STATEMENT EXECUTE FUNCTION radioshop.only_append();
CREATE TRIGGER record_event AFTER INSERT OR UPDATE OR DELETE ON radioshop.meter_reading
  FOR EACH ROW EXECUTE FUNCTION radioshop.record_event('meter', 'reading_id');
ALTER TABLE radioshop.meter_reading ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY meter_reading_agency ON radioshop.meter_reading
  USING (agency_id = ANY ((SELECT nullif(current_setting('radioshop.agencies', true), '')::int[])::int[]));
GRANT SELECT, INSERT ON radioshop.meter_reading TO radioshop_app;

-- When an asset was away, by the days of its agency: written by the trigger of asset, whose events tell the same.
CREATE TABLE radioshop.asset_absence (
  agency_id int NOT NULL,
  asset_id uuid NOT NULL,
  away_from date NOT NULL,
  back_on date,
  CONSTRAINT asset_absence_pkey PRIMARY KEY (agency_id, asset_id, away_from),
  CONSTRAINT asset_absence_asset_known FOREIGN KEY (agency_id, asset_id) REFERENCES radioshop.asset (agency_id, asset_id),
  CONSTRAINT asset_absence_days_in_order CHECK (back_on >= away_from)
);
COMMENT ON TABLE radioshop.asset_absence IS 'not due while away_from <= day < back_on; the rule stands at the head of this change';
COMMENT ON CONSTRAINT asset_absence_days_in_order ON radioshop.asset_absence IS 'status: an asset cannot be back before it left';
ALTER TABLE radioshop.asset_absence ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY asset_absence_agency ON radioshop.asset_absence
  USING (agency_id = ANY ((SELECT nullif(current_setting('radioshop.agencies', true), '')::int[])::int[]));
GRANT SELECT, INSERT, UPDATE (back_on) ON radioshop.asset_absence TO radioshop_app;

-- ---------------------------------------------------------------------------------------------------------------------
-- The table of schedules, and keeping it right

ALTER TABLE radioshop.schedule
  ADD COLUMN occurs_on date,
  ADD COLUMN is_deferred boolean NOT NULL DEFAULT false,
  ADD COLUMN by_meter boolean NOT NULL DEFAULT false,
  ADD COLUMN meter_left bigint;
COMMENT ON COLUMN radioshop.schedule.occurs_on IS 'as calendar or meter have it; next_due is later if it was deferred or the asset was away';
COMMENT ON COLUMN radioshop.schedule.by_meter IS 'whether the meter was first, not the calendar';
COMMENT ON COLUMN radioshop.schedule.meter_left IS 'units until the meter makes it due; NULL: there is no reading, or the plan has no meter';
GRANT UPDATE (occurs_on, is_deferred, by_meter, meter_left) ON radioshop.schedule TO radioshop_app;

-- Whether something can be due on an asset. What is at the depot is in use, so that its warranty is watched, but nobody can service it.
CREATE FUNCTION radioshop.is_at_hand(status text) RETURNS boolean LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT status NOT IN ('retired', 'disposed', 'missing', 'at_depot')
$$;

-- What reckon_due() says of these assets under one plan or (NULL) all plans of the agency, for each that the plan applies to
-- or that is named in old: anchors made before, as arrays, since a statement that looked into the table that it fills would
-- wade through its own new index entries (100,000 assets took minutes). EXECUTE, because for one asset and for 100,000
-- different plans are right: none is kept; and each table is read once and hashed, whatever statistics make of it: of a table that is not
-- analyzed yet PostgreSQL expects one row, and would look through all of them for each asset. In order of asset, so that the
-- index entries of a new plan are in order, too.
CREATE FUNCTION radioshop.reckon(agency int, assets uuid[], plan uuid, old_assets uuid[], old_plans uuid[], old_anchors date[])
RETURNS TABLE (asset_id uuid, plan_id uuid, applies boolean, first_due_on date, grace_days int, escalate_days int, next_due date,
  occurs_on date, last_counted date, is_deferred boolean, by_meter boolean, meter_left bigint, following date)
LANGUAGE plpgsql STABLE SET enable_nestloop = off AS $$
#variable_conflict use_column
BEGIN
  RETURN QUERY EXECUTE $statement$
  WITH of_plan AS MATERIALIZED (
    SELECT p.plan_id, p.first_due_on, p.interval_count, p.interval_unit, p.created_at, p.class, p.model_id, p.stopped, p.grace_days,
        p.escalate_days, p.meter, radioshop.recurrence_of(p) AS r, radioshop.day_at(p.created_at, g.time_zone) AS created_on, g.time_zone,
        p.rule_nth IS NULL AND p.blackout_first IS NULL AND p.meter IS NULL AS plain
      FROM radioshop.plan p JOIN radioshop.agency g ON g.agency_id = p.agency_id
      WHERE p.agency_id = $1 AND ($3 IS NULL OR p.plan_id = $3)
  ), changed AS (
    SELECT c.asset_id, c.plan_id, array_agg(c.due_on) FILTER (WHERE c.kind = 'skipped') AS skipped,
        array_agg(c.due_on ORDER BY c.change_id) FILTER (WHERE c.kind = 'deferred') AS deferred,
        array_agg(c.deferred_to ORDER BY c.change_id) FILTER (WHERE c.kind = 'deferred') AS deferred_to
      FROM radioshop.due_change c
      WHERE c.agency_id = $1 AND c.asset_id = ANY ($2) AND ($3 IS NULL OR c.plan_id = $3) AND c.state = 'approved'
      GROUP BY c.asset_id, c.plan_id
  ), absent AS (
    SELECT b.asset_id, array_agg(b.away_from ORDER BY b.away_from) AS away_from, array_agg(b.back_on ORDER BY b.away_from) AS back_on
      FROM radioshop.asset_absence b WHERE b.agency_id = $1 AND b.asset_id = ANY ($2) AND b.back_on > b.away_from GROUP BY b.asset_id
  ), metered AS (
    SELECT m.asset_id, m.meter, array_agg(m.read_on ORDER BY m.read_on, m.ordinal) AS read_on,
        array_agg(m.total ORDER BY m.read_on, m.ordinal) AS read_total
      FROM radioshop.meter_reading m
      WHERE m.agency_id = $1 AND m.asset_id = ANY ($2) AND m.meter = ANY (ARRAY(SELECT p.meter FROM of_plan p))
      GROUP BY m.asset_id, m.meter
  )
  SELECT a.asset_id, p.plan_id, w.applies, f.first_due_on, p.grace_days, p.escalate_days, (d.due).next_due, (d.due).occurs_on,
      (d.due).last_counted, (d.due).is_deferred, (d.due).by_meter, (d.due).meter_left, (d.due).following
    FROM radioshop.asset a CROSS JOIN of_plan p
    LEFT JOIN unnest($4, $5, $6) o (asset_id, plan_id, first_due_on) ON o.asset_id = a.asset_id AND o.plan_id = p.plan_id
    LEFT JOIN radioshop.services_done($1, $2, $3) s ON s.asset_id = a.asset_id AND s.plan_id = p.plan_id
    LEFT JOIN changed c ON c.asset_id = a.asset_id AND c.plan_id = p.plan_id
    LEFT JOIN absent b ON b.asset_id = a.asset_id
    LEFT JOIN metered m ON m.asset_id = a.asset_id AND m.meter = p.meter
    CROSS JOIN LATERAL (SELECT NOT p.stopped AND (p.class IS NULL OR p.class = a.class)
      AND (p.model_id IS NULL OR p.model_id = a.model_id) IS TRUE AND radioshop.is_at_hand(a.status) AS applies) w
    CROSS JOIN LATERAL (SELECT coalesce(o.first_due_on, radioshop.first_due(p.first_due_on, p.interval_count, p.interval_unit, p.created_at,
      a.created_at, p.time_zone)) AS first_due_on) f
    CROSS JOIN LATERAL (SELECT CASE
        -- Most of a new plan: nothing has happened, so there is nothing to reckon. Who asks for one asset wants to know what follows.
        WHEN p.plain AND cardinality($2) > 1 AND s.days IS NULL AND c.asset_id IS NULL AND b.asset_id IS NULL THEN
          ROW(f.first_due_on, f.first_due_on, NULL, false, false, NULL, NULL)::radioshop.reckoned
        ELSE radioshop.reckon_due(p.r, f.first_due_on, s.days, c.skipped, c.deferred, c.deferred_to, b.away_from, b.back_on, m.read_on,
          m.read_total, greatest(p.created_on, radioshop.day_at(a.created_at, p.time_zone))) END AS due OFFSET 0) d
    WHERE a.agency_id = $1 AND a.asset_id = ANY ($2) AND (w.applies OR o.asset_id IS NOT NULL)
    ORDER BY a.asset_id
  $statement$ USING reckon.agency, reckon.assets, reckon.plan, reckon.old_assets, reckon.old_plans, reckon.old_anchors;
END
$$;

-- Makes the schedules of these assets right, under one plan or (NULL) all plans of the agency. anew: what makes the anchors has
-- changed, so they are made again. Rows are locked first, in one order, and what happened is read after: whoever held one of
-- the rows has then committed and is seen.
CREATE OR REPLACE FUNCTION radioshop.reschedule(agency int, assets uuid[], plan uuid DEFAULT NULL, anew boolean DEFAULT false) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
  old_assets uuid[];
  old_plans uuid[];
  old_anchors date[];
BEGIN
  EXECUTE $statement$
    SELECT array_agg(l.asset_id), array_agg(l.plan_id), array_agg(CASE WHEN NOT $4 THEN l.first_due_on END) FROM (
      SELECT s.asset_id, s.plan_id, s.first_due_on FROM radioshop.schedule s
        WHERE s.agency_id = $1 AND s.asset_id = ANY ($2) AND ($3 IS NULL OR s.plan_id = $3)
        ORDER BY s.asset_id, s.plan_id FOR NO KEY UPDATE) l
  $statement$ INTO old_assets, old_plans, old_anchors USING agency, assets, plan, anew;
  INSERT INTO radioshop.schedule AS s (agency_id, asset_id, plan_id, first_due_on, next_due, last_done_on, grace_days, escalate_days,
      occurs_on, is_deferred, by_meter, meter_left)
    SELECT agency, d.asset_id, d.plan_id, d.first_due_on, CASE WHEN d.applies THEN d.next_due END, d.last_counted, d.grace_days,
        d.escalate_days, d.occurs_on, d.is_deferred, d.by_meter, d.meter_left
      FROM radioshop.reckon(agency, assets, plan, old_assets, old_plans, old_anchors) d
  ON CONFLICT (agency_id, asset_id, plan_id) DO UPDATE
    SET first_due_on = excluded.first_due_on, next_due = excluded.next_due, last_done_on = excluded.last_done_on,
      grace_days = excluded.grace_days, escalate_days = excluded.escalate_days, occurs_on = excluded.occurs_on,
      is_deferred = excluded.is_deferred, by_meter = excluded.by_meter, meter_left = excluded.meter_left
    WHERE (s.first_due_on, s.next_due, s.last_done_on, s.grace_days, s.escalate_days, s.occurs_on, s.is_deferred, s.by_meter, s.meter_left)
      IS DISTINCT FROM (excluded.first_due_on, excluded.next_due, excluded.last_done_on, excluded.grace_days, excluded.escalate_days,
        excluded.occurs_on, excluded.is_deferred, excluded.by_meter, excluded.meter_left);
END
$$;

CREATE OR REPLACE FUNCTION radioshop.reschedule_added_assets() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  group_of record;
BEGIN
  INSERT INTO radioshop.asset_absence (agency_id, asset_id, away_from)
    SELECT n.agency_id, n.asset_id, radioshop.day_at(n.created_at, g.time_zone)
      FROM added n JOIN radioshop.agency g ON g.agency_id = n.agency_id WHERE NOT radioshop.is_at_hand(n.status);
  FOR group_of IN SELECT n.agency_id, array_agg(n.asset_id) AS assets FROM added n GROUP BY n.agency_id ORDER BY n.agency_id LOOP
    PERFORM radioshop.lock_schedules(group_of.agency_id, false);
    PERFORM radioshop.reschedule(group_of.agency_id, group_of.assets);
  END LOOP;
  RETURN NULL;
END
$$;

-- An asset that is back and away again on one day has not been back.
CREATE OR REPLACE FUNCTION radioshop.reschedule_changed_asset() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  today date;
BEGIN
  PERFORM radioshop.lock_schedules(NEW.agency_id, false);
  IF radioshop.is_at_hand(OLD.status) <> radioshop.is_at_hand(NEW.status) THEN
    SELECT radioshop.today(g.time_zone) INTO today FROM radioshop.agency g WHERE g.agency_id = NEW.agency_id;
    IF radioshop.is_at_hand(OLD.status) THEN
      INSERT INTO radioshop.asset_absence (agency_id, asset_id, away_from) VALUES (NEW.agency_id, NEW.asset_id, today)
        ON CONFLICT (agency_id, asset_id, away_from) DO UPDATE SET back_on = NULL;
    ELSE
      UPDATE radioshop.asset_absence b SET back_on = greatest(today, b.away_from)
        WHERE b.agency_id = NEW.agency_id AND b.asset_id = NEW.asset_id AND b.back_on IS NULL;
    END IF;
  END IF;
  PERFORM radioshop.reschedule(NEW.agency_id, ARRAY[NEW.asset_id]);
  RETURN NULL;
END
$$;

DROP TRIGGER reschedule_changed ON radioshop.asset;
CREATE TRIGGER reschedule_changed AFTER UPDATE ON radioshop.asset FOR EACH ROW
  WHEN (OLD.class IS DISTINCT FROM NEW.class OR OLD.model_id IS DISTINCT FROM NEW.model_id
    OR radioshop.is_at_hand(OLD.status) <> radioshop.is_at_hand(NEW.status))
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
        AND (NEW.model_id IS NULL OR a.model_id = NEW.model_id) AND radioshop.is_at_hand(a.status)
    UNION
    SELECT s.asset_id FROM radioshop.schedule s WHERE s.agency_id = NEW.agency_id AND s.plan_id = NEW.plan_id) x;
  IF assets IS NOT NULL THEN
    PERFORM radioshop.reschedule(NEW.agency_id, assets, NEW.plan_id, anew);
  END IF;
  RETURN NULL;
END
$$;

DROP TRIGGER reschedule_changed ON radioshop.plan;
CREATE TRIGGER reschedule_changed AFTER UPDATE ON radioshop.plan FOR EACH ROW
  WHEN ((OLD.interval_count, OLD.interval_unit, OLD.basis, OLD.first_due_on, OLD.grace_days, OLD.escalate_days, OLD.class,
      OLD.model_id, OLD.stopped, OLD.rule, OLD.early_days, OLD.blackout_from, OLD.blackout_until, OLD.meter, OLD.meter_every)
    IS DISTINCT FROM (NEW.interval_count, NEW.interval_unit, NEW.basis, NEW.first_due_on, NEW.grace_days, NEW.escalate_days,
      NEW.class, NEW.model_id, NEW.stopped, NEW.rule, NEW.early_days, NEW.blackout_from, NEW.blackout_until, NEW.meter, NEW.meter_every))
  EXECUTE FUNCTION radioshop.reschedule_plan();

-- A service under a plan that makes nothing due yet locks no schedule, and a change that makes it due would not see it.
CREATE OR REPLACE FUNCTION radioshop.reschedule_serviced_assets() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  group_of record;
BEGIN
  FOR group_of IN SELECT DISTINCT n.agency_id FROM added n WHERE n.plan_id IS NOT NULL AND n.result <> 'failed'
        AND NOT EXISTS (SELECT FROM radioshop.schedule s
          WHERE s.agency_id = n.agency_id AND s.asset_id = n.asset_id AND s.plan_id = n.plan_id OFFSET 0) ORDER BY n.agency_id LOOP
    PERFORM radioshop.lock_schedules(group_of.agency_id, false);
  END LOOP;
  FOR group_of IN SELECT n.agency_id, n.plan_id, array_agg(DISTINCT n.asset_id) AS assets FROM added n
      WHERE n.plan_id IS NOT NULL AND n.result <> 'failed' GROUP BY n.agency_id, n.plan_id ORDER BY n.agency_id, n.plan_id LOOP
    PERFORM radioshop.reschedule(group_of.agency_id, group_of.assets, group_of.plan_id);
  END LOOP;
  RETURN NULL;
END
$$;

-- As before, but that any service answers what a meter alone has made due, and that "a whole interval before" is counted from the day
-- that the calendar has: a deferral moves what is late, not which due date a service answers.
CREATE OR REPLACE FUNCTION radioshop.note_due_met() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO radioshop.due_met (agency_id, asset_id, plan_id, due_on, overdue_from, done_on)
    SELECT OLD.agency_id, OLD.asset_id, OLD.plan_id, OLD.next_due, OLD.overdue_from, NEW.last_done_on
      FROM radioshop.plan p
      WHERE p.agency_id = OLD.agency_id AND p.plan_id = OLD.plan_id
        AND (p.interval_count = 0 OR NEW.last_done_on > radioshop.occurrence(OLD.occurs_on, p.interval_count, p.interval_unit, -1))
    ON CONFLICT ON CONSTRAINT due_met_pkey DO NOTHING;
  RETURN NULL;
END
$$;

CREATE FUNCTION radioshop.reschedule_changed_due() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM radioshop.reschedule(NEW.agency_id, ARRAY[NEW.asset_id], NEW.plan_id);
  RETURN NULL;
END
$$;
CREATE TRIGGER reschedule_changed AFTER INSERT OR UPDATE ON radioshop.due_change FOR EACH ROW WHEN (NEW.state = 'approved')
  EXECUTE FUNCTION radioshop.reschedule_changed_due();

CREATE FUNCTION radioshop.reschedule_metered_assets() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  group_of record;
BEGIN
  FOR group_of IN SELECT DISTINCT n.agency_id FROM added n ORDER BY n.agency_id LOOP
    PERFORM radioshop.lock_schedules(group_of.agency_id, false); -- a plan being made does not see the reading yet, nor this the plan
  END LOOP;
  FOR group_of IN SELECT n.agency_id, p.plan_id, array_agg(DISTINCT n.asset_id) AS assets
      FROM added n JOIN radioshop.plan p ON p.agency_id = n.agency_id AND p.meter = n.meter
      GROUP BY n.agency_id, p.plan_id ORDER BY n.agency_id, p.plan_id LOOP
    PERFORM radioshop.reschedule(group_of.agency_id, group_of.assets, group_of.plan_id);
  END LOOP;
  RETURN NULL;
END
$$;
CREATE TRIGGER reschedule_metered AFTER INSERT ON radioshop.meter_reading REFERENCING NEW TABLE AS added
  FOR EACH STATEMENT EXECUTE FUNCTION radioshop.reschedule_metered_assets();

-- ---------------------------------------------------------------------------------------------------------------------
-- Plans as callers see and change them

ALTER TYPE radioshop.plan_shown ADD ATTRIBUTE rule text, ADD ATTRIBUTE early_days int, ADD ATTRIBUTE blackout_from text,
  ADD ATTRIBUTE blackout_until text, ADD ATTRIBUTE defer_limit_days int, ADD ATTRIBUTE meter text, ADD ATTRIBUTE meter_every bigint;

CREATE OR REPLACE FUNCTION radioshop.shown_plan(agency int, plan uuid) RETURNS radioshop.plan_shown LANGUAGE plpgsql STABLE AS $$
DECLARE
  shown radioshop.plan_shown;
BEGIN
  SELECT NULL, g.code, p.code, p.name, p.instructions, p.interval_count, p.interval_unit, p.basis, p.first_due_on, p.grace_days,
      p.escalate_days, p.class, coalesce(m.number, ''), p.stopped,
      (SELECT count(*) FROM radioshop.schedule s
        WHERE s.agency_id = p.agency_id AND s.plan_id = p.plan_id AND s.next_due IS NOT NULL)::int, p.revision,
      p.rule, p.early_days, p.blackout_from, p.blackout_until, p.defer_limit_days, p.meter, p.meter_every
    INTO shown
    FROM radioshop.plan p JOIN radioshop.agency g ON g.agency_id = p.agency_id LEFT JOIN radioshop.model m ON m.model_id = p.model_id
    WHERE p.agency_id = agency AND p.plan_id = plan;
  RETURN shown;
END
$$;

-- Adds a plan; the trigger gives every asset it applies to a due date.
CREATE FUNCTION radioshop.create_plan(agency text, code text, name text, instructions text, interval_count int, interval_unit text,
  basis text, first_due_on date, grace_days int, escalate_days int, class text, model text, stopped boolean,
  rule text, early_days int, blackout_from text, blackout_until text, defer_limit_days int,
  meter text, meter_every bigint)
RETURNS radioshop.plan_shown LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
  shown radioshop.plan_shown;
  a record;
  in_model uuid;
  made uuid;
  ruled constant text := radioshop.weekday_rule(coalesce(create_plan.rule, ''));
  every int := coalesce(create_plan.interval_count, 0);
  unit text := create_plan.interval_unit;
BEGIN
  SELECT g.agency_id, g.time_zone INTO a FROM radioshop.agency g
    WHERE g.agency_id = ANY (radioshop.agencies()) AND g.code = upper(create_plan.agency);
  IF NOT FOUND THEN
    shown.refusal := CASE WHEN coalesce(create_plan.agency, '') = '' THEN
        radioshop.refuse('INVALID_ARGUMENT', 'agency', 'a plan needs the code of its agency')
      ELSE radioshop.refuse('NOT_FOUND', 'agency', format('no agency has the code %s', create_plan.agency)) END;
    RETURN shown;
  END IF;
  -- A weekday of the month is of every month if nothing else is said.
  IF ruled <> '' AND every = 0 AND create_plan.interval_unit IS NULL THEN
    every := 1;
    unit := 'months';
  END IF;
  shown.refusal := CASE
    WHEN unit IS NULL AND (every <> 0 OR coalesce(create_plan.meter_every, 0) = 0) THEN radioshop.refuse('INVALID_ARGUMENT',
      'interval_unit', 'say whether the interval is counted in days, weeks, months or years; or give meter and meter_every')
    -- Before the constraint says so, since the first due date is counted with it.
    WHEN unit IS NOT NULL AND every NOT BETWEEN 1 AND CASE unit WHEN 'years' THEN 100 ELSE 3650 END THEN
      radioshop.refuse('INVALID_ARGUMENT', 'interval_count', 'an interval is 1 to 3650 days, weeks or months, or 1 to 100 years')
  END;
  IF shown.refusal IS NOT NULL THEN
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
  -- The first due date is one interval from today; one on a weekday, the first from today on. 2199 is the last year there is.
  INSERT INTO radioshop.plan (agency_id, code, name, instructions, interval_count, interval_unit, basis, first_due_on, grace_days,
      escalate_days, class, model_id, stopped, rule, early_days, blackout_from, blackout_until, defer_limit_days, meter, meter_every)
    VALUES (a.agency_id, btrim(coalesce(create_plan.code, '')), btrim(coalesce(create_plan.name, '')),
      btrim(coalesce(create_plan.instructions, ''), E' \t\r\n'), every, unit, coalesce(create_plan.basis, 'scheduled'),
      coalesce(create_plan.first_due_on, CASE WHEN ruled <> '' THEN radioshop.today(a.time_zone)
        ELSE least('2199-12-31', radioshop.occurrence(radioshop.today(a.time_zone), every, unit, 1)) END),
      coalesce(create_plan.grace_days, 0), coalesce(create_plan.escalate_days, 0), create_plan.class, in_model,
      coalesce(create_plan.stopped, false), ruled, coalesce(create_plan.early_days, 0), btrim(coalesce(create_plan.blackout_from, '')),
      btrim(coalesce(create_plan.blackout_until, '')), coalesce(create_plan.defer_limit_days, 0), create_plan.meter,
      coalesce(create_plan.meter_every, 0))
    RETURNING plan_id INTO made;
  RETURN radioshop.shown_plan(a.agency_id, made);
END
$$;

-- A plan with nothing but an interval.
CREATE OR REPLACE FUNCTION radioshop.create_plan(agency text, code text, name text, instructions text, interval_count int,
  interval_unit text, basis text, first_due_on date, grace_days int, escalate_days int, class text, model text, stopped boolean)
RETURNS radioshop.plan_shown LANGUAGE plpgsql AS $$
BEGIN
  RETURN radioshop.create_plan(agency, code, name, instructions, interval_count, interval_unit, basis, first_due_on, grace_days, escalate_days,
    class, model, stopped, '', 0, '', '', 0, NULL, 0);
END
$$;

-- Changes the fields that mask names; the trigger counts the due dates again, from everything that has happened.
CREATE FUNCTION radioshop.update_plan(agency text, code text, revision bigint, mask text[], name text, instructions text,
  interval_count int, interval_unit text, basis text, first_due_on date, grace_days int, escalate_days int, class text, model text,
  stopped boolean, rule text, early_days int, blackout_from text, blackout_until text, defer_limit_days int,
  meter text, meter_every bigint)
RETURNS radioshop.plan_shown LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
  changeable constant text[] := '{name,instructions,interval_count,interval_unit,basis,first_due_on,grace_days,escalate_days,class,model,
    stopped,rule,early_days,blackout_from,blackout_until,defer_limit_days,meter,meter_every}';
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
    WHEN 'interval_unit' = ANY (mask) AND update_plan.interval_unit IS NULL
        AND NOT ('interval_count' = ANY (mask) AND update_plan.interval_count = 0) THEN
      radioshop.refuse('INVALID_ARGUMENT', 'interval_unit', 'say whether the interval is counted in days, weeks, months or years')
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
      stopped = CASE WHEN 'stopped' = ANY (mask) THEN update_plan.stopped ELSE p.stopped END,
      rule = CASE WHEN 'rule' = ANY (mask) THEN radioshop.weekday_rule(coalesce(update_plan.rule, '')) ELSE p.rule END,
      early_days = CASE WHEN 'early_days' = ANY (mask) THEN update_plan.early_days ELSE p.early_days END,
      blackout_from = CASE WHEN 'blackout_from' = ANY (mask) THEN btrim(coalesce(update_plan.blackout_from, '')) ELSE p.blackout_from END,
      blackout_until = CASE WHEN 'blackout_until' = ANY (mask) THEN btrim(coalesce(update_plan.blackout_until, '')) ELSE p.blackout_until END,
      defer_limit_days = CASE WHEN 'defer_limit_days' = ANY (mask) THEN update_plan.defer_limit_days ELSE p.defer_limit_days END,
      meter = CASE WHEN 'meter' = ANY (mask) THEN update_plan.meter ELSE p.meter END,
      meter_every = CASE WHEN 'meter_every' = ANY (mask) THEN coalesce(update_plan.meter_every, 0) ELSE p.meter_every END
    WHERE p.agency_id = now_is.agency_id AND p.plan_id = now_is.plan_id;
  RETURN radioshop.shown_plan(now_is.agency_id, now_is.plan_id);
END
$$;


-- The same of a plan with nothing but an interval.
CREATE OR REPLACE FUNCTION radioshop.update_plan(agency text, code text, revision bigint, mask text[], name text, instructions text,
  interval_count int, interval_unit text, basis text, first_due_on date, grace_days int, escalate_days int, class text, model text,
  stopped boolean) RETURNS radioshop.plan_shown LANGUAGE plpgsql AS $$
BEGIN
  RETURN radioshop.update_plan(agency, code, revision, mask, name, instructions, interval_count, interval_unit, basis, first_due_on,
    grace_days, escalate_days, class, model, stopped, '', 0, '', '', 0, NULL, 0);
END
$$;

-- ---------------------------------------------------------------------------------------------------------------------
-- Skipping and deferring one occurrence

-- A change of a due date as a caller sees it, or why not. In step with message DueChange.
CREATE TYPE radioshop.due_change_shown AS (
  refusal text, id uuid, agency text, tag text, plan text, kind text, due_on date, deferred_to date, reason text, state text,
  asked_by text, asked_at timestamptz, decided_by text, decided_at timestamptz, note text, next_due_on date
);

CREATE FUNCTION radioshop.shown_due_change(agency int, change uuid) RETURNS radioshop.due_change_shown LANGUAGE plpgsql STABLE AS $$
DECLARE
  shown radioshop.due_change_shown;
BEGIN
  SELECT NULL, c.change_id, g.code, a.tag, p.code, c.kind, c.due_on, c.deferred_to, c.reason, c.state, c.asked_by, c.asked_at,
      c.decided_by, c.decided_at, c.note, s.next_due
    INTO shown
    FROM radioshop.due_change c
      JOIN radioshop.agency g ON g.agency_id = c.agency_id
      JOIN radioshop.asset a ON a.agency_id = c.agency_id AND a.asset_id = c.asset_id
      JOIN radioshop.plan p ON p.agency_id = c.agency_id AND p.plan_id = c.plan_id
      LEFT JOIN radioshop.schedule s ON s.agency_id = c.agency_id AND s.asset_id = c.asset_id AND s.plan_id = c.plan_id
    WHERE c.agency_id = agency AND c.change_id = change;
  RETURN shown;
END
$$;

-- The one due that a caller means, locked so that nobody else serves, skips, defers or replans it meanwhile; or the refusal. The day is
-- asked for so that two who mean one occurrence never take two: the second is told what is due now.
CREATE FUNCTION radioshop.lock_due(asset text, plan text, due_on date, OUT agency_id int, OUT asset_id uuid, OUT plan_id uuid,
  OUT name text, OUT today date, OUT next_due date, OUT occurs_on date, OUT refusal text) LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
  found_asset record;
  of_plan record;
  done_by text;
BEGIN
  found_asset := radioshop.one_asset(lock_due.asset);
  IF found_asset.refusal IS NOT NULL THEN
    refusal := found_asset.refusal;
    RETURN;
  END IF;
  lock_due.agency_id := found_asset.agency_id;
  lock_due.asset_id := found_asset.asset_id;
  SELECT g.code || ':' || a.tag, radioshop.today(g.time_zone) INTO name, today
    FROM radioshop.asset a JOIN radioshop.agency g ON g.agency_id = a.agency_id
    WHERE a.agency_id = found_asset.agency_id AND a.asset_id = found_asset.asset_id FOR NO KEY UPDATE OF a;
  of_plan := radioshop.plan_for_service(found_asset.agency_id, found_asset.asset_id, lock_due.plan);
  IF of_plan.refusal IS NOT NULL THEN
    refusal := of_plan.refusal;
    RETURN;
  END IF;
  lock_due.plan_id := of_plan.plan_id;
  SELECT s.next_due, s.occurs_on INTO lock_due.next_due, lock_due.occurs_on FROM radioshop.schedule s
    WHERE s.agency_id = found_asset.agency_id AND s.asset_id = found_asset.asset_id AND s.plan_id = of_plan.plan_id FOR NO KEY UPDATE;
  IF lock_due.due_on IS NULL THEN
    refusal := radioshop.refuse('INVALID_ARGUMENT', 'due_on', coalesce(
      format('say which due date; asset %s is due on %s', name, lock_due.next_due), format('nothing is due on asset %s', name)));
  ELSIF lock_due.next_due IS NULL OR lock_due.due_on NOT IN (lock_due.next_due, lock_due.occurs_on) THEN
    SELECT format('; %s skipped it', c.asked_by) INTO done_by FROM radioshop.due_change c
      WHERE c.agency_id = found_asset.agency_id AND c.plan_id = of_plan.plan_id AND c.asset_id = found_asset.asset_id
        AND c.kind = 'skipped' AND c.due_on = lock_due.due_on LIMIT 1;
    refusal := radioshop.refuse('FAILED_PRECONDITION', 'due_on', CASE WHEN lock_due.next_due IS NULL
      THEN format('nothing is due on asset %s under this plan%s', name, done_by)
      ELSE format('asset %s is not due on %s under this plan but on %s%s', name, lock_due.due_on, lock_due.next_due, done_by) END);
  END IF;
END
$$;

-- Skips one occurrence: the trigger makes the next one due.
CREATE FUNCTION radioshop.skip_due(asset text, plan text, due_on date, reason text) RETURNS radioshop.due_change_shown
LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
  shown radioshop.due_change_shown;
  it record;
  made uuid := radioshop.uuid_v7();
BEGIN
  it := radioshop.lock_due(skip_due.asset, skip_due.plan, skip_due.due_on);
  IF it.refusal IS NOT NULL THEN
    shown.refusal := it.refusal;
    RETURN shown;
  END IF;
  INSERT INTO radioshop.due_change (agency_id, change_id, asset_id, plan_id, kind, due_on, reason, state, decided_by, decided_at)
    VALUES (it.agency_id, made, it.asset_id, it.plan_id, 'skipped', it.occurs_on, btrim(coalesce(skip_due.reason, ''), E' \t\r\n'),
      'approved', radioshop.caller(), now());
  RETURN radioshop.shown_due_change(it.agency_id, made);
END
$$;

-- Why this due may not be deferred to that day; NULL when it may.
CREATE FUNCTION radioshop.refuse_deferral(agency int, asset uuid, plan uuid, deferred_to date) RETURNS text LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_column
DECLARE
  it record;
  latest date;
BEGIN
  SELECT s.next_due, s.occurs_on, d.following, p.defer_limit_days, p.blackout_first, p.blackout_last, p.blackout_from, p.blackout_until,
      radioshop.today(g.time_zone) AS today
    INTO it
    FROM radioshop.schedule s JOIN radioshop.plan p ON p.agency_id = s.agency_id AND p.plan_id = s.plan_id
      JOIN radioshop.agency g ON g.agency_id = s.agency_id
      CROSS JOIN LATERAL radioshop.reckon(s.agency_id, ARRAY[s.asset_id], s.plan_id, ARRAY[s.asset_id], ARRAY[s.plan_id],
        ARRAY[s.first_due_on]) d
    WHERE s.agency_id = refuse_deferral.agency AND s.asset_id = refuse_deferral.asset AND s.plan_id = refuse_deferral.plan;
  latest := least(it.following - 1, it.occurs_on + CASE WHEN it.defer_limit_days > 0 THEN it.defer_limit_days ELSE 365 END);
  RETURN CASE
    WHEN deferred_to IS NULL OR deferred_to <= it.next_due THEN radioshop.refuse('INVALID_ARGUMENT', 'deferred_to',
      format('give a day after the due date %s', it.next_due))
    WHEN deferred_to < it.today THEN radioshop.refuse('INVALID_ARGUMENT', 'deferred_to', format('%s is past', deferred_to))
    WHEN deferred_to > latest THEN radioshop.refuse('FAILED_PRECONDITION', 'deferred_to', format(
      'it can be deferred until %s at the latest: %s', latest, CASE WHEN latest = it.following - 1
        THEN 'it is due again the day after' ELSE format('that is the limit of %s days', latest - it.occurs_on) END))
    WHEN radioshop.clear_of(deferred_to, it.blackout_first, it.blackout_last) <> deferred_to THEN
      radioshop.refuse('FAILED_PRECONDITION', 'deferred_to', format('%s lies in the plan''s blackout from %s until %s', deferred_to,
        it.blackout_from, it.blackout_until)) END;
END
$$;

-- Asks for a deferral. Nothing moves until it is approved.
CREATE FUNCTION radioshop.defer_due(asset text, plan text, due_on date, deferred_to date, reason text)
RETURNS radioshop.due_change_shown LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
  shown radioshop.due_change_shown;
  it record;
  asked record;
  made uuid := radioshop.uuid_v7();
BEGIN
  it := radioshop.lock_due(defer_due.asset, defer_due.plan, defer_due.due_on);
  IF it.refusal IS NOT NULL THEN
    shown.refusal := it.refusal;
    RETURN shown;
  END IF;
  SELECT c.asked_by, c.deferred_to, c.change_id INTO asked FROM radioshop.due_change c
    WHERE c.agency_id = it.agency_id AND c.plan_id = it.plan_id AND c.asset_id = it.asset_id AND c.state = 'asked'
      AND c.due_on = it.occurs_on LIMIT 1;
  shown.refusal := CASE
    WHEN asked.change_id IS NOT NULL THEN radioshop.refuse('FAILED_PRECONDITION', 'due_on', format(
      '%s has asked already to defer it to %s; that is to be approved or refused first: %s', asked.asked_by, asked.deferred_to,
      asked.change_id))
    ELSE radioshop.refuse_deferral(it.agency_id, it.asset_id, it.plan_id, defer_due.deferred_to) END;
  IF shown.refusal IS NOT NULL THEN
    RETURN shown;
  END IF;
  INSERT INTO radioshop.due_change (agency_id, change_id, asset_id, plan_id, kind, due_on, deferred_to, reason, state)
    VALUES (it.agency_id, made, it.asset_id, it.plan_id, 'deferred', it.occurs_on, defer_due.deferred_to,
      btrim(coalesce(defer_due.reason, ''), E' \t\r\n'), 'asked');
  RETURN radioshop.shown_due_change(it.agency_id, made);
END
$$;

-- Approves or refuses a deferral. What was asked must still be due, and the limits may have changed since. The asset is locked before
-- the change, in the order of everybody else.
CREATE FUNCTION radioshop.decide_deferral(change text, state text, note text) RETURNS radioshop.due_change_shown LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
  shown radioshop.due_change_shown;
  it record;
  due record;
BEGIN
  IF decide_deferral.change ~* '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' THEN
    SELECT c.agency_id, c.asset_id, c.plan_id, c.change_id INTO it FROM radioshop.due_change c
      WHERE c.agency_id = ANY (radioshop.agencies()) AND c.change_id = decide_deferral.change::uuid AND c.kind = 'deferred';
  END IF;
  IF it IS NULL THEN
    shown.refusal := radioshop.refuse('NOT_FOUND', 'change', format('there is no deferral %s', left(decide_deferral.change, 64)));
    RETURN shown;
  END IF;
  PERFORM 1 FROM radioshop.asset a WHERE a.agency_id = it.agency_id AND a.asset_id = it.asset_id FOR NO KEY UPDATE;
  SELECT s.next_due, s.occurs_on INTO due FROM radioshop.schedule s
    WHERE s.agency_id = it.agency_id AND s.asset_id = it.asset_id AND s.plan_id = it.plan_id FOR NO KEY UPDATE;
  SELECT c.agency_id, c.asset_id, c.plan_id, c.change_id, c.state, c.due_on, c.deferred_to, c.decided_by INTO it
    FROM radioshop.due_change c WHERE c.agency_id = it.agency_id AND c.change_id = it.change_id FOR NO KEY UPDATE;
  shown.refusal := CASE
    WHEN coalesce(decide_deferral.state, 'asked') NOT IN ('approved', 'refused') THEN
      radioshop.refuse('INVALID_ARGUMENT', 'state', 'say whether it is approved or refused')
    WHEN it.state <> 'asked' THEN
      radioshop.refuse('FAILED_PRECONDITION', 'change', format('%s has %s it already', it.decided_by, it.state))
    WHEN decide_deferral.state = 'approved' AND due.next_due IS NULL THEN
      radioshop.refuse('FAILED_PRECONDITION', 'change', 'nothing is due there any more; it can only be refused')
    WHEN decide_deferral.state = 'approved' AND due.occurs_on <> it.due_on THEN radioshop.refuse('FAILED_PRECONDITION', 'change',
      format('it was asked for what was due on %s, and that is %s now; it can only be refused', it.due_on, due.next_due))
    WHEN decide_deferral.state = 'approved' THEN radioshop.refuse_deferral(it.agency_id, it.asset_id, it.plan_id, it.deferred_to) END;
  IF shown.refusal IS NOT NULL THEN
    RETURN shown;
  END IF;
  UPDATE radioshop.due_change c SET state = decide_deferral.state, decided_by = radioshop.caller(), decided_at = now(),
      note = btrim(coalesce(decide_deferral.note, ''), E' \t\r\n')
    WHERE c.agency_id = it.agency_id AND c.change_id = it.change_id;
  RETURN radioshop.shown_due_change(it.agency_id, it.change_id);
END
$$;

-- ---------------------------------------------------------------------------------------------------------------------
-- Meters

-- A reading as a caller sees it, or why not. In step with message MeterReading.
CREATE TYPE radioshop.meter_shown AS (
  refusal text, id uuid, agency text, tag text, meter text, read_on date, value bigint, replaced boolean, total bigint, note text,
  recorded_by text, recorded_at timestamptz
);

-- Records a reading; the trigger counts the due dates of plans that go by this meter. The asset is locked first, so that the readings of one
-- meter come one after the other.
CREATE FUNCTION radioshop.record_meter(asset text, meter text, value bigint, read_on date, replaced boolean, note text)
RETURNS radioshop.meter_shown LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
  shown radioshop.meter_shown;
  found_asset record;
  it record;
  before record;
  after record;
  day date;
  made uuid := radioshop.uuid_v7();
BEGIN
  found_asset := radioshop.one_asset(record_meter.asset);
  IF found_asset.refusal IS NOT NULL THEN
    shown.refusal := found_asset.refusal;
    RETURN shown;
  END IF;
  SELECT a.status, g.code AS agency, a.tag, radioshop.today(g.time_zone) AS today INTO it
    FROM radioshop.asset a JOIN radioshop.agency g ON g.agency_id = a.agency_id
    WHERE a.agency_id = found_asset.agency_id AND a.asset_id = found_asset.asset_id FOR NO KEY UPDATE OF a;
  day := coalesce(record_meter.read_on, it.today);
  SELECT m.value, m.total, m.read_on, m.ordinal INTO before FROM radioshop.meter_reading m
    WHERE m.agency_id = found_asset.agency_id AND m.asset_id = found_asset.asset_id AND m.meter = record_meter.meter AND m.read_on <= day
    ORDER BY m.read_on DESC, m.ordinal DESC LIMIT 1;
  SELECT m.value, m.read_on, m.replaced INTO after FROM radioshop.meter_reading m
    WHERE m.agency_id = found_asset.agency_id AND m.asset_id = found_asset.asset_id AND m.meter = record_meter.meter AND m.read_on > day
    ORDER BY m.read_on, m.ordinal LIMIT 1;
  shown.refusal := CASE
    WHEN it.status IN ('retired', 'disposed') THEN radioshop.refuse('FAILED_PRECONDITION', 'asset',
      format('asset %s:%s is %s; nothing is read on it', it.agency, it.tag, it.status))
    WHEN record_meter.meter IS NULL THEN radioshop.refuse('INVALID_ARGUMENT', 'meter', 'say which meter: hours, cycles or ptt')
    WHEN day > it.today THEN radioshop.refuse('INVALID_ARGUMENT', 'read_on',
      format('%s is in the future; it is %s at agency %s', day, it.today, it.agency))
    WHEN record_meter.value NOT BETWEEN 0 AND 1000000000000 THEN
      radioshop.refuse('INVALID_ARGUMENT', 'value', 'a reading is 0 to 1000000000000')
    WHEN record_meter.replaced AND after.read_on IS NOT NULL THEN radioshop.refuse('FAILED_PRECONDITION', 'replaced', format(
      'the meter was read on %s already; a replaced one is recorded before its readings', after.read_on))
    WHEN NOT record_meter.replaced AND record_meter.value < before.value THEN radioshop.refuse('FAILED_PRECONDITION', 'value', format(
      'the meter showed %s on %s and does not go backwards to %s; if it was replaced or set back, say so (--replaced)', before.value,
      before.read_on, record_meter.value))
    WHEN NOT after.replaced AND record_meter.value > after.value THEN radioshop.refuse('FAILED_PRECONDITION', 'value', format(
      'the meter showed only %s on %s, later than %s', after.value, after.read_on, day))
  END;
  IF shown.refusal IS NOT NULL THEN
    RETURN shown;
  END IF;
  INSERT INTO radioshop.meter_reading (agency_id, reading_id, asset_id, meter, read_on, ordinal, value, replaced, total, note)
    VALUES (found_asset.agency_id, made, found_asset.asset_id, record_meter.meter, day,
      CASE WHEN before.read_on = day THEN before.ordinal ELSE 0 END + 1, record_meter.value, record_meter.replaced,
      CASE WHEN before.total IS NULL THEN record_meter.value
        WHEN record_meter.replaced THEN before.total ELSE before.total + record_meter.value - before.value END,
      btrim(coalesce(record_meter.note, ''), E' \t\r\n'));
  SELECT NULL, m.reading_id, it.agency, it.tag, m.meter, m.read_on, m.value, m.replaced, m.total, m.note, m.recorded_by, m.recorded_at
    INTO shown
    FROM radioshop.meter_reading m WHERE m.agency_id = found_asset.agency_id AND m.reading_id = made;
  RETURN shown;
END
$$;

-- Many readings, each kept or refused by itself, in order of day so that a file may be in any. A reading that is there already stays as it
-- is, so that a file may be sent again.
CREATE FUNCTION radioshop.import_meter_readings(lines int[], assets text[], meters text[], shown bigint[], days text[], replaced boolean[])
RETURNS TABLE (refusal text, line int, outcome text, "column" text, value text, reason text) LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
  row_of record;
  found_asset record;
  day date;
  fault text[];
  results jsonb[] := array_fill(NULL::jsonb, ARRAY[coalesce(cardinality(lines), 0)]);
BEGIN
  IF cardinality(lines) > 500 THEN
    RETURN QUERY SELECT radioshop.refuse('INVALID_ARGUMENT', 'rows', 'send at most 500 readings at once'), 0, NULL::text, '', '', '';
    RETURN;
  END IF;
  FOR row_of IN SELECT u.asset, u.meter, u.shown, btrim(u.day) AS day, coalesce(u.replaced, false) AS replaced, u.n
      FROM unnest(assets, meters, shown, days, import_meter_readings.replaced) WITH ORDINALITY u (asset, meter, shown, day, replaced, n)
      ORDER BY nullif(btrim(u.day), '') NULLS LAST, u.n LOOP
    BEGIN
      day := nullif(row_of.day, '')::date;
      found_asset := radioshop.one_asset(row_of.asset);
      IF EXISTS (SELECT FROM radioshop.meter_reading m WHERE m.agency_id = found_asset.agency_id AND m.asset_id = found_asset.asset_id
          AND m.meter = row_of.meter AND m.read_on = day AND m.value = row_of.shown AND m.replaced = row_of.replaced) THEN
        results[row_of.n] := '{"outcome": "unchanged"}';
        CONTINUE;
      END IF;
      fault := string_to_array((radioshop.record_meter(row_of.asset, row_of.meter, row_of.shown, day, row_of.replaced, '')).refusal, chr(31));
    EXCEPTION WHEN invalid_datetime_format OR datetime_field_overflow OR check_violation THEN
      fault := ARRAY['', 'read_on', format('%s is no day from 1970-01-01 on; write YYYY-MM-DD', left(row_of.day, 32))];
    END;
    results[row_of.n] := CASE WHEN fault IS NULL THEN '{"outcome": "created"}' ELSE jsonb_build_object('outcome', 'refused',
      'column', fault[2], 'value', to_jsonb(row_of) ->> CASE fault[2] WHEN 'read_on' THEN 'day' WHEN 'value' THEN 'shown' ELSE fault[2] END,
      'reason', fault[3]) END;
  END LOOP;
  RETURN QUERY SELECT NULL::text, u.line, r.r ->> 'outcome', coalesce(r.r ->> 'column', ''), coalesce(r.r ->> 'value', ''),
      coalesce(r.r ->> 'reason', '')
    FROM unnest(lines) WITH ORDINALITY u (line, n) CROSS JOIN LATERAL (SELECT results[u.n] AS r) r ORDER BY u.n;
END
$$;

-- ---------------------------------------------------------------------------------------------------------------------
-- What is there already. The asset's events say since when it has been away; those at the depot have not been away until now.

DO $$
BEGIN -- the policies hold for the owner, too
  PERFORM set_config('radioshop.agencies', '{0}', true);
  PERFORM set_config('radioshop.agencies', (SELECT array_agg(g.agency_id)::text FROM radioshop.agency g), true);
END
$$;
INSERT INTO radioshop.asset_absence (agency_id, asset_id, away_from)
  SELECT a.agency_id, a.asset_id, radioshop.day_at(coalesce(e.at, a.created_at), g.time_zone)
    FROM radioshop.asset a JOIN radioshop.agency g ON g.agency_id = a.agency_id
      LEFT JOIN LATERAL (SELECT max(e.at) AS at FROM radioshop.event e
        WHERE e.agency_id = a.agency_id AND e.resource = 'asset' AND e.resource_id = a.asset_id::text AND e.after ? 'status') e ON true
    WHERE NOT radioshop.is_at_hand(a.status);
UPDATE radioshop.schedule s SET occurs_on = s.next_due WHERE s.next_due IS NOT NULL;
UPDATE radioshop.schedule s SET next_due = NULL FROM radioshop.asset a
  WHERE a.agency_id = s.agency_id AND a.asset_id = s.asset_id AND a.status = 'at_depot' AND s.next_due IS NOT NULL;
SET LOCAL radioshop.agencies = '';

UPDATE radioshop.schema_version SET version = 14;

COMMIT;
