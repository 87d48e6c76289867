-- One campaign by its code; the policies decide who sees it.
SELECT o.refusal, s.code, s.name, s.kind, s.target, s.instructions, s.starts_on, s.due_on, s.state, s.agencies, s.assets, s.reason, s.ended_by,
  s.ended_at, s.created_by, s.created_at, s.revision
FROM radioshop.one_campaign(:campaign::text) o
LEFT JOIN LATERAL radioshop.shown_campaign(o.campaign_id) s ON o.refusal IS NULL
