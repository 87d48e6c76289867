-- Ticks a radio off.
SELECT s.refusal, s.campaign, s.agency, s.tag, s.serial, s.model, s.firmware, s.codeplug, s.status, s.assigned_to, s.location, s.state, s.ticked_at,
  s.ticked_by, s.note, s.undone_at, s.undone_by, s.undo_reason, s.asset_id, s.already
FROM radioshop.tick_campaign_item(:campaign::text, :asset::text, :result::text, :note::text) s
