-- Adds an analyser; a trigger keeps its calibration.
WITH verdict AS MATERIALIZED (
  SELECT CASE
    WHEN NOT radioshop.is_shop() THEN radioshop.refuse('PERMISSION_DENIED', '', 'only an administrator of the shop registers analysers')
    WHEN :analyser.serial::text IS NULL THEN radioshop.refuse('INVALID_ARGUMENT', 'analyser', 'give the analyser to add')
  END AS refusal
), added AS (
  INSERT INTO radioshop.analyser (serial, manufacturer, model, calibrated_on, calibration_due_on, notes, retired)
  SELECT btrim(:analyser.serial), btrim(:analyser.manufacturer::text), btrim(:analyser.model::text), :analyser.calibrated_on::date,
    :analyser.calibration_due_on::date, btrim(:analyser.notes::text, E' \t\r\n'), :analyser.retired::bool
  FROM verdict v WHERE v.refusal IS NULL
  RETURNING serial, manufacturer, model, calibrated_on, calibration_due_on, notes, retired, revision
)
SELECT v.refusal, n.serial, n.manufacturer, n.model, n.calibrated_on, n.calibration_due_on, n.notes, n.retired,
  (radioshop.today('UTC') BETWEEN n.calibrated_on AND n.calibration_due_on) IS NOT TRUE AS out_of_date, n.revision
FROM verdict v LEFT JOIN added n ON true
