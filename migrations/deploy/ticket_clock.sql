-- Deploy radioshop:ticket_clock to pg
--
-- How long a repair may take: working hours of the shop, agreed per agency and priority, counted from the history of a ticket's
-- states. The clock stands still while the ticket waits for somebody else.
--
-- Working time is counted on one table of spans with the seconds worked before each, laid out when the calendar changes: the working
-- seconds between two instants are a difference of two look-ups, and the instant at which so many are spent is one look-up, however
-- far apart they lie.

BEGIN;

-- ---------------------------------------------------------------------------------------------------------------------
-- The calendar of the shop: read by every caller, changed by the shop's administrators only

CREATE TABLE radioshop.shop_calendar (
  one boolean NOT NULL DEFAULT true,
  time_zone text NOT NULL DEFAULT 'America/Chicago',
  revision bigint NOT NULL DEFAULT 1,
  updated_at timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT shop_calendar_pkey PRIMARY KEY (one),
  CONSTRAINT shop_calendar_one_row CHECK (one),
  CONSTRAINT shop_calendar_time_zone_known CHECK (radioshop.is_time_zone(time_zone))
);
COMMENT ON CONSTRAINT shop_calendar_one_row ON radioshop.shop_calendar IS 'calendar: the shop has one calendar';
COMMENT ON CONSTRAINT shop_calendar_time_zone_known ON radioshop.shop_calendar IS
  'time_zone: no time zone has this name; use a name of the IANA list, such as America/Chicago';

CREATE TABLE radioshop.shop_hours (
  weekday int NOT NULL,
  opens time NOT NULL,
  closes time NOT NULL,
  CONSTRAINT shop_hours_pkey PRIMARY KEY (weekday, opens),
  CONSTRAINT shop_hours_weekday_range CHECK (weekday BETWEEN 1 AND 7),
  CONSTRAINT shop_hours_order CHECK (opens < closes)
);
COMMENT ON COLUMN radioshop.shop_hours.weekday IS '1: Monday';
COMMENT ON CONSTRAINT shop_hours_pkey ON radioshop.shop_hours IS 'hours: two spans of a day begin at once';
COMMENT ON CONSTRAINT shop_hours_weekday_range ON radioshop.shop_hours IS 'hours: a week has seven days';
COMMENT ON CONSTRAINT shop_hours_order ON radioshop.shop_hours IS 'hours: the shop opens before it closes; write a night as two days';

CREATE TABLE radioshop.shop_holiday (
  day date NOT NULL,
  name text NOT NULL,
  CONSTRAINT shop_holiday_pkey PRIMARY KEY (day),
  CONSTRAINT shop_holiday_day_range CHECK (day BETWEEN '2020-01-01' AND '2059-12-31'),
  CONSTRAINT shop_holiday_name_form CHECK (name <> '' AND radioshop.is_line(name, 120))
);
COMMENT ON CONSTRAINT shop_holiday_pkey ON radioshop.shop_holiday IS 'day: this day is a holiday already';
COMMENT ON CONSTRAINT shop_holiday_day_range ON radioshop.shop_holiday IS 'day: the day must lie between 2020-01-01 and 2059-12-31';
COMMENT ON CONSTRAINT shop_holiday_name_form ON radioshop.shop_holiday IS 'name: a name is needed, one line of at most 120 characters';

CREATE TABLE radioshop.shop_span (
  starts timestamptz NOT NULL,
  ends timestamptz NOT NULL,
  before_seconds bigint NOT NULL,
  CONSTRAINT shop_span_pkey PRIMARY KEY (starts),
  CONSTRAINT shop_span_before_unique UNIQUE (before_seconds)
);
COMMENT ON TABLE radioshop.shop_span IS 'when the shop works, 2020 to 2059: laid out from the calendar by lay_shop_spans()';
COMMENT ON CONSTRAINT shop_span_before_unique ON radioshop.shop_span IS 'hours: two spans are one';

