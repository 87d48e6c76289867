-- Deploy radioshop:analyser_run to pg
--
-- Results that an analyser wrote down, as services. A run is one radio, one analyser and one minute: it is matched to its radio by
-- serial number, judged as any service by the shop's own limits, and kept whole or refused whole. What the analyser's log said of
-- a reading is kept beside it and decides nothing.

BEGIN;

CREATE TABLE radioshop.analyser_run (
  agency_id int NOT NULL,
  asset_id uuid NOT NULL,
  tested_at timestamp NOT NULL,
  analyser_key text COLLATE "C" NOT NULL,
  record_id uuid NOT NULL,
  content bytea NOT NULL,
  CONSTRAINT analyser_run_pkey PRIMARY KEY (agency_id, asset_id, tested_at, analyser_key),
  CONSTRAINT analyser_run_record_unique UNIQUE (agency_id, record_id),
  CONSTRAINT analyser_run_asset_known FOREIGN KEY (agency_id, asset_id) REFERENCES radioshop.asset (agency_id, asset_id),
  CONSTRAINT analyser_run_record_known FOREIGN KEY (agency_id, record_id) REFERENCES radioshop.service_record (agency_id, record_id),
  CONSTRAINT analyser_run_tested_at_form CHECK (date_trunc('minute', tested_at) = tested_at)
);
COMMENT ON TABLE radioshop.analyser_run IS 'which service an imported run became; its key is what makes a file that is sent again change nothing';
COMMENT ON COLUMN radioshop.analyser_run.tested_at IS
  'as the clock of the analyser showed it, which knows no time zone, so that a run stays the same run whatever becomes of the agency''s';
COMMENT ON COLUMN radioshop.analyser_run.content IS 'hash of all that the run said';
COMMENT ON CONSTRAINT analyser_run_record_unique ON radioshop.analyser_run IS 'rows: this service has its run';
COMMENT ON CONSTRAINT analyser_run_pkey ON radioshop.analyser_run IS 'tested_at: this run is on record';
COMMENT ON CONSTRAINT analyser_run_asset_known ON radioshop.analyser_run IS 'serial: no such asset';
COMMENT ON CONSTRAINT analyser_run_record_known ON radioshop.analyser_run IS 'rows: no such service';
COMMENT ON CONSTRAINT analyser_run_tested_at_form ON radioshop.analyser_run IS 'tested_at: a run is known by the minute';

CREATE TABLE radioshop.analyser_run_reading (
  agency_id int NOT NULL,
  record_id uuid NOT NULL,
  position int NOT NULL,
  verdict text,
  low numeric,
  high numeric,
  unit text NOT NULL,
  CONSTRAINT analyser_run_reading_pkey PRIMARY KEY (agency_id, record_id, position),
  CONSTRAINT analyser_run_reading_known FOREIGN KEY (agency_id, record_id, position)
    REFERENCES radioshop.service_reading (agency_id, record_id, position),
  CONSTRAINT analyser_run_reading_verdict_known CHECK (verdict IN ('passed', 'failed')),
  CONSTRAINT analyser_run_reading_says CHECK (coalesce(verdict, low::text, high::text) IS NOT NULL)
);
COMMENT ON TABLE radioshop.analyser_run_reading IS 'what the analyser itself said of a reading; it never decides';
COMMENT ON CONSTRAINT analyser_run_reading_known ON radioshop.analyser_run_reading IS 'rows: no such reading';
COMMENT ON CONSTRAINT analyser_run_reading_verdict_known ON radioshop.analyser_run_reading IS 'verdict: an analyser says pass or fail';
COMMENT ON CONSTRAINT analyser_run_reading_says ON radioshop.analyser_run_reading IS 'verdict: it has said nothing';

CREATE TRIGGER only_append BEFORE UPDATE OR DELETE OR TRUNCATE ON radioshop.analyser_run
  FOR EACH STATEMENT EXECUTE FUNCTION radioshop.only_append();
CREATE TRIGGER only_append BEFORE UPDATE OR DELETE OR TRUNCATE ON radioshop.analyser_run_reading
  FOR EACH STATEMENT EXECUTE FUNCTION radioshop.only_append();
CREATE TRIGGER record_event AFTER INSERT OR UPDATE OR DELETE ON radioshop.analyser_run
  FOR EACH ROW EXECUTE FUNCTION radioshop.record_event('analyser_run', 'record_id', 'content');
