-- Tickets that answer a question, the best first. Every one that does is ranked, so that it runs on the slow connections; the rows and
-- excerpts are read for the page only. A question without a word that can be found finds nothing.
WITH asked AS MATERIALIZED (
  SELECT radioshop.search_query(:query::text) AS question, (:opened_from::date) AS opened_from, (:opened_until::date) AS opened_until,
    (SELECT g.agency_id FROM radioshop.agency g WHERE g.agency_id = ANY (radioshop.agencies()) AND g.code = upper(:agency::text)) AS agency_id,
    coalesce((:page_key::text[])[1]::int, 2147483647) AS rank_before,
    coalesce((:page_key::text[])[2]::uuid, 'ffffffff-ffff-ffff-ffff-ffffffffffff') AS id_before
), wrong AS (
  SELECT CASE WHEN :agency <> '' AND a.agency_id IS NULL THEN radioshop.refuse('NOT_FOUND', 'agency', format('no agency has the code %s', :agency))
    WHEN btrim(:query) = '' THEN radioshop.refuse('INVALID_ARGUMENT', 'query', 'say what to look for')
    END AS refusal
  FROM asked a
), found AS MATERIALIZED (
  SELECT f.agency_id, f.ticket_id, f.rank
  FROM asked a CROSS JOIN LATERAL radioshop.find_documents(a.question, a.agency_id) f
  WHERE (f.rank, f.ticket_id) < (a.rank_before, a.id_before)
), page AS (
  SELECT f.agency_id, f.ticket_id, f.rank
  FROM asked a CROSS JOIN found f
  WHERE (:state::text IS NULL AND NOT :open::bool AND a.opened_from IS NULL AND a.opened_until IS NULL)
    OR EXISTS (SELECT FROM radioshop.ticket t JOIN radioshop.agency g ON g.agency_id = t.agency_id
      WHERE t.agency_id = f.agency_id AND t.ticket_id = f.ticket_id AND (:state IS NULL OR t.state = :state)
        AND (NOT :open OR t.closed_at IS NULL)
        AND (a.opened_from IS NULL OR t.opened_at >= a.opened_from::timestamp AT TIME ZONE g.time_zone)
        AND (a.opened_until IS NULL OR t.opened_at < (a.opened_until + 1)::timestamp AT TIME ZONE g.time_zone))
  ORDER BY f.rank DESC, f.ticket_id DESC
  LIMIT :page_limit::int4
)
SELECT w.refusal, t.id, t.number, t.agency, t.tag, t.state, t.priority, t.problem, t.opened_at, t.closed_at,
  radioshop.search_excerpt(p.agency_id, p.ticket_id, a.question) AS excerpt, p.rank, ARRAY[p.rank::text, p.ticket_id::text] AS page_key
FROM wrong w CROSS JOIN asked a
LEFT JOIN page p ON w.refusal IS NULL
LEFT JOIN LATERAL radioshop.shown_ticket(p.agency_id, p.ticket_id) t ON p.ticket_id IS NOT NULL
WHERE w.refusal IS NOT NULL OR p.ticket_id IS NOT NULL
ORDER BY p.rank DESC, p.ticket_id DESC
