-- Closes or cancels a campaign.
SELECT s.refusal, s.code, s.name, s.kind, s.target, s.instructions, s.starts_on, s.due_on, s.state, s.agencies, s.assets, s.reason, s.ended_by,
  s.ended_at, s.created_by, s.created_at, s.revision
FROM radioshop.end_campaign(:campaign::text, :revision::int8, :state::text, :reason::text) s
