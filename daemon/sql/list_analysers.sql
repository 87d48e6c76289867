-- Analysers by serial number; a shop has tens of them.
SELECT a.serial, a.manufacturer, a.model, a.calibrated_on, a.calibration_due_on, a.notes, a.retired,
  NOT coalesce(radioshop.is_calibrated(a.analyser_id, radioshop.today('UTC')), false) AS out_of_date, a.revision,
  ARRAY[a.serial_key] AS page_key
FROM radioshop.analyser a
WHERE a.serial_key > coalesce((:page_key::text[])[1], '')
ORDER BY a.serial_key
LIMIT :page_limit::int4
