-- Tickets, newest first: the open ones on their partial index, all of them, those of one asset, the parts of one ticket, those that the
-- caller watches, or those whose time is over, by when it was. The key is in a CTE: coalesce() is not leakproof, and row level security would keep the condition from the index.
WITH wanted AS MATERIALIZED (
  SELECT g.agency_id, g.code, :closed::bool OR coalesce(:state::text IN ('closed', 'cancelled'), false) AS closed_too,
    coalesce((:page_key::text[])[1]::timestamptz, 'infinity') AS opened_before,
    coalesce((:page_key::text[])[2]::uuid, 'ffffffff-ffff-ffff-ffff-ffffffffffff') AS id_before, now() AS now, radioshop.caller() AS me
  FROM radioshop.agency g
  WHERE g.agency_id = ANY (radioshop.agencies()) AND (:agency::text = '' OR g.code = upper(:agency))
), subject AS MATERIALIZED (
  SELECT o.agency_id, o.asset_id, o.refusal FROM radioshop.one_asset(:asset::text) o WHERE :asset <> ''
), above AS MATERIALIZED (
  SELECT f.agency_id, f.ticket_id FROM radioshop.find_ticket(:parent::text) f WHERE :parent <> ''
), wrong AS (
  SELECT CASE WHEN :agency <> '' AND NOT EXISTS (SELECT FROM wanted) THEN
      radioshop.refuse('NOT_FOUND', 'agency', format('no agency has the code %s', :agency))
    WHEN :parent <> '' AND NOT EXISTS (SELECT FROM above) THEN
      radioshop.refuse('NOT_FOUND', 'parent', format('no ticket has the number or UUID %s', :parent))
    ELSE (SELECT x.refusal FROM subject x) END AS refusal
), page AS (
  SELECT d.agency_id, d.ticket_id, d.opened_at
  FROM wanted w CROSS JOIN LATERAL (
    (SELECT t.agency_id, t.ticket_id, t.opened_at FROM radioshop.ticket t
      WHERE :asset = '' AND :parent = '' AND NOT :watched::bool AND NOT :breached::bool AND NOT w.closed_too AND t.agency_id = w.agency_id AND t.closed_at IS NULL
        AND (:state IS NULL OR t.state = :state)
        AND (t.opened_at, t.ticket_id) < (w.opened_before, w.id_before)
      ORDER BY t.opened_at DESC, t.ticket_id DESC LIMIT :page_limit::int4)
    UNION ALL
    (SELECT t.agency_id, t.ticket_id, t.opened_at FROM radioshop.ticket t
      WHERE :asset = '' AND :parent = '' AND NOT :watched AND NOT :breached AND w.closed_too AND t.agency_id = w.agency_id
        AND (:state IS NULL OR t.state = :state)
        AND (t.opened_at, t.ticket_id) < (w.opened_before, w.id_before)
      ORDER BY t.opened_at DESC, t.ticket_id DESC LIMIT :page_limit::int4)
    UNION ALL
    (SELECT t.agency_id, t.ticket_id, t.opened_at
      FROM subject x JOIN radioshop.ticket t ON t.agency_id = x.agency_id AND t.asset_id = x.asset_id
      WHERE :asset <> '' AND x.agency_id = w.agency_id AND (w.closed_too OR t.closed_at IS NULL)
        AND (NOT :breached OR EXISTS (SELECT FROM radioshop.ticket_clock c
          WHERE c.agency_id = t.agency_id AND c.ticket_id = t.ticket_id AND NOT c.ended AND c.due_at <= w.now))
        AND (:parent = '' OR EXISTS (SELECT FROM above p WHERE p.agency_id = t.agency_id AND p.ticket_id = t.parent_id))
        AND (NOT :watched OR EXISTS (SELECT FROM radioshop.ticket_watcher k
          WHERE k.agency_id = t.agency_id AND k.ticket_id = t.ticket_id AND k.principal = w.me))
        AND (:state IS NULL OR t.state = :state)
        AND (t.opened_at, t.ticket_id) < (w.opened_before, w.id_before)
      ORDER BY t.opened_at DESC, t.ticket_id DESC LIMIT :page_limit::int4)
    UNION ALL
    (SELECT t.agency_id, t.ticket_id, t.opened_at
      FROM above p JOIN radioshop.ticket t ON t.agency_id = p.agency_id AND t.parent_id = p.ticket_id
      WHERE :asset = '' AND p.agency_id = w.agency_id AND (w.closed_too OR t.closed_at IS NULL)
        AND (NOT :breached OR EXISTS (SELECT FROM radioshop.ticket_clock c
          WHERE c.agency_id = t.agency_id AND c.ticket_id = t.ticket_id AND NOT c.ended AND c.due_at <= w.now))
        AND (NOT :watched OR EXISTS (SELECT FROM radioshop.ticket_watcher k
          WHERE k.agency_id = t.agency_id AND k.ticket_id = t.ticket_id AND k.principal = w.me))
        AND (:state IS NULL OR t.state = :state)
        AND (t.opened_at, t.ticket_id) < (w.opened_before, w.id_before)
      ORDER BY t.opened_at DESC, t.ticket_id DESC LIMIT :page_limit::int4)
    UNION ALL
    (SELECT t.agency_id, t.ticket_id, t.opened_at
      FROM radioshop.ticket_watcher k JOIN radioshop.ticket t ON t.agency_id = k.agency_id AND t.ticket_id = k.ticket_id
      WHERE :asset = '' AND :parent = '' AND :watched AND k.agency_id = w.agency_id AND k.principal = w.me AND (w.closed_too OR t.closed_at IS NULL)
        AND (NOT :breached OR EXISTS (SELECT FROM radioshop.ticket_clock c
          WHERE c.agency_id = t.agency_id AND c.ticket_id = t.ticket_id AND NOT c.ended AND c.due_at <= w.now))
        AND (:state IS NULL OR t.state = :state)
        AND (t.opened_at, t.ticket_id) < (w.opened_before, w.id_before)
      ORDER BY t.opened_at DESC, t.ticket_id DESC LIMIT :page_limit::int4)
    UNION ALL
    (SELECT c.agency_id, c.ticket_id, c.due_at
      FROM radioshop.ticket_clock c JOIN radioshop.ticket t ON t.agency_id = c.agency_id AND t.ticket_id = c.ticket_id
      WHERE :asset = '' AND :parent = '' AND NOT :watched AND :breached AND c.agency_id = w.agency_id AND NOT c.ended AND c.due_at <= w.now
        AND (:state IS NULL OR t.state = :state)
        AND (c.due_at, c.ticket_id) < (w.opened_before, w.id_before)
      ORDER BY c.due_at DESC, c.ticket_id DESC LIMIT :page_limit::int4)
  ) d
  ORDER BY d.opened_at DESC, d.ticket_id DESC
  LIMIT :page_limit::int4
)
SELECT w.refusal, t.id, t.number, t.agency, t.tag, t.state, t.priority, t.problem, t.problem_code, t.cause, t.cause_code, t.action,
  t.action_code, t.outcome, t.opened_by, t.opened_at, t.closed_at, t.labour_minutes, t.cost_cents, t.estimate_cents, t.approved_cents,
  t.write_off_approved, t.returns_ticket, t.parent, t.sla_due_at, t.sla_remaining_minutes, t.sla_breached, t.moves,
  t.revision, ARRAY[page.opened_at::text, page.ticket_id::text] AS page_key
FROM wrong w
LEFT JOIN page ON w.refusal IS NULL
LEFT JOIN LATERAL radioshop.shown_ticket(page.agency_id, page.ticket_id) t ON page.ticket_id IS NOT NULL
WHERE w.refusal IS NOT NULL OR page.ticket_id IS NOT NULL
ORDER BY page.opened_at DESC, page.ticket_id DESC
