-- Takes back one scan.
SELECT s.refusal, s.inventory, s.agency, s.code, s.tag, s.serial, s.model, s.status, s.assigned_to, s.verdict, s.location, s.scanned_location,
  s.scanned_by, s.scanned_at, s.reason, s.owner, s.already, s.refused, s.asset_id
FROM radioshop.undo_inventory_scan(:inventory::text, :code::text) s
