-- Deploy radioshop:ticket_checklist to pg
--
-- The checklist before the return of a radio: the steps of the procedures that are to be followed after a repair, as this ticket stands
-- with each. What was answered last counts, at the depot as in testing, and whatever statement makes the ticket ready.

BEGIN;

-- The checklist of a ticket. Open ones have the steps of today, and what was answered since the ticket came to testing or went to the
-- depot; where a procedure was followed it is shown in the version that was. Tickets that are ready or further show what was answered.
CREATE FUNCTION radioshop.ticket_checks(agency int, ticket uuid) RETURNS TABLE (procedure text, name text, version int, "position" int,
  step text, title text, kind text, may_skip boolean, state text, answer text, checked_by text, checked_at timestamptz)
LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_column
DECLARE
  it record;
  since timestamptz;
  until timestamptz;
  done boolean;
BEGIN
  SELECT t.state, t.asset_id, a.class, a.model_id, coalesce(m.family, '') AS family, coalesce(m.band, '') AS band INTO it
    FROM radioshop.ticket t JOIN radioshop.asset a ON a.agency_id = t.agency_id AND a.asset_id = t.asset_id
      LEFT JOIN radioshop.model m ON m.model_id = a.model_id
    WHERE t.agency_id = ticket_checks.agency AND t.ticket_id = ticket_checks.ticket;
  done := it.state IN ('ready', 'returned', 'closed');
  IF it.state = 'cancelled' THEN
    RETURN;
  ELSIF done OR it.state IN ('testing', 'at_depot') THEN
    SELECT max(e.at) FILTER (WHERE e.state IN ('testing', 'at_depot')), max(e.at) FILTER (WHERE e.state = 'ready' AND done)
      INTO since, until FROM radioshop.ticket_entry e
      WHERE e.agency_id = ticket_checks.agency AND e.ticket_id = ticket_checks.ticket AND e.kind = 'move';
  END IF;
  RETURN QUERY SELECT p.code, p.name, coalesce(r.procedure_version, p.version), s.position, s.step, s.title, s.kind, s.may_skip,
      CASE WHEN r.record_id IS NULL THEN 'open' WHEN w.step IS NULL AND g.name IS NULL THEN 'skipped'
        WHEN 'failed' IN (w.verdict, g.verdict) THEN 'failed' ELSE 'passed' END,
      coalesce(w.answer, g.value || ' ' || g.unit, ''), coalesce(r.recorded_by, ''), r.recorded_at
    FROM radioshop.procedure p
      LEFT JOIN LATERAL (SELECT l.agency_id, l.record_id, l.procedure_version, l.recorded_by, l.recorded_at FROM radioshop.service_record l
        WHERE l.agency_id = ticket_checks.agency AND l.asset_id = it.asset_id AND l.procedure_id = p.procedure_id
          AND l.recorded_at >= since AND (until IS NULL OR l.recorded_at <= until)
        ORDER BY l.recorded_at DESC, l.record_id DESC LIMIT 1) r ON true
      CROSS JOIN LATERAL radioshop.steps_for(p.procedure_id, coalesce(r.procedure_version, p.version), it.band) s
      LEFT JOIN radioshop.service_answer w ON w.agency_id = r.agency_id AND w.record_id = r.record_id AND w.step = s.step
      LEFT JOIN radioshop.service_reading g ON g.agency_id = r.agency_id AND g.record_id = r.record_id AND g.name = s.step
    WHERE p.post_repair AND CASE WHEN done THEN r.record_id IS NOT NULL ELSE NOT p.stopped AND (p.class IS NULL OR p.class = it.class)
      AND upper(p.family) IN ('', upper(it.family)) AND (p.model_id IS NULL OR p.model_id = it.model_id) END
    ORDER BY p.code_key, s.position;
END
$$;

