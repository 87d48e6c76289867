-- One analyser by serial number.
SELECT CASE WHEN a.analyser_id IS NULL THEN
    radioshop.refuse('NOT_FOUND', 'analyser', format('the shop has no analyser with the serial number %s', :analyser::text)) END AS refusal,
  a.serial, a.manufacturer, a.model, a.calibrated_on, a.calibration_due_on, a.notes, a.retired,
  NOT coalesce(radioshop.is_calibrated(a.analyser_id, radioshop.today('UTC')), false) AS out_of_date, a.revision
FROM (VALUES (1)) one (row)
LEFT JOIN radioshop.analyser a ON a.serial_key = upper(btrim(:analyser))