ALTER TABLE radioshop.analyser_run ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY analyser_run_agency ON radioshop.analyser_run
  USING (agency_id = ANY ((SELECT nullif(current_setting('radioshop.agencies', true), '')::int[])::int[]));
ALTER TABLE radioshop.analyser_run_reading ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY analyser_run_reading_agency ON radioshop.analyser_run_reading
  USING (agency_id = ANY ((SELECT nullif(current_setting('radioshop.agencies', true), '')::int[])::int[]));
GRANT SELECT, INSERT ON radioshop.analyser_run, radioshop.analyser_run_reading TO radioshop_app;

-- What an analyser said of a reading by its own limits, in words: "-100 to 100 Hz", "at least 1 W"; empty when it named none.
CREATE FUNCTION radioshop.own_limit_text(low numeric, high numeric, unit text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT CASE WHEN low IS NULL AND high IS NULL THEN '' WHEN high IS NULL THEN format('at least %s %s', low, unit)
    WHEN low IS NULL THEN format('at most %s %s', high, unit) ELSE format('%s to %s %s', low, high, unit) END
$$;

-- As before, with what the analyser said.
CREATE OR REPLACE FUNCTION radioshop.readings_of(agency int, record uuid) RETURNS jsonb LANGUAGE plpgsql STABLE AS $$
BEGIN
  RETURN (SELECT coalesce(jsonb_agg(jsonb_strip_nulls(jsonb_build_object('name', r.name, 'value', r.value, 'unit', r.unit,
        'frequency_mhz', r.frequency_mhz, 'verdict', r.verdict, 'limit', r.limit_id,
        'limit_text', radioshop.limit_text(l.direction, l.low, l.high, l.unit),
        'legal_limit_text', radioshop.limit_text(f.direction, f.low, f.high, f.unit),
        'analyser_verdict', s.verdict, 'analyser_limit_text', nullif(radioshop.own_limit_text(s.low, s.high, s.unit), ''))) ORDER BY r.position), '[]')
    FROM radioshop.service_reading r LEFT JOIN radioshop.reading_limit l ON l.limit_id = r.limit_id
      LEFT JOIN radioshop.reading_limit f ON f.limit_id = r.legal_limit_id
      LEFT JOIN radioshop.analyser_run_reading s ON s.agency_id = r.agency_id AND s.record_id = r.record_id AND s.position = r.position
    WHERE r.agency_id = agency AND r.record_id = record);
END
$$;

-- ---------------------------------------------------------------------------------------------------------------------
-- Cells

-- A time as analysers and spreadsheets write it, 2026-01-31 14:32:05 or 1/31/2026 2:32 PM, to the minute; NULL when it is none, or
-- names a time zone.
CREATE FUNCTION radioshop.read_clock(value text) RETURNS timestamp LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
DECLARE
  part text[] := regexp_match(btrim(value),
    '^([0-9/-]{8,10})(?:T|,? +)([0-9]{1,2}):([0-9]{2})(?::[0-5][0-9](?:[.,][0-9]{1,9})?)?(?: ?([AaPp])\.?[Mm]\.?)?$');
  hour int := part[2]::int;
BEGIN
  IF part[4] IS NOT NULL AND hour NOT BETWEEN 1 AND 12 OR hour > 23 OR part[3]::int > 59 THEN
    RETURN NULL;
  END IF;
  hour := CASE WHEN part[4] IS NULL THEN hour ELSE hour % 12 + CASE upper(part[4]) WHEN 'P' THEN 12 ELSE 0 END END;
  RETURN radioshop.read_date(part[1]) + make_time(hour, part[3]::int, 0);
END
$$;

-- A number as an instrument writes it, -120.5 or 1.2e-3; NULL when it is none, is infinite, or is beyond 1e15.
CREATE FUNCTION radioshop.read_figure(value text) RETURNS numeric LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
DECLARE
  figure numeric;
BEGIN
  IF length(value) <= 40 AND btrim(value) ~ '^[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]{1,2})?$' THEN
    figure := trim_scale(btrim(value)::numeric);
  END IF;
  RETURN CASE WHEN abs(figure) <= 1e15 THEN figure END;
END
$$;

-- A name without what people write differently: "TX Freq. Error" is tx_freq_error.
CREATE FUNCTION radioshop.plain_name(value text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT btrim(regexp_replace(lower(value), '[^[:alnum:]]+', '_', 'g'), '_')
$$;

-- pass, Passed or P; NULL for another word.
CREATE FUNCTION radioshop.read_verdict(value text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT CASE WHEN lower(value) IN ('pass', 'passed', 'p') THEN 'passed' WHEN lower(value) IN ('fail', 'failed', 'f') THEN 'failed' END
$$;

-- The number in a cell, or the refusal of its row; NULL when the cell is empty.
CREATE FUNCTION radioshop.figure_of_cell(cells jsonb, name text) RETURNS numeric LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
  figure numeric := radioshop.read_figure(cells ->> name);
BEGIN
  IF figure IS NULL AND cells ? name THEN
    PERFORM radioshop.refuse_cell(name, 'this is no number between -1e15 and 1e15; write it like -120.5, with a point and without a unit');
  END IF;
  RETURN figure;
END
$$;

-- ---------------------------------------------------------------------------------------------------------------------
-- One run

-- The radio of a run: by serial number among the agencies that the caller may see, and by tag where that is given.
CREATE FUNCTION radioshop.radio_of_run(cells jsonb, OUT agency_id int, OUT asset_id uuid, OUT name text) LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_column
DECLARE
  fits record;
  given text := upper(cells ->> 'tag');
BEGIN
  IF NOT cells ? 'serial' THEN
    PERFORM radioshop.refuse_cell('serial', 'give the serial number of the radio');
  END IF;
  SELECT count(*) AS found, count(*) FILTER (WHERE x.tagged) AS tagged, string_agg(x.name, ' and ' ORDER BY x.name) AS names,
      array_agg(x.agency_id ORDER BY x.tagged DESC) AS agencies, array_agg(x.asset_id ORDER BY x.tagged DESC) AS assets,
      array_agg(x.name ORDER BY x.tagged DESC) AS each_name INTO fits
    FROM (SELECT a.agency_id, a.asset_id, g.code || ':' || a.tag AS name, given IS NULL OR given IN (a.tag_key, g.code || ':' || a.tag_key) AS tagged
      FROM radioshop.asset a JOIN radioshop.agency g ON g.agency_id = a.agency_id
      WHERE a.agency_id = ANY (radioshop.agencies()) AND a.serial_key = upper(cells ->> 'serial')) x;
  IF fits.found = 0 THEN
    PERFORM radioshop.refuse_cell('serial', 'no radio has this serial number');
  ELSIF fits.tagged = 0 THEN
    PERFORM radioshop.refuse_cell('tag', format('the radio with the serial number %s is %s', cells ->> 'serial', fits.names));
  ELSIF fits.tagged > 1 THEN
    PERFORM radioshop.refuse_cell('serial', format('%s radios have this serial number: %s; give the tag, too, as AGENCY:TAG', fits.tagged, fits.names));
  END IF;
  agency_id := fits.agencies[1];
  asset_id := fits.assets[1];
  name := fits.each_name[1];
END
$$;

-- What stays the same when a run is written down again, whoever has opened and saved the file in between.
CREATE FUNCTION radioshop.run_content(cells jsonb[]) RETURNS bytea LANGUAGE plpgsql STABLE AS $$
BEGIN
  RETURN (SELECT sha256(convert_to(string_agg(r.line, chr(10) ORDER BY r.line COLLATE "C"), 'UTF8')) FROM (
    SELECT concat_ws(chr(31), radioshop.plain_name(coalesce(c ->> 'step', '')),
      coalesce(radioshop.read_figure(c ->> 'value')::text, c ->> 'value', ''), coalesce((radioshop.read_unit(c ->> 'unit')).name, ''),
      coalesce(radioshop.read_figure(c ->> 'frequency_mhz')::text, ''),
      coalesce(radioshop.read_figure(c ->> 'low')::text, ''), coalesce(radioshop.read_figure(c ->> 'high')::text, ''),
      coalesce(radioshop.read_verdict(c ->> 'verdict'), ''), coalesce(c ->> 'notes', '')) AS line
    FROM unnest(cells) c) r);
END
$$;

-- The step of a procedure that a row means, by its name, its test or its title; NULL when none or several.
CREATE FUNCTION radioshop.step_of_row(procedure_id uuid, version int, radio_band text, said text)
RETURNS TABLE (step text, kind text, test text, unit text, band text, mode text, passing text[], failing text[]) LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_column
BEGIN
  RETURN QUERY SELECT (array_agg(x.step))[1], (array_agg(x.kind))[1], (array_agg(x.test))[1], (array_agg(x.unit))[1], (array_agg(x.band))[1],
      (array_agg(x.mode))[1], string_to_array(nullif((array_agg(x.passing))[1], ''), '|'), string_to_array(nullif((array_agg(x.failing))[1], ''), '|')
    FROM (SELECT s.step, s.kind, s.test, s.unit, s.band, s.mode, array_to_string(s.passing, '|') AS passing,
        array_to_string(s.failing, '|') AS failing, m.how
      FROM radioshop.steps_for(step_of_row.procedure_id, step_of_row.version, step_of_row.radio_band) s
        CROSS JOIN LATERAL (VALUES (1, s.step), (2, s.test), (3, radioshop.plain_name(s.title))) m (how, name)
      WHERE m.name COLLATE "C" = radioshop.plain_name(said) COLLATE "C" AND m.name COLLATE "C" <> '') x
    GROUP BY x.how HAVING count(*) = 1 ORDER BY x.how LIMIT 1;
END
$$;

-- What a run is judged by.
CREATE TYPE radioshop.run_frame AS (procedure_id uuid, version int, code text, family text, band text, day date);

-- What the rows of a run come to: the arguments of record_service(), and of which rows the readings and the answers are.
CREATE TYPE radioshop.run_sheet AS (names text[], figures float8[], units text[], mhz float8[], read_from int[], steps text[], answers text[],
  answered_in int[], notes text[]);

-- The sheet with one row more; a row that cannot be one is refused.
CREATE FUNCTION radioshop.add_run_row(sheet radioshop.run_sheet, cells jsonb, place int, frame radioshop.run_frame) RETURNS radioshop.run_sheet
LANGUAGE plpgsql STABLE AS $$
DECLARE
  it record;
BEGIN
  IF NOT cells ? 'step' THEN
    PERFORM radioshop.refuse_cell('step', 'say which step of the procedure this is');
  END IF;
  SELECT s.* INTO it FROM radioshop.step_of_row(frame.procedure_id, frame.version, frame.band, cells ->> 'step') s;
  IF NOT FOUND THEN
    PERFORM radioshop.refuse_cell('step', format('procedure %s has no such step for this radio, or more than one; its steps are: %s', frame.code,
      (SELECT string_agg(s.step, ', ' ORDER BY s.position) FROM radioshop.steps_for(frame.procedure_id, frame.version, frame.band) s)));
  ELSIF it.step = ANY (sheet.names || sheet.steps) THEN
    PERFORM radioshop.refuse_cell('step', format('step %s stands twice in the run', it.step));
  ELSIF cells ? 'verdict' AND radioshop.read_verdict(cells ->> 'verdict') IS NULL THEN
    PERFORM radioshop.refuse_cell('verdict', 'an analyser says pass or fail');
  ELSIF it.kind = 'reading' AND NOT cells ? 'value' THEN
    PERFORM radioshop.refuse_cell('value', format('step %s is a reading: give its value', it.step));
  ELSIF it.kind <> 'reading' AND cells ?| '{unit,low,high}' THEN
    PERFORM radioshop.refuse_cell('step', format('step %s is a %s and has neither unit nor limits', it.step, it.kind));
  ELSIF it.kind = 'reading' THEN
    PERFORM radioshop.figure_of_cell(cells, n) FROM unnest('{low,high}'::text[]) n;
    sheet.names := sheet.names || it.step;
    sheet.figures := sheet.figures || radioshop.figure_of_cell(cells, 'value')::float8;
    sheet.units := sheet.units || coalesce(cells ->> 'unit', '');
    sheet.mhz := sheet.mhz || radioshop.figure_of_cell(cells, 'frequency_mhz')::float8;
    sheet.read_from := sheet.read_from || place;
  ELSE
    sheet.steps := sheet.steps || it.step;
    sheet.answers := sheet.answers || coalesce(cells ->> 'value', cells ->> 'verdict', '');
    sheet.answered_in := sheet.answered_in || place;
  END IF;
  IF cells ? 'notes' AND (cells ->> 'notes' = ANY (sheet.notes)) IS NOT TRUE THEN
    sheet.notes := sheet.notes || (cells ->> 'notes');
  END IF;
  RETURN sheet;
END
$$;

-- Why a service cannot have this row, whatever else it has; NULL when it can.
CREATE FUNCTION radioshop.fault_of_row(cells jsonb, frame radioshop.run_frame, OUT column_name text, OUT reason text) LANGUAGE plpgsql STABLE AS $$
DECLARE
  it record;
  said text[];
BEGIN
  SELECT s.* INTO it FROM radioshop.step_of_row(frame.procedure_id, frame.version, frame.band, cells ->> 'step') s;
  said := string_to_array(CASE it.kind
    WHEN 'reading' THEN (radioshop.judge_reading(it.step, it.test, frame.family, it.band, it.mode, frame.day,
      radioshop.read_figure(cells ->> 'value')::float8, coalesce(cells ->> 'unit', ''), it.unit,
      radioshop.read_figure(cells ->> 'frequency_mhz')::float8, '')).refusal
    ELSE (radioshop.judge_answer(it.step, it.kind, it.passing, it.failing, coalesce(cells ->> 'value', cells ->> 'verdict', ''))).refusal END, chr(31));
  column_name := CASE said[2] WHEN 'answers.answer' THEN 'value' ELSE replace(said[2], 'readings.', '') END;
  reason := said[3];
END
$$;

-- What became of a reading, where that is worth telling: it has failed, or the analyser said otherwise.
CREATE FUNCTION radioshop.describe_verdict(reading jsonb) RETURNS text LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
  ours text := reading ->> 'verdict';
  theirs text := reading ->> 'analyser_verdict';
  limits text := concat_ws(', ', 'the limit is ' || nullif(reading ->> 'limit_text', ''), 'the legal limit is ' || nullif(reading ->> 'legal_limit_text', ''));
BEGIN
  IF (ours = 'failed' OR theirs = 'failed') IS NOT TRUE THEN
    RETURN NULL;
  END IF;
  RETURN format('%s %s: %s%s', reading ->> 'name', CASE ours WHEN 'no_limit' THEN 'is not judged' ELSE 'has ' || ours END,
    coalesce(nullif(limits, ''), 'there is no limit'),
    CASE WHEN theirs <> ours THEN format('; the analyser said %s%s', theirs, coalesce(' by ' || nullif(reading ->> 'analyser_limit_text', ''), ''))
      ELSE '' END);
END
$$;

-- What an earlier import made of the run, or the refusal where it was another run then; no row: it is new.
CREATE FUNCTION radioshop.known_run(agency int, asset uuid, name text, tested timestamp, tool text, content bytea, plan text, procedure text)
RETURNS jsonb LANGUAGE plpgsql STABLE AS $$
DECLARE
  known record;
BEGIN
  SELECT r.record_id, r.content, s.result, coalesce(p.code, '') AS plan, coalesce(c.code, '') AS procedure, coalesce(t.number, '') AS ticket INTO known
    FROM radioshop.analyser_run r
    JOIN radioshop.service_record s ON s.agency_id = r.agency_id AND s.record_id = r.record_id
    LEFT JOIN radioshop.plan p ON p.agency_id = s.agency_id AND p.plan_id = s.plan_id
    LEFT JOIN radioshop.procedure c ON c.procedure_id = s.procedure_id
    LEFT JOIN radioshop.ticket t ON t.agency_id = s.agency_id AND t.ticket_id = s.ticket_id
    WHERE r.agency_id = known_run.agency AND r.asset_id = known_run.asset AND r.tested_at = known_run.tested AND r.analyser_key = known_run.tool;
  IF NOT FOUND THEN
    RETURN NULL;
  ELSIF known.content <> known_run.content THEN
    PERFORM radioshop.refuse_cell('tested_at', format('this run of %s is on record with other values, as service %s, which is not changed',
      known_run.name, known.record_id));
  ELSIF upper(known_run.plan) NOT IN ('', upper(known.plan)) OR upper(known_run.procedure) NOT IN ('', upper(known.procedure)) THEN
    PERFORM radioshop.refuse_cell(CASE known_run.plan WHEN '' THEN 'procedure' ELSE 'plan' END, format('this run of %s is on record under %s, as '
      'service %s', known_run.name, coalesce('plan ' || nullif(known.plan, ''), 'procedure ' || known.procedure), known.record_id));
  END IF;
  RETURN jsonb_build_object('outcome', 'unchanged', 'id', known.record_id, 'asset', known_run.name, 'result', known.result, 'ticket', known.ticket);
END
$$;

-- Records one run by record_service(), or says what it is already. One result a row, {"outcome", "id", "asset", "result", "ticket", "column",
-- "value", "reason"}. A run that is wrong is undone as a whole, and the row at fault says why. plan, procedure, analyser: where the run
-- names none.
CREATE FUNCTION radioshop.import_run(cells jsonb[], lines int[], plan text, procedure text, analyser text, open_ticket boolean)
RETURNS jsonb[] LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
  own jsonb := cells[1];
  place int := 1; -- of the row in hand: the one at fault, if any
  radio record;
  radio_name text;
  tested timestamp;
  tool text := upper(coalesce(own ->> 'analyser', btrim(import_run.analyser)));
  of_procedure text := coalesce(own ->> 'procedure', CASE WHEN own ? 'plan' THEN '' ELSE btrim(import_run.procedure) END);
  of_plan text := coalesce(own ->> 'plan', CASE WHEN own ? 'procedure' THEN '' ELSE btrim(import_run.plan) END);
  outcome jsonb;
  it record;
  plan_found record;
  follows record;
  frame radioshop.run_frame;
  sheet radioshop.run_sheet := ('{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}');
  shown radioshop.service_shown;
  readings jsonb;
  said text[];
  fault record;
  rule text;
  rule_table text;
  fault_column text;
  fault_reason text;
BEGIN
  IF cardinality(cells) > 100 THEN
    PERFORM radioshop.refuse_cell('', format('a run has at most 100 rows, not %s', cardinality(cells)));
  END IF;
  WHILE place < cardinality(cells) LOOP
    place := place + 1;
    SELECT k.name INTO fault FROM unnest('{serial,tag,tested_at,analyser,plan,procedure}'::text[]) k (name)
      WHERE cells[place] ->> k.name IS DISTINCT FROM own ->> k.name LIMIT 1;
    IF FOUND THEN
      PERFORM radioshop.refuse_cell(fault.name, format('line %s of the same run says otherwise', lines[1]));
    END IF;
  END LOOP;
  place := 1;
  radio := radioshop.radio_of_run(own);
  radio_name := radio.name;
  tested := radioshop.read_clock(own ->> 'tested_at');
  IF tested IS NULL THEN
    PERFORM radioshop.refuse_cell('tested_at', 'give day and time without a time zone, like 2026-01-31 14:32 or 1/31/2026 2:32 PM');
  ELSIF tool = '' THEN
    PERFORM radioshop.refuse_cell('analyser', 'give the serial number of the analyser');
  END IF;
  outcome := radioshop.known_run(radio.agency_id, radio.asset_id, radio.name, tested, tool, radioshop.run_content(cells), of_plan, of_procedure);
  IF outcome IS NOT NULL THEN
    RETURN array_fill(outcome, ARRAY[cardinality(cells)]);
  END IF;

  SELECT a.class, a.model_id, coalesce(m.family, '') AS family, coalesce(m.band, '') AS band INTO it
    FROM radioshop.asset a LEFT JOIN radioshop.model m ON m.model_id = a.model_id
    WHERE a.agency_id = radio.agency_id AND a.asset_id = radio.asset_id;
  SELECT NULL::uuid AS plan_id, NULL::text AS refusal INTO plan_found;
  IF of_procedure = '' THEN
    plan_found := radioshop.plan_for_service(radio.agency_id, radio.asset_id, of_plan);
  END IF;
  follows := radioshop.procedure_for_service(of_procedure, plan_found.plan_id, radio.agency_id, it.class, it.model_id, it.family, 0);
  said := string_to_array(coalesce(plan_found.refusal, follows.refusal), chr(31));
  IF said IS NOT NULL THEN
    PERFORM radioshop.refuse_cell(said[2], said[3]);
  ELSIF follows.procedure_id IS NULL THEN
    PERFORM radioshop.refuse_cell('plan', 'the plan follows no procedure, so nothing says what these readings are worth; attach one to it');
  END IF;
  frame := (follows.procedure_id, follows.version, follows.code, it.family, it.band, tested::date);
  place := 0;
  WHILE place < cardinality(cells) LOOP
    place := place + 1;
    sheet := radioshop.add_run_row(sheet, cells[place], place, frame);
  END LOOP;

  shown := radioshop.record_service(radio.asset_id::text, of_plan, NULL, frame.day, sheet.names, sheet.figures, sheet.units,
    array_to_string(sheet.notes, chr(10)), sheet.mhz, '{}', sheet.steps, sheet.answers, tool, import_run.open_ticket, of_procedure);
  IF shown.refusal IS NOT NULL THEN
    said := string_to_array(shown.refusal, chr(31));
    SELECT n, f.column_name, f.reason INTO fault
      FROM generate_subscripts(cells, 1) n CROSS JOIN LATERAL radioshop.fault_of_row(cells[n], frame) f
      WHERE f.reason IS NOT NULL AND said[2] ~ '^(readings|answers)[.]' ORDER BY n LIMIT 1;
    place := coalesce(fault.n, 1);
    PERFORM radioshop.refuse_cell(coalesce(fault.column_name, CASE said[2] WHEN 'asset' THEN 'serial' WHEN 'done_on' THEN 'tested_at'
      WHEN 'readings' THEN '' WHEN 'answers' THEN '' ELSE said[2] END), coalesce(fault.reason, said[3]));
  END IF;
  INSERT INTO radioshop.analyser_run (agency_id, asset_id, tested_at, analyser_key, record_id, content)
    VALUES (radio.agency_id, radio.asset_id, tested, tool, shown.id, radioshop.run_content(cells));
  INSERT INTO radioshop.analyser_run_reading (agency_id, record_id, position, verdict, low, high, unit)
    SELECT radio.agency_id, shown.id, r.position, radioshop.read_verdict(c.cell ->> 'verdict'), radioshop.read_figure(c.cell ->> 'low'),
        radioshop.read_figure(c.cell ->> 'high'), (radioshop.read_unit(c.cell ->> 'unit')).name
      FROM unnest(sheet.read_from) WITH ORDINALITY r (place, position) CROSS JOIN LATERAL (SELECT cells[r.place] AS cell) c
      WHERE c.cell ?| '{verdict,low,high}';

  outcome := jsonb_build_object('outcome', 'created', 'id', shown.id, 'asset', radio.name, 'result', shown.result, 'ticket', shown.ticket);
  readings := radioshop.readings_of(radio.agency_id, shown.id);
  RETURN (SELECT array_agg(outcome || jsonb_build_object('reason', coalesce(radioshop.describe_verdict(x.reading),
        CASE x.answer ->> 'verdict' WHEN 'failed' THEN format('%s has failed: %s', x.answer ->> 'step', x.answer ->> 'answer') END, '')) ORDER BY n)
    FROM generate_subscripts(cells, 1) n CROSS JOIN LATERAL (SELECT readings -> (array_position(sheet.read_from, n) - 1) AS reading,
      shown.answers -> (array_position(sheet.answered_in, n) - 1) AS answer) x);
EXCEPTION WHEN integrity_constraint_violation OR SQLSTATE 'RS422' THEN
  GET STACKED DIAGNOSTICS rule = CONSTRAINT_NAME, rule_table = TABLE_NAME, fault_column = COLUMN_NAME, fault_reason = MESSAGE_TEXT;
  IF SQLSTATE <> 'RS422' THEN
    SELECT split_part(d.words, ': ', 1), substr(d.words, position(': ' IN d.words) + 2) INTO STRICT fault_column, fault_reason
      FROM pg_catalog.pg_constraint c CROSS JOIN LATERAL obj_description(c.oid, 'pg_constraint') d (words)
      WHERE c.conname = rule AND c.conrelid = to_regclass('radioshop.' || quote_ident(rule_table)) AND d.words IS NOT NULL;
  END IF;
  fault_column := CASE fault_column WHEN 'done_on' THEN 'tested_at' WHEN 'asset' THEN 'serial' ELSE replace(fault_column, 'readings.', '') END;
  outcome := jsonb_build_object('outcome', 'refused', 'asset', radio_name);
  RETURN array_fill(outcome, ARRAY[place - 1])
    || (outcome || jsonb_build_object('column', fault_column, 'value', coalesce(cells[place] ->> fault_column, ''), 'reason', fault_reason))
    || array_fill(outcome, ARRAY[cardinality(cells) - place]);
END
$$;

-- The method. The radios are locked before anything else, in one order, so that two imports of one file never hold what the other waits
-- for: the second finds the runs of the first. A dry run does all the same and then raises, which undoes it.
CREATE FUNCTION radioshop.import_results(dry_run boolean, plan text, procedure text, analyser text, open_ticket boolean, lines int[], run int[],
  serial text[], tag text[], tested_at text[], analysers text[], plans text[], procedures text[], step text[], "value" text[], unit text[],
  frequency_mhz text[], low text[], high text[], verdict text[], notes text[])
RETURNS TABLE (refusal text, line int, outcome text, id uuid, asset text, result text, ticket text, "column" text, value_at_fault text, reason text)
LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
  n int := coalesce(cardinality(lines), 0);
  turns int := (SELECT count(*) FROM generate_series(2, n) i WHERE import_results.run[i] <> import_results.run[i - 1]) + 1;
  one record;
  results jsonb[] := '{}';
BEGIN
  refusal := CASE
    WHEN n NOT BETWEEN 1 AND 500 THEN radioshop.refuse('INVALID_ARGUMENT', 'rows', format('give 1 to 500 rows at once, not %s', n))
    WHEN turns <> (SELECT count(DISTINCT r.run) FROM unnest(import_results.run) r (run)) THEN
      radioshop.refuse('INVALID_ARGUMENT', 'rows.run', 'the rows of a run stand together, and rows of another one are not between them')
    WHEN import_results.plan <> '' AND import_results.procedure <> '' THEN radioshop.refuse('INVALID_ARGUMENT', 'procedure',
      'a service follows its plan''s procedure; name a procedure only where it is done outside a plan') END;
  IF refusal IS NOT NULL THEN
    RETURN NEXT;
    RETURN;
  END IF;
  PERFORM 1 FROM radioshop.asset a
    WHERE a.agency_id = ANY (radioshop.agencies())
      AND a.serial_key = ANY (ARRAY(SELECT DISTINCT upper(btrim(s.code, E' \t\r\n\u00a0')) FROM unnest(import_results.serial) s (code)))
    ORDER BY a.agency_id, a.asset_id FOR NO KEY UPDATE OF a;
  BEGIN
    FOR one IN
      SELECT min(i) AS first, array_agg(lines[i] ORDER BY i) AS lines, array_agg(radioshop.asset_cells('{serial,tag,tested_at,analyser,plan,
          procedure,step,value,unit,frequency_mhz,low,high,verdict,notes}', serial[i], tag[i], tested_at[i], analysers[i], plans[i],
          procedures[i], step[i], import_results."value"[i], unit[i], frequency_mhz[i], low[i], high[i], verdict[i], notes[i]) ORDER BY i) AS cells
        FROM generate_series(1, n) i GROUP BY import_results.run[i] ORDER BY first
    LOOP
      results := results || radioshop.import_run(one.cells, one.lines, import_results.plan, import_results.procedure, import_results.analyser,
        import_results.open_ticket);
    END LOOP;
    IF import_results.dry_run THEN
      RAISE EXCEPTION 'a dry run keeps nothing' USING ERRCODE = 'RS000';
    END IF;
  EXCEPTION WHEN SQLSTATE 'RS000' THEN
    NULL;
  END;
  IF NOT import_results.dry_run THEN
    PERFORM radioshop.refresh_statistics();
  END IF;
  -- What a dry run has made is gone, and its UUIDs and ticket numbers mean nothing.
  RETURN QUERY SELECT NULL::text, lines[i], r.r ->> 'outcome',
      CASE WHEN NOT import_results.dry_run OR r.r ->> 'outcome' = 'unchanged' THEN (r.r ->> 'id')::uuid END, coalesce(r.r ->> 'asset', ''),
      r.r ->> 'result', CASE WHEN import_results.dry_run AND r.r ->> 'outcome' = 'created' THEN '' ELSE coalesce(r.r ->> 'ticket', '') END,
      coalesce(r.r ->> 'column', ''), coalesce(r.r ->> 'value', ''), coalesce(r.r ->> 'reason', '')
    FROM generate_series(1, n) i CROSS JOIN LATERAL (SELECT results[i] AS r) r ORDER BY i;
END
$$;

UPDATE radioshop.schema_version SET version = 25;

COMMIT;
