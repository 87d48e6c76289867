-- What a selection would take; it reads the register of the agencies asked for, so it runs on the slow connections.
SELECT p.refusal, p.assets, p.left_out, p.shares AS agencies
FROM radioshop.preview_campaign(:selection.agency::text[], :selection.class::text, :selection.model::text, :selection.family::text,
  :selection.status::text, :selection.system::text, :selection.firmware_other_than::text, :selection.codeplug_other_than::text) p
