-- Begins a campaign and takes its radios in the same transaction, however many, so it runs on the slow connections.
SELECT s.refusal, s.code, s.name, s.kind, s.target, s.instructions, s.starts_on, s.due_on, s.state, s.agencies, s.assets, s.reason, s.ended_by,
  s.ended_at, s.created_by, s.created_at, s.revision
FROM radioshop.create_campaign(:campaign.code::text, :campaign.name::text, :campaign.kind::text, :campaign.target::text,
  :campaign.instructions::text, :campaign.starts_on::date, :campaign.due_on::date, :selection.agency::text[], :selection.class::text,
  :selection.model::text, :selection.family::text, :selection.status::text, :selection.system::text,
  :selection.firmware_other_than::text, :selection.codeplug_other_than::text) s
