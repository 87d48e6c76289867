-- Changes the named fields of an analyser that is still at the revision read; the serial number never changes.
WITH held AS MATERIALIZED (
  SELECT a.analyser_id, a.revision FROM radioshop.analyser a WHERE a.serial_key = upper(btrim(:analyser.serial::text)) AND radioshop.is_shop()
  FOR NO KEY UPDATE
), verdict AS MATERIALIZED (
  SELECT CASE
    WHEN NOT radioshop.is_shop() THEN radioshop.refuse('PERMISSION_DENIED', '', 'only an administrator of the shop changes analysers')
    ELSE radioshop.refuse_update(:update_mask.paths::text[], '{manufacturer,model,calibrated_on,calibration_due_on,notes,retired}',
      :analyser.revision::int8, (SELECT h.revision FROM held h), 'analyser ' || btrim(:analyser.serial))
  END AS refusal
), changed AS (
  UPDATE radioshop.analyser a SET
    manufacturer = CASE WHEN 'manufacturer' = ANY (:update_mask.paths) THEN btrim(:analyser.manufacturer::text) ELSE a.manufacturer END,
    model = CASE WHEN 'model' = ANY (:update_mask.paths) THEN btrim(:analyser.model::text) ELSE a.model END,
    calibrated_on = CASE WHEN 'calibrated_on' = ANY (:update_mask.paths) THEN :analyser.calibrated_on::date ELSE a.calibrated_on END,
    calibration_due_on = CASE WHEN 'calibration_due_on' = ANY (:update_mask.paths) THEN :analyser.calibration_due_on::date
      ELSE a.calibration_due_on END,
    notes = CASE WHEN 'notes' = ANY (:update_mask.paths) THEN btrim(:analyser.notes::text, E' \t\r\n') ELSE a.notes END,
    retired = CASE WHEN 'retired' = ANY (:update_mask.paths) THEN :analyser.retired::bool ELSE a.retired END
  FROM held h, verdict v WHERE a.analyser_id = h.analyser_id AND v.refusal IS NULL
  RETURNING a.serial, a.manufacturer, a.model, a.calibrated_on, a.calibration_due_on, a.notes, a.retired, a.revision
)
SELECT v.refusal, n.serial, n.manufacturer, n.model, n.calibrated_on, n.calibration_due_on, n.notes, n.retired,
  (radioshop.today('UTC') BETWEEN n.calibrated_on AND n.calibration_due_on) IS NOT TRUE AS out_of_date, n.revision
FROM verdict v LEFT JOIN changed n ON true
