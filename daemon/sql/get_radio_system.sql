-- One radio system by its name; capitals do not matter.
SELECT CASE WHEN s.system_id IS NULL THEN
    radioshop.refuse('NOT_FOUND', 'system', format('the catalogue has no system %s', btrim(:system::text))) END AS refusal,
  s.system_id AS id, s.name, radioshop.show_hex(s.wacn, 5) AS wacn, radioshop.show_hex(s.number, 3) AS system_id, s.notes, s.revision
FROM (VALUES (1)) one (row)
LEFT JOIN radioshop.radio_system s ON s.name_key = upper(btrim(:system))