CREATE TRIGGER touch BEFORE UPDATE ON radioshop.shop_calendar FOR EACH ROW EXECUTE FUNCTION radioshop.touch();
CREATE TRIGGER record_event AFTER UPDATE ON radioshop.shop_calendar
  FOR EACH ROW EXECUTE FUNCTION radioshop.record_event('shop_calendar', 'time_zone');
CREATE TRIGGER record_event AFTER INSERT OR DELETE ON radioshop.shop_hours
  FOR EACH ROW EXECUTE FUNCTION radioshop.record_event('shop_hours', 'weekday');
CREATE TRIGGER record_event AFTER INSERT OR DELETE ON radioshop.shop_holiday
  FOR EACH ROW EXECUTE FUNCTION radioshop.record_event('shop_holiday', 'day');

ALTER TABLE radioshop.shop_calendar ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY shop_calendar_read ON radioshop.shop_calendar FOR SELECT USING (true);
CREATE POLICY shop_calendar_add ON radioshop.shop_calendar FOR INSERT WITH CHECK ((SELECT radioshop.is_shop()));
CREATE POLICY shop_calendar_change ON radioshop.shop_calendar FOR UPDATE USING ((SELECT radioshop.is_shop()));
ALTER TABLE radioshop.shop_hours ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY shop_hours_read ON radioshop.shop_hours FOR SELECT USING (true);
CREATE POLICY shop_hours_add ON radioshop.shop_hours FOR INSERT WITH CHECK ((SELECT radioshop.is_shop()));
CREATE POLICY shop_hours_drop ON radioshop.shop_hours FOR DELETE USING ((SELECT radioshop.is_shop()));
ALTER TABLE radioshop.shop_holiday ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY shop_holiday_read ON radioshop.shop_holiday FOR SELECT USING (true);
CREATE POLICY shop_holiday_add ON radioshop.shop_holiday FOR INSERT WITH CHECK ((SELECT radioshop.is_shop()));
CREATE POLICY shop_holiday_drop ON radioshop.shop_holiday FOR DELETE USING ((SELECT radioshop.is_shop()));
ALTER TABLE radioshop.shop_span ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY shop_span_read ON radioshop.shop_span FOR SELECT USING (true);
CREATE POLICY shop_span_add ON radioshop.shop_span FOR INSERT WITH CHECK ((SELECT radioshop.is_shop()));
CREATE POLICY shop_span_drop ON radioshop.shop_span FOR DELETE USING ((SELECT radioshop.is_shop()));
GRANT SELECT, UPDATE (time_zone) ON radioshop.shop_calendar TO radioshop_app;
GRANT SELECT, INSERT, DELETE ON radioshop.shop_hours, radioshop.shop_holiday, radioshop.shop_span TO radioshop_app;