-- The checklist as JSON, in order; in step with message TicketCheck.
CREATE FUNCTION radioshop.checklist_of(agency int, ticket uuid) RETURNS jsonb LANGUAGE plpgsql STABLE AS $$
BEGIN
  RETURN (SELECT coalesce(jsonb_agg(jsonb_strip_nulls(jsonb_build_object('procedure', c.procedure, 'procedure_version', c.version,
        'step', c.step, 'title', c.title, 'kind', c.kind, 'may_skip', c.may_skip, 'state', c.state, 'answer', c.answer,
        'checked_by', c.checked_by, 'checked_at', to_char(c.checked_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')))), '[]')
    FROM radioshop.ticket_checks(agency, ticket) c);
END
$$;

-- Why a ticket in testing, or at the depot, is not ready: the steps that are to do, procedure by procedure; NULL when it may be. What is
-- written off goes without.
CREATE FUNCTION radioshop.untested(agency int, ticket uuid, number text, state text, outcome text) RETURNS text LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_column
BEGIN
  IF untested.state NOT IN ('testing', 'at_depot') OR untested.outcome IS NOT DISTINCT FROM 'beyond_repair' THEN
    RETURN NULL;
  END IF;
  RETURN (SELECT format('ticket %s is not ready before its radio has passed %s since it %s; record that first, for asset %s', untested.number,
      left(string_agg(format('%s (%s: %s)', m.procedure, m.name, m.steps), ' and ' ORDER BY m.procedure), 4000),
      CASE untested.state WHEN 'testing' THEN 'came to testing' ELSE 'went to the depot' END,
      (SELECT a.tag FROM radioshop.ticket t JOIN radioshop.asset a ON a.agency_id = t.agency_id AND a.asset_id = t.asset_id
        WHERE t.agency_id = untested.agency AND t.ticket_id = untested.ticket))
    FROM (SELECT c.procedure, c.name, string_agg(c.step || CASE c.state WHEN 'failed' THEN ' failed' ELSE '' END, ', ' ORDER BY c.position) AS steps
      FROM radioshop.ticket_checks(untested.agency, untested.ticket) c
      WHERE c.state = 'failed' OR (c.state = 'open' AND NOT c.may_skip) GROUP BY c.procedure, c.name) m
    HAVING count(*) > 0);
END
$$;

-- As before, and with the steps; a ticket at the depot is asked, too, but while its radio is away that is what is said.
DROP FUNCTION radioshop.refuse_untested(text, text);
CREATE FUNCTION radioshop.refuse_untested(ticket text, to_state text, outcome text DEFAULT NULL) RETURNS text LANGUAGE plpgsql STABLE AS $$
DECLARE
  it record;
  why_not text;
BEGIN
  IF to_state IS DISTINCT FROM 'ready' THEN
    RETURN NULL;
  END IF;
  SELECT t.agency_id, t.ticket_id, t.number, t.state INTO it FROM radioshop.find_ticket(refuse_untested.ticket) f
    JOIN radioshop.ticket t ON t.agency_id = f.agency_id AND t.ticket_id = f.ticket_id
    WHERE NOT EXISTS (SELECT FROM radioshop.rma r WHERE r.agency_id = t.agency_id AND r.ticket_id = t.ticket_id AND r.state = 'shipped');
  why_not := radioshop.untested(it.agency_id, it.ticket_id, it.number, it.state, refuse_untested.outcome);
  RETURN CASE WHEN why_not IS NOT NULL THEN radioshop.refuse('FAILED_PRECONDITION', 'state', why_not) END;
END
$$;

-- The last guard: a service that fails while the ticket is moved, and any statement that moves it by hand.
CREATE FUNCTION radioshop.ticket_hold_untested() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  why_not text := radioshop.untested(NEW.agency_id, NEW.ticket_id, NEW.number, OLD.state, NEW.outcome);
BEGIN
  IF why_not IS NOT NULL THEN
    RAISE EXCEPTION 'state: %', why_not USING ERRCODE = 'RS412';
  END IF;
  RETURN NEW;
END
$$;
-- After follow, which sets the outcome: triggers of one event fire in the order of their names.
CREATE TRIGGER hold_untested BEFORE UPDATE ON radioshop.ticket FOR EACH ROW WHEN (NEW.state = 'ready' AND OLD.state <> 'ready')
  EXECUTE FUNCTION radioshop.ticket_hold_untested();

UPDATE radioshop.schema_version SET version = 18;

COMMIT;
