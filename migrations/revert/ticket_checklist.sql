-- Revert radioshop:ticket_checklist from pg

BEGIN;

UPDATE radioshop.schema_version SET version = 17;

DROP TRIGGER hold_untested ON radioshop.ticket;
DROP FUNCTION radioshop.ticket_hold_untested();
DROP FUNCTION radioshop.refuse_untested(text, text, text);

-- As deploy/procedure.sql has it.
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

DROP FUNCTION radioshop.untested(int, uuid, text, text, text);
DROP FUNCTION radioshop.checklist_of(int, uuid);
DROP FUNCTION radioshop.ticket_checks(int, uuid);

COMMIT;