-- Local times that a change of the clocks leaves out or repeats are taken as PostgreSQL takes them, so a span may be longer or shorter
-- than its hours; what would overlap or be empty then is cut.
CREATE FUNCTION radioshop.lay_shop_spans() RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  DELETE FROM radioshop.shop_span;
  INSERT INTO radioshop.shop_span (starts, ends, before_seconds)
    SELECT c.starts, c.ends, coalesce(sum(extract(epoch FROM c.ends - c.starts)::bigint)
        OVER (ORDER BY c.starts ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0)::bigint
      FROM (
        SELECT greatest(s.starts, max(s.ends) OVER (ORDER BY s.starts, s.ends ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)) AS starts,
            s.ends
          FROM (
            SELECT (d.day::date + h.opens) AT TIME ZONE z.time_zone AS starts, (d.day::date + h.closes) AT TIME ZONE z.time_zone AS ends
              FROM radioshop.shop_calendar z
                CROSS JOIN generate_series(timestamp '2020-01-01', timestamp '2059-12-31', interval '1 day') d (day)
                JOIN radioshop.shop_hours h ON h.weekday = extract(isodow FROM d.day)
              WHERE NOT EXISTS (SELECT FROM radioshop.shop_holiday f WHERE f.day = d.day::date)) s
      ) c
      WHERE c.starts < c.ends;
END
$$;

-- Working seconds before an instant, counted from 2020 on.
CREATE FUNCTION radioshop.shop_seconds(at timestamptz) RETURNS bigint LANGUAGE plpgsql STABLE PARALLEL SAFE AS $$
BEGIN
  RETURN coalesce((SELECT s.before_seconds + floor(extract(epoch FROM least(shop_seconds.at, s.ends) - s.starts))::bigint
    FROM radioshop.shop_span s WHERE s.starts <= shop_seconds.at ORDER BY s.starts DESC LIMIT 1), 0);
END
$$;

-- The instant at which so many working seconds are over; NULL before the first and after the last.
CREATE FUNCTION radioshop.shop_instant(seconds bigint) RETURNS timestamptz LANGUAGE plpgsql STABLE PARALLEL SAFE AS $$
DECLARE
  it record;
BEGIN
  SELECT s.starts + make_interval(secs => shop_instant.seconds - s.before_seconds) AS at, s.ends INTO it
    FROM radioshop.shop_span s WHERE s.before_seconds < shop_instant.seconds ORDER BY s.before_seconds DESC LIMIT 1;
  RETURN CASE WHEN it.at <= it.ends THEN it.at END;
END
$$;

DO $$ BEGIN PERFORM set_config('radioshop.agencies', '{0}', true); END $$;
INSERT INTO radioshop.shop_calendar (one) VALUES (true);
INSERT INTO radioshop.shop_hours (weekday, opens, closes) SELECT n, '08:00', '17:00' FROM generate_series(1, 5) n;
DO $$ BEGIN PERFORM radioshop.lay_shop_spans(); END $$;

-- ---------------------------------------------------------------------------------------------------------------------
-- What is agreed, and the clock of each ticket for which something is

ALTER TABLE radioshop.ticket_terms
  ADD COLUMN urgent_hours int NOT NULL DEFAULT 0,
  ADD COLUMN high_hours int NOT NULL DEFAULT 0,
  ADD COLUMN normal_hours int NOT NULL DEFAULT 0,
  ADD COLUMN low_hours int NOT NULL DEFAULT 0,
  ADD CONSTRAINT ticket_terms_urgent_hours_range CHECK (urgent_hours BETWEEN 0 AND 10000),
  ADD CONSTRAINT ticket_terms_high_hours_range CHECK (high_hours BETWEEN 0 AND 10000),
  ADD CONSTRAINT ticket_terms_normal_hours_range CHECK (normal_hours BETWEEN 0 AND 10000),
  ADD CONSTRAINT ticket_terms_low_hours_range CHECK (low_hours BETWEEN 0 AND 10000);
COMMENT ON COLUMN radioshop.ticket_terms.urgent_hours IS 'working hours that an urgent repair may take; 0: nothing is agreed';
COMMENT ON CONSTRAINT ticket_terms_urgent_hours_range ON radioshop.ticket_terms IS 'urgent_hours: give 0 to 10000 working hours';
COMMENT ON CONSTRAINT ticket_terms_high_hours_range ON radioshop.ticket_terms IS 'high_hours: give 0 to 10000 working hours';
COMMENT ON CONSTRAINT ticket_terms_normal_hours_range ON radioshop.ticket_terms IS 'normal_hours: give 0 to 10000 working hours';
COMMENT ON CONSTRAINT ticket_terms_low_hours_range ON radioshop.ticket_terms IS 'low_hours: give 0 to 10000 working hours';
GRANT UPDATE (urgent_hours, high_hours, normal_hours, low_hours) ON radioshop.ticket_terms TO radioshop_app;

CREATE TABLE radioshop.ticket_clock (
  agency_id int NOT NULL,
  ticket_id uuid NOT NULL,
  target_seconds bigint NOT NULL,
  spent_seconds bigint NOT NULL,
  since timestamptz,
  due_at timestamptz,
  ended boolean NOT NULL,
  CONSTRAINT ticket_clock_pkey PRIMARY KEY (agency_id, ticket_id),
  CONSTRAINT ticket_clock_ticket_known FOREIGN KEY (agency_id, ticket_id) REFERENCES radioshop.ticket (agency_id, ticket_id)
);
COMMENT ON TABLE radioshop.ticket_clock IS
  'working time of tickets for which a target is agreed: counted anew by count_ticket_clock() from entries, terms and calendar';
COMMENT ON COLUMN radioshop.ticket_clock.since IS 'the clock runs since then; NULL while it stands still';
COMMENT ON COLUMN radioshop.ticket_clock.due_at IS 'when the target is, or was, over; NULL while the clock stands still before that';
COMMENT ON COLUMN radioshop.ticket_clock.ended IS 'given back, closed or cancelled: no promise is open any more';
-- The broken promises of an agency, the newest first.
CREATE INDEX ticket_clock_by_due ON radioshop.ticket_clock (agency_id, due_at DESC, ticket_id DESC) WHERE NOT ended;
ALTER TABLE radioshop.ticket_clock ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY ticket_clock_agency ON radioshop.ticket_clock
  USING (agency_id = ANY ((SELECT nullif(current_setting('radioshop.agencies', true), '')::int[])::int[]));
GRANT SELECT, INSERT, DELETE, UPDATE (target_seconds, spent_seconds, since, due_at, ended) ON radioshop.ticket_clock TO radioshop_app;

-- States in which the shop itself is the one that is waited for.
CREATE FUNCTION radioshop.clock_runs(state text) RETURNS boolean LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT state IN ('reported', 'received', 'diagnosing', 'repairing', 'testing')
$$;

-- Counts the clock of a ticket anew from its history. The caller holds the ticket's row, or has just made it.
CREATE FUNCTION radioshop.count_ticket_clock(agency int, ticket uuid) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  target bigint;
  spent bigint := 0;
  part bigint;
  runs_since timestamptz;
  due timestamptz;
  latest timestamptz := '-infinity';
  last_state text;
  step record;
BEGIN
  SELECT 3600::bigint * CASE t.priority WHEN 'urgent' THEN s.urgent_hours WHEN 'high' THEN s.high_hours WHEN 'low' THEN s.low_hours
      ELSE s.normal_hours END INTO target
    FROM radioshop.ticket t JOIN radioshop.ticket_terms s ON s.agency_id = t.agency_id
    WHERE t.agency_id = agency AND t.ticket_id = ticket;
  IF coalesce(target, 0) = 0 THEN
    DELETE FROM radioshop.ticket_clock c WHERE c.agency_id = agency AND c.ticket_id = ticket;
    RETURN;
  END IF;
  FOR step IN SELECT e.at, e.state FROM radioshop.ticket_entry e
      WHERE e.agency_id = agency AND e.ticket_id = ticket AND e.kind = 'move' ORDER BY e.entry_no LOOP
    latest := greatest(latest, step.at); -- a transaction that began earlier may have come later
    IF runs_since IS NOT NULL AND NOT radioshop.clock_runs(step.state) THEN
      part := radioshop.shop_seconds(latest) - radioshop.shop_seconds(runs_since);
      IF due IS NULL AND spent + part >= target THEN
        due := radioshop.shop_instant(radioshop.shop_seconds(runs_since) + target - spent);
      END IF;
      spent := spent + part;
      runs_since := NULL;
    ELSIF runs_since IS NULL AND radioshop.clock_runs(step.state) THEN
      runs_since := latest;
    END IF;
    last_state := step.state;
  END LOOP;
  IF runs_since IS NOT NULL AND due IS NULL THEN
    due := radioshop.shop_instant(radioshop.shop_seconds(runs_since) + target - spent);
  END IF;
  INSERT INTO radioshop.ticket_clock AS c (agency_id, ticket_id, target_seconds, spent_seconds, since, due_at, ended)
    VALUES (agency, ticket, target, spent, runs_since, due, coalesce(last_state IN ('returned', 'closed', 'cancelled'), false))
    ON CONFLICT (agency_id, ticket_id) DO UPDATE SET target_seconds = excluded.target_seconds, spent_seconds = excluded.spent_seconds,
      since = excluded.since, due_at = excluded.due_at, ended = excluded.ended;
END
$$;

-- Every open ticket of an agency anew: the terms or the calendar have changed. Tickets are locked in one order.
CREATE FUNCTION radioshop.count_ticket_clocks(agency int) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  it record;
BEGIN
  FOR it IN SELECT t.ticket_id FROM radioshop.ticket t WHERE t.agency_id = agency AND t.closed_at IS NULL
      ORDER BY t.ticket_id FOR NO KEY UPDATE LOOP
    PERFORM radioshop.count_ticket_clock(agency, it.ticket_id);
  END LOOP;
END
$$;

-- A new ticket is not seen by whoever changes the terms just now: so it waits for the new terms. A ticket that is there is locked
-- by both, and the second one counts.
CREATE FUNCTION radioshop.ticket_clock_follow() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_TABLE_NAME = 'ticket_entry' AND to_jsonb(NEW) ->> 'entry_no' = '1' THEN
    PERFORM 1 FROM radioshop.ticket_terms s WHERE s.agency_id = NEW.agency_id FOR SHARE;
  END IF;
  PERFORM radioshop.count_ticket_clock(NEW.agency_id, NEW.ticket_id);
  RETURN NULL;
END
$$;
CREATE TRIGGER clock_follow AFTER INSERT ON radioshop.ticket_entry FOR EACH ROW WHEN (NEW.kind = 'move')
  EXECUTE FUNCTION radioshop.ticket_clock_follow();
CREATE TRIGGER clock_follow AFTER UPDATE ON radioshop.ticket FOR EACH ROW WHEN (NEW.priority <> OLD.priority)
  EXECUTE FUNCTION radioshop.ticket_clock_follow();

CREATE FUNCTION radioshop.ticket_terms_follow() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM radioshop.count_ticket_clocks(NEW.agency_id);
  RETURN NULL;
END
$$;
CREATE TRIGGER clock_follow AFTER UPDATE ON radioshop.ticket_terms FOR EACH ROW
  WHEN ((NEW.urgent_hours, NEW.high_hours, NEW.normal_hours, NEW.low_hours)
    IS DISTINCT FROM (OLD.urgent_hours, OLD.high_hours, OLD.normal_hours, OLD.low_hours))
  EXECUTE FUNCTION radioshop.ticket_terms_follow();

-- ---------------------------------------------------------------------------------------------------------------------
-- What the methods share

ALTER TYPE radioshop.ticket_shown ADD ATTRIBUTE sla_due_at timestamptz, ADD ATTRIBUTE sla_remaining_minutes int,
  ADD ATTRIBUTE sla_breached boolean;

CREATE OR REPLACE FUNCTION radioshop.shown_ticket(agency int, ticket uuid) RETURNS radioshop.ticket_shown LANGUAGE plpgsql STABLE AS $$
DECLARE
  shown radioshop.ticket_shown;
BEGIN
  SELECT NULL, t.ticket_id, t.number, g.code, a.tag, t.state, t.priority, t.problem, t.cause, t.action, t.opened_by, t.opened_at,
      t.closed_at, t.labour_minutes, t.cost_cents, radioshop.ticket_moves(t.state), t.revision,
      coalesce(t.problem_code, ''), coalesce(t.cause_code, ''), coalesce(t.action_code, ''), t.outcome, coalesce(r.number, ''),
      t.estimate_cents, t.approved_cents, t.write_off_approved,
      c.due_at, floor((c.target_seconds - c.spent_seconds - CASE WHEN c.since IS NULL THEN 0
        ELSE radioshop.shop_seconds(now()) - radioshop.shop_seconds(c.since) END) / 60.0)::int, coalesce(c.due_at <= now(), false)
    INTO shown
    FROM radioshop.ticket t JOIN radioshop.agency g ON g.agency_id = t.agency_id
      JOIN radioshop.asset a ON a.agency_id = t.agency_id AND a.asset_id = t.asset_id
      LEFT JOIN radioshop.ticket r ON r.agency_id = t.agency_id AND r.ticket_id = t.returns_id
      LEFT JOIN radioshop.ticket_clock c ON c.agency_id = t.agency_id AND c.ticket_id = t.ticket_id
    WHERE t.agency_id = agency AND t.ticket_id = ticket;
  RETURN shown;
END
$$;

-- The calendar as the methods show it: hours as people write them, holidays from a year ago on.
CREATE TYPE radioshop.shop_calendar_shown AS (refusal text, time_zone text, hours text[], holidays jsonb, revision bigint);
CREATE FUNCTION radioshop.shown_shop_calendar() RETURNS radioshop.shop_calendar_shown LANGUAGE plpgsql AS $$
DECLARE
  shown radioshop.shop_calendar_shown;
BEGIN
  SELECT NULL, z.time_zone,
      (SELECT coalesce(array_agg((ARRAY['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'])[h.weekday] || ' ' || left(h.opens::text, 5) || '-'
        || left(h.closes::text, 5) ORDER BY h.weekday, h.opens), '{}') FROM radioshop.shop_hours h),
      (SELECT coalesce(jsonb_agg(jsonb_build_object('day', f.day, 'name', f.name) ORDER BY f.day), '[]') FROM radioshop.shop_holiday f
        WHERE f.day >= radioshop.today(z.time_zone) - 366), z.revision
    INTO shown FROM radioshop.shop_calendar z;
  RETURN shown;
END
$$;

-- The calendar has changed: so have the spans, and all clocks. Terms are locked first, as new tickets do.
CREATE FUNCTION radioshop.settle_shop_calendar() RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  it record;
BEGIN
  PERFORM radioshop.lay_shop_spans();
  FOR it IN SELECT s.agency_id FROM radioshop.ticket_terms s WHERE s.agency_id = ANY (radioshop.agencies())
      ORDER BY s.agency_id FOR NO KEY UPDATE LOOP
    PERFORM radioshop.count_ticket_clocks(it.agency_id);
  END LOOP;
END
$$;

-- Hours are written like "mon-fri 08:00-17:00" or "sat 08:00-12:00"; several spans a day are several entries.
CREATE FUNCTION radioshop.update_shop_calendar(revision bigint, mask text[], time_zone text, hours text[])
RETURNS radioshop.shop_calendar_shown LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
  names constant text[] := '{mon,tue,wed,thu,fri,sat,sun}';
  shown radioshop.shop_calendar_shown;
  at_revision bigint;
  line text;
  part text[];
  days int[] := '{}';
  opens time[] := '{}';
  closes time[] := '{}';
  last_day int;
BEGIN
  IF NOT radioshop.is_shop() THEN
    shown.refusal := radioshop.refuse('PERMISSION_DENIED', '', 'only an administrator of the shop changes its calendar');
    RETURN shown;
  END IF;
  SELECT z.revision INTO at_revision FROM radioshop.shop_calendar z FOR NO KEY UPDATE;
  shown.refusal := radioshop.refuse_update(mask, '{time_zone,hours}', update_shop_calendar.revision, at_revision, 'calendar');
  IF shown.refusal IS NULL AND 'hours' = ANY (mask) THEN
    IF cardinality(coalesce(update_shop_calendar.hours, '{}')) NOT BETWEEN 1 AND 50 THEN
      shown.refusal := radioshop.refuse('INVALID_ARGUMENT', 'hours', 'give 1 to 50 spans, such as mon-fri 08:00-17:00');
    END IF;
    FOREACH line IN ARRAY coalesce(update_shop_calendar.hours, '{}') LOOP
      EXIT WHEN shown.refusal IS NOT NULL;
      part := regexp_match(lower(btrim(line)),
        '^([a-z]{3})(?:-([a-z]{3}))? +((?:[01][0-9]|2[0-3]):[0-5][0-9])-((?:[01][0-9]|2[0-3]):[0-5][0-9]|24:00)$');
      last_day := array_position(names, coalesce(part[2], part[1]));
      IF part IS NULL OR array_position(names, part[1]) IS NULL OR last_day IS NULL OR array_position(names, part[1]) > last_day
          OR part[3]::time >= part[4]::time THEN
        shown.refusal := radioshop.refuse('INVALID_ARGUMENT', 'hours',
          format('%s cannot be read; write mon-fri 08:00-17:00, and a night as two days', left(line, 64)));
      ELSE
        FOR day IN array_position(names, part[1])..last_day LOOP
          IF EXISTS (SELECT FROM unnest(days, opens, closes) s (d, o, c) WHERE s.d = day AND s.o < part[4]::time AND s.c > part[3]::time) THEN
            shown.refusal := radioshop.refuse('INVALID_ARGUMENT', 'hours', format('%s overlaps another span of that day', left(line, 64)));
            EXIT;
          END IF;
          days := days || day;
          opens := opens || part[3]::time;
          closes := closes || part[4]::time;
        END LOOP;
      END IF;
    END LOOP;
  END IF;
  IF shown.refusal IS NOT NULL THEN
    RETURN shown;
  END IF;
  UPDATE radioshop.shop_calendar z
    SET time_zone = CASE WHEN 'time_zone' = ANY (mask) THEN btrim(update_shop_calendar.time_zone) ELSE z.time_zone END;
  IF 'hours' = ANY (mask) THEN
    DELETE FROM radioshop.shop_hours;
    INSERT INTO radioshop.shop_hours (weekday, opens, closes) SELECT s.d, s.o, s.c FROM unnest(days, opens, closes) s (d, o, c);
  END IF;
  PERFORM radioshop.settle_shop_calendar();
  RETURN radioshop.shown_shop_calendar();
END
$$;

-- Adds a holiday, or takes it away again.
CREATE FUNCTION radioshop.change_shop_holiday(add boolean, day date, name text) RETURNS radioshop.shop_calendar_shown
LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
  shown radioshop.shop_calendar_shown;
BEGIN
  IF NOT radioshop.is_shop() THEN
    shown.refusal := radioshop.refuse('PERMISSION_DENIED', '', 'only an administrator of the shop changes its calendar');
  ELSIF change_shop_holiday.day IS NULL THEN
    shown.refusal := radioshop.refuse('INVALID_ARGUMENT', 'day', 'give the day, such as 2026-12-25');
  ELSE
    PERFORM 1 FROM radioshop.shop_calendar z FOR NO KEY UPDATE; -- one at a time
    SELECT CASE WHEN add THEN radioshop.refuse('ALREADY_EXISTS', 'day', format('%s is a holiday already: %s', f.day, f.name)) END
      INTO shown.refusal FROM radioshop.shop_holiday f WHERE f.day = change_shop_holiday.day;
    IF NOT FOUND AND NOT add THEN
      shown.refusal := radioshop.refuse('NOT_FOUND', 'day', format('%s is no holiday of the shop', change_shop_holiday.day));
    END IF;
  END IF;
  IF shown.refusal IS NOT NULL THEN
    RETURN shown;
  END IF;
  UPDATE radioshop.shop_calendar z SET time_zone = z.time_zone; -- a new revision
  IF add THEN
    INSERT INTO radioshop.shop_holiday (day, name) VALUES (change_shop_holiday.day, btrim(coalesce(change_shop_holiday.name, '')));
  ELSE
    DELETE FROM radioshop.shop_holiday f WHERE f.day = change_shop_holiday.day;
  END IF;
  PERFORM radioshop.settle_shop_calendar();
  RETURN radioshop.shown_shop_calendar();
END
$$;

UPDATE radioshop.schema_version SET version = 17;

COMMIT;
