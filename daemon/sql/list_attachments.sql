-- Attachments, newest first: keys are of version 7, so their order is that of time. Of an agency, of an asset or of a ticket, each on its index.
WITH wanted AS MATERIALIZED (
  SELECT g.agency_id, coalesce(:state::text, 'stored') AS state,
    coalesce((:page_key::text[])[1]::uuid, 'ffffffff-ffff-ffff-ffff-ffffffffffff') AS before
  FROM radioshop.agency g
  WHERE g.agency_id = ANY (radioshop.agencies()) AND (:agency::text = '' OR g.code = upper(:agency))
), subject AS MATERIALIZED (
  SELECT o.agency_id, o.asset_id, o.ticket_id, o.refusal FROM radioshop.one_record(:record::text) o WHERE :record <> ''
), wrong AS (
  SELECT CASE
    WHEN :agency <> '' AND NOT EXISTS (SELECT FROM wanted) THEN
      radioshop.refuse('NOT_FOUND', 'agency', format('no agency has the code %s', :agency))
    ELSE (SELECT x.refusal FROM subject x)
  END AS refusal
), page AS (
  SELECT d.agency_id, d.attachment_id
  FROM wanted w CROSS JOIN LATERAL (
    (SELECT a.agency_id, a.attachment_id FROM radioshop.attachment a
      WHERE :record = '' AND a.agency_id = w.agency_id AND a.state = w.state AND a.attachment_id < w.before
      ORDER BY a.attachment_id DESC LIMIT :page_limit::int4)
    UNION ALL
    (SELECT a.agency_id, a.attachment_id
      FROM subject x JOIN radioshop.attachment a ON a.agency_id = x.agency_id AND a.asset_id = x.asset_id
      WHERE x.ticket_id IS NULL AND x.agency_id = w.agency_id AND a.state = w.state AND a.attachment_id < w.before
      ORDER BY a.attachment_id DESC LIMIT :page_limit)
    UNION ALL
    (SELECT a.agency_id, a.attachment_id
      FROM subject x JOIN radioshop.attachment a ON a.agency_id = x.agency_id AND a.ticket_id = x.ticket_id
      WHERE x.agency_id = w.agency_id AND a.state = w.state AND a.attachment_id < w.before
      ORDER BY a.attachment_id DESC LIMIT :page_limit)
  ) d
  ORDER BY d.attachment_id DESC
  LIMIT :page_limit
)
SELECT w.refusal, s.id, s.agency, s.tag, s.ticket, s.name, s.media_type, s.size_bytes, s.sha256, s.note, s.state, s.added_by, s.added_at, s.stored_at,
  s.removed_by, s.removed_at, s.reason, ARRAY[page.attachment_id::text] AS page_key
FROM wrong w
LEFT JOIN page ON w.refusal IS NULL
LEFT JOIN LATERAL radioshop.shown_attachment(page.agency_id, page.attachment_id) s ON page.attachment_id IS NOT NULL
WHERE w.refusal IS NOT NULL OR page.attachment_id IS NOT NULL
ORDER BY page.attachment_id DESC
