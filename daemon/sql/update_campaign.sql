-- Changes the named fields of a campaign that is still at the revision read.
SELECT s.refusal, s.code, s.name, s.kind, s.target, s.instructions, s.starts_on, s.due_on, s.state, s.agencies, s.assets, s.reason, s.ended_by,
  s.ended_at, s.created_by, s.created_at, s.revision
FROM radioshop.update_campaign(:campaign.code::text, :campaign.revision::int8, :update_mask.paths::text[], :campaign.name::text,
  :campaign.instructions::text, :campaign.starts_on::date, :campaign.due_on::date) s
