-- Takes a tick back.
SELECT s.refusal, s.campaign, s.agency, s.tag, s.serial, s.model, s.firmware, s.codeplug, s.status, s.assigned_to, s.location, s.state, s.ticked_at,
  s.ticked_by, s.note, s.undone_at, s.undone_by, s.undo_reason, s.asset_id, s.already
FROM radioshop.undo_campaign_tick(:campaign::text, :asset::text, :reason::text) s
